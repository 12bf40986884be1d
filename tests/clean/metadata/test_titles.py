"""The headline out of a page's several titles."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from pipelines.clean.metadata.page import read_metadata
from pipelines.clean.metadata.title import Titles, pick_title
from pipelines.records import Evidence
from tests.cases.reading import PARAGRAPHS, TITLE, a_page, article_of, linked_data, reason_of

LONG = "Marrowby opens its east pier four winters after a storm broke it, and the boats come back to harbour at last"


def title(page: str) -> tuple[str, str]:
    about = read_metadata(etree.HTML(page), "https://www.harbour.example/pier")
    found = pick_title(about.titles, about.outlet_names)
    assert found is not None
    return found.value, found.how


def linked(**article: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(article)}</script>'


SHARED = '<meta property="og:type" content="article"><meta property="og:title" content="Pier opens at last">'
SEEN = "<h1>East pier opens</h1>"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (linked(**{"@type": "NewsArticle", "headline": "Pier reopens"}) + SHARED + SEEN, ("East pier opens", "h1")),
        (linked(**{"@type": "NewsArticle", "headline": "Pier reopens"}) + SHARED, ("Pier reopens", "json-ld")),
        (SHARED + SEEN, ("East pier opens", "h1")),
        (SHARED + "<h1>Local news</h1>", ("Pier opens at last", "meta")),
        (linked(**{"@type": "BlogPosting", "headline": "Pier opens"}) + SHARED + SEEN, ("East pier opens", "h1")),
        ('<meta property="og:title" content="Fish &amp;amp; chips &amp;quot;at sea&amp;quot;">',
         ('Fish & chips "at sea"', "meta")),
        (linked(**{"@type": "NewsArticle", "headline": "Pier <i>opens</i> early"}), ("Pier opens early", "json-ld")),
        ("<title>Pier opens at last - Port - Harbour News</title>"
         + linked(**{"@type": "WebSite", "name": "Harbour News"}), ("Pier opens at last - Port", "title element")),
    ],
)
def test_order(page: str, expected: tuple[str, str]) -> None:
    assert title(page) == expected


def test_a_title_cut_for_search_engines_is_read_whole_elsewhere() -> None:
    found = pick_title(Titles(visible=(LONG,), linked=LONG[:108]), ())
    assert found is not None
    assert found.value == LONG


def test_a_long_title_is_not_lengthened_by_the_outlets_name() -> None:
    found = pick_title(Titles(linked=LONG, tab=f"{LONG} | Harbour and Home"), ())
    assert found is not None
    assert found.value == LONG


def test_a_kicker_and_a_count_are_no_part_of_the_headline() -> None:
    for visible in ("Port Pier opens at last", "Pier opens at last (wire.example)"):
        found = pick_title(Titles(visible=(visible,), tab="Pier opens at last"), ())
        assert found is not None
        assert found.value == "Pier opens at last"


def test_a_blogs_name_that_is_shown_beside_the_headline_is_not_the_headline() -> None:
    tab = "Salt and Tide: The old pier opens"
    found = pick_title(Titles(visible=("Salt and Tide",), shared=("The old pier opens",), tab=tab), ())
    assert found is not None
    assert found.value == "The old pier opens"


@pytest.mark.parametrize(
    "tab",
    ["Pier opens at last | The Harbour News", "Pier opens at last - www.harbour.example",
     "Pier opens at last « Harbour News", "Pier opens at last / Harbour News", "Pier opens at last｜Harbour News"],
)
def test_an_outlets_name_is_cut_off_however_it_is_divided(tab: str) -> None:
    found = pick_title(Titles(tab=tab), ("Harbour News", "harbour.example"))
    assert found is not None
    assert found.value == "Pier opens at last"


def test_a_title_of_nothing_but_separators_is_cut_and_left() -> None:
    hostile = Titles(linked="a | " * 20_000, shared=("b | " * 20_000,), tab="c | " * 20_000)
    found = pick_title(hostile, ("Harbour News",))
    assert found is not None
    assert len(found.value) <= 1_000


SLOGAN = "The Echo: news of the coast"
CREWS = "Ferry crews refuse the new night rota"
TEXT = ("The ferry crews of Marrowby refuse to work by the new rota, which begins at night and ends after breakfast.",)


@pytest.mark.parametrize(
    ("titles", "names", "expected"),
    [
        (Titles(visible=(CREWS,), shared=(SLOGAN,), tab=SLOGAN), ("The Echo",), (CREWS, "h1")),
        (Titles(visible=("Local news",), tab=f"{CREWS} - Echo", headings=(CREWS,)), (), (CREWS, "title element")),
        (Titles(visible=(SLOGAN,), tab=SLOGAN, headings=("Weather", CREWS)), (), (CREWS, "heading")),
        (Titles(visible=(CREWS,), linked=CREWS), (CREWS,), (CREWS, "h1")),
        (Titles(tab="Echo"), ("Echo",), ("Echo", "title element")),
        (Titles(visible=("Crews refuse new rota", "More from the port"), linked="New rota refused by port crews"),
         (), ("Crews refuse new rota", "h1")),
        (Titles(others=(("json-ld", CREWS),)), (), (CREWS, "json-ld")),
    ],
)
def test_a_generic_title_gives_way_to_the_headline(
    titles: Titles, names: tuple[str, ...], expected: tuple[str, str]
) -> None:
    found = pick_title(titles, names, about=TEXT)
    assert found is not None
    assert (found.value, found.how) == expected


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        (Titles(tab="港湾議会、東埠頭の再建を決定_地方_港湾新報"), "港湾議会、東埠頭の再建を決定"),
        (Titles(visible=("港口议会决定重建",), tab="港口议会决定重建-港口新闻网"), "港口议会决定重建"),
        (
            Titles(shared=("港口议会决定重建东码头-港口新闻网",), others=(("json-ld", "港口议会决定重建东码头"),)),
            "港口议会决定重建东码头",
        ),
        (Titles(visible=("港口议会决定重建…",), shared=("港口议会决定重建东码头",)), "港口议会决定重建东码头"),
        (Titles(tab="Pier-side council sits_late"), "Pier-side council sits_late"),
    ],
)
def test_dividers_without_spaces_and_cut_headlines(titles: Titles, expected: str) -> None:
    found = pick_title(titles, ())
    assert found is not None
    assert found.value == expected


def test_no_article_is_lost_for_want_of_a_title() -> None:
    page = a_page().replace(f"<h1>{TITLE}</h1>", "").replace(f"<title>{TITLE}</title>", "")
    article = article_of(page, url="https://harbour-news.example/2026/marrowby-rebuilds-east-pier-7.html")
    assert (article.title, article.evidence["title"].how) == ("Marrowby rebuilds east pier", "url")
    assert article.warnings == ("TitleUnsure: the page has no title; the title is from url",)
    article = article_of(page.replace("<article>", f"<article><h2>{TITLE}</h2>"), url=None)
    assert (article.title, article.evidence["title"].how) == (TITLE, "heading")
    assert article_of(page.replace("<head>", f"<head><x-seo><title>{TITLE}</title></x-seo>"), url=None).title == TITLE
    assert reason_of(page, url="https://harbour-news.example/news.php?id=7") == "TitleMissing"


def test_a_dump_or_item_without_a_title_takes_the_words_of_its_address() -> None:
    url = "https://harbour-news.example/2026/marrowby-rebuilds-east-pier-7.html"
    dump = article_of(PARAGRAPHS[1] + "\n\n" + PARAGRAPHS[2], url=url, content_type="text/plain")
    item = article_of(json.dumps({"text": PARAGRAPHS[1] + "\n\n" + PARAGRAPHS[2]}), url=url,
                      content_type="application/json")
    for article in (dump, item):
        assert (article.title, article.evidence["title"].how) == ("Marrowby rebuilds east pier", "url")
        assert article.warnings == ("TitleUnsure: the page has no title; the title is from url",)


def test_the_styled_block_before_the_body_is_the_last_heading() -> None:
    page = a_page().replace(f"<h1>{TITLE}</h1>", f'<div class="article-title">{TITLE}</div>')
    article = article_of(page.replace(f"<title>{TITLE}</title>", ""), url=None)
    assert (article.title, article.evidence["title"].how) == (TITLE, "heading")


def test_a_headline_is_no_name_of_an_outlet() -> None:
    article = article_of(a_page(head=f'<meta property="og:site_name" content="{TITLE}">'))
    assert (article.title, article.outlet.name) == (TITLE, None)
    article = article_of(a_page(head='<meta property="og:site_name" content="Harbour News">'))
    assert article.outlet.name == "Harbour News"


def test_the_title_that_was_passed_over_is_in_the_evidence() -> None:
    article = article_of(a_page(head=linked_data(headline="Why Marrowby must pay for its east pier")))
    assert article.title == TITLE
    assert article.evidence["title.passed_over"] == Evidence("json-ld", "Why Marrowby must pay for its east pier")


def test_a_headline_that_was_escaped_twice_is_read() -> None:
    escaped = "Fish &amp;amp; chips: Marrowby&amp;#8217;s council won&amp;rsquo;t pay"
    article = article_of(a_page(title=escaped))
    assert article.title == "Fish & chips: Marrowby’s council won’t pay"


@pytest.mark.parametrize("title", ["A Shield for the Oldest Ice", "- Dread will grow"])
def test_a_heading_with_the_words_of_the_text_does_not_replace_a_title_that_is_visible_and_declared(title: str) -> None:
    titles = Titles(visible=(title,), linked=title, tab=f"{title} | The Marrowby Echo",
                    headings=("More from science and technology in Marrowby",))
    about = ("In Marrowby, science and technology meet at the pier, and there is more.",)
    found = pick_title(titles, ("The Marrowby Echo",), None, about)
    assert found is not None
    assert found.value == title.removeprefix("- ") or found.value == title


def test_a_short_heading_of_common_words_is_not_confirmed_by_the_text() -> None:
    titles = Titles(visible=("How trams stand the heat", "More from Marrowby"), linked="Heat bends the rails")
    found = pick_title(titles, (), None, ("Trams were late in Marrowby. More than 30 stood still from noon.",))
    assert found is not None
    assert found.value != "More from Marrowby"
