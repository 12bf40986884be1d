"""The ingest flow: plan ▶ transform ▶ audit ▶ publish ▶ report, micro-batch after micro-batch.

Its tasks only order and repeat; what becomes of a record is decided in ``pipelines``. A task is retried on what may
pass (broker or warehouse away), never on a bug of ours: the same input would fail the same way.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from flows.faults import may_pass
from flows.place import the_settings, with_broker
from flows.report import RunReport, markdown_of
from flows.staged import Leftovers
from flows.watching import watcher

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import Task

    from pipelines.jobs.batches import BatchPlan, Transformed
    from pipelines.jobs.workers import Workers
    from pipelines.settings import Settings
    from pipelines.sources.kafka import Plan
    from pipelines.stage import StagedBatch
    from pipelines.stage.audit import Audit
    from pipelines.warehouse import Loaded, Warehouse

LOG = logging.getLogger("dateline.ingest")
POLL_S = 2.0  # how often --follow looks for new records


def only_what_may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry when the broker or the warehouse was away, not when the code or the books are wrong."""
    try:
        state.result()
    except Exception as fault:  # noqa: BLE001  whatever it was, it decides whether to try again
        return may_pass(fault)
    return False


class Work:
    """What a run holds while it lasts: settings, the warehouse, worker processes, what was done so far."""

    def __init__(self, settings: Settings, warehouse: Warehouse, workers: Workers, report: RunReport) -> None:
        self.settings, self.warehouse, self.workers, self.report = settings, warehouse, workers, report

    @property
    def topic(self) -> str:
        return self.settings.kafka.raw_topic

    @property
    def staged(self) -> Path:
        return self.settings.home / "staged"


_TASK: dict[str, Any] = {
    "retries": 4,
    "retry_delay_seconds": [1, 4, 10, 30],
    "retry_condition_fn": only_what_may_pass,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="plan", **_TASK)
def plan(work: Work, most: int) -> Plan:
    """The next offsets of the warehouse up to the topic's end, at most ``most`` of them."""
    from pipelines.sources.kafka import plan_ranges

    return plan_ranges(
        work.settings.kafka,
        work.topic,
        work.warehouse.next_offsets(work.topic),
        most,
        retention_gap=work.settings.batch.retention_gap,
    )


@task(name="transform", **_TASK)
def transform(work: Work, batch: BatchPlan) -> Transformed:
    """The Beam job over one micro-batch: a staged batch."""
    from pipelines.jobs.batches import transform_batch

    before = work.report.records
    return transform_batch(batch, work.settings, work.workers, lambda done: watcher().done(before + done))


@task(name="audit", **_TASK)
def audit(work: Work, batch: StagedBatch) -> Audit:
    """The batch expectations' verdict on a staged batch."""
    from pipelines.jobs.audit import audit_batch

    return audit_batch(batch, work.settings, work.workers)


@task(name="publish", **_TASK)
def publish(work: Work, batch: StagedBatch, verdict: Audit) -> Loaded:
    """Rows and offsets into the warehouse, in one transaction."""
    return work.warehouse.publish(batch, verdict)


@task(name="announce", **_TASK)
def announce(work: Work, batch: StagedBatch, offsets: dict[int, int]) -> None:
    """Dead letters to their topic (at least once), and group offsets for lag monitors; both after the commit."""
    from pipelines.sources.kafka import commit_group_offsets

    Leftovers(work.staged).announce(batch, work.settings)
    if offsets:
        commit_group_offsets(work.settings.kafka, work.topic, offsets)


@task(name="report", **(_TASK | {"retries": 0}))
def report(told: RunReport) -> None:
    """An artifact of the run: ledger, rejects, audit verdict."""
    create_markdown_artifact(markdown_of(told), key="ingest", description=f"Ingest run {told.run_id}: {told.status}")


@flow(name="ingest", persist_result=False)
def ingest(
    follow: bool = False, max_records: int | None = None, runner: str | None = None, warehouse: str | None = None
) -> dict[str, Any]:
    """Load what waits in the topic: until caught up with its end as the run finds it, or for ever with ``follow``.

    Args:
        follow: go on looking for new records until the run is cancelled.
        max_records: take at most so many records.
        runner: Beam runner in place of the settings' one.
        warehouse: URL in place of the settings' one.
    """
    settings = with_broker(the_settings(runner=runner, warehouse=warehouse))
    return run_ingest(settings, follow=follow, max_records=max_records).as_json()


def run_ingest(settings: Settings, *, follow: bool = False, max_records: int | None = None) -> RunReport:
    """Hold the warehouse's one writer's place, loop over micro-batches, and report however it ends."""
    told = RunReport(run_id=uuid4().hex, started_at=datetime.now(UTC), topic=settings.kafka.raw_topic)
    with ExitStack() as stack:
        work = stack.enter_context(_working(settings, told))
        try:
            _loop(work, follow=follow, most=max_records)
            told.end("completed")
        except BaseException as fault:
            told.end("failed", f"{type(fault).__name__}: {fault}" if isinstance(fault, Exception) else "interrupted")
            raise
        finally:
            _close(work)
    return told


@contextmanager
def _working(settings: Settings, told: RunReport) -> Iterator[Work]:
    from pipelines.jobs.workers import Workers
    from pipelines.warehouse import Run, open_warehouse

    warehouse = open_warehouse(settings.warehouse_url)
    with warehouse.writer(f"ingest run {told.run_id[:8]}"):
        warehouse.prepare()
        warehouse.start_run(Run(told.run_id, told.topic, f"dateline {version('dateline')}", told.started_at))
        with Workers(settings.batch.workers, settings.home / "logs" / "workers.log") as workers:
            yield Work(settings, warehouse, workers, told)


def _close(work: Work) -> None:
    told = work.report
    assert told.ended_at is not None
    work.warehouse.finish_run(told.run_id, told.status, told.ended_at, told.note)
    watcher().step("report", told.batches)
    try:
        report(told)
    except Exception:  # the rows are in: an artifact that cannot be kept must not make the run fail
        LOG.warning("the run's artifact could not be kept", exc_info=True)


def _loop(work: Work, *, follow: bool, most: int | None) -> None:
    Leftovers(work.staged).settle(work.settings, work.warehouse)
    targets: dict[int, int] | None = None
    while most is None or work.report.records < most:
        left = min(work.settings.batch.max_records, most - work.report.records if most else sys.maxsize)
        watcher().step("plan", work.report.batches + 1)
        planned = plan(work, left)
        watcher().found(work.report.records + sum(planned.lag.values()))
        if targets is None:
            targets = _ends(work, planned)
        if not planned.ranges and not planned.gaps:
            if not follow:
                return
            time.sleep(POLL_S)
            continue
        offsets = _one_batch(work, planned)
        if not follow and all(offsets.get(partition, 0) >= end for partition, end in targets.items()):
            return


def _ends(work: Work, planned: Plan) -> dict[int, int]:
    """Where the topic ended when the run began: a topic that grows all the time is not followed for ever."""
    known = work.warehouse.next_offsets(work.topic)
    return {partition: known.get(partition, 0) + lag for partition, lag in planned.lag.items()}


def _one_batch(work: Work, planned: Plan) -> dict[int, int]:
    from pipelines.jobs.batches import BatchPlan

    told = work.report
    number = told.batches + 1
    batch_id = f"{told.run_id}-{number:05d}"
    batch_plan = BatchPlan(
        batch_id, told.run_id, planned.ranges, work.staged / batch_id, datetime.now(UTC), planned.gaps
    )
    watcher().step("transform", number)
    transformed = transform(work, batch_plan)
    watcher().step("audit", number)
    verdict = audit(work, transformed.batch)
    watcher().step("publish", number)
    loaded = publish(work, transformed.batch, verdict)
    told.add(transformed, verdict, loaded)
    watcher().done(told.records)
    watcher().loaded(told.outcomes)
    LOG.info("batch %s: %s", batch_id, dict(told.outcomes))
    announce(work, transformed.batch, {partition: offset for (_, partition), offset in loaded.offsets.items()})
    Leftovers(work.staged).forget_old()
    return work.warehouse.next_offsets(work.topic)
