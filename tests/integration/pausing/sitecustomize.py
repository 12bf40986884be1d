"""Pauses a process at a named call, so that a test can kill it there. On PYTHONPATH, this is run by every Python.

``DATELINE_TEST_PAUSE`` is ``module:function:when[:call]``: ``before`` or ``after`` the ``call``-th call of the
function (the first, unless said). The first process that gets there writes its pid to ``DATELINE_TEST_PAUSED`` and
waits to be killed, or for that file to be removed. Nothing in Dateline knows of it.
"""

import functools
import inspect
import os
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
            time.sleep(0.1)

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
        setattr(target, name, wrap(getattr(target, name)))

    wrapt.register_post_import_hook(patch, module)


def _exhausted_then(generator, pause):  # type: ignore[no-untyped-def]
    yield from generator
    pause()


if os.environ.get("DATELINE_TEST_PAUSE"):
    _install(os.environ["DATELINE_TEST_PAUSE"], Path(os.environ["DATELINE_TEST_PAUSED"]))
