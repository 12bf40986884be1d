"""A page's furniture is no part of its body, and of pages fetched again, only the edited articles are new versions."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from pipelines.clean.article import clean_article
from pipelines.clean.rules import load_rules
from pipelines.records import CleanArticle, Coordinates, RawArticle
from pipelines.settings import Limits
from tests.quality.rescrapes import base_pages, rescrapes

COUNT, SEED = 200, 7
PRECISION, RECALL = 0.98, 0.9
MOST_FURNISHED = 0.05
RULES = load_rules(Limits())


def read(page: str) -> CleanArticle:
    fetched_at = datetime(2026, 3, 9, tzinfo=UTC)
    return clean_article(RawArticle(Coordinates("articles.raw", 0, 0), "s", "html", page, fetched_at), RULES)


@pytest.fixture(scope="module")
def seen() -> Counter[tuple[bool, bool]]:
    """Pages by whether they were edited, and whether the second page is another version. None may be rejected."""
    counted: Counter[tuple[bool, bool]] = Counter()
    for each in rescrapes(COUNT, SEED):
        counted[each.is_edited, read(each.before).content_hash != read(each.after).content_hash] += 1
    return counted


def test_a_new_version_is_an_edited_article(seen: Counter[tuple[bool, bool]]) -> None:
    assert sum(seen.values()) == COUNT
    assert seen[True, True] / (seen[True, True] + seen[False, True]) >= PRECISION


def test_an_edited_article_is_a_new_version(seen: Counter[tuple[bool, bool]]) -> None:
    assert seen[True, True] / (seen[True, True] + seen[True, False]) >= RECALL


def test_a_body_is_the_same_among_furniture() -> None:
    """Before labels were left out, a fifth of the bodies had a paragraph of the furniture."""
    plain = {name: set(read(html).body.split("\n\n")) for name, html, _ in base_pages()}
    bodies = [(each.page, read(each.after).body) for each in rescrapes(COUNT, SEED) if not each.is_edited]
    furnished = [page for page, body in bodies if set(body.split("\n\n")) - plain[page]]
    assert len(furnished) <= MOST_FURNISHED * len(bodies)
