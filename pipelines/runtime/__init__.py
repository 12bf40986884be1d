"""Runs a job over ranges of offsets: in local worker processes, or on any Beam runner.

``settings.runner`` selects which of the two; both implement ``Executor``.
"""

from __future__ import annotations

from pipelines.runtime.executor import GUARDS, Executor, Guard, RunFailed
from pipelines.settings import Settings

__all__ = ["GUARDS", "LOCAL_RUNNERS", "Executor", "Guard", "RunFailed", "executor_of", "warm_up"]

LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "InMemoryRunner"})


def executor_of(settings: Settings, workers: int | None = None) -> Executor:
    """The executor that the settings select; ``workers`` overrides their number of worker processes."""
    if settings.runner not in LOCAL_RUNNERS:
        from pipelines.runtime.beam import BeamExecutor

        return BeamExecutor(settings.runner)
    from pipelines.runtime.local import LocalExecutor

    count = settings.batch.workers if workers is None else workers
    return LocalExecutor(count, settings.home / "logs" / "workers.log", settings.batch.worker_memory_bytes)


def warm_up(settings: Settings) -> None:
    """Starts to load what local workers need, in the background; does nothing if the settings use none."""
    if settings.runner in LOCAL_RUNNERS and settings.batch.workers:
        from pipelines.runtime.workers import warm_up as start

        start()
