"""Reconciles the ledger: every offset that a run read has exactly one outcome or gap, and the tables agree with it.

The checks are the SQL files under ``sql/checks``. Each returns one row per problem, with its place and a message, and
no rows if there are no problems. The files under ``sql/ledger`` return the outcomes of a range of one partition's
offsets; ``kafka_comparison.py`` compares them with Kafka.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from pipelines.warehouse.interface import NotRead
from pipelines.warehouse.statements import files, statements
from pipelines.warehouse.verification import (
    UNEXPLAINED,
    WHOLE,
    Blank,
    Part,
    PartitionLedger,
    Problem,
    Verification,
)

SHOWN = 100
"""Maximum number of problems listed per kind."""

_PLACE = re.compile(r"([^/@ ]+)/(\d+)(?:@(\d+))?")
_BATCH = re.compile(r"run \S+, batch (\S+)")


def verify_ledger(con: Any, topic: str | None, part: Part = WHOLE) -> Verification:
    """Checks the ledger of one topic (None: of all topics), or a part of it.

    Raises ``NotRead`` if the part includes offsets that were never read.
    """
    found = [_outcomes(con, partition) for partition in _chosen(con, topic, part)]
    partitions = tuple(partition for partition, _ in found)
    problems = [problem for _, found_gaps in found for problem in found_gaps]
    problems += _shallow(con, topic, _belongs(con, topic, part))
    return Verification(partitions, tuple(problems))


def _chosen(con: Any, topic: str | None, part: Part) -> list[PartitionLedger]:
    """The chosen partitions with the chosen range of offsets of each, still without outcomes."""
    rows = con.execute(
        "SELECT topic, partition, first_offset, next_offset FROM partition_offsets "
        "WHERE topic = coalesce($topic, topic) ORDER BY topic, partition",
        {"topic": topic},
    ).fetchall()
    wanted = [row for row in rows if part.partition in {None, row[1]}]
    if part != WHOLE and not wanted:
        raise NotRead(_never_read(topic, part, rows))
    chosen = [
        PartitionLedger(
            name, partition, first, after, first if part.start is None else part.start,
            after if part.end is None else part.end,
        )
        for name, partition, first, after in wanted
    ]
    outside = [p for p in chosen if not p.first_offset <= p.start <= p.end <= p.next_offset]
    if outside:
        raise NotRead(
            f"Not all of the requested offsets were read: {'; '.join(map(_outside, outside))}."
            "\nWhat to do: request a range of offsets that were read (its end is excluded). If the partitions were "
            "read to different offsets, name one of them. `dateline ledger verify` without options checks all offsets "
            "that were read."
        )
    return chosen


def _never_read(topic: str | None, part: Part, rows: Iterable[tuple[Any, ...]]) -> str:
    read = ", ".join(f"{row[0]}/{row[1]}" for row in rows) or "none"
    wanted = "" if part.partition is None else f", partition {part.partition},"
    return (
        f"No record of {topic or 'any topic'}{wanted} was ever read; partitions read: {read}."
        "\nWhat to do: request a partition that was read."
    )


def _outside(partition: PartitionLedger) -> str:
    read, asked = f"{partition.first_offset} to {partition.next_offset}", f"{partition.start} to {partition.end}"
    return f"{partition.topic}/{partition.partition} was read from {read}, requested: {asked}"


def _outcomes(con: Any, partition: PartitionLedger) -> tuple[PartitionLedger, list[Problem]]:
    """The partition with its outcomes and gaps, and a problem for each offset without an outcome or with several."""
    place = {"topic": partition.topic, "partition": partition.partition, "start": partition.start, "end": partition.end}
    outcomes = Counter(dict(_ask(con, "outcomes", place)))
    found_gaps = [Blank(kind, begin, upto - 1) for kind, begin, upto in _ask(con, "gaps", place)]
    broken = [Blank(kind, begin, upto - 1) for kind, begin, upto in _ask(con, "unexplained", place)]
    missing = [blank for blank in broken if blank.kind == UNEXPLAINED]
    blanks = sorted([*_joined(found_gaps), *missing], key=lambda blank: (blank.first, blank.last))
    where = f"{partition.topic}/{partition.partition}"
    problems = [Problem("holes", where, _says(blank)) for blank in broken[:SHOWN]]
    if len(broken) > SHOWN:
        problems.append(Problem("holes", where, _more()))
    return replace(partition, outcomes=outcomes, blanks=tuple(blanks)), problems


def _says(broken: Blank) -> str:
    what = "have no outcome and lie in no gap" if broken.kind == UNEXPLAINED else "are accounted for more than once"
    return f"offsets {broken.first} to {broken.last} {what}"


def _more() -> str:
    return f"only the first {SHOWN} of this kind are listed"


def _joined(blanks: Iterable[Blank]) -> Iterator[Blank]:
    """Merges adjacent gaps of the same kind, which were recorded by different batches or workers."""
    last: Blank | None = None
    for blank in blanks:
        if last is not None and (last.kind, last.last + 1) == (blank.kind, blank.first):
            last = Blank(last.kind, last.first, blank.last)
            continue
        if last is not None:
            yield last
        last = blank
    if last is not None:
        yield last


def _ask(con: Any, question: str, place: dict[str, Any]) -> list[tuple[Any, ...]]:
    (statement,) = statements("ledger", f"{question}.sql")
    rows: list[tuple[Any, ...]] = con.execute(statement, place).fetchall()
    return rows


def _belongs(con: Any, topic: str | None, part: Part) -> Callable[[str], bool]:
    """A predicate: whether the place of a problem is in the part.

    It is if it names a record or partition of the part, or a batch that read some of its offsets.
    """
    if part == WHOLE:
        return lambda _where: True
    handed = {row[0] for row in con.execute(
        "SELECT DISTINCT batch_id FROM batch_ranges WHERE topic = coalesce($topic, topic) "
        "AND partition = coalesce($partition, partition) AND end_offset > coalesce($start, 0) "
        "AND ($end IS NULL OR start_offset < $end)",
        {"topic": topic, "partition": part.partition, "start": part.start, "end": part.end},
    ).fetchall()}

    def belongs(where: str) -> bool:
        batch, place = _BATCH.fullmatch(where), _PLACE.fullmatch(where)
        if batch is not None:
            return batch[1] in handed
        if place is None:
            return True
        if part.partition not in {None, int(place[2])}:
            return False
        if place[3] is None:  # a problem of the whole partition does not belong to a range of its offsets
            return not part.has_offsets
        offset = int(place[3])
        return (part.start or 0) <= offset and (part.end is None or offset < part.end)

    return belongs


def _shallow(con: Any, topic: str | None, belongs: Callable[[str], bool]) -> Iterator[Problem]:
    for name in files("checks"):
        kind = name.removesuffix(".sql").split("_", 1)[1]
        for statement in statements("checks", name):
            found_gaps = _rows(con.execute(statement, {"topic": topic}))
            found = list(islice((row for row in found_gaps if belongs(row[0])), SHOWN + 1))
            for where, says in found[:SHOWN]:
                yield Problem(kind, where, says)
            if len(found) > SHOWN:
                yield Problem(kind, "and more", _more())


def _rows(answer: Any) -> Iterator[tuple[str, str]]:
    """The rows of a result, fetched in pages of 1,000."""
    while rows := answer.fetchmany(1_000):
        yield from rows
