"""Counts what a staged batch became, before it is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from pipelines.records import Coordinates
from pipelines.stage.batch import StagedBatch


def count_reasons(batch: StagedBatch) -> Counter[str]:
    """Records by reason, or by outcome where there is none; the total is the number of records."""
    counts: Counter[str] = Counter()
    for rows in batch.tables("outcomes", ["outcome", "reason"]):
        counts.update(r or o for o, r in zip(rows["outcome"].to_pylist(), rows["reason"].to_pylist(), strict=True))
    return counts


def count_rejects(batch: StagedBatch) -> Counter[tuple[str, str]]:
    """Dead letters by step and reason."""
    counts: Counter[tuple[str, str]] = Counter()
    for rows in batch.tables("dead_letters", ["step", "reason"]):
        counts.update(zip(rows["step"].to_pylist(), rows["reason"].to_pylist(), strict=True))
    return counts


def staged_outcomes(batch: StagedBatch) -> Iterator[tuple[Coordinates, str, str | None]]:
    """Each record of the batch, what became of it, and the reason where it was rejected."""
    for read in batch.tables("outcomes", ["topic", "partition", "offset", "outcome", "reason"]):
        for topic, partition, offset, outcome, reason in zip(*read.to_pydict().values(), strict=True):
            yield Coordinates(topic, partition, offset), outcome, reason


def first_traceback(batch: StagedBatch) -> str:
    """The last line of the first unexpected fault's traceback and where it was raised, or an empty text."""
    for rows in batch.tables("dead_letters", ["details"]):
        for details in rows["details"].to_pylist():
            for first, violation in pairwise(details):
                if violation["expectation"] == "traceback":
                    return f"{first['expectation']}: {first['value']}"
    return ""
