"""Runs jobs on a Beam runner that has workers of its own, such as Flink, Dataflow or Spark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from pipelines.runtime.executor import Guard
from pipelines.runtime.shares import Share, ShareDone, run_share


@dataclass(frozen=True, slots=True)
class BeamExecutor:
    """Runs one job per batch. The ranges are split as for local workers; the runner distributes them to its workers.

    It has no guards: the runner decides what happens when a worker dies, and most retry the same bundle until they
    give up.
    """

    runner: str

    @property
    def guards(self) -> frozenset[Guard]:
        return frozenset()

    def run(self, whole: Share, allowed: int, report: Callable[[int], None] | None = None) -> list[ShareDone]:
        del allowed  # without guards, no message is rejected for ending its process
        shares = whole.split(whole.settings.batch.workers)
        ranges = tuple(piece for share in shares for piece in share.ranges)
        done = run_share(replace(shares[0], ranges=ranges), self.runner)
        if report:
            report(sum(file.rows for file in done.files if file.kind == "outcomes"))
        return [done]

    def call[A, R](self, function: Callable[[A], R], argument: A, deadline_s: float) -> R:
        del deadline_s  # the call runs in this process, where it cannot be interrupted
        return function(argument)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
