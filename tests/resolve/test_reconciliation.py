from __future__ import annotations

import pytest

from pipelines.records import Gap, OffsetRange
from pipelines.resolve.reconciliation import RangesBroken, coverage_problems, handed_ranges
from tests.builders import coordinates

TOPIC = "articles.raw"


def offsets(start: int, end: int, partition: int = 0) -> OffsetRange:
    return OffsetRange(TOPIC, partition, start, end)


def test_ranges_of_a_partition_are_joined_in_any_order() -> None:
    assert handed_ranges([offsets(4, 9), offsets(2, 4), offsets(0, 1, 1)], []) == (offsets(2, 9), offsets(0, 1, 1))


def test_a_retention_gap_before_or_instead_of_a_range_is_moved_past() -> None:
    before, alone = Gap(TOPIC, 0, 1, 4, "retention"), Gap(TOPIC, 1, 0, 7, "retention")
    assert handed_ranges([offsets(4, 9)], [before, alone]) == (offsets(1, 9), offsets(0, 7, 1))


def test_a_gap_inside_a_range_changes_nothing() -> None:
    assert handed_ranges([offsets(1, 9)], [Gap(TOPIC, 0, 1, 4, "retention"), Gap(TOPIC, 0, 6, 7, "compaction")]) == (
        offsets(1, 9),
    )


@pytest.mark.parametrize("ranges", [
    [offsets(0, 2), offsets(3, 4)], [offsets(0, 3), offsets(2, 4)], [offsets(0, 2), offsets(0, 2)], [offsets(3, 2)],
])
def test_ranges_that_do_not_meet_are_refused(ranges: list[OffsetRange]) -> None:
    with pytest.raises(RangesBroken):
        handed_ranges(ranges, [])


def test_ledger_that_close_have_no_problem() -> None:
    outcomes = [coordinates(0), coordinates(3), coordinates(1)]
    gaps = [Gap(TOPIC, 0, 2, 3, "compaction"), Gap(TOPIC, 0, 4, 5, "retention")]
    assert coverage_problems([offsets(0, 5)], outcomes, gaps) == []


def test_each_problem_is_named_with_its_offsets() -> None:
    outcomes = [coordinates(1), coordinates(1), coordinates(9), coordinates(0, 1)]
    assert coverage_problems([offsets(0, 6)], outcomes, [Gap(TOPIC, 0, 1, 4, "compaction")]) == [
        "articles.raw/0: offset 0 has no outcome and is in no gap",
        "articles.raw/0: offset 1 is accounted for twice",
        "articles.raw/0: offset 1 is accounted for twice",
        "articles.raw/0: offset 9 was not handed to the batch",
        "articles.raw/0: offsets 4 to 5 has no outcome and is in no gap",
        "articles.raw/1: offset 0 was not handed to the batch",
    ]


def test_many_problems_are_summed_up() -> None:
    problems = coverage_problems([], [coordinates(n) for n in range(50)], [])
    assert (len(problems), problems[-1]) == (21, "and 30 more")
