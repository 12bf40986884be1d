"""What a run holds while it lasts, and the tasks that its batches go through.

Tasks only order and repeat; what becomes of a record is decided in ``pipelines``. A task is retried on what may pass
(broker or warehouse away), never on a bug of ours: the same input would fail the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from flows.faults import may_pass
from flows.outbox import GroupOffsets, Outbox
from flows.report import RunReport, markdown_of
from flows.sources import held_rows, silent_rows, sources_of
from flows.staged import StagedBatches, staged_folder
from flows.watching import watcher

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import Task

    from pipelines.jobs.batches import BatchPlan, Transformed
    from pipelines.jobs.workers import Workers
    from pipelines.settings import Settings
    from pipelines.stage import BatchKind, StagedBatch
    from pipelines.stage.audit import Audit
    from pipelines.warehouse import Loaded, Warehouse

LOG = logging.getLogger("dateline")


@dataclass(frozen=True, slots=True)
class Work:
    """A run's settings, its warehouse, its worker processes, and what it has done so far."""

    settings: Settings
    warehouse: Warehouse
    workers: Workers
    report: RunReport
    outbox: Outbox
    group: GroupOffsets

    @property
    def processor(self) -> str:
        return f"dateline {version('dateline')}"

    @property
    def topic(self) -> str:
        return self.settings.kafka.raw_topic

    @property
    def staged(self) -> Path:
        return staged_folder(self.settings)


def only_what_may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry when the broker or the warehouse was away, not when the code or the books are wrong."""
    fault = state.result(raise_on_failure=False)
    return isinstance(fault, Exception) and may_pass(fault)


TASK: dict[str, Any] = {
    "retries": 4,
    "retry_delay_seconds": [1, 4, 10, 30],
    "retry_condition_fn": only_what_may_pass,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="transform", **TASK)
def transform(work: Work, batch: BatchPlan) -> Transformed:
    """The Beam job over one micro-batch: a staged batch."""
    from pipelines.jobs.batches import transform_batch

    before = work.report.records
    return transform_batch(batch, work.settings, work.workers, lambda done: watcher().done(before + done))


@task(name="audit", **TASK)
def audit(work: Work, batch: StagedBatch) -> Audit:
    """The batch expectations' verdict on a staged batch."""
    from pipelines.jobs.audit import audit_batch

    return audit_batch(batch, work.settings, work.workers)


@task(name="publish", **TASK)
def publish(work: Work, batch: StagedBatch, verdict: Audit | None) -> Loaded:
    """Rows and offsets into the warehouse, in one transaction; what is of a held source waits there."""
    return work.warehouse.publish(batch, verdict, work.settings.breaker)


@task(name="announce", **TASK)
def announce(work: Work, loaded: Loaded) -> None:
    """Dead letters to their topic (at least once), and group offsets for lag monitors; both after the commit.

    What Kafka does not take waits, and never stops loading.
    """
    work.outbox.send(more=bool(loaded.outcomes["rejected"]))
    work.group.commit({p: offset for (topic, p), offset in loaded.offsets.items() if topic == work.topic})


def settle(work: Work) -> None:
    """Clear up after runs that were killed, and send the dead letters that earlier runs left in the outbox."""
    StagedBatches(work.staged).settle(work.warehouse)
    work.outbox.send()


def finish(work: Work) -> None:
    """Send what is left to be sent, once every batch is loaded."""
    work.outbox.finish()
    work.group.finish()


@task(name="report", **(TASK | {"retries": 0}))
def report(told: RunReport) -> None:
    """An artifact of the run: ledger, rejects, audit verdict."""
    create_markdown_artifact(
        markdown_of(told), key=told.kind, description=f"{told.kind} run {told.run_id}: {told.status}"
    )


@contextmanager
def working(settings: Settings, kind: BatchKind, wait_minutes: float = 0) -> Iterator[Work]:
    """Hold the place of the warehouse's one writer; the run's row and artifact are written however it ends.

    Another run that has the place is waited for, ``wait_minutes`` at most; then ``WarehouseBusy``.
    """
    from pipelines.jobs.names import check_names
    from pipelines.jobs.workers import Workers
    from pipelines.warehouse import Run, open_warehouse

    logging.getLogger("kafka").setLevel(logging.WARNING)  # it tells of every connection
    told = RunReport(uuid4().hex, datetime.now(UTC), settings.kafka.raw_topic, kind)
    check_names(settings)
    warehouse = open_warehouse(settings.warehouse_url)
    with warehouse.writer(f"{kind} run {told.run_id[:8]}", 60 * wait_minutes):
        warehouse.prepare()
        warehouse.start_run(Run(told.run_id, told.topic, f"dateline {version('dateline')}", told.started_at, kind))
        try:
            count = 0 if kind == "release" else settings.batch.workers  # a release runs no step
            log, memory = settings.home / "logs" / "workers.log", settings.batch.worker_memory_bytes
            with Workers(count, log, memory) as workers:
                outbox, group = Outbox(settings, warehouse), GroupOffsets(settings)
                yield Work(settings, warehouse, workers, told, outbox, group)
            told.end("completed")
            _write_down_end(warehouse, told)
        except BaseException as fault:
            told.end("failed", f"{type(fault).__name__}: {fault}" if isinstance(fault, Exception) else "interrupted")
            try:
                _write_down_end(warehouse, told)
            except Exception:  # what failed first is what a person must hear of; the next run finds this one abandoned
                LOG.warning("the run's end could not be written down", exc_info=True)
            raise
        finally:
            _keep_artifact(settings, told)


def _write_down_end(warehouse: Warehouse, told: RunReport) -> None:
    assert told.ended_at is not None
    warehouse.finish_run(told.run_id, told.status, told.ended_at, told.note)


def _keep_artifact(settings: Settings, told: RunReport) -> None:
    watcher().step("report", told.batches)
    try:
        standings = sources_of(settings)
        told.held, told.silent = held_rows(standings), silent_rows(standings)
        report(told)
    except Exception:
        LOG.warning("the run's artifact could not be kept", exc_info=True)


def finish_batch(work: Work, transformed: Transformed) -> None:
    """Audit, publish and announce a staged batch."""
    told, number = work.report, work.report.batches + 1
    watcher().step("audit", number)
    verdict = audit(work, transformed.batch)
    watcher().step("publish", number)
    loaded = publish(work, transformed.batch, verdict)
    told.add(transformed, verdict, loaded)
    watcher().done(told.records)
    LOG.info("batch %s: %s", transformed.batch.batch_id, dict(loaded.outcomes))
    if waiting := loaded.outcomes["held"]:
        LOG.warning(
            "batch %s: %d articles wait, their source is held. See `dateline status`", loaded.batch_id, waiting
        )
    announce(work, loaded)
    StagedBatches(work.staged).forget_old()
