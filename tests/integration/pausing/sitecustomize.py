"""Pauses a process at a named call, so that a test can do things to it there. On PYTHONPATH, every Python runs this.

``DATELINE_TEST_PAUSE`` is ``module:function:when[:call]``: ``before`` or ``after`` the ``call``-th call of the
function (the first, unless said). The first process that gets there writes its pid to ``DATELINE_TEST_PAUSED`` and
waits to be killed, or for that file to be removed: then it goes on. ``DATELINE_TEST_CLOCK`` names a file that says by
how many seconds the clock is wrong; what it says may change. Nothing in Dateline knows of it.
"""

import functools
import inspect
import os
import sys
import time
from pathlib import Path


def _install(asked: str, paused: Path) -> None:
    import wrapt

    module, function, when, *call = asked.split(":")
    wanted = int(call[0]) if call else 1

    def pause() -> None:
        if paused.exists():  # another process of the run was stopped there
            return
        paused.write_text(str(os.getpid()))
        while paused.exists():
            time.sleep(0.05)

    def wrap(original):  # type: ignore[no-untyped-def]
        calls = 0

        def is_it() -> bool:
            nonlocal calls
            calls += 1
            return calls == wanted

        @functools.wraps(original)
        def pausing(*args, **kwargs):  # type: ignore[no-untyped-def]
            here = is_it()
            if here and when == "before":
                pause()
            result = original(*args, **kwargs)
            if here and when == "after":
                if inspect.isgenerator(result):
                    return _exhausted_then(result, pause)
                pause()
            return result

        return pausing

    def patch(loaded) -> None:  # type: ignore[no-untyped-def]
        owner, _, name = function.rpartition(".")
        target = functools.reduce(getattr, owner.split("."), loaded) if owner else loaded
        original = getattr(target, name)
        wrapped = wrap(original)
        setattr(target, name, wrapped)
        for importer in list(sys.modules.values()):  # who imported it before: a run that is forked has all loaded
            if getattr(importer, "__dict__", {}).get(name) is original:
                setattr(importer, name, wrapped)

    wrapt.register_post_import_hook(patch, module)


def _exhausted_then(generator, pause):  # type: ignore[no-untyped-def]
    yield from generator
    pause()


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
    _install(os.environ["DATELINE_TEST_PAUSE"], Path(os.environ["DATELINE_TEST_PAUSED"]))
