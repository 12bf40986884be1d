"""The words in which the ledger are checked: what of them, partitions, problems, and Kafka's own account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pipelines.records import Gap, OffsetRange, RawMessage

UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the ledger are checked: all, or those of a partition, or of offsets ``start`` to ``end`` (excluded).

    Without a start or an end, each partition's first offset or its next one is meant.
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
    """What became of a partition's offsets from ``start`` to ``end`` (excluded), of all that was read of it."""

    topic: str
    partition: int
    first_offset: int
    next_offset: int
    start: int
    end: int
    outcomes: Counter[str] = field(default_factory=Counter)
    blanks: tuple[Blank, ...] = ()
    """Every gap in it, in order, the unexplained ones among them."""

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
    """One thing wrong with the ledger: its kind, where, and in words."""

    kind: str
    where: str
    says: str

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the ledger found."""

    partitions: tuple[PartitionLedger, ...]
    problems: tuple[Problem, ...]
    is_deep: bool = False
    compared: int = 0
    """Offsets that Kafka still has, and that were compared with it."""

    @property
    def closes(self) -> bool:
        return not self.problems


def _unknown(_topic: str) -> str:
    """No id: the broker gives none."""
    return ""


@dataclass(frozen=True, slots=True)
class KafkaTopics:
    """Kafka's own account of its topics, to compare the ledger with.

    ``offsets`` gives beginning and end by partition of a topic; ``read`` gives a range's messages and gaps;
    ``topic_id`` gives the topic's id, empty where the broker gives none.
    """

    offsets: Callable[[str], Mapping[int, tuple[int, int]]]
    read: Callable[[OffsetRange], Iterable[RawMessage | Gap]]
    topic_id: Callable[[str], str] = _unknown
