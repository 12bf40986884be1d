"""A wall clock that a test can set wrong, from before anything else is loaded.

While ``DATELINE_TEST_CLOCK`` names a file, the clock is wrong by as many seconds as that file says, which may change.
Without the variable it is right. The monotonic clock is always right, as on a machine whose clock is set.
"""

from __future__ import annotations

import ctypes
import gc
import os
import time
from datetime import UTC, datetime
from pathlib import Path

TRUE_TIME, TRUE_TIME_NS = time.time, time.time_ns


def _wrong_s() -> float:
    path = os.environ.get("DATELINE_TEST_CLOCK")
    return float(Path(path).read_text() or 0) if path else 0.0


def wrong_time() -> float:
    return TRUE_TIME() + _wrong_s()


def wrong_time_ns() -> int:
    return TRUE_TIME_NS() + int(_wrong_s() * 1e9)


def replace_clock() -> None:
    """Makes this process, and all that it forks, ask for the time here."""
    time.time, time.time_ns = wrong_time, wrong_time_ns  # of this module, so that Beam can pickle them by name
    methods = gc.get_referents(datetime.__dict__)[0]  # a type of C shows its methods and takes none, but its dict does
    methods["now"] = classmethod(lambda cls, tz=None: cls.fromtimestamp(time.time(), tz))
    methods["utcnow"] = classmethod(lambda cls: cls.fromtimestamp(time.time(), UTC).replace(tzinfo=None))
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))
