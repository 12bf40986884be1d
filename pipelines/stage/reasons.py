"""Counts the outcomes and reasons in a staged batch, before it is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from pipelines.records import Coordinates
from pipelines.stage.batch import StagedBatch


def count_reasons(batch: StagedBatch) -> Counter[str]:
    """Counts of records by reason, or by outcome for records without a reason; the total is the number of records."""
    counts: Counter[str] = Counter()
    for rows in batch.tables("outcomes", ["outcome", "reason"]):
        counts.update(r or o for o, r in zip(rows["outcome"].to_pylist(), rows["reason"].to_pylist(), strict=True))
    return counts


def count_rejects(batch: StagedBatch) -> Counter[tuple[str, str]]:
    """Counts of dead letters by step and reason."""
    counts: Counter[tuple[str, str]] = Counter()
    for rows in batch.tables("dead_letters", ["step", "reason"]):
        counts.update(zip(rows["step"].to_pylist(), rows["reason"].to_pylist(), strict=True))
    return counts


def staged_outcomes(batch: StagedBatch) -> Iterator[tuple[Coordinates, str, str | None]]:
    """The coordinates, the outcome and the reason of each record in the batch; the reason is None unless rejected."""
    for read in batch.tables("outcomes", ["topic", "partition", "offset", "outcome", "reason"]):
        for topic, partition, offset, outcome, reason in zip(*read.to_pydict().values(), strict=True):
            yield Coordinates(topic, partition, offset), outcome, reason


def first_traceback(batch: StagedBatch) -> str:
    """Type, place and message of the first unexpected fault in the batch; empty if there is none."""
    for rows in batch.tables("dead_letters", ["details"]):
        for details in rows["details"].to_pylist():
            for first, violation in pairwise(details):
                if violation["expectation"] == "traceback":
                    return f"{first['expectation']}: {first['value']}"
    return ""
