"""Reports the progress of a run to a watcher in the same process, such as a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.warehouse import Turn, Warehouse

SAID_AFTER_S = 0.3


class Watcher:
    """Receives the progress of a run. This one ignores it."""

    def step(self, name: str, batch: int) -> None:
        """A step of a batch starts: plan, transform, audit, load or report."""

    def expect(self, records: int) -> None:
        """The run will process this many records in all, as far as it knows now."""

    def done(self, records: int) -> None:
        """The run has processed this many records so far, in all batches together."""

    def note(self, text: str) -> None:
        """A message for a person during the run, for instance that an outage has begun or ended."""

    def loaded(self, outcomes: Mapping[str, int]) -> None:
        """A batch was loaded."""


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
_NOBODY = Watcher()


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def watcher() -> Watcher:
    return _watcher.get() or _NOBODY


@contextmanager
def said_if_slow(note: Callable[[str], None], text: str) -> Iterator[Timer]:
    """Note the text if the block takes longer than ``SAID_AFTER_S``. The block may cancel the timer before its end."""
    timer = Timer(SAID_AFTER_S, note, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield timer
    finally:
        timer.cancel()


@contextmanager
def writer_lock(
    warehouse: Warehouse, holder: str, wait_minutes: float, topic: str, *, asks: bool = True
) -> Iterator[Turn]:
    """Hold the writer lock of a warehouse (see ``Warehouse.writer``), and tell the watcher if it has to be waited for.
    """
    noting = watcher() if wait_minutes else Watcher()
    text = f"Waiting for the writer lock, {wait_minutes:g} minutes at most …"
    with (
        said_if_slow(noting.note, text) as waiting,
        warehouse.writer(holder, 60 * wait_minutes, topic, asks=asks) as turn,
    ):
        waiting.cancel()
        yield turn
