"""Broken JSON-LD is read where that is safe; where it is not, the evidence says that there was some."""

from __future__ import annotations

import pytest

from tests.cases.reading import TITLE, a_page, article_of, names

AUTHOR = '{"@type": "Person", "name": "Ada Brandt"}'
BLOCK = f'"@type": "NewsArticle", "datePublished": "2025-05-04T10:15:00+02:00", "author": {AUTHOR}'
REPAIRED = {
    "quotes in a headline": f'{{"headline": "Council says "not yet" to pier", {BLOCK}}}',
    "a quote at the end": f'{{"headline": "Council says "not yet"", {BLOCK}}}',
    "an escaped apostrophe": rf'{{"headline": "Marrowby\'s pier", {BLOCK}}}',
    "two objects": f'{{"@type": "WebSite", "name": "Harbour News"}} {{{BLOCK}}}',
    "escaped as HTML": f"{{{BLOCK}}}".replace('"', "&quot;"),
}


def page(block: str) -> str:
    return a_page(head=f'<script type="application/ld+json">{block}</script>')


@pytest.mark.parametrize("block", REPAIRED.values(), ids=REPAIRED)
def test_what_is_safely_repaired_is_read(block: str) -> None:
    article = article_of(page(block))
    assert article.title == TITLE
    assert names(article) == [("Ada Brandt", "person")]
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2025-05-04T10:15:00+02:00"
    assert article.evidence["json-ld"].how == "repaired"


@pytest.mark.parametrize("block", ['{"headline": "Pier", "author": {', f"{{{BLOCK}, ????}}", "var data = {};"])
def test_what_is_not_read_is_in_the_evidence(block: str) -> None:
    article = article_of(page(block))
    assert article.evidence["json-ld"].how == "not read"
    assert article.warnings == ("JsonLdNotRead: the page has JSON-LD that is not valid",)


def test_valid_json_ld_is_no_evidence_of_a_fault() -> None:
    assert "json-ld" not in article_of(page(f"<!-- {{{BLOCK},}} -->")).evidence
