"""Compares the books with Kafka's own account: the topic is read again, offset by offset.

The warehouse is asked piece by piece, so that a run may write meanwhile: what lies below the next offset, as it was
when the comparison began, no longer changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from pipelines.failures import TopicRecreated, refuse_other_topic
from pipelines.records import Gap, OffsetRange, RawMessage
from pipelines.warehouse.books import KafkaAccount, PartitionBooks, Problem, Verification
from pipelines.warehouse.interface import Warehouse
from pipelines.warehouse.ledger import SHOWN

CHUNK = 50_000
"""Offsets compared at once, so that memory stays bounded."""

_TOLD = "SELECT kafka_offset FROM ledger WHERE topic = ? AND partition = ? AND kafka_offset >= ? AND kafka_offset < ?"


def compare_with_kafka(warehouse: Warehouse, found: Verification, kafka: KafkaAccount) -> Verification:
    """What a check of the books found, and what Kafka says to it."""
    problems = list(found.problems)
    compared = 0
    others = {name: _other_topic(warehouse, name, kafka) for name in sorted({b.topic for b in found.partitions})}
    problems += [problem for problem in others.values() if problem]
    for books in found.partitions:
        if others[books.topic] is None:
            compared += sum(map(len, _held(books, kafka)))
            problems += islice(_against_kafka(warehouse, books, kafka), SHOWN)
    return replace(found, problems=tuple(problems), is_deep=True, compared=compared)


def _other_topic(warehouse: Warehouse, topic: str, kafka: KafkaAccount) -> Problem | None:
    """Whether Kafka has another topic under the name: then its offsets say nothing of those in the ledger."""
    try:
        refuse_other_topic(topic, warehouse.topic_id(topic), kafka.topic_id(topic))
    except TopicRecreated as fault:
        return Problem("kafka", topic, str(fault).partition("; going on")[0])
    return None


def _against_kafka(warehouse: Warehouse, books: PartitionBooks, kafka: KafkaAccount) -> Iterator[Problem]:
    """What the topic holds and the ledger does not tell, or tells otherwise.

    Records that Kafka has removed since (retention, compaction) cannot be compared and are no problem.
    """
    where = f"{books.topic}/{books.partition}"
    known = kafka.offsets(books.topic)
    if books.partition not in known:
        yield Problem("kafka", where, "Kafka has no such partition: was the topic deleted?")
        return
    _, end = known[books.partition]
    if end < books.next_offset:
        yield Problem(
            "kafka", where,
            f"was read up to {books.next_offset}, but Kafka ends at {end}: was the topic deleted and made again?",
        )
    for piece in _held(books, kafka):
        yield from _compared(warehouse, piece, kafka)


def _held(books: PartitionBooks, kafka: KafkaAccount) -> Iterator[OffsetRange]:
    """What Kafka still has of the offsets, in pieces."""
    beginning, end = kafka.offsets(books.topic).get(books.partition, (0, 0))
    upto = min(end, books.end)
    for start in range(max(beginning, books.start), upto, CHUNK):
        yield OffsetRange(books.topic, books.partition, start, min(start + CHUNK, upto))


def _compared(warehouse: Warehouse, piece: OffsetRange, kafka: KafkaAccount) -> Iterator[Problem]:
    told = {row[0] for row in warehouse.query(_TOLD, (piece.topic, piece.partition, piece.start, piece.end)).rows}
    for found in kafka.read(piece):
        match found:
            case RawMessage():
                if found.source.offset not in told:
                    yield Problem("kafka", str(found.source), "Kafka holds a record here, the ledger has none")
            case Gap():
                if found.kind == "transaction_marker":
                    for offset in sorted(told.intersection(range(found.start, found.end))):
                        yield Problem(
                            "kafka", f"{piece.topic}/{piece.partition}@{offset}",
                            "the ledger has a record here, Kafka has a transaction marker or an aborted record",
                        )
