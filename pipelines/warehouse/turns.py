"""The writer lock as a run holds it, and as the run lets another one have it between two batches.

A run that asks for the lock holds a second one, the queue, until it has the first. A run at work sees by it that
another one waits. Both locks end with the process, so that no request stays behind.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf

POLL_S = 0.1
LOOKS = 3


class Turn(ABC):
    """The writer lock of one run. ``take`` it first."""

    is_held = False
    _is_first = False
    _looks = 0

    @abstractmethod
    def _lock(self) -> bool:
        """Takes the writer lock, unless another run holds it."""

    @abstractmethod
    def _unlock(self) -> None: ...

    @abstractmethod
    def _enter_queue(self) -> bool:
        """Takes the queue, unless another run holds it."""

    @abstractmethod
    def _leave_queue(self) -> None: ...

    @abstractmethod
    def _is_queue_held(self) -> bool:
        """Whether another run holds the queue. Runs that only look at the same time do not count."""

    def take(self, wait_s: float = 0.0, *, asks: bool = True, is_given_up: Callable[[], bool] = lambda: False) -> bool:
        """Takes the writer lock; whether it could within ``wait_s`` seconds, and before ``is_given_up``.

        A run that does not ask for it, or that does not wait, gets it only if nobody else asks.
        """
        until, attempt = time.monotonic() + wait_s, self._ask if asks and wait_s > 0 else self._find_free
        try:
            while not attempt():
                if time.monotonic() >= until or is_given_up():
                    return False
                time.sleep(POLL_S)
            return True
        finally:
            if self._is_first:
                self._is_first = False
                self._leave_queue()

    def _ask(self) -> bool:
        self._is_first = self._is_first or self._enter_queue()
        self.is_held = self._is_first and self._lock()
        return self.is_held

    def _find_free(self) -> bool:
        """Takes the lock if it is free at the first look, or at ``LOOKS`` in a row.

        A run that handed it over is in the queue by then.
        """
        self.is_held = not self.is_wanted() and self._lock()
        self._looks = self._looks + 1 if self.is_held else -LOOKS
        if self.is_held and self._looks < 0:
            self.release()
        return self.is_held

    def is_wanted(self) -> bool:
        """Whether another run asks for the lock. If that cannot be found out, the next step fails and says why."""
        try:
            return self._is_queue_held()
        except OSError:  # the disk is away
            return False

    def hand_over(self, is_given_up: Callable[[], bool]) -> bool:
        """Lets the run that asks have the lock, and takes it again; whether it could before ``is_given_up``."""
        self.release()
        return self.take(inf, is_given_up=is_given_up)

    def release(self) -> None:
        """Releases the lock, if it is held."""
        if self.is_held:
            self.is_held = False
            self._unlock()
