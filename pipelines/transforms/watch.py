"""Marks the message that a worker is working on and counts those that it has staged, in memory shared with its parent.

It ends the worker if a message takes too much time or memory.

A crash in a C library, an endless loop and a lack of memory raise no exception with which a message could be rejected.
They end the worker instead (an endless loop by the signal of a timer), and its mark names the message that caused it.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal

from pipelines.failures import Failure, MemoryExceeded, Violation
from pipelines.records import Coordinates, RawMessage

OUT_OF_MEMORY = 77
"""Exit code of a worker in which a message exceeded the memory limit."""
NOWHERE = -1
READ = "read"


class Mark(ctypes.Structure):
    """The partition, offset and step that a worker is working on, and how many records it has ``staged``."""

    _fields_ = (
        ("partition", ctypes.c_int64), ("offset", ctypes.c_int64), ("step", ctypes.c_char * 16),
        ("staged", ctypes.c_int64),
    )

    def clear(self) -> None:
        self.partition, self.offset, self.step = NOWHERE, NOWHERE, b""


_mark: Mark | None = None
_deadline_s = 0.0


def keep(mark: Mark, deadline_s: float) -> None:
    """Makes this process mark its messages in ``mark``, and end if a step takes over ``deadline_s`` on one message."""
    global _mark, _deadline_s  # one per process, since a DoFn cannot be given an object of its caller
    _mark, _deadline_s = mark, deadline_s
    mark.clear()


def begin(step: str, coordinates: Coordinates) -> None:
    """Marks that a step starts on the message at ``coordinates``, and starts the timer."""
    if _mark is not None:
        _mark.partition, _mark.offset, _mark.step = coordinates.partition, coordinates.offset, step.encode()
        signal.setitimer(signal.ITIMER_REAL, _deadline_s)


def end() -> None:
    """Clears the mark and stops the timer, when a step has finished a message."""
    if _mark is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _mark.clear()


def count_staged(records: int = 1) -> None:
    """Counts records that are staged, for the progress that a run shows."""
    if _mark is not None:
        _mark.staged += records


_OUT_OF_MEMORY = re.compile(
    r"\b(?:Arrow)?MemoryError\b|std::bad_alloc|out of memory|[Cc]annot allocate memory|(?:[Aa]|a_a)llocation[ _]failed"
)
"""Messages of libraries that raise exceptions of their own when memory is short; Beam wraps them with a traceback."""


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether an exception reports, by its type or its message, that memory could not be allocated.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(OSError(12, "Cannot allocate memory"))
    (True, True)
    >>> is_out_of_memory(ValueError("no such page"))
    False
    """
    return isinstance(fault, MemoryError) or _OUT_OF_MEMORY.search(str(fault)[-50_000:]) is not None


def out_of_memory() -> None:
    """Ends a worker whose memory a message has used up. Returns in any other process, so that the caller raises."""
    if _mark is not None:
        os._exit(OUT_OF_MEMORY)


def left_out(message: RawMessage) -> Failure:
    """The failure of a message whose value was not read because it is too large for a worker's memory."""
    rule = f"it fits into a worker's memory; the original remains in Kafka, at {message.coordinates}"
    seen = f"{message.left_out_bytes:,} bytes" if (message.left_out_bytes or 0) >= 0 else None
    return Failure(READ, MemoryExceeded.__name__, (Violation.of(rule, field="value", value=seen),))
