from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.records import Gap, OffsetRange, RawMessage
from pipelines.warehouse import Blank, KafkaTopics, NotRead, Part, PartitionLedger, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT, a_message, coordinates
from tests.warehouse.batches import TOPIC, carried, gap, later, refused, stage, tombstone
from tests.warehouse.reading import tamper
from tests.warehouse.recording import Recording


@pytest.fixture(scope="module")
def two_batches(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two batches, loaded once."""
    folder = tmp_path_factory.mktemp("two")
    warehouse = Recording(Path(shutil.copy(prepared, folder / "news.duckdb")), clock=lambda: FETCHED_AT)
    load_batch(warehouse, stage(
        folder, carried(10), refused(11), gap(12, 15, "control_record"), carried(15, fetched_at=later(1)),
        refused(0, partition=1),
    ))
    load_batch(warehouse, stage(
        folder, carried(16, content_hash="d" * 64, fetched_at=later(2)), tombstone(17, "9" * 32), batch_id="batch-2"
    ))
    return warehouse


@pytest.fixture
def ledger(two_batches: Recording, warehouse: RelationalWarehouse) -> RelationalWarehouse:
    two_batches.repeat(warehouse)
    return warehouse


def tampered(warehouse: RelationalWarehouse, sql: str) -> list[tuple[str, str]]:
    tamper(warehouse, sql)
    return [(problem.kind, str(problem)) for problem in warehouse.verify().problems]


def test_ledger_that_close(ledger: RelationalWarehouse) -> None:
    found = ledger.verify()
    assert (found.closes, found.is_deep) == (True, False)
    assert found.partitions == (
        PartitionLedger(
            TOPIC, 0, 10, 18, 10, 18, Counter(loaded=1, rejected=1, unchanged=1, new_version=1, nothing_to_delete=1),
            (Blank("control_record", 12, 14),),
        ),
        PartitionLedger(TOPIC, 1, 0, 1, 0, 1, Counter(rejected=1)),
    )
    assert [(p.produced, p.reconciled) for p in found.partitions] == [(8, 8), (1, 1)]
    assert ledger.verify("elsewhere").partitions == ()


@pytest.mark.parametrize(("sql", "kind", "says"), [
    ("DELETE FROM ledger WHERE kafka_offset = 16", "holes",
     "articles.raw/0: offsets 16 to 16 have no outcome and lie in no gap"),
    ("DELETE FROM gaps", "holes", "articles.raw/0: offsets 12 to 14 have no outcome and lie in no gap"),
    ("TWICE ledger WHERE kafka_offset = 11", "holes",
     "articles.raw/0: offsets 11 to 11 are accounted for more than once"),
    ("UPDATE gaps SET start_offset = 11", "holes", "articles.raw/0: offsets 11 to 11 are accounted for more than once"),
    ("UPDATE partition_offsets SET next_offset = 20 WHERE partition = 0", "holes",
     "articles.raw/0: offsets 18 to 19 have no outcome and lie in no gap"),
    ("UPDATE partition_offsets SET next_offset = 17 WHERE partition = 0", "outside",
     "articles.raw/0@17: has an outcome, but lies outside of what was read"),
    ("UPDATE gaps SET kind = 'unknown'", "outside",
     "articles.raw/0@12: is a gap of no offsets, of no kind, or outside of what was read"),
    ("UPDATE ledger SET reason = NULL WHERE kafka_offset = 11", "outcomes",
     "articles.raw/0@11: is rejected without a reason"),
    ("UPDATE ledger SET outcome = 'lost' WHERE kafka_offset = 17", "outcomes",
     "articles.raw/0@17: is lost, which is no outcome"),
    ("DELETE FROM article_versions WHERE version = 2", "versions",
     f"articles.raw/0@16: is new_version, but version 2 of article {'a' * 32} is not there"),
    ("UPDATE ledger SET outcome = 'unchanged' WHERE kafka_offset = 16", "versions",
     f"articles.raw/0@16: version 2 of article {'a' * 32} is there, but the ledger does not say that this record "
     "loaded it"),
    ("TWICE article_versions WHERE version = 1", "versions",
     f"articles.raw/0@10: version 1 of article {'a' * 32} is there 2 times"),
    ("TWICE articles", "articles", f"articles.raw/0@16: article {'a' * 32} has 2 rows"),
    ("UPDATE articles SET content_hash = 'x'", "articles",
     f"articles.raw/0@16: article {'a' * 32} shows a version that is not there"),
    ("DELETE FROM articles", "articles", f"articles.raw/0@10: article {'a' * 32} has versions, but no row"),
    ("DELETE FROM dead_letters WHERE partition = 1", "dead_letters",
     "articles.raw/1@0: is rejected, but has no open dead letter"),
    ("UPDATE ledger SET outcome = 'quarantined', reason = NULL WHERE kafka_offset = 11", "dead_letters",
     "articles.raw/0@11: has an open dead letter, but is not rejected"),
    ("UPDATE batches SET loaded = 2 WHERE batch_id = 'batch-1'", "batches",
     "run run-1, batch batch-1: counted 4 records (2 loaded, 0 new versions, 0 new readings, 1 unchanged, 2 rejected, "
     "0 deleted, 0 with nothing to delete, 0 suppressed, 0 quarantined), the ledger has 4 (1, 0, 0, 1, 2, 0, 0, 0, 0)"),
    ("UPDATE batch_ranges SET start_offset = 17 WHERE batch_id = 'batch-2'", "batches",
     "articles.raw/0: batch batch-2 starts at 17, the former ended at 16"),
    ("DELETE FROM batch_ranges WHERE partition = 1", "batches",
     "articles.raw/1: stands at 1, but its batches were handed -1 to -1"),
])
def test_ledger_that_do_not_close_say_where(ledger: RelationalWarehouse, sql: str, kind: str, says: str) -> None:
    assert (kind, says) in tampered(ledger, sql)


def test_problems_of_another_topic_are_not_reported(ledger: RelationalWarehouse) -> None:
    tampered(ledger, "DELETE FROM ledger WHERE kafka_offset = 16")
    assert ledger.verify("elsewhere").problems == ()
    assert not ledger.verify(TOPIC).closes


def account(
    present: dict[int, list[int]], ends: dict[int, tuple[int, int]], control_records: tuple[tuple[int, int], ...] = ()
) -> KafkaTopics:
    """Kafka as it is now: offsets with a record by partition, beginnings and ends, and markers of partition 0."""

    def read(piece: OffsetRange) -> Iterator[RawMessage | Gap]:
        for offset in present[piece.partition]:
            if piece.start <= offset < piece.end:
                yield a_message(coordinates=coordinates(offset, piece.partition))
        for start, end in control_records:
            if piece.partition == 0:
                yield Gap(TOPIC, 0, start, end, "control_record")

    return KafkaTopics(lambda _topic: ends, read)


def test_ledger_that_agree_with_kafka(ledger: RelationalWarehouse) -> None:
    found = ledger.verify(TOPIC, account({0: [10, 11, 15, 16, 17, 18], 1: [0]}, {0: (10, 19), 1: (0, 1)}, ((12, 15),)))
    assert (found.problems, found.is_deep, found.compared) == ((), True, 9)


def test_another_topic_under_the_name_is_reported_and_not_compared(ledger: RelationalWarehouse, tmp_path: Path) -> None:
    other = KafkaTopics(lambda _topic: {0: (0, 99)}, lambda _piece: pytest.fail("is not read"), lambda _topic: "new")
    empty = account({0: [], 1: []}, {0: (0, 99), 1: (0, 9)})
    assert ledger.verify(TOPIC, replace(empty, topic_id=other.topic_id)).closes
    load_batch(ledger, stage(tmp_path, refused(18), batch_id="batch-3", topic_id="old"))
    assert [(problem.kind, str(problem)) for problem in ledger.verify(TOPIC, other).problems] == [(
        "kafka", "articles.raw: articles.raw has the id new, but the warehouse was loaded from a topic with the id "
        "old. The topic was deleted and made again, or these are other brokers",
    )]


def test_records_that_retention_or_compaction_took_since_are_no_problem(ledger: RelationalWarehouse) -> None:
    assert ledger.verify(TOPIC, account({0: [17], 1: []}, {0: (15, 18), 1: (1, 1)})).problems == ()


CONTRADICTIONS = (
    (account({0: [10, 13], 1: []}, {0: (10, 18), 1: (0, 1)}),
     ["articles.raw/0@13: Kafka holds a record here, the ledger has none"]),
    (account({0: [], 1: []}, {0: (10, 18), 1: (0, 1)}, ((14, 16),)),
     ["articles.raw/0@15: the ledger has a record here, Kafka has a control record or an aborted record"]),
    (account({0: [], 1: []}, {0: (0, 4), 1: (0, 1)}),
     ["articles.raw/0: was read up to 18, but Kafka ends at 4: was the topic deleted and made again?"]),
    (account({0: []}, {0: (10, 18)}), ["articles.raw/1: Kafka has no such partition: was the topic deleted?"]),
)


def test_ledger_that_kafka_contradicts(ledger: RelationalWarehouse) -> None:
    for kafka, says in CONTRADICTIONS:
        assert [str(problem) for problem in ledger.verify(TOPIC, kafka).problems] == says


PARTS = (
    (Part(0, 11, 14), PartitionLedger(
        TOPIC, 0, 10, 18, 11, 14, Counter(rejected=1), (Blank("control_record", 12, 13),)
    )),
    (Part(0, 13), PartitionLedger(
        TOPIC, 0, 10, 18, 13, 18, Counter(unchanged=1, new_version=1, nothing_to_delete=1),
        (Blank("control_record", 13, 14),),
    )),
    (Part(0, end=11), PartitionLedger(TOPIC, 0, 10, 18, 10, 11, Counter(loaded=1))),
    (Part(0, 12, 12), PartitionLedger(TOPIC, 0, 10, 18, 12, 12)),
    (Part(0, 18, 18), PartitionLedger(TOPIC, 0, 10, 18, 18, 18)),
    (Part(1), PartitionLedger(TOPIC, 1, 0, 1, 0, 1, Counter(rejected=1))),
)


def test_a_part_of_the_books(ledger: RelationalWarehouse) -> None:
    for part, expected in PARTS:
        found = ledger.verify(TOPIC, part=part)
        assert (found.partitions, found.problems) == ((expected,), ())
        assert expected.produced == expected.reconciled


def test_a_range_of_every_partition(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    two = [refused(n, partition=p) for n in range(4) for p in range(2)]
    load_batch(warehouse, stage(tmp_path, *two))
    found = warehouse.verify(part=Part(start=1, end=3))
    assert [(p.partition, p.produced, p.reconciled) for p in found.partitions] == [(0, 2, 2), (1, 2, 2)]


NEVER_READ = (
    (TOPIC, Part(0, 9, 12), "articles.raw/0 was read from 10 to 18, requested: 9 to 12"),
    (TOPIC, Part(0, 12, 19), "articles.raw/0 was read from 10 to 18, requested: 12 to 19"),
    (TOPIC, Part(0, 19), "articles.raw/0 was read from 10 to 18, requested: 19 to 18"),
    (TOPIC, Part(0, 14, 12), "articles.raw/0 was read from 10 to 18, requested: 14 to 12"),
    (None, Part(None, 10, 12), "articles.raw/1 was read from 0 to 1, requested: 10 to 12"),
    (TOPIC, Part(7), "No record of articles.raw, partition 7, was ever read; partitions read: articles.raw/0"),
    ("elsewhere", Part(0, 1, 2), "No record of elsewhere, partition 0, was ever read; partitions read: none"),
)


def test_a_part_that_was_never_read(ledger: RelationalWarehouse) -> None:
    for topic, part, says in NEVER_READ:
        with pytest.raises(NotRead, match=says) as fault:
            ledger.verify(topic, part=part)
        assert "What to do: " in str(fault.value)


def test_an_unexplained_gap_is_listed_and_reported_only_where_it_is(ledger: RelationalWarehouse) -> None:
    tampered(ledger, "DELETE FROM ledger WHERE kafka_offset IN (11, 16)")
    found = ledger.verify(TOPIC, part=Part(0, 10, 14))
    assert found.partitions[0].blanks == (Blank("unexplained", 11, 11), Blank("control_record", 12, 13))
    assert (found.partitions[0].produced, found.partitions[0].reconciled) == (4, 3)
    assert {(problem.kind, problem.where) for problem in found.problems} == {
        ("holes", "articles.raw/0"), ("dead_letters", "articles.raw/0@11"), ("batches", "run run-1, batch batch-1"),
    }
    assert ledger.verify(TOPIC, part=Part(0, 12, 15)).partitions[0].blanks == (Blank("control_record", 12, 14),)
    assert ledger.verify(TOPIC, part=Part(0, 17, 18)).partitions[0].blanks == ()
    assert not ledger.verify(TOPIC).closes


def test_what_is_wrong_elsewhere_is_no_matter_of_a_part(ledger: RelationalWarehouse) -> None:
    tampered(ledger, "UPDATE ledger SET reason = NULL WHERE kafka_offset = 11")
    tampered(ledger, "DELETE FROM dead_letters WHERE partition = 1")
    assert ledger.verify(TOPIC, part=Part(0, 12, 18)).closes
    assert [p.where for p in ledger.verify(TOPIC, part=Part(0, 10, 12)).problems] == ["articles.raw/0@11"]
    assert [p.where for p in ledger.verify(TOPIC, part=Part(1)).problems] == ["articles.raw/1@0"]
    tampered(ledger, "UPDATE batch_ranges SET start_offset = 17 WHERE batch_id = 'batch-2'")
    assert [p.where for p in ledger.verify(TOPIC, part=Part(0)).problems] == ["articles.raw/0@11", "articles.raw/0"]


def test_gaps_that_meet_are_one(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, gap(0, 2), gap(2, 3), gap(3, 5, "control_record"), refused(5)))
    load_batch(warehouse, stage(tmp_path, gap(6, 8), batch_id="batch-2"))
    load_batch(warehouse, stage(tmp_path, gap(8, 9), batch_id="batch-3"))
    assert warehouse.verify().partitions[0].blanks == (
        Blank("compaction", 0, 2), Blank("control_record", 3, 4), Blank("compaction", 6, 8),
    )


def test_a_part_is_all_that_is_read_again(ledger: RelationalWarehouse) -> None:
    asked: list[OffsetRange] = []
    whole = account({0: [10, 13, 17], 1: [0]}, {0: (11, 19), 1: (0, 1)})

    def read(piece: OffsetRange) -> Iterator[RawMessage | Gap]:
        asked.append(piece)
        yield from whole.read(piece)

    found = ledger.verify(TOPIC, KafkaTopics(whole.offsets, read), Part(0, 10, 13))
    assert (found.problems, found.compared, asked) == ((), 2, [OffsetRange(TOPIC, 0, 11, 13)])
    assert not ledger.verify(TOPIC, whole, Part(0, 10, 14)).closes
