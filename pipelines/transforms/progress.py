"""Counts records as they are staged, for a progress bar in another process."""

from __future__ import annotations

from multiprocessing.sharedctypes import Synchronized

_counter: Synchronized[int] | None = None


def count_in(counter: Synchronized[int] | None) -> None:
    """From now on, staged records of this process are counted in ``counter``."""
    global _counter  # noqa: PLW0603  one a process: Beam gives a DoFn no handle of its caller's
    _counter = counter


def advance(records: int = 1) -> None:
    if _counter is not None:
        with _counter.get_lock():
            _counter.value += records
