"""How a run that follows a topic is asked to stop: by SIGTERM or Ctrl-C, gently first, at once the second time."""

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
FINISH_WITHIN_S = 8.0  # how long the batch at hand may still take; a service manager or Prefect kills after 10 to 30 s
LEAVE_WITHIN_S = 5.0  # how long tidying may take after the second signal


class Abandoned(BaseException):
    """The batch at hand was not done in time after the run was asked to stop; the next run reads it again."""


class Stop:
    """Whether the run has been asked to stop.

    The first signal only asks. The batch at hand then has ``FINISH_WITHIN_S`` before ``Abandoned`` is raised in the
    main thread. The second signal raises ``KeyboardInterrupt``. A signal that comes before the run looks at its stop
    (``attended``) raises ``KeyboardInterrupt`` too, because nothing else would end the start.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.signals = 0
        self.attended = False

    def is_asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        self._asked.set()

    def obeyed(self) -> None:
        """The batch at hand is done or abandoned: from now on nothing is abandoned any more."""
        if threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the run is asked to stop; whether it was."""
        return self._asked.wait(seconds)

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1
        self.ask()
        if self.signals == 1 and self.attended:
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
    """Signals ask the run to stop for the length of the block; the stop of a block around this one is used.

    The signals are taken anew in an inner block: Prefect's engine takes SIGTERM for itself when a flow run starts. Only
    the main thread of a process can take signals: elsewhere, the run is ended as its caller ends it.
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
    raise Abandoned("the batch at hand was not done in time after the run was asked to stop")
