"""Stops a run that follows a topic on SIGTERM or Ctrl-C: cleanly at the first signal, at once at the second."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
FINISH_WITHIN_S = 8.0  # time for the current batch; a service manager or Prefect kills the process after 10 to 30 s
LEAVE_WITHIN_S = 5.0  # time for cleaning up after the second signal


class Abandoned(BaseException):
    """The current batch was not finished in time after the run was asked to stop. The next run reads it again."""


class Stop:
    """Whether the run has been asked to stop.

    The first signal sets the flag. The current batch then has ``FINISH_WITHIN_S`` before ``Abandoned`` is raised in the
    main thread. The second signal raises ``KeyboardInterrupt``. While the run does not check the flag yet
    (``is_checked`` is false), the first signal raises ``KeyboardInterrupt`` as well.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.signals = 0
        self.is_checked = False

    def is_asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        self._asked.set()

    def cancel_deadline(self) -> None:
        """Do not raise ``Abandoned`` any more, because the current batch is finished or abandoned."""
        if threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)

    def wait(self, seconds: float) -> bool:
        """Wait for ``seconds``, or until the run is asked to stop; return whether it was."""
        return self._asked.wait(seconds)

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1
        self.ask()
        if self.signals == 1 and self.is_checked:
            signal.setitimer(signal.ITIMER_REAL, FINISH_WITHIN_S)
            return
        if self.signals > 1:
            leave = threading.Timer(LEAVE_WITHIN_S, os._exit, [128 + signal.SIGINT])
            leave.daemon = True
            leave.start()
        raise KeyboardInterrupt


_current: ContextVar[Stop | None] = ContextVar("stop", default=None)


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Within the block, signals ask the run to stop. An inner block uses the ``Stop`` of the outer one.

    An inner block installs the signal handlers again, because Prefect's engine replaces that of SIGTERM when a flow run
    starts. Only the main thread can install handlers: in another thread, the caller has to end the run.
    """
    stop = _current.get() or Stop()
    token = _current.set(stop)
    before = _handle(stop) if threading.current_thread() is threading.main_thread() else {}
    try:
        yield stop
    finally:
        _current.reset(token)
        if before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle(stop: Stop) -> dict[signal.Signals, Any]:
    before: dict[signal.Signals, Any] = {number: signal.signal(number, stop.on_signal) for number in STOP_SIGNALS}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, _abandon)
    return before


def _abandon(_number: int, _frame: FrameType | None) -> None:
    raise Abandoned("the current batch was not finished in time after the run was asked to stop")
