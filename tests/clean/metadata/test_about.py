"""Which JSON-LD object is the page's own article, and what a page says of outlet, section and tags."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from pipelines.clean.metadata.jsonld import unescaped
from pipelines.clean.metadata.page import Metadata, read_metadata

URL = "https://www.harbour.example/port/pier"


def about(data: object, rest: str = "") -> Metadata:
    page = f'<html><head><script type="application/ld+json">{json.dumps(data)}</script>{rest}</head></html>'
    return read_metadata(etree.HTML(page), URL)


def an_article(headline: str, **more: object) -> dict[str, object]:
    return {"@type": "NewsArticle", "headline": headline, "datePublished": "2026-05-04T09:30:00Z", **more}


OTHER = an_article("Crane lost at sea", url="https://www.harbour.example/port/crane", author="Tom Okafor")


@pytest.mark.parametrize(
    "own",
    [
        an_article("Pier opens at last", url=f"{URL}?from=feed", author="Ines Falk"),
        an_article("Pier opens at last", mainEntityOfPage={"@id": URL}, author="Ines Falk"),
        an_article("Pier opens at last", author="Ines Falk"),
    ],
)
def test_the_article_of_the_page_is_reported_from_others(own: dict[str, object]) -> None:
    found = about([OTHER, own], "<title>Pier opens at last - Harbour News</title>")
    assert [author.name for author in found.authors[0].value] == ["Ines Falk"]


def test_a_list_of_other_articles_tells_nothing_of_this_one() -> None:
    listed = {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": OTHER}]}
    found = about(listed, "<title>Pier opens at last</title>")
    assert (found.authors, found.times) == ((), {})


def test_updates_of_a_live_blog_are_not_the_article() -> None:
    live = {"@type": "LiveBlogPosting", "headline": "Storm at sea", "author": "Ines Falk",
            "liveBlogUpdate": [{"@type": "BlogPosting", "headline": "A mast falls", "author": "Tom Okafor"}]}
    assert [author.name for author in about(live).authors[0].value] == ["Ines Falk"]


def test_the_outlet_goes_by_the_name_of_its_site_not_its_company() -> None:
    site = '<meta property="og:site_name" content="Harbour News">'
    company = {"@type": "NewsArticle", "publisher": {"@type": "Organization", "name": "Harbour Media GmbH"}}
    for data, rest, name in ((company, site, "Harbour News"), (company, "", "Harbour Media GmbH")):
        outlet = about(data, rest).outlet_name
        assert outlet is not None
        assert outlet.value == name


def test_the_section_is_the_first_crumb_below_the_home_page() -> None:
    crumbs = [
        {"@type": "ListItem", "position": 1, "name": "Start", "item": "https://www.harbour.example/"},
        {"@type": "ListItem", "position": 2, "item": {"@id": "https://www.harbour.example/port", "name": "Port"}},
        {"@type": "ListItem", "position": 3, "name": "Pier opens", "item": URL},
    ]
    section = about({"@type": "BreadcrumbList", "itemListElement": crumbs}).section
    assert section is not None
    assert (section.value, section.read_from) == ("Port", "BreadcrumbList")
    assert about({"@type": "BreadcrumbList", "itemListElement": [crumbs[0], crumbs[2]]}).section is None


def test_tags_are_divided_by_whatever_divides_them() -> None:
    tags = about(an_article("Pier opens", keywords="pier; port、storm")).tags
    assert tags is not None
    assert tags.value == ("pier", "port", "storm")


def test_a_url_in_a_meta_tag_keeps_its_parameters() -> None:
    image = about({}, '<meta property="og:image" content="https://img.example/pier.jpg?w=9&amp;copy=2">').image_url
    assert image is not None
    assert image.value == "https://img.example/pier.jpg?w=9&copy=2"
    assert unescaped("Fish &amp;amp; chips <b>5 &lt; 6</b>") == "Fish & chips 5 < 6"
