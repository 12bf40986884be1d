"""A topic in memory: reads a range of offsets as Kafka would, for jobs that run without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.records import Gap, OffsetRange, RawMessage


@dataclass(frozen=True, slots=True)
class Topic:
    """Messages of one topic by partition and offset; offsets without one are a gap of control records."""

    messages: Sequence[RawMessage]

    def __call__(self, offsets: OffsetRange) -> Iterator[RawMessage | Gap]:
        by_offset = {m.coordinates.offset: m for m in self.messages if m.coordinates.partition == offsets.partition}
        for offset in range(offsets.start, offsets.end):
            if offset in by_offset:
                yield by_offset[offset]
            else:
                yield Gap(offsets.topic, offsets.partition, offset, offset + 1, "control_record")
