"""Runs jobs in long-lived local worker processes, each with Beam's in-memory runner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from pipelines.runtime.executor import GUARDS, Guard
from pipelines.runtime.poison import run_shares
from pipelines.runtime.shares import Share, ShareDone
from pipelines.runtime.workers import Workers


class LocalExecutor:
    """Keeps its worker processes between batches; with ``count=0`` jobs run in this process, without guards."""

    def __init__(self, count: int, log_file: Path | None = None, memory_bytes: int | None = None) -> None:
        self._workers = Workers(count, log_file, memory_bytes)

    @property
    def guards(self) -> frozenset[Guard]:
        return frozenset(GUARDS) if self._workers.count else frozenset()

    def run(self, whole: Share, allowed: int, report: Callable[[int], None] | None = None) -> list[ShareDone]:
        shares = whole.split(self._workers.count)
        return run_shares(shares, whole.settings.batch, self._workers, allowed, report)

    def call[A, R](self, function: Callable[[A], R], argument: A, deadline_s: float) -> R:
        (result,) = self._workers.map(function, [argument], deadline_s)
        return result

    def __enter__(self) -> Self:
        self._workers.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._workers.__exit__(kind, fault, trace)
