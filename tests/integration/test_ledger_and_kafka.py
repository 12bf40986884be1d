"""The ledger against a real topic: gaps of every kind raise no alarm, nor what Kafka has removed since."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from pipelines.failures import Failure, Violation
from pipelines.records import Gap, OffsetRange
from pipelines.settings import KafkaSettings
from pipelines.sources.kafka import Plan, describe_topic, plan_ranges, read_range, topic_offsets
from pipelines.stage import Folder, OutcomeRow, PartWriter, StagedBatch, dead_letter_record
from pipelines.warehouse import KafkaTopics, Part, Verification, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT
from tests.integration.test_kafka_reading import Transactions, delete_records, read, send

REFUSED = Failure("clean", "ConsentWall", (Violation("an article, not a wall"),))
COMPACTED = {"cleanup_policy": "compact", "segment_ms": "50", "min_cleanable_dirty_ratio": "0.001"}


def load(warehouse: DuckDBWarehouse, kafka: KafkaSettings, folder: Path, plan: Plan | None = None) -> None:
    """What the topic holds, or what is planned of it, every record rejected, in one batch."""
    ((_, end),) = topic_offsets(kafka, kafka.raw_topic).values()
    span = OffsetRange(kafka.raw_topic, 0, 0, end)
    writer = PartWriter(Folder.at(folder), "part")
    read_first = plan.ranges[0] if plan else span
    for gap in plan.gaps if plan else ():
        writer.gap(gap)
    for item in read_range(kafka, read_first):
        if isinstance(item, Gap):
            writer.gap(item)
            continue
        writer.dead_letter(dead_letter_record(item, REFUSED, "dateline test", FETCHED_AT, None, None))
        writer.outcome(
            OutcomeRow(item.coordinates, item.timestamp, "rejected", REFUSED.reason, None, None, REFUSED.fingerprint)
        )
    topic_id = describe_topic(kafka, kafka.raw_topic).topic_id
    warehouse.prepare()
    load_batch(warehouse,
        StagedBatch("batch", "run", Folder.at(folder), (span,), writer.close(), "test", FETCHED_AT, topic_id=topic_id)
    )


def deep(warehouse: DuckDBWarehouse, kafka: KafkaSettings, part: Part | None = None) -> Verification:
    account = KafkaTopics(
        partial(topic_offsets, kafka), partial(read_range, kafka, retention_gap="continue"),
        lambda topic: describe_topic(kafka, topic).topic_id,
    )
    return warehouse.verify(kafka.raw_topic, account, part or Part())


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(tmp_path / "news.duckdb")


def test_transactions_raise_no_alarm_nor_does_retention_since(
    kafka: KafkaSettings, make_topic: Callable[..., str], warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    make_topic()
    writer = Transactions(kafka)
    writer.commit(b"a", b"b")  # 0 1, marker 2
    writer.abort(b"x")  # 3, marker 4
    writer.commit(b"c")  # 5, marker 6
    writer.producer.close()
    load(warehouse, kafka, tmp_path / "batch")
    found = deep(warehouse, kafka)
    assert (found.problems, found.compared) == ((), 7)
    (ledger,) = found.partitions
    assert (ledger.produced, ledger.outcomes, ledger.gaps) == (7, Counter(rejected=3), Counter(control_record=4))
    assert [(b.kind, b.first, b.last) for b in ledger.blanks] == [
        ("control_record", 2, 4), ("control_record", 6, 6),
    ]
    assert (deep(warehouse, kafka, Part(0, 1, 4)).problems, deep(warehouse, kafka, Part(0, 1, 4)).compared) == ((), 3)
    delete_records(kafka, before=4)
    found = deep(warehouse, kafka)
    assert (found.problems, found.compared) == ((), 3)
    assert (deep(warehouse, kafka, Part(0, 0, 3)).problems, deep(warehouse, kafka, Part(0, 0, 3)).compared) == ((), 0)


def test_records_before_a_time_are_skipped_and_raise_no_alarm(
    kafka: KafkaSettings, make_topic: Callable[..., str], warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    make_topic()
    send(kafka, b"old", b"older than the time")
    time.sleep(0.01)
    at = datetime.now(UTC)
    assert plan_ranges(kafka, kafka.raw_topic, {}, 100, from_time=at).gaps == (skipped(kafka, 2),)
    time.sleep(0.01)
    send(kafka, b"new")
    plan = plan_ranges(kafka, kafka.raw_topic, {}, 100, from_time=at)
    assert (plan.ranges, plan.gaps) == ((OffsetRange(kafka.raw_topic, 0, 2, 3),), (skipped(kafka, 2),))
    assert plan_ranges(kafka, kafka.raw_topic, {0: 1}, 100, from_time=at).ranges[0].start == 1
    assert plan_ranges(kafka, kafka.raw_topic, {}, 100, from_time=datetime(1969, 1, 1, tzinfo=UTC)).gaps == ()
    load(warehouse, kafka, tmp_path / "batch", plan)
    found = deep(warehouse, kafka)
    (ledger,) = found.partitions
    assert (found.problems, found.compared) == ((), 3)
    assert (ledger.outcomes, ledger.gaps, warehouse.loaded_topic(kafka.raw_topic).next_offsets) == (
        Counter(rejected=1), Counter(skipped=2), {0: 3},
    )


def skipped(kafka: KafkaSettings, upto: int) -> Gap:
    return Gap(kafka.raw_topic, 0, 0, upto, "skipped")


def test_compaction_raises_no_alarm_before_or_since(
    kafka: KafkaSettings, make_topic: Callable[..., str], warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    make_topic(**COMPACTED, delete_retention_ms="60000")
    writer = Transactions(kafka)
    writer.abort(b"x")  # 0, marker 1
    for value in (b"1", b"2", b"3"):  # 2 3 4
        send(kafka, value)
    load(warehouse, kafka, tmp_path / "batch")
    assert deep(warehouse, kafka).problems == ()
    time.sleep(0.1)  # segments roll by time
    for value in (b"4", b"5"):
        send(kafka, value)
        time.sleep(0.1)
    until = time.monotonic() + 30
    while b"1" in read(kafka, 0, 7) and time.monotonic() < until:
        time.sleep(0.2)
    assert b"1" not in read(kafka, 0, 7)
    found = deep(warehouse, kafka)
    assert (found.problems, found.compared) == ((), 5)
    writer.producer.close()
