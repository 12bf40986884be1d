"""The whole job over the samples: each ends as its manifest says, and is read as it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.runtime.local import LocalExecutor
from pipelines.samples import Sample, sample_messages
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import Folder
from pipelines.warehouse import Run, load_batch, open_warehouse
from tests.jobs.messages import Topic

PUBLISHED_AT = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
SAMPLES = {sample.id: sample for sample in sample_messages()}
OFFSETS = {name: offset for offset, name in enumerate(SAMPLES)}


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the samples: rows of the ledger and staged articles, by offset."""

    ledger: Mapping[int, Mapping[str, Any]]
    articles: Mapping[int, Mapping[str, Any]]
    problems: tuple[object, ...]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    home = tmp_path_factory.mktemp("samples")
    batch = BatchSettings(workers=0, fault_share=1)  # one that nobody named is told by the sample that it befell
    settings = Settings(home=home, batch=batch, warehouse=f"duckdb:///{home}/warehouse.duckdb")
    ranges = (OffsetRange("articles.raw", 0, 0, len(SAMPLES)),)
    plan = BatchPlan("batch", "run", ranges, Folder.at(home) / "staged", PUBLISHED_AT)
    with LocalExecutor(0) as here:
        staged = transform_batch(plan, settings, here, read=Topic([message(s) for s in SAMPLES.values()])).batch
    warehouse = open_warehouse(settings.warehouse_url)
    warehouse.prepare()
    warehouse.start_run(Run("run", "articles.raw", staged.processor, PUBLISHED_AT))
    load_batch(warehouse, staged)
    ledger = warehouse.query("SELECT kafka_offset, outcome, reason, article_id, story_id FROM ledger "
                             "LEFT JOIN articles USING (article_id)").records()
    return Ended(
        {row["kafka_offset"]: row for row in ledger},
        {row["coordinates"]["offset"]: row for read in staged.tables("articles") for row in articles_in(read)},
        warehouse.verify().problems,
    )


def message(sample: Sample) -> RawMessage:
    """A sample as Kafka would give it back: a second after the one before."""
    offset = OFFSETS[sample.id]
    coordinates = Coordinates("articles.raw", 0, offset)
    return RawMessage(coordinates, PUBLISHED_AT + timedelta(seconds=offset), sample.key, sample.value, sample.headers)


def articles_in(read: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read.to_pylist()
    return rows


FIELDS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "title": lambda record: record["title"],
    "authors": lambda record: [[author["name"], author["type"]] for author in record["authors"]],
    "dateline": lambda record: record["dateline"],
    "published_at": lambda record: record["published_at"] and record["published_at"].isoformat(),
    "published_on": lambda record: record["published_at"] and record["published_at"].date().isoformat(),
    "modified_at": lambda record: record["modified_at"] and record["modified_at"].isoformat(),
    "language": lambda record: record["language"],
    "is_truncated": lambda record: record["is_truncated"],
    "outlet": lambda record: record["outlet"]["name"],
}
"""Fields of ``expected``, and how each is read from an article."""


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_ends_as_the_manifest_says(name: str, ended: Ended) -> None:
    row, expected = ended.ledger[OFFSETS[name]], SAMPLES[name].expected
    assert (row["outcome"], row["reason"]) == (expected["outcome"], expected.get("reason"))


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if "title" in sample.expected])
def test_an_article_is_read_as_the_manifest_says(name: str, ended: Ended) -> None:
    record, expected = ended.articles[OFFSETS[name]], SAMPLES[name].expected
    assert {field: read(record) for field, read in FIELDS.items() if field in expected} == {
        field: expected[field] for field in FIELDS if field in expected
    }
    assert [text for text in expected["contains"] if text not in record["body"]] == []
    assert [text for text in expected["lacks"] if text in record["body"]] == []
    warned = [warning.partition(":")[0] for warning in record["warnings"]]
    assert [warning for warning in expected.get("warnings", []) if warning not in warned] == []


def test_copies_of_a_story_share_its_id_and_no_others_do(ended: Ended) -> None:
    stories: dict[str, set[str]] = {}
    for name, sample in SAMPLES.items():
        row = ended.ledger[OFFSETS[name]]
        if row["story_id"]:
            stories.setdefault(row["story_id"], set()).add(sample.expected.get("story", row["article_id"]))
    assert [shown for shown in stories.values() if len(shown) > 1] == []
    assert len({shown for (shown,) in stories.values()}) == len(stories)


def test_the_ledger_close(ended: Ended) -> None:
    assert ended.problems == ()


def test_the_samples_are_many_and_of_many_kinds() -> None:
    outcomes = Counter(sample.expected["outcome"] for sample in SAMPLES.values())
    assert len(SAMPLES) == len(list(sample_messages())) >= 60
    assert outcomes["rejected"] + outcomes["deleted"] >= 12
    assert len({sample.expected.get("language") for sample in SAMPLES.values()} - {None}) >= 4
