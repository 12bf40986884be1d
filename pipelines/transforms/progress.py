"""Counts staged records in shared memory, for a progress bar in another process."""

from __future__ import annotations

from multiprocessing.sharedctypes import Synchronized

_counter: Synchronized[int] | None = None


def count_in(counter: Synchronized[int] | None) -> None:
    """Makes this process count its staged records in ``counter``; None stops counting."""
    global _counter  # noqa: PLW0603  one per process, since a DoFn cannot be given an object of its caller
    _counter = counter


def advance(records: int = 1) -> None:
    if _counter is not None:
        with _counter.get_lock():
            _counter.value += records
