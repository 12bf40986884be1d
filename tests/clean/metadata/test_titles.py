"""The headline out of a page's several titles."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from pipelines.clean.metadata.page import read_metadata
from pipelines.clean.metadata.title import Titles, pick_title

LONG = "Marrowby opens its east pier four winters after a storm broke it, and the boats come back to harbour at last"


def title(page: str) -> tuple[str, str]:
    found = read_metadata(etree.HTML(page), "https://www.harbour.example/pier").title
    assert found is not None
    return found.value, found.how


def linked(**article: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(article)}</script>'


SHARED = '<meta property="og:type" content="article"><meta property="og:title" content="Pier opens at last">'
SEEN = "<h1>East pier opens</h1>"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (linked(**{"@type": "NewsArticle", "headline": "Pier reopens"}) + SHARED + SEEN, ("Pier reopens", "json-ld")),
        (SHARED + SEEN, ("East pier opens", "h1")),
        (SHARED + '<meta name="news_keywords" content="pier">' + SEEN, ("Pier opens at last", "meta")),
        (SHARED + linked(**{"@type": "BreadcrumbList"}) + SEEN, ("Pier opens at last", "meta")),
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
    found = pick_title(Titles(visible=(LONG,), linked=LONG[:108], is_news=True), ())
    assert found is not None
    assert found.value == LONG


def test_a_long_title_is_not_lengthened_by_the_outlets_name() -> None:
    found = pick_title(Titles(linked=LONG, tab=f"{LONG} | Harbour and Home", is_news=True), ())
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
    hostile = Titles(linked="a | " * 20_000, shared=("b | " * 20_000,), tab="c | " * 20_000, is_news=True)
    found = pick_title(hostile, ("Harbour News",))
    assert found is not None
    assert len(found.value) <= 1_000
