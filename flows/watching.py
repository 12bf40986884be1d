"""Whoever watches a run from the same process: a progress bar, or nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar


class Watcher:
    """Sees a run go by; this one looks away."""

    def step(self, name: str, batch: int) -> None:
        """A step of a batch starts: plan, transform, audit, load or report."""

    def found(self, records: int) -> None:
        """So many offsets wait in the topic when the run starts (or looks again)."""

    def done(self, records: int) -> None:
        """So many offsets of the run are staged, all batches together."""

    def note(self, text: str) -> None:
        """Something that a person should know while the run goes on: what is away, what is back."""

    def loaded(self, outcomes: Mapping[str, int]) -> None:
        """A batch is in the warehouse."""


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
