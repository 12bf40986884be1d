"""The resources of a run, and the steps that its batches go through.

Steps only call the code in ``pipelines`` and repeat it; they decide nothing about records. A step is tried again if
the broker, the warehouse or the stage is unavailable. It is not tried again after a bug, which would only recur.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial, wraps
from importlib.metadata import version
from typing import TYPE_CHECKING, Concatenate
from uuid import uuid4

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.artifact import RunArtifact
from flows.attention import StoredAttention
from flows.flink import flink_ready
from flows.killed import end_killed, hold_lock
from flows.masking import masked
from flows.memory import Memory
from flows.outbox import GroupOffsets, Outbox
from flows.patience import Patience
from flows.quality.files import reports_of
from flows.quality.writing import remove_outdated, write_report
from flows.report import RunReport
from flows.rotation import Logs
from flows.scrapers import quarantined_rows, scrapers_of, stale_rows
from flows.sharing import Sharing, sharing, sharing_warehouse
from flows.snapshot import Snapshot
from flows.staged import StagedBatches
from flows.stopping import Abandoned, Stop
from flows.targets import the_warehouse
from flows.watching import watcher, writer_lock
from pipelines.phrases import in_words
from pipelines.secrets import redact

if TYPE_CHECKING:
    from pipelines.jobs.batches import BatchPlan, Transformed
    from pipelines.resolve.takedowns import Forgotten
    from pipelines.runtime import Executor
    from pipelines.settings import Settings
    from pipelines.stage import BatchKind, StagedBatch, StageStore
    from pipelines.stage.audit import Audit
    from pipelines.warehouse import Loaded, Run, Turn, Warehouse

LOG = logging.getLogger("dateline")
FILE_LOG = logging.getLogger("dateline-follow")
"""For a line about each batch of a run that follows the topic. Prefect stores the ``dateline`` log and would grow."""


@dataclass(frozen=True, slots=True)
class Work:
    """A run's settings, warehouse and executor, and what it has done so far.

    If ``follows``, the run keeps running until it is stopped. Its steps are then not task runs, because each of them
    would add several rows to Prefect's database.
    """

    settings: Settings
    warehouse: Warehouse
    executor: Executor
    report: RunReport
    outboxes: tuple[Outbox, ...]
    group: GroupOffsets
    artifact: RunArtifact
    logs: Logs
    patience: Patience
    snapshot: Snapshot
    attention: StoredAttention
    turn: Turn
    follows: bool = False
    sharing: Sharing | None = None
    """This worker's share of the topic, if several runs load it at once; None if this run loads it alone."""
    from_time: datetime | None = None
    """The time of the first record to read in partitions that were never read; None reads them from the beginning."""

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

    @property
    def staged(self) -> StagedBatches:
        return StagedBatches(self.store.batches, self.store.archive)


def step[**P, R](name: str) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Work, P], R]]:
    """Makes a function a step of a run: it is tried again as ``Patience`` allows, and is a task run in Prefect."""

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
    """Run the Beam job over one micro-batch; the result is a staged batch."""
    from pipelines.jobs.batches import transform_batch
    from pipelines.jobs.known_names import names_loader

    before, names = work.report.records, names_loader(work.settings)
    return transform_batch(batch, work.settings, work.executor, lambda done: watcher().done(before + done), names=names)


@step("audit")
def audit(work: Work, batch: StagedBatch) -> Audit:
    """Check the batch expectations on a staged batch."""
    from pipelines.jobs.audit import audit_batch

    return audit_batch(batch, work.settings, work.executor)


@step("archive")
def archive(work: Work, batch: StagedBatch) -> None:
    """Store the raw messages of a batch in the archive, before it is loaded."""
    work.store.archive.publish(batch)


@step("load")
def load(work: Work, batch: StagedBatch, verdict: Audit | None) -> Loaded:
    """Load rows and offsets in one transaction; articles of quarantined scrapers are stored as waiting."""
    from pipelines.warehouse import load_batch

    work.memory.remember()
    sends_articles = work.settings.kafka.clean_topic is not None
    loaded = load_batch(work.warehouse, batch, verdict, work.settings.drift, sends_articles=sends_articles)
    work.attention.batch_loaded(loaded)
    work.snapshot.batch_loaded()
    return loaded


def load_forgotten(work: Work, batch: StagedBatch, forgotten: Forgotten) -> Loaded:
    """Remove what a batch of a takedown lists, in one transaction."""
    from pipelines.warehouse import load_batch

    sends_articles = work.settings.kafka.clean_topic is not None
    return load_batch(work.warehouse, batch, sends_articles=sends_articles, forgotten=forgotten)


@step("send outbox")
def send_outbox(work: Work, loaded: Loaded) -> None:
    """After the commit, send dead letters and clean articles (at least once), and group offsets for lag monitors.

    What Kafka does not accept is tried again later. It never stops loading.
    """
    for outbox in _outboxes(work):
        more = bool(loaded.outcomes["rejected"]) if outbox.kind == "dead letters" else loaded.changed_articles
        outbox.send(more=more)
    work.group.commit({p: offset for (topic, p), offset in loaded.offsets.items() if topic == work.topic})


def _outboxes(work: Work) -> tuple[Outbox, ...]:
    """The outboxes that this run has to send. Of the workers of a shared ingest, one at a time sends them for all."""
    if work.sharing is None:
        return work.outboxes
    if not work.sharing.sends:
        return ()
    for outbox in work.outboxes:
        outbox.may_wait = True  # other workers add to it
    return work.outboxes


def clean_up(work: Work) -> None:
    """Clean up after runs that were killed, and send what earlier runs left in the outboxes."""
    live = work.sharing.warehouse.live_workers if work.sharing else frozenset
    work.staged.remove_unloaded(work.warehouse, live)
    remove_originals(work)
    remove_outdated(work.settings, work.warehouse)
    send_waiting(work)


def send_waiting(work: Work) -> None:
    """Send what waits in the outboxes, if it is time for another try."""
    for outbox in _outboxes(work):
        outbox.send()


def has_deletions(loaded: Loaded) -> bool:
    """Whether the load removed something, or left out what a delete request covers."""
    return bool(loaded.removed or loaded.outcomes["suppressed"])


def remove_staged(work: Work, loaded: Loaded, *, alone: bool = True) -> None:
    """Keep only the last few staged batches; after a deletion, keep none and remove the deleted originals too.

    After a deletion the quality reports are removed as well, since their examples may show what was deleted.

    Workers that share a topic keep none, so that none has to remove the batches of another. Unless the run is
    ``alone`` with its stage, a batch is being prepared, which may have staged one of these originals again: they stay.
    """
    if loaded.removed:
        reports_of(work.settings).remove()
    if has_deletions(loaded):
        work.staged.erase_removed(work.warehouse, loaded.batch_id)
    if work.sharing is not None:
        (work.store.batches / loaded.batch_id).remove()
        if has_deletions(loaded):
            remove_originals(work)
    elif has_deletions(loaded):
        work.staged.remove_all(loaded.batch_id)
        if alone:
            remove_originals(work)
    else:
        work.staged.remove_old(loaded.batch_id)


def remove_originals(work: Work) -> None:
    """Remove the originals of the run's topic that a delete request covers, also those that a killed run left.

    Runs on other topics remove the originals of these topics.
    """
    from pipelines.jobs.originals import remove_originals as remove

    remove(work.warehouse, work.store)


def finish(work: Work) -> None:
    """Send the remaining messages and group offsets after every batch is loaded."""
    for outbox in work.outboxes if work.sharing is None or work.sharing.sends_at_end() else ():
        outbox.finish()
    work.group.finish()
    keep_archive(work)


def keep_archive(work: Work) -> None:
    """Remove archived messages that are older or more than the settings keep. One worker of a topic does it for all."""
    from pipelines.jobs.archive import keep_archive as keep

    archiving = work.settings.archive
    if archiving.enabled and work.report.kind == "ingest" and (work.sharing is None or work.sharing.sends):
        keep(work.store.archive, archiving, datetime.now(UTC))


@contextmanager
def working(  # noqa: PLR0913  how a run starts
    settings: Settings, kind: BatchKind, wait_minutes: float = 0, following: Stop | None = None, *,
    new_warehouse: bool = False, shared: bool = False, executor: Executor | None = None,
) -> Iterator[Work]:
    """Take the writer lock, start a run and its workers, and record the run's end, however it ends.

    If another run has the writer lock, wait for it at most ``wait_minutes``, then raise ``WarehouseBusy``. Raise
    ``WarehouseGone`` or ``WarehouseReplaced`` if earlier runs loaded into another warehouse, unless ``new_warehouse``.

    ``following`` is the stop of a run that follows the topic: such a run waits longer for the end of an outage, and
    being stopped completes it. Runs that are ``shared`` load one topic at the same time, each its share of it.
    ``executor`` is one that is at work already; None starts one for the run.
    """
    from pipelines.jobs.names import check_names

    for library in ("kafka", "apache_beam", "great_expectations"):  # they log each connection, type hint and folder
        logging.getLogger(library).setLevel(logging.WARNING)
    report = RunReport(uuid4().hex, datetime.now(UTC), settings.kafka.raw_topic, kind)
    check_names(settings)
    logs = Logs(settings.home, settings.log_bytes)
    logs.bound()
    artifact = RunArtifact(settings.follow.report_s)
    outage_s = settings.follow.outage_s if following else None
    patience = Patience(settings.patience.retry_delays_s, outage_s, following)
    warehouse = the_warehouse(settings)
    own_share = sharing_warehouse(settings, warehouse, report.run_id) if shared else None
    warehouse = own_share or warehouse
    memory = Memory(settings, warehouse)
    hold_lock(memory.folder / "runs")
    holder = f"{kind} run {report.run_id[:8]}"
    asks = following is None  # two runs that follow a topic would hand the lock to and fro
    with (
        ExitStack() as ending,
        writer_lock(warehouse, holder, wait_minutes, report.topic, asks=asks) as turn,  # it may write only now
    ):
        if not new_warehouse:
            memory.need_same_warehouse(ask_kafka=kind not in {"release", "forget"})
        warehouse.prepare()
        if new_warehouse or warehouse.identity().is_loaded:
            memory.remember()
        worker = ending.enter_context(sharing(own_share)) if own_share else None
        end_killed(memory.folder / "runs", alone=not shared)
        warehouse.start_run(run_of(report))
        with _recorded(settings, warehouse, report, artifact, turn), _executor(settings, kind, executor) as at_work:
            outboxes = Outbox(settings, warehouse), Outbox(settings, warehouse, "articles")
            group = GroupOffsets(settings, memory.for_kafka())
            follows = following is not None
            snapshot, attention = Snapshot(settings, warehouse), StoredAttention(warehouse)
            yield Work(
                settings, warehouse, at_work, report, outboxes, group, artifact, logs, patience, snapshot, attention,
                turn, follows, worker,
            )
            attention.finish()
            snapshot.finish()


def run_of(report: RunReport) -> Run:
    """The run as the warehouse records its start."""
    from pipelines.warehouse import Run

    return Run(report.run_id, report.topic, f"dateline {version('dateline')}", report.started_at, report.kind)


@contextmanager
def _recorded(
    settings: Settings, warehouse: Warehouse, report: RunReport, artifact: RunArtifact, turn: Turn
) -> Iterator[None]:
    """Record how the run of the block ended, in the warehouse and in the artifact."""
    try:
        yield
        report.end("completed")
        _record_end(warehouse, report, turn)
    except Abandoned:
        report.end("completed", "stopped before its first batch")
        _record_end(warehouse, report, turn)
        raise
    except BaseException as fault:
        why = redact(in_words(fault)) if isinstance(fault, Exception) else "interrupted"
        report.end("failed", why)
        try:
            _record_end(warehouse, report, turn)
        except Exception:  # report the first fault; the next run sets this one to abandoned
            LOG.warning("the end of the run could not be recorded", exc_info=True)
        raise
    finally:
        _write_artifact(settings, report, artifact.write)


@contextmanager
def _executor(settings: Settings, kind: BatchKind, at_work: Executor | None) -> Iterator[Executor]:
    """The executor of the settings. A release or takedown runs no step: its calls are made in this process."""
    from pipelines.runtime import executor_of

    if at_work is not None:
        yield at_work
        return
    if kind in {"release", "forget"}:
        with executor_of(settings, workers=0) as here:
            yield here
        return
    with flink_ready(settings) as ready, executor_of(ready) as executor:
        _report_missing_guards(executor)
        yield executor


def _report_missing_guards(executor: Executor) -> None:
    from pipelines.runtime import GUARDS

    missing = [does for guard, does in GUARDS.items() if guard not in executor.guards]
    if missing:
        LOG.warning(
            "this Beam runner does not isolate messages: a message that %s fails its whole batch; worker processes of "
            "this machine would reject only the message", " or ".join(missing),
        )


def _record_end(warehouse: Warehouse, report: RunReport, turn: Turn) -> None:
    assert report.ended_at is not None
    if not turn.is_held:
        LOG.warning("the run was stopped while another run had the writer lock: the next ingest records its end")
        return
    warehouse.finish_run(report.run_id, report.status, report.ended_at, report.note)


def report_progress(work: Work) -> None:
    """Update the artifact of a run that follows the topic, if an update is due, and apply the archive's retention."""
    if work.follows and work.artifact.is_due(work.report):
        keep_archive(work)
        _write_artifact(work.settings, work.report, work.artifact.write_soon)


def _write_artifact(settings: Settings, report: RunReport, write: Callable[[RunReport], None]) -> None:
    """Write the quality report of a run, and then its artifact, which links to it."""
    watcher().step("report", report.batches)
    try:
        standings = scrapers_of(settings)
        report.quarantined, report.stale = quarantined_rows(standings), stale_rows(standings)
        report.outbox = [asdict(waiting) for waiting in the_warehouse(settings).outbox_standing()]
    except Exception:
        LOG.warning("the state of the scrapers and the outbox could not be read", exc_info=True)
    if report.kind != "reprocess":  # it is a run for each batch, and their reports would take the place of all others
        report.page = write_report(settings, the_warehouse(settings), report)
    try:
        write(report)
    except Exception:
        LOG.warning("the artifact of the run could not be written", exc_info=True)


def finish_batch(work: Work, transformed: Transformed, verdict: Audit, *, alone: bool = True) -> Loaded:
    """Load a staged batch with its audit, then send its dead letters and offsets to Kafka.

    ``alone`` is false while the run prepares another batch.
    """
    loaded = load_batch_of(work, transformed, verdict)
    send_outbox(work, loaded)
    remove_staged(work, loaded, alone=alone)
    return loaded


def load_batch_of(work: Work, transformed: Transformed, verdict: Audit) -> Loaded:
    """Load a staged batch with its audit, and add it to the run's report."""
    report = work.report
    watcher().step("load", report.batches + 1)
    if work.settings.archive.enabled and transformed.batch.kind == "ingest":
        archive(work, transformed.batch)
    loaded = load(work, transformed.batch, verdict)
    report.add(transformed, verdict, loaded)
    watcher().loaded(loaded.outcomes)
    watcher().done(report.records)
    log = FILE_LOG if work.follows else LOG
    log.info("batch %s: %s", transformed.batch.batch_id, dict(loaded.outcomes))
    if waiting := loaded.outcomes["quarantined"]:
        log.warning(
            "batch %s: %d articles wait, their scraper is quarantined. See `dateline status`", loaded.batch_id, waiting
        )
    return loaded
