"""Stops a process at a failpoint, so that a test can do things to it there. On PYTHONPATH, every Python runs this.

``DATELINE_TEST_PAUSE`` is a failpoint (``pipelines/failpoints.py``); a number after a colon says which time that a
process reaches it, where it is not the first. The first process that gets there writes its pid to
``DATELINE_TEST_PAUSED`` and waits to be killed, or for that file to be removed: then it goes on.
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


if os.environ.get("DATELINE_TEST_PAUSE"):
    _arm(os.environ["DATELINE_TEST_PAUSE"], Path(os.environ["DATELINE_TEST_PAUSED"]))
