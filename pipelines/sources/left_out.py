"""What was not taken from the files, and why: each fault by itself, and counts of everything by its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

UNREADABLE = "cannot be read or is damaged"


@dataclass(frozen=True, slots=True)
class LeftOutFile:
    """A file that was not taken, or only in part, and why.

    ``sent`` is how many messages were made of it before. ``is_fault`` is false for a file of another type in a folder,
    and for the records of an archive that are no pages. ``count`` is the number of files, records or lines that were
    left out, and ``reason`` is why, in the same words for all files.
    """

    path: str
    why: str
    is_fault: bool = True
    sent: int = 0
    count: int = 1
    reason: str = UNREADABLE


def reasons(left: Iterable[LeftOutFile]) -> dict[str, int]:
    """How many files, records and lines were left out for each reason, the most frequent first."""
    counts: Counter[str] = Counter()
    for one in left:
        counts[one.reason] += one.count
    return dict(counts.most_common())
