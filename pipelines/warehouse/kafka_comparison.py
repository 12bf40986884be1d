"""Compares the ledger with Kafka: the topic is read again, and each offset is compared.

The warehouse is queried in short pieces, so that a run can write to it meanwhile. That does not disturb the comparison:
rows below the next offset, as it was at the start, no longer change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from pipelines.failures import TopicRecreated, refuse_other_topic
from pipelines.records import Gap, OffsetRange, RawMessage
from pipelines.warehouse.interface import Warehouse
from pipelines.warehouse.ledger import SHOWN
from pipelines.warehouse.verification import KafkaTopics, PartitionLedger, Problem, Verification

CHUNK = 50_000
"""Number of offsets compared at a time, which bounds the memory used."""

SKIPPED = (
    "SELECT start_offset, end_offset FROM gaps WHERE topic = ? AND partition = ? AND kind = 'skipped' "
    "AND end_offset > ? AND start_offset < ?"
)
RECORDED = (
    "SELECT kafka_offset FROM ledger WHERE topic = ? AND partition = ? AND kafka_offset >= ? AND kafka_offset < ?"
)


def compare_with_kafka(warehouse: Warehouse, found: Verification, kafka: KafkaTopics) -> Verification:
    """The findings of a ledger check, extended by the differences between the ledger and Kafka."""
    problems = list(found.problems)
    compared = 0
    others = {name: _other_topic(warehouse, name, kafka) for name in sorted({b.topic for b in found.partitions})}
    problems += [problem for problem in others.values() if problem]
    for partition in found.partitions:
        if others[partition.topic] is None:
            compared += sum(map(len, _pieces(partition, kafka)))
            problems += islice(_against_kafka(warehouse, partition, kafka), SHOWN)
    return replace(found, problems=tuple(problems), is_deep=True, compared=compared)


def _other_topic(warehouse: Warehouse, topic: str, kafka: KafkaTopics) -> Problem | None:
    """The problem that Kafka has another topic of this name, whose offsets cannot be compared; None if it has not."""
    try:
        refuse_other_topic(topic, warehouse.loaded_topic(topic).topic_id, kafka.topic_id(topic))
    except TopicRecreated as fault:
        return Problem("kafka", topic, str(fault).partition(". Continuing")[0])
    return None


def _against_kafka(warehouse: Warehouse, partition: PartitionLedger, kafka: KafkaTopics) -> Iterator[Problem]:
    """Differences between the topic and the ledger.

    Records that Kafka has removed since (retention, compaction) cannot be compared, and are not reported.
    """
    where = f"{partition.topic}/{partition.partition}"
    known = kafka.offsets(partition.topic)
    if partition.partition not in known:
        yield Problem("kafka", where, "Kafka has no such partition: was the topic deleted?")
        return
    _, end = known[partition.partition]
    if end < partition.next_offset:
        yield Problem(
            "kafka", where,
            f"was read up to {partition.next_offset}, but Kafka ends at {end}: was the topic deleted and made again?",
        )
    for piece in _pieces(partition, kafka):
        yield from _compared(warehouse, piece, kafka)


def _pieces(partition: PartitionLedger, kafka: KafkaTopics) -> Iterator[OffsetRange]:
    """The offsets that Kafka still has, in pieces of at most ``CHUNK``."""
    beginning, end = kafka.offsets(partition.topic).get(partition.partition, (0, 0))
    upto = min(end, partition.end)
    for start in range(max(beginning, partition.start), upto, CHUNK):
        yield OffsetRange(partition.topic, partition.partition, start, min(start + CHUNK, upto))


def _compared(warehouse: Warehouse, piece: OffsetRange, kafka: KafkaTopics) -> Iterator[Problem]:
    place = (piece.topic, piece.partition, piece.start, piece.end)
    recorded = {row[0] for row in warehouse.query(RECORDED, place).rows}
    skipped = [range(start, end) for start, end in warehouse.query(SKIPPED, place).rows]
    for found in kafka.read(piece):
        match found:
            case RawMessage():
                offset = found.coordinates.offset
                if offset not in recorded and not any(offset in span for span in skipped):
                    yield Problem("kafka", str(found.coordinates), "Kafka holds a record here, the ledger has none")
            case Gap():
                if found.kind == "control_record":
                    for offset in sorted(recorded.intersection(range(found.start, found.end))):
                        yield Problem(
                            "kafka", f"{piece.topic}/{piece.partition}@{offset}",
                            "the ledger has a record here, Kafka has a control record or an aborted record",
                        )
