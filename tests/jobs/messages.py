"""A topic in memory: reads a range of offsets as Kafka would, for jobs that run without it."""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pipelines.records import Gap, OffsetRange, RawMessage


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Topic:
    """Messages of one topic by partition and offset; offsets without one are a gap of control records.

    It is pickled as the path of a file with its messages, which lasts as long as the topic: Beam compresses what it
    pickles, thirty times in a job, which takes five seconds if one of the samples has ten megabytes.
    """

    messages: Sequence[RawMessage]
    _files: list[Path] = field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, offsets: OffsetRange) -> Iterator[RawMessage | Gap]:
        by_offset = {m.coordinates.offset: m for m in self.messages if m.coordinates.partition == offsets.partition}
        for offset in range(offsets.start, offsets.end):
            if offset in by_offset:
                yield by_offset[offset]
            else:
                yield Gap(offsets.topic, offsets.partition, offset, offset + 1, "control_record")

    def __reduce__(self) -> tuple[Callable[..., Topic], tuple[type[Topic], Path]]:
        if not self._files:
            handle, name = tempfile.mkstemp(prefix="topic-")
            with os.fdopen(handle, "wb") as file:
                pickle.dump(self.messages, file)
            self._files.append(Path(name))
            weakref.finalize(self, Path(name).unlink, missing_ok=True)
        return _read, (type(self), self._files[0])


@lru_cache(maxsize=1)
def _read(kind: type[Topic], path: Path) -> Topic:
    with path.open("rb") as file:
        topic = kind(pickle.load(file))
    topic._files.append(path)
    return topic
