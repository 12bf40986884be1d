"""Retries a step of a run while the broker, the warehouse or the stage is unavailable."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from flows.faults import may_pass
from flows.stopping import Stop
from flows.watching import watcher

LOG = logging.getLogger("dateline")

OUTAGE_DELAYS_S = (0.5, 1.0, 2.0, 4.0)
"""First delays of a run that follows the topic; after these it tries again every ``LAST_DELAY_S``."""
LAST_DELAY_S = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Tries a step again after a fault that may pass by itself, and never after another one.

    ``outage_s`` limits the length of an outage. If it is None, the step is tried once after each of ``delays_s``: a run
    that ends when it has caught up need not wait longer, because the next scheduled run is never far. One line is
    logged when an outage begins, and one when it ends. A run that is asked to stop does not wait any longer.
    """

    delays_s: tuple[float, ...]
    outage_s: float | None = None
    stop: Stop | None = None

    def call[R](self, step: str, function: Callable[[], R]) -> R:
        gone_at: float | None = None
        for delay_s in self._delays():
            try:
                result = function()
            except Exception as fault:
                if not may_pass(fault) or self._is_over(gone_at):
                    raise
                if gone_at is None:
                    gone_at = time.monotonic()
                    _say(f"Step {step} waits: {_first_line(fault)}")
                if self._pause(delay_s):
                    raise
            else:
                if gone_at is not None:
                    _say(f"Step {step} continues after {time.monotonic() - gone_at:.0f} s.")
                return result
        return function()

    def _delays(self) -> Iterator[float]:
        if self.outage_s is None:
            return iter(self.delays_s)
        return chain(OUTAGE_DELAYS_S, repeat(LAST_DELAY_S))

    def _is_over(self, gone_at: float | None) -> bool:
        return self.outage_s is not None and gone_at is not None and time.monotonic() - gone_at >= self.outage_s

    def _pause(self, delay_s: float) -> bool:
        """Wait for ``delay_s``; return whether the run was asked to stop in the meantime."""
        if self.stop is not None:
            return self.stop.wait(delay_s)
        time.sleep(delay_s)
        return False


def _say(text: str) -> None:
    LOG.warning("%s", text)
    watcher().note(text)


def _first_line(fault: BaseException) -> str:
    return str(fault).partition("\nWhat to do:")[0].strip() or type(fault).__name__
