"""Marks the message that a worker is at, and ends the worker where one message holds it: none stops a run.

A crash in a C library, an endless loop and a page that eats all memory give no exception to reject a message by. The
worker dies of them (of a timer's signal, where nothing else kills it), and the mark that it leaves says where it was.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal

from pipelines.failures import Failure, MemoryExceeded, Violation
from pipelines.records import Coordinates, RawMessage

OUT_OF_MEMORY = 77
"""Exit code of a worker that a message has taken past its memory."""
NOWHERE = -1
READ = "read"


class Mark(ctypes.Structure):
    """Where a worker is, in memory that its parent reads: a message's partition and offset, and the step."""

    _fields_ = (("partition", ctypes.c_int64), ("offset", ctypes.c_int64), ("step", ctypes.c_char * 16))

    def clear(self) -> None:
        self.partition, self.offset, self.step = NOWHERE, NOWHERE, b""


_mark: Mark | None = None
_deadline_s = 0.0


def keep(mark: Mark, deadline_s: float) -> None:
    """From now on this process marks where it is, and dies of a step that takes longer over one message."""
    global _mark, _deadline_s  # one a process: Beam gives a DoFn no handle of its caller's
    _mark, _deadline_s = mark, deadline_s
    mark.clear()


def begin(step: str, coordinates: Coordinates) -> None:
    """The step takes up the message at ``coordinates``."""
    if _mark is not None:
        _mark.partition, _mark.offset, _mark.step = coordinates.partition, coordinates.offset, step.encode()
        signal.setitimer(signal.ITIMER_REAL, _deadline_s)


def end() -> None:
    """The step is done with it."""
    if _mark is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _mark.clear()


_OUT_OF_MEMORY = re.compile(
    r"\b(?:Arrow)?MemoryError\b|std::bad_alloc|out of memory|[Cc]annot allocate memory|(?:[Aa]|a_a)llocation[ _]failed"
)
"""What libraries say that raise an error of their own when they get no memory; Beam says it with a traceback."""


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether an exception says that the process got no memory, in whichever way.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(OSError(12, "Cannot allocate memory"))
    (True, True)
    >>> is_out_of_memory(ValueError("no such page"))
    False
    """
    return isinstance(fault, MemoryError) or _OUT_OF_MEMORY.search(str(fault)[-50_000:]) is not None


def out_of_memory() -> None:
    """Ends a worker whose memory one message has used up; a process that is no worker goes on to raise."""
    if _mark is not None:
        os._exit(OUT_OF_MEMORY)


def left_out(message: RawMessage) -> Failure:
    """Why a message is rejected whose value the reader had no memory for."""
    rule = f"a worker's memory holds it; the original is left in Kafka, at {message.coordinates}"
    seen = f"{message.left_out_bytes:,} bytes" if (message.left_out_bytes or 0) >= 0 else None
    return Failure(READ, MemoryExceeded.__name__, (Violation.of(rule, field="value", value=seen),))
