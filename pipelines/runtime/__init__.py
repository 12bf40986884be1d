"""Runs a job over ranges of offsets: in worker processes of this machine, or on any Beam runner.

Which of them is at work follows from ``settings.runner``. Whoever has an ``Executor`` does not need to know.
"""

from __future__ import annotations

from pipelines.runtime.executor import GUARDS, Executor, Guard, RunFailed
from pipelines.settings import Settings

__all__ = ["GUARDS", "LOCAL_RUNNERS", "Executor", "Guard", "RunFailed", "executor_of", "warm_up"]

LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "InMemoryRunner"})


def executor_of(settings: Settings, workers: int | None = None) -> Executor:
    """The executor that the settings ask for; ``workers`` replaces the number of worker processes in them."""
    if settings.runner not in LOCAL_RUNNERS:
        from pipelines.runtime.beam import BeamExecutor

        return BeamExecutor(settings.runner)
    from pipelines.runtime.local import LocalExecutor

    count = settings.batch.workers if workers is None else workers
    return LocalExecutor(count, settings.home / "logs" / "workers.log", settings.batch.worker_memory_bytes)


def warm_up(settings: Settings) -> None:
    """Has worker processes get ready in the background, where the settings ask for any."""
    if settings.runner in LOCAL_RUNNERS and settings.batch.workers:
        from pipelines.runtime.workers import warm_up as start

        start()
