"""What a run holds while it lasts, and the steps that its batches go through.

Steps only order and repeat; what becomes of a record is decided in ``pipelines``. A step is tried again on what may
pass (broker or warehouse away), never on a bug of ours: the same input would fail the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial, wraps
from importlib.metadata import version
from typing import TYPE_CHECKING, Concatenate
from uuid import uuid4

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.artifact import RunArtifact
from flows.killed import end_killed, hold_lock
from flows.masking import masked
from flows.memory import Memory
from flows.outbox import GroupOffsets, Outbox
from flows.patience import Patience
from flows.place import the_warehouse
from flows.report import RunReport
from flows.rotation import Logs
from flows.scrapers import quarantined_rows, scrapers_of, stale_rows
from flows.staged import StagedBatches
from flows.stopping import Abandoned, Stop
from flows.watching import watcher
from pipelines.phrases import in_words
from pipelines.secrets import redact

if TYPE_CHECKING:
    from pipelines.jobs.batches import BatchPlan, Transformed
    from pipelines.runtime import Executor
    from pipelines.settings import Settings
    from pipelines.stage import BatchKind, StagedBatch, StageStore
    from pipelines.stage.audit import Audit
    from pipelines.warehouse import Loaded, Warehouse

LOG = logging.getLogger("dateline")
FILE_LOG = logging.getLogger("dateline-follow")
"""For what a run that follows says of each batch: Prefect keeps the log of ``dateline``, and would grow without end."""


@dataclass(frozen=True, slots=True)
class Work:
    """A run's settings, its warehouse, what runs its jobs, and what it has done so far.

    ``follows`` says that the run goes on for ever: its steps are then no task runs, because Prefect's database would
    grow by several rows for each of them.
    """

    settings: Settings
    warehouse: Warehouse
    executor: Executor
    report: RunReport
    outbox: Outbox
    group: GroupOffsets
    artifact: RunArtifact
    logs: Logs
    patience: Patience
    follows: bool = False

    @property
    def processor(self) -> str:
        return f"dateline {version('dateline')}"

    @property
    def memory(self) -> Memory:
        return Memory(self.settings, self.warehouse)

    @property
    def topic(self) -> str:
        return self.settings.kafka.raw_topic

    @property
    def store(self) -> StageStore:
        """The part of the stage that belongs to the run's warehouse and topic."""
        from pipelines.stage import stage_store

        return stage_store(self.settings)


def step[**P, R](name: str) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Work, P], R]]:
    """Marks a function as a step of a run: tried again as the run's patience has it, and a task run in Prefect."""

    def mark(function: Callable[Concatenate[Work, P], R]) -> Callable[Concatenate[Work, P], R]:
        @wraps(function)
        def patient(work: Work, /, *args: P.args, **kwargs: P.kwargs) -> R:
            return work.patience.call(name, partial(function, work, *args, **kwargs))

        seen = task(name=name, cache_policy=NO_CACHE, persist_result=False)(masked(patient))

        @wraps(function)
        def run(work: Work, /, *args: P.args, **kwargs: P.kwargs) -> R:
            return patient(work, *args, **kwargs) if work.follows else seen(work, *args, **kwargs)

        return run

    return mark


@step("transform")
def transform(work: Work, batch: BatchPlan) -> Transformed:
    """The Beam job over one micro-batch: a staged batch."""
    from pipelines.jobs.batches import transform_batch

    before = work.report.records
    return transform_batch(batch, work.settings, work.executor, lambda done: watcher().done(before + done))


@step("audit")
def audit(work: Work, batch: StagedBatch) -> Audit:
    """The batch expectations' verdict on a staged batch."""
    from pipelines.jobs.audit import audit_batch

    return audit_batch(batch, work.settings, work.executor)


@step("load")
def load(work: Work, batch: StagedBatch, verdict: Audit | None) -> Loaded:
    """Load rows and offsets into the warehouse, in one transaction. Articles of quarantined scrapers wait there."""
    from pipelines.warehouse import load_batch

    work.memory.remember()
    return load_batch(work.warehouse, batch, verdict, work.settings.drift)


@step("send outbox")
def send_outbox(work: Work, loaded: Loaded) -> None:
    """Dead letters to their topic (at least once), and group offsets for lag monitors; both after the commit.

    What Kafka does not take waits, and never stops loading.
    """
    work.outbox.send(more=bool(loaded.outcomes["rejected"]))
    work.group.commit({p: offset for (topic, p), offset in loaded.offsets.items() if topic == work.topic})


def settle(work: Work) -> None:
    """Clear up after runs that were killed, and send the dead letters that earlier runs left in the outbox."""
    StagedBatches(work.store.batches).settle(work.warehouse)
    remove_originals(work)
    work.outbox.send()


def forget_staged(work: Work, loaded: Loaded) -> None:
    """Keep the last few staged batches for a look; none once something was deleted, and no file of its original."""
    if loaded.removed or loaded.outcomes["suppressed"]:
        StagedBatches(work.store.batches).forget_all()
        remove_originals(work)
    else:
        StagedBatches(work.store.batches).forget_old()


def remove_originals(work: Work) -> None:
    """Remove the originals of the run's topic that a delete request covers; what a killed run left, the next removes.

    Those of other topics are left to runs from these.
    """
    paths = [path for path in work.warehouse.originals_to_remove() if work.store.owns_original(path)]
    if not paths:
        return
    for path in paths:
        work.store.remove_original(path)
    work.warehouse.forget_originals(paths)


def finish(work: Work) -> None:
    """Send what is left to be sent, once every batch is loaded."""
    work.outbox.finish()
    work.group.finish()


@contextmanager
def working(
    settings: Settings, kind: BatchKind, wait_minutes: float = 0, following: Stop | None = None, *,
    new_warehouse: bool = False,
) -> Iterator[Work]:
    """Hold the right to load from the topic; the run's row and artifact are written however it ends.

    Raises ``WarehouseGone`` or ``WarehouseReplaced`` where another warehouse was loaded into before, unless
    ``new_warehouse``.

    Another run that has the place is waited for, ``wait_minutes`` at most; then ``WarehouseBusy``. ``following`` is
    what asks a run that goes on for ever to stop: such a run rides out longer outages, and a stop completes it.
    """
    from pipelines.jobs.names import check_names
    from pipelines.runtime import executor_of
    from pipelines.warehouse import Run

    logging.getLogger("kafka").setLevel(logging.WARNING)  # it logs every connection
    report = RunReport(uuid4().hex, datetime.now(UTC), settings.kafka.raw_topic, kind)
    check_names(settings)
    logs = Logs(settings.home, settings.log_bytes)
    logs.bound()
    artifact = RunArtifact(settings.follow.report_s)
    outage_s = settings.follow.outage_s if following else None
    patience = Patience(settings.patience.retry_delays_s, outage_s, following)
    warehouse = the_warehouse(settings)
    memory = Memory(settings, warehouse)
    hold_lock(memory.folder / "runs")
    holder = f"{kind} run {report.run_id[:8]}"
    with warehouse.writer(holder, 60 * wait_minutes, report.topic):  # first: who has the place may write
        if not new_warehouse:
            memory.need_same_warehouse(ask_kafka=kind != "release")
        warehouse.prepare()
        if new_warehouse or warehouse.identity().is_loaded:
            memory.remember()
        end_killed(memory.folder / "runs")
        processor = f"dateline {version('dateline')}"
        warehouse.start_run(Run(report.run_id, report.topic, processor, report.started_at, kind))
        try:
            with executor_of(settings, workers=0 if kind == "release" else None) as executor:  # a release runs no step
                if kind != "release":
                    _report_missing_guards(executor)
                outbox, group = Outbox(settings, warehouse), GroupOffsets(settings, memory.for_kafka())
                follows = following is not None
                yield Work(settings, warehouse, executor, report, outbox, group, artifact, logs, patience, follows)
            report.end("completed")
            _write_down_end(warehouse, report)
        except Abandoned:
            report.end("completed", "stopped before its first batch")
            _write_down_end(warehouse, report)
            raise
        except BaseException as fault:
            why = redact(in_words(fault)) if isinstance(fault, Exception) else "interrupted"
            report.end("failed", why)
            try:
                _write_down_end(warehouse, report)
            except Exception:  # what failed first is what a person must hear of; the next run finds this one abandoned
                LOG.warning("the run's end could not be written down", exc_info=True)
            raise
        finally:
            _keep_artifact(settings, report, artifact.write)


def _report_missing_guards(executor: Executor) -> None:
    from pipelines.runtime import GUARDS

    missing = [does for guard, does in GUARDS.items() if guard not in executor.guards]
    if missing:
        LOG.warning(
            "what runs this job gives no guards: a message that %s fails its whole batch, where worker processes of "
            "this machine would reject it alone", " or ".join(missing),
        )


def _write_down_end(warehouse: Warehouse, report: RunReport) -> None:
    assert report.ended_at is not None
    warehouse.finish_run(report.run_id, report.status, report.ended_at, report.note)


def report_progress(work: Work) -> None:
    """Bring the artifact of a run that follows up to date, when it is time to."""
    if work.follows and work.artifact.is_due(work.report):
        _keep_artifact(work.settings, work.report, work.artifact.write_soon)


def _keep_artifact(settings: Settings, report: RunReport, write: Callable[[RunReport], None]) -> None:
    watcher().step("report", report.batches)
    try:
        standings = scrapers_of(settings)
        report.quarantined, report.stale = quarantined_rows(standings), stale_rows(standings)
        report.outbox = [asdict(waiting) for waiting in the_warehouse(settings).outbox_standing()]
        write(report)
    except Exception:
        LOG.warning("the run's artifact could not be kept", exc_info=True)


def finish_batch(work: Work, transformed: Transformed) -> None:
    """Audit and load a staged batch, then send its dead letters and offsets to Kafka."""
    report, number = work.report, work.report.batches + 1
    watcher().step("audit", number)
    verdict = audit(work, transformed.batch)
    watcher().step("load", number)
    loaded = load(work, transformed.batch, verdict)
    report.add(transformed, verdict, loaded)
    watcher().done(report.records)
    log = FILE_LOG if work.follows else LOG
    log.info("batch %s: %s", transformed.batch.batch_id, dict(loaded.outcomes))
    if waiting := loaded.outcomes["quarantined"]:
        log.warning(
            "batch %s: %d articles wait, their scraper is quarantined. See `dateline status`", loaded.batch_id, waiting
        )
    send_outbox(work, loaded)
    forget_staged(work, loaded)
