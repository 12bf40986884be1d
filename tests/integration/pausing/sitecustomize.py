"""Stops a process at a failpoint, so that a test can do things to it there. On PYTHONPATH, every Python runs this.

``DATELINE_TEST_PAUSE`` is a failpoint (``pipelines/failpoints.py``); a number after a colon says which time that a
process reaches it, where it is not the first. The first process that gets there writes its pid to
``DATELINE_TEST_PAUSED`` and waits to be killed, or for that file to be removed: then it goes on.
``DATELINE_TEST_CLOCK`` names a file that says by how many seconds the clock is wrong; what it says may change.
"""

import os
import time
from pathlib import Path


def _arm(pause: str, paused: Path) -> None:
    from pipelines.failpoints import Failpoint, arm

    name, _, which = pause.partition(":")
    wanted, left = Failpoint(name), int(which or 1)

    def stop(point: Failpoint, _where: str) -> None:
        nonlocal left
        if point is not wanted:
            return
        left -= 1
        if left or paused.exists():  # another process of the run was stopped there
            return
        paused.write_text(str(os.getpid()))
        while paused.exists():
            time.sleep(0.05)

    arm(stop)


def _wrong_s() -> float:
    return float(Path(os.environ["DATELINE_TEST_CLOCK"]).read_text() or 0)


def _wrong_time(true_time=time.time) -> float:  # type: ignore[no-untyped-def]
    return true_time() + _wrong_s()


def _wrong_time_ns(true_time_ns=time.time_ns) -> int:  # type: ignore[no-untyped-def]
    return true_time_ns() + int(_wrong_s() * 1e9)


def _set_clock() -> None:
    """The wall clock of this process is wrong by what the file says; the monotonic one is right, as on a machine."""
    import ctypes
    import gc
    from datetime import UTC, datetime

    time.time, time.time_ns = _wrong_time, _wrong_time_ns  # of this module, so that Beam can pickle them by name
    methods = gc.get_referents(datetime.__dict__)[0]  # a type of C shows its methods and takes none, but its dict does
    methods["now"] = classmethod(lambda cls, tz=None: cls.fromtimestamp(time.time(), tz))
    methods["utcnow"] = classmethod(lambda cls: cls.fromtimestamp(time.time(), UTC).replace(tzinfo=None))
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))


if os.environ.get("DATELINE_TEST_CLOCK"):
    _set_clock()
if os.environ.get("DATELINE_TEST_PAUSE"):
    _arm(os.environ["DATELINE_TEST_PAUSE"], Path(os.environ["DATELINE_TEST_PAUSED"]))
