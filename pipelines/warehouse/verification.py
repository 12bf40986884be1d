"""The types of a ledger check: its part of the ledger, its findings, and the access to Kafka that it compares with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pipelines.records import Gap, OffsetRange, RawMessage

UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Part:
    """The part of the ledger to check: all of it, one partition, or the offsets ``start`` to ``end`` (excluded).

    ``start`` defaults to each partition's first offset, ``end`` to its next offset.
    """

    partition: int | None = None
    start: int | None = None
    end: int | None = None

    @property
    def has_offsets(self) -> bool:
        return self.start is not None or self.end is not None


WHOLE = Part()


@dataclass(frozen=True, slots=True)
class Blank:
    """Offsets ``first`` to ``last`` without a record, and why: a kind of gap, or ``unexplained``."""

    kind: str
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class PartitionLedger:
    """Outcomes and gaps of a partition's offsets from ``start`` to ``end`` (excluded).

    ``first_offset`` and ``next_offset`` are the limits of all that was read of the partition.
    """

    topic: str
    partition: int
    first_offset: int
    next_offset: int
    start: int
    end: int
    outcomes: Counter[str] = field(default_factory=Counter)
    blanks: tuple[Blank, ...] = ()
    """All gaps, including unexplained ones, in the order of their offsets."""

    @property
    def gaps(self) -> Counter[str]:
        """Offsets without a record, by kind of gap."""
        counts: Counter[str] = Counter()
        for blank in self.blanks:
            if blank.kind != UNEXPLAINED:
                counts[blank.kind] += len(blank)
        return counts

    @property
    def produced(self) -> int:
        return self.end - self.start

    @property
    def reconciled(self) -> int:
        return self.outcomes.total() + self.gaps.total()


@dataclass(frozen=True, slots=True)
class Problem:
    """One inconsistency of the ledger: its kind, its place and its description."""

    kind: str
    where: str
    says: str

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The findings of a ledger check."""

    partitions: tuple[PartitionLedger, ...]
    problems: tuple[Problem, ...]
    is_deep: bool = False
    compared: int = 0
    """Number of offsets that were compared with Kafka, which are those that Kafka still has."""

    @property
    def closes(self) -> bool:
        return not self.problems


def _unknown(_topic: str) -> str:
    """The default ``topic_id``: an empty id, as of a broker that gives topics no ids."""
    return ""


@dataclass(frozen=True, slots=True)
class KafkaTopics:
    """Functions that read Kafka's topics, to compare the ledger with them.

    ``offsets`` returns the beginning and end offset of each partition of a topic; ``read`` returns the messages and
    gaps of a range; ``topic_id`` returns the topic's id, empty if the broker gives topics no ids.
    """

    offsets: Callable[[str], Mapping[int, tuple[int, int]]]
    read: Callable[[OffsetRange], Iterable[RawMessage | Gap]]
    topic_id: Callable[[str], str] = _unknown
