"""The made-up month: what happens in it, and that its pages are read as they were meant."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.samples import Sample, sample_messages
from pipelines.samples.month import month_messages
from pipelines.stage import StagedBatch
from pipelines.warehouse import load_batch, open_warehouse
from tests.warehouse.sampled import staged_samples

MONTH = tuple(month_messages())
MADE = tuple(sample for sample in MONTH if sample.id.startswith("month-"))
EVERY = 5
"""Of the pages that are made, one in so many is read here."""


def test_the_month_is_the_same_each_time() -> None:
    assert tuple(month_messages()) == MONTH


def test_the_month_ends_with_the_week_in_its_order() -> None:
    assert [s.id for s in MONTH if s not in MADE] == [s.id for s in sample_messages()]
    assert len({s.id for s in MONTH}) == len(MONTH)
    assert 380 <= len(MONTH) <= 480


def test_articles_are_corrected_and_fetched_again_after_they_were_loaded() -> None:
    seen: set[bytes | None] = set()
    for sample in MADE:
        assert (sample.key in seen) == (sample.expected["outcome"] != "loaded")
        seen.add(sample.key)
    outcomes = Counter(sample.expected["outcome"] for sample in MADE)
    assert outcomes["new_version"] >= 10
    assert outcomes["unchanged"] >= 5


def test_no_slot_of_a_text_is_left_open() -> None:
    texts = [text for s in MADE for text in (s.expected["title"], *s.expected["contains"])]
    assert [text for text in texts if "{" in text or "}" in text or ",," in text or ",." in text] == []


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Sample, dict[str, object]]]:
    """Some of the first pages of articles, each with the article that was loaded from it."""
    home = tmp_path_factory.mktemp("month")
    samples = [sample for sample in MADE if sample.expected["outcome"] == "loaded"][::EVERY]
    return list(zip(samples, loaded(home, staged_samples(home, samples)), strict=True))


def loaded(home: Path, staged: StagedBatch) -> list[dict[str, object]]:
    warehouse = open_warehouse(f"duckdb:///{home}/warehouse.duckdb")
    warehouse.prepare()
    load_batch(warehouse, staged)
    return warehouse.query("SELECT * FROM articles ORDER BY coordinates_offset").records()


def test_pages_are_read_as_they_were_made(read: list[tuple[Sample, dict[str, object]]]) -> None:
    assert len(read) > 50
    for sample, article in read:
        expected, body = sample.expected, str(article["body"])
        assert article["title"] == expected["title"]
        assert article["authors"] == [name for name, _ in expected["authors"]]
        assert article["published_at"] == datetime.fromisoformat(expected["published_at"])
        assert [text for text in expected["contains"] if text not in body] == []
        assert [text for text in expected["lacks"] if text in body] == []
