"""A scraper's item becomes an article: its keys are data, its text is read as a dump, its markup as a page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.clean import clean_article, load_rules
from pipelines.clean.item import is_markup, read_item
from pipelines.failures import BodyMissing, TitleMissing
from pipelines.records import Author, CleanArticle, Evidence
from pipelines.settings import Limits
from tests.builders import BODY, a_raw_article

RULES = load_rules(Limits())
URL = "https://harbour-news.example/pier"


def cleaned(item: dict[str, object], **changes: object) -> CleanArticle:
    return clean_article(a_raw_article(kind="item", item=item, text="", **changes), RULES)


NEWS_PLEASE: dict[str, object] = {
    "title": "Pier to be rebuilt",
    "maintext": BODY.replace("\n\n", "\n"),
    "authors": ["Ines Falk", "Web Desk"],
    "date_publish": "2026-03-03 15:00:00",
    "date_modify": None,
    "date_download": "2026-03-04 09:30:00",
    "language": "en",
    "image_url": "https://harbour-news.example/pier.jpg",
    "source_domain": "harbour-news.example",
    "url": URL,
}


def test_a_news_please_item() -> None:
    article = cleaned(NEWS_PLEASE)
    assert (article.title, article.body) == ("Pier to be rebuilt", BODY)
    assert article.authors == (Author("Ines Falk"), Author("Web Desk", "desk"))
    assert article.published_at == datetime(2026, 3, 3, 15, tzinfo=UTC)
    assert (article.modified_at, article.language, article.image_url) == (
        None,
        "en",
        "https://harbour-news.example/pier.jpg",
    )
    assert article.canonical_url == URL
    assert article.evidence["published_at"] == Evidence("item", "date_publish: 2026-03-03 15:00:00")


def test_a_scrapy_item_with_markup() -> None:
    article = cleaned(
        {
            "headline": "Pier to be rebuilt",
            "byline": "By Ines Falk",
            "published": "2026-03-03T15:00:00+05:00",
            "body_html": "".join(f"<p>{paragraph}</p>" for paragraph in BODY.split("\n\n")),
            "section": "Region",
            "tags": "piers, storms",
        }
    )
    assert (article.title, article.body) == ("Pier to be rebuilt", BODY)
    assert article.authors == (Author("Ines Falk"),)
    assert (article.published_at, article.published_zone) == (datetime(2026, 3, 3, 10, tzinfo=UTC), "+05:00")
    assert (article.section, article.tags) == ("Region", ("piers", "storms"))


def test_boilerplate_in_an_items_text_goes() -> None:
    text = BODY.replace("\n\n", "\nRead More: Ferry dog elected harbour master\n", 1)
    assert cleaned(NEWS_PLEASE | {"maintext": text}).body == BODY


@pytest.mark.parametrize("key", ["articleBody", "article_body", "ArticleBody", "article-body"])
def test_keys_are_reported_apart_by_letters_alone(key: str) -> None:
    assert read_item({key: "It opened."}, "any").text == "It opened."


def test_nested_keys_lists_and_objects() -> None:
    fields = read_item(
        {
            "headline": {"main": "Pier opens"},
            "author": [{"name": "Ines Falk"}, {"@type": "Person", "name": ["Tom Okafor"]}, None],
            "publisher": {"name": "Harbour News"},
            "keywords": ["piers", "storms"],
            "body": ["One.", "Two."],
        },
        "any",
    )
    assert (fields.title, fields.authors, fields.outlet) == ("Pier opens", ("Ines Falk", "Tom Okafor"), "Harbour News")
    assert (fields.tags, fields.text) == (("piers", "storms"), "One.\n\nTwo.")


def test_a_date_that_cannot_be_read_is_left_out_and_said() -> None:
    article = cleaned(NEWS_PLEASE | {"date_publish": "last Tuesday"})
    assert article.published_at is None
    assert article.evidence["published_at"] == Evidence("item, not read as a date", "date_publish: last Tuesday")


def test_an_item_without_text_or_headline() -> None:
    with pytest.raises(BodyMissing):
        cleaned({"title": "Pier to be rebuilt"})
    with pytest.raises(TitleMissing):
        cleaned({"text": BODY.split("\n\n")[0]})


def test_markup_is_reported_from_text() -> None:
    assert [is_markup(text) for text in ("<p>One</p>", "One<br>Two<br>", "if a < b and c > d", "")] == [
        True,
        True,
        False,
        False,
    ]
