"""Reconciliation: every offset that was assigned to a batch must have exactly one outcome or lie in exactly one gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pipelines.records import Coordinates, Gap, OffsetRange

SHOWN = 20


class RangesBroken(ValueError):
    """The ranges of a batch overlap, or leave offsets out between them."""


def handed_ranges(ranges: Iterable[OffsetRange], gaps: Iterable[Gap]) -> tuple[OffsetRange, ...]:
    """What a batch moves past, one range a partition: its ranges joined, with the offsets that retention took before.

    >>> handed_ranges([OffsetRange("t", 0, 5, 7), OffsetRange("t", 0, 7, 9)], [Gap("t", 0, 2, 5, "retention")])
    (OffsetRange(topic='t', partition=0, start=2, end=9),)
    """
    pieces: dict[tuple[str, int], list[OffsetRange]] = defaultdict(list)
    ranges = list(ranges)
    for piece in ranges:
        if piece.end < piece.start:
            raise RangesBroken(f"{_spot(piece)} ends before it starts")
        pieces[piece.topic, piece.partition].append(piece)
    for gap in gaps:
        inside = any(r.start <= gap.start and gap.end <= r.end for r in pieces[gap.topic, gap.partition])
        if gap.kind == "retention" and not inside:
            pieces[gap.topic, gap.partition].append(OffsetRange(gap.topic, gap.partition, gap.start, gap.end))
    return tuple(_joined(found) for _, found in sorted(pieces.items()) if found)


def coverage_problems(
    handed: Iterable[OffsetRange], outcomes: Iterable[Coordinates], gaps: Iterable[Gap]
) -> list[str]:
    """The faults that the reconciliation of a batch found, in words with coordinates; none when it closes.

    >>> coverage_problems([OffsetRange("t", 0, 0, 3)], [Coordinates("t", 0, 0)], [Gap("t", 0, 2, 3, "compaction")])
    ['t/0: offset 1 has no outcome and is in no gap']
    """
    spans: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for at in outcomes:
        spans[at.topic, at.partition].append((at.offset, at.offset + 1))
    for gap in gaps:
        spans[gap.topic, gap.partition].append((gap.start, gap.end))
    problems: list[str] = []
    for whole in handed:
        found = sorted(spans.pop((whole.topic, whole.partition), []))
        problems += _partition_problems(whole, found)
    for (topic, partition), found in sorted(spans.items()):
        problems += [f"{topic}/{partition}: {_offsets(*span)} was not handed to the batch" for span in found]
    if len(problems) > SHOWN:
        problems[SHOWN:] = [f"and {len(problems) - SHOWN} more"]
    return problems


def _partition_problems(whole: OffsetRange, spans: Sequence[tuple[int, int]]) -> list[str]:
    where = f"{whole.topic}/{whole.partition}"
    problems = []
    reached = whole.start
    for start, end in spans:
        if start < whole.start or end > whole.end:
            problems.append(f"{where}: {_offsets(start, end)} was not handed to the batch")
            continue
        if start < reached:
            problems.append(f"{where}: {_offsets(start, min(end, reached))} is accounted for twice")
        elif start > reached:
            problems.append(f"{where}: {_offsets(reached, start)} has no outcome and is in no gap")
        reached = max(reached, end)
    if reached < whole.end:
        problems.append(f"{where}: {_offsets(reached, whole.end)} has no outcome and is in no gap")
    return problems


def _joined(pieces: list[OffsetRange]) -> OffsetRange:
    pieces.sort(key=lambda piece: (piece.start, piece.end))
    for one, other in pairwise(pieces):
        if one.end != other.start:
            raise RangesBroken(f"{_spot(one)} and {_spot(other)} do not meet")
    return OffsetRange(pieces[0].topic, pieces[0].partition, pieces[0].start, pieces[-1].end)


def _spot(piece: OffsetRange) -> str:
    return f"{piece.topic}/{piece.partition} {_offsets(piece.start, piece.end)}"


def _offsets(start: int, end: int) -> str:
    return f"offset {start}" if end == start + 1 else f"offsets {start} to {end - 1}"
