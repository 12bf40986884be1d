"""Runs a job over ranges of offsets: in local worker processes, on a Flink cluster, or on any Beam runner.

``settings.runner`` selects which of them; all implement ``Executor``.
"""

from __future__ import annotations

from pipelines.runtime.executor import GUARDS, Executor, Guard, RunFailed
from pipelines.settings import Settings

__all__ = ["FLINK", "GUARDS", "LOCAL_RUNNERS", "Executor", "Guard", "RunFailed", "executor_of", "warm_up"]

FLINK = "flink"
LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "InMemoryRunner"})


def executor_of(settings: Settings, workers: int | None = None) -> Executor:
    """The executor that the settings select. ``workers`` selects as many processes of this machine instead."""
    if workers is None and settings.runner == FLINK:
        from pipelines.runtime.flink import FlinkExecutor

        return FlinkExecutor(settings.flink)
    if workers is None and settings.runner not in LOCAL_RUNNERS:
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
