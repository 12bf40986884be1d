from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.records import Author, Outlet
from pipelines.validate import Expectation, article_to_avro, load_suite, row_columns
from tests.builders import BODY, FETCHED_AT, an_article
from tests.validate.test_contract import BY


def test_a_row_holds_what_the_suite_looks_at() -> None:
    article = an_article(authors=(Author("Tove Anders"),), published_at=FETCHED_AT - timedelta(hours=6))
    assert row_columns(article_to_avro(article, BY)) == {
        "article_id": "a" * 32, "url": "https://harbour-news.example/pier",
        "canonical_url": "https://harbour-news.example/pier", "outlet_domain": "harbour-news.example",
        "outlet_name": "Harbour News", "title": "Pier to be rebuilt", "body": BODY, "title_length": 18,
        "body_length": len(BODY), "full_body_length": len(BODY), "word_count": len(BODY.split()), "language": "en",
        "author_count": 1, "mention_count": 0, "entity_count": 0, "published_at": FETCHED_AT - timedelta(hours=6),
        "fetched_at": FETCHED_AT, "hours_ahead": -6.0, "is_truncated": False,
    }


def test_a_teaser_is_left_out_of_length_statistics() -> None:
    row = row_columns(article_to_avro(an_article(is_truncated=True, outlet=Outlet()), BY))
    assert (row["full_body_length"], row["body_length"]) == (None, len(BODY))
    assert (row["outlet_domain"], row["hours_ahead"]) == (None, None)


@pytest.mark.parametrize("name", ["article", "batch"])
def test_a_suites_columns_are_those_of_its_rows(name: str) -> None:
    batch = {"records", "share_rejected", "share_articles"} | {
        f"share_{kind}" for kind in
        ("published_at_null", "authors_null", "outlet_null", "language_null", "duplicates", "dates_ahead")
    }
    known = set(row_columns(article_to_avro(an_article(), BY))) if name == "article" else batch
    suite = load_suite(name)  # type: ignore[arg-type]
    assert {e.kwargs["column"] for e in suite.expectations} <= known


def test_an_expectation_is_what_its_file_says() -> None:
    assert load_suite("batch").expectations[1] == Expectation(
        "expect_column_values_to_be_between", {"column": "share_rejected", "max_value": 0.5}, "warning",
        "More than half of a scraper's messages were rejected: its site has changed, or the site blocks it.",
    )
