"""The lag of a topic: for each partition, what the warehouse has not read of it yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.sources.offsets import Topic


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """Offsets of a partition that are still to be read.

    ``waiting`` is the part of the lag that lies behind an open transaction. ``next`` and ``lag`` are None if the
    warehouse could not be read.
    """

    partition: int
    next: int | None
    end: int
    lag: int | None
    waiting: int


def lag_of(topic: Topic, saved: Mapping[int, int] | None) -> list[PartitionLag]:
    """The lag of each partition. ``saved`` are the warehouse's next offsets; None if it could not be read."""
    partitions = []
    for partition, (first, readable) in topic.offsets.items():
        waiting = topic.waiting.get(partition, 0)
        end = readable + waiting
        start = None if saved is None else saved.get(partition, first)
        lag = None if start is None else max(0, end - max(first, start))
        partitions.append(PartitionLag(partition, start, end, lag, waiting))
    return partitions
