"""The words in which the books are checked: partitions, problems, and Kafka's own account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pipelines.records import Gap, OffsetRange, RawMessage


@dataclass(frozen=True, slots=True)
class PartitionBooks:
    """How far a partition was read, and what became of its offsets."""

    topic: str
    partition: int
    first_offset: int
    next_offset: int
    outcomes: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    """Offsets without a record, by kind of gap."""

    @property
    def produced(self) -> int:
        return self.next_offset - self.first_offset

    @property
    def accounted(self) -> int:
        return self.outcomes.total() + self.gaps.total()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the books: its kind, where, and in words."""

    kind: str
    where: str
    says: str

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the books found."""

    partitions: tuple[PartitionBooks, ...]
    problems: tuple[Problem, ...]
    is_deep: bool = False

    @property
    def closes(self) -> bool:
        return not self.problems


def _unknown(_topic: str) -> str:
    """No id: the broker gives none."""
    return ""


@dataclass(frozen=True, slots=True)
class KafkaAccount:
    """Kafka's own account of its topics, to compare the books with.

    ``offsets`` gives beginning and end by partition of a topic; ``read`` gives a range's messages and gaps;
    ``topic_id`` gives the topic's id, empty where the broker gives none.
    """

    offsets: Callable[[str], Mapping[int, tuple[int, int]]]
    read: Callable[[OffsetRange], Iterable[RawMessage | Gap]]
    topic_id: Callable[[str], str] = _unknown
