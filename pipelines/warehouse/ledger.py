"""Proves that every offset handed to a run ended in one outcome or one gap, and that the tables agree with it.

The checks are the SQL files under ``sql/checks``: each gives a row a problem, as where and what it says, and names
nothing when the books close. With Kafka's account, the topic is read again and compared offset by offset.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pipelines.failures import TopicRecreated, refuse_other_topic
from pipelines.records import Gap, OffsetRange, RawMessage
from pipelines.warehouse.books import KafkaAccount, PartitionBooks, Problem, Verification
from pipelines.warehouse.statements import files, statements
from pipelines.warehouse.topics import loaded_topic_id

SHOWN = 100
"""Problems of one kind that are listed."""
CHUNK = 50_000
"""Offsets compared with Kafka at once, so that memory stays bounded."""


def verify_ledger(con: Any, topic: str | None, kafka: KafkaAccount | None) -> Verification:
    """Checks the books of one topic, or of all."""
    partitions = _partitions(con, topic)
    problems = list(_shallow(con, topic))
    if kafka is not None:
        others = {name: _other_topic(con, name, kafka) for name in sorted({books.topic for books in partitions})}
        problems += [problem for problem in others.values() if problem]
        for partition in partitions:
            if others[partition.topic] is None:
                problems += islice(_against_kafka(con, partition, kafka), SHOWN)
    return Verification(partitions, tuple(problems), is_deep=kafka is not None)


def _partitions(con: Any, topic: str | None) -> tuple[PartitionBooks, ...]:
    rows = con.execute(
        "SELECT topic, partition, first_offset, next_offset FROM partition_offsets "
        "WHERE topic = coalesce($topic, topic) ORDER BY topic, partition",
        {"topic": topic},
    ).fetchall()
    outcomes = _counts(con, "SELECT topic, partition, outcome, count(*) FROM ledger GROUP BY ALL")
    gaps = _counts(
        con, "SELECT topic, partition, kind, CAST(sum(end_offset - start_offset) AS BIGINT) FROM gaps GROUP BY ALL"
    )
    books = []
    for found, partition, first, after in rows:
        place = (found, partition)
        books.append(PartitionBooks(found, partition, first, after, outcomes[place], gaps[place]))
    return tuple(books)


def _counts(con: Any, sql: str) -> defaultdict[tuple[str, int], Counter[str]]:
    counts: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for topic, partition, what, count in con.execute(sql).fetchall():
        counts[topic, partition][what] = count
    return counts


def _shallow(con: Any, topic: str | None) -> Iterator[Problem]:
    for name in files("checks"):
        kind = name.removesuffix(".sql").split("_", 1)[1]
        for statement in statements("checks", name):
            found = con.execute(statement, {"topic": topic}).fetchmany(SHOWN + 1)
            for where, says in found[:SHOWN]:
                yield Problem(kind, where, says)
            if len(found) > SHOWN:
                yield Problem(kind, "and more", f"only the first {SHOWN} of this kind are listed")


def _other_topic(con: Any, topic: str, kafka: KafkaAccount) -> Problem | None:
    """Whether Kafka has another topic under the name: then its offsets say nothing of those in the ledger."""
    try:
        refuse_other_topic(topic, loaded_topic_id(con, topic), kafka.topic_id(topic))
    except TopicRecreated as fault:
        return Problem("kafka", topic, str(fault).partition("; going on")[0])
    return None


def _against_kafka(con: Any, books: PartitionBooks, kafka: KafkaAccount) -> Iterator[Problem]:
    """What the topic holds and the ledger does not tell, or tells otherwise.

    Records that Kafka has removed since (retention, compaction) cannot be compared and are no problem.
    """
    where = f"{books.topic}/{books.partition}"
    known = kafka.offsets(books.topic)
    if books.partition not in known:
        yield Problem("kafka", where, "Kafka has no such partition: was the topic deleted?")
        return
    beginning, end = known[books.partition]
    if end < books.next_offset:
        yield Problem(
            "kafka", where,
            f"was read up to {books.next_offset}, but Kafka ends at {end}: was the topic deleted and made again?",
        )
    for start in range(max(beginning, books.first_offset), min(end, books.next_offset), CHUNK):
        piece = OffsetRange(books.topic, books.partition, start, min(start + CHUNK, end, books.next_offset))
        yield from _compared(con, piece, kafka)


def _compared(con: Any, piece: OffsetRange, kafka: KafkaAccount) -> Iterator[Problem]:
    parameters = [piece.topic, piece.partition, piece.start, piece.end]
    told = {row[0] for row in con.execute(
        "SELECT kafka_offset FROM ledger WHERE topic = ? AND partition = ? AND kafka_offset >= ? AND kafka_offset < ?",
        parameters,
    ).fetchall()}
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
