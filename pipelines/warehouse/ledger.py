"""Proves that every offset handed to a run ended in one outcome or one gap, and that the tables agree with it.

The checks are the SQL files under ``sql/checks``. Each returns one row for a problem, with its place and its message,
and no row when the ledger closes. ``sql/ledger`` gives the outcomes of a range of one partition's offsets;
``kafka_comparison.py`` compares them with Kafka.
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
"""Problems of one kind that are listed."""

_PLACE = re.compile(r"([^/@ ]+)/(\d+)(?:@(\d+))?")
_BATCH = re.compile(r"run \S+, batch (\S+)")


def verify_ledger(con: Any, topic: str | None, part: Part = WHOLE) -> Verification:
    """Checks the ledger of one topic, or of all; or a part of them.

    Raises ``NotRead`` when the part lies outside of what was read.
    """
    found = [_outcomes(con, partition) for partition in _chosen(con, topic, part)]
    partitions = tuple(partition for partition, _ in found)
    problems = [problem for _, found_gaps in found for problem in found_gaps]
    problems += _shallow(con, topic, _belongs(con, topic, part))
    return Verification(partitions, tuple(problems))


def _chosen(con: Any, topic: str | None, part: Part) -> list[PartitionLedger]:
    """The chosen partitions with the offsets chosen of each, and nothing of what became of them yet."""
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
            f"Not all of the offsets asked for were read: {'; '.join(map(_outside, outside))}."
            "\nWhat to do: ask for offsets that were read, from the first to the next one, which is excluded; name one "
            "partition where they were not all read so far. `dateline ledger verify` alone checks all that was read."
        )
    return chosen


def _never_read(topic: str | None, part: Part, rows: Iterable[tuple[Any, ...]]) -> str:
    read = ", ".join(f"{row[0]}/{row[1]}" for row in rows) or "nothing"
    wanted = "" if part.partition is None else f" in a partition {part.partition}"
    return (
        f"Nothing was ever read of {topic or 'any topic'}{wanted}; read was {read}."
        "\nWhat to do: ask for a partition that was read."
    )


def _outside(partition: PartitionLedger) -> str:
    read, asked = f"{partition.first_offset} to {partition.next_offset}", f"{partition.start} to {partition.end}"
    return f"{partition.topic}/{partition.partition} was read from {read}, asked for was {asked}"


def _outcomes(con: Any, partition: PartitionLedger) -> tuple[PartitionLedger, list[Problem]]:
    """What became of the offsets, and those of them that have no outcome, or more than one."""
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
    """Gaps of a kind that meet as one: a batch or a worker ended between them."""
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
    """Whether a problem is of the part: of its records, of its partition, or of a batch that was handed some of it."""
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
        if place[3] is None:  # of the partition as a whole: its offsets were walked already
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
    """The answer's rows, few in memory at once."""
    while rows := answer.fetchmany(1_000):
        yield from rows
