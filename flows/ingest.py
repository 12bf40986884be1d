"""The ingest flow: plan ▶ transform ▶ audit ▶ load ▶ report, micro-batch after micro-batch."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.ahead import Ahead, Prepared
from flows.faults import WrongUsage, names
from flows.flink import at_flink
from flows.masking import masked
from flows.report import RunReport
from flows.reprocess import remove_unfinished
from flows.stopping import Abandoned, Stop, stoppable
from flows.takedowns import complete_open, open_takedowns
from flows.targets import the_settings, the_warehouse, with_broker
from flows.watching import watcher
from flows.work import (
    FILE_LOG,
    LOG,
    Work,
    audit,
    clean_up,
    finish,
    finish_batch,
    has_deletions,
    remove_originals,
    report_progress,
    run_of,
    send_waiting,
    transform,
    working,
)
from pipelines.failpoints import Failpoint, reach

if TYPE_CHECKING:
    from pipelines.jobs.batches import BatchPlan
    from pipelines.settings import Settings
    from pipelines.sources.kafka import Plan
    from pipelines.warehouse import Loaded

ALONE_WITHIN_S = 600.0
"""How long a worker waits for the others to finish their batches before it finishes an open takedown."""


def plan(work: Work, most: int, after: Prepared | None = None) -> Plan:
    """Offset ranges from the warehouse's next offsets up to the topic's end, at most ``most`` offsets in all.

    They begin where the batch ``after`` ends, if one is given: it was prepared and is about to be loaded.
    """
    from pipelines.sources.kafka import plan_ranges
    from pipelines.warehouse.topics import LoadedTopic

    own = _share(work)  # before the offsets are read: what is taken over now was loaded by another worker until now
    loaded = work.warehouse.loaded_topic(work.topic)
    if after is not None:
        loaded = LoadedTopic({**loaded.next_offsets, **after.ends}, after.planned.topic_id)
    policy = work.settings.batch.retention_gap
    return plan_ranges(
        work.settings.kafka, work.topic, loaded.next_offsets, most, loaded_id=loaded.topic_id, retention_gap=policy,
        own=own, from_time=work.from_time,
    )


def _share(work: Work) -> frozenset[int] | None:
    """The partitions that this run has to load now; None if it loads all of them."""
    from pipelines.sources.kafka import topic_offsets

    if work.sharing is None:
        return None
    return work.sharing.share_of(lambda: topic_offsets(work.settings.kafka, work.topic))


def confirm(work: Work, planned: Plan) -> None:
    """Check that the topic was not recreated between planning and reading."""
    from pipelines.sources.kafka import confirm_topic

    confirm_topic(work.settings.kafka, planned.topic, planned.topic_id)


@flow(name="ingest", persist_result=False)
@masked
def ingest(  # noqa: PLR0913, PLR0917  the flow's parameters, each a field in Prefect's form
    follow: bool = False, max_records: int | None = None, runner: str | None = None, warehouse: str | None = None,
    wait_minutes: float = 0, new_warehouse: bool = False, flink_master: str | None = None, shared: bool = False,
    from_time: datetime | None = None,
) -> dict[str, Any]:
    """Load new records until the run reaches the end that the topic had at its start; keep running with ``follow``.

    Args:
        follow: keep looking for new records until the run is stopped or cancelled.
        max_records: largest number of records to load.
        runner: Beam runner, instead of the one in the settings.
        warehouse: URL of the warehouse, instead of the one in the settings.
        wait_minutes: how long to wait for another run to release the writer lock.
        new_warehouse: load into this warehouse even if earlier runs loaded into another one.
        flink_master: host:port of the Flink cluster, instead of the one in the settings.
        shared: load only a share of the partitions, beside other runs that follow the topic.
        from_time: skip records that reached Kafka before this time, in partitions that were never read; without a time
            zone it is in UTC.
    """
    if shared and not follow:
        raise WrongUsage("Only runs that follow a topic can share it.\nWhat to do: give both: follow and shared.")
    if max_records is not None and max_records < 1:
        raise WrongUsage(f"max_records is {max_records}.\nWhat to do: give 1 or more, or leave it out to take all.")
    from pipelines.broker import standing_connection

    settings = at_flink(with_broker(the_settings(runner=runner, warehouse=warehouse)), flink_master)
    most = max_records or sys.maxsize
    if follow:
        return _follow_until_stopped(
            settings, most, wait_minutes, new_warehouse=new_warehouse, shared=shared, from_time=from_time
        )
    with working(settings, "ingest", wait_minutes, new_warehouse=new_warehouse) as started, standing_connection():
        work = _from(started, from_time)
        _begin(work)
        _catch_up(work, most)
        finish(work)
    return work.report.as_json()


def _from(work: Work, time: datetime | None) -> Work:
    return work if time is None else replace(work, from_time=time if time.tzinfo else time.replace(tzinfo=UTC))


def _begin(work: Work) -> None:
    """Contact the broker once, without retries, and then clean up after earlier runs."""
    from pipelines.sources.offsets import first_contact

    watcher().step("connect", 1)
    first_contact(work.settings.kafka, work.topic)
    clean_up(work)
    remove_unfinished(work.settings, work.warehouse)
    work.store.remove_dry_runs()
    _finish_takedowns(work)


def _finish_takedowns(work: Work, stop: Stop | None = None) -> None:
    """Finish takedowns whose run was killed.

    This removes staged batches, so a worker that shares its topic has the others give way meanwhile. If they do not in
    time, it goes on, and one of them or a later run finishes the takedowns.
    """
    if work.sharing is None:
        complete_open(work)
        return
    if not open_takedowns(work.warehouse):
        return
    from pipelines.warehouse import WarehouseBusy

    alone = the_warehouse(work.settings)
    work.turn.release()
    try:
        with alone.writer(f"takedown of worker {work.report.run_id[:8]}", ALONE_WITHIN_S, work.topic) as turn:
            complete_open(replace(work, warehouse=alone, turn=turn, sharing=None))
    except WarehouseBusy as fault:
        LOG.warning("an open takedown was not finished, because other workers did not give way: %s", fault)
    _take_lock(work, stop)


def _take_lock(work: Work, stop: Stop | None) -> None:
    """Take the writer lock again, unless it is held. Raise ``Abandoned`` if the run is asked to stop meanwhile."""
    if not (work.turn.is_held or work.turn.take(inf, is_given_up=stop.is_asked if stop else lambda: False)):
        raise Abandoned("the run was stopped while another run had the writer lock")


def give_way(work: Work, stop: Stop) -> None:
    """Let a run that asks for the writer lock have it, and go on afterwards as a run begins.

    Call it between two batches, while none is prepared: the other run may remove staged files and move offsets. Raises
    ``Abandoned`` if this run is asked to stop meanwhile.
    """
    if not work.turn.is_wanted():
        return
    FILE_LOG.info("another run asks for the writer lock and gets it")
    work.patience.call("give way", lambda: work.warehouse.pause_run(work.report.run_id))
    reach(Failpoint.GIVING_WAY)
    if not work.patience.call("take the writer lock", lambda: work.turn.hand_over(stop.is_asked)):
        raise Abandoned("the run was stopped while another run had the writer lock")
    work.patience.call("go on", lambda: _go_on(work, stop))
    FILE_LOG.info("the other run has released the writer lock, and this one goes on")


def _go_on(work: Work, stop: Stop) -> None:
    """Find the warehouse as another run has left it, which may have been killed."""
    _take_lock(work, stop)  # which a worker released for a takedown, if this is tried again after a fault
    work.memory.need_same_warehouse(ask_kafka=False)
    work.warehouse.prepare()
    work.warehouse.start_run(run_of(work.report))
    for outbox in work.outboxes:
        outbox.may_wait = True
    clean_up(work)
    _finish_takedowns(work, stop)


def _catch_up(work: Work, most: int) -> None:
    report = work.report
    ends: dict[int, int] | None = None
    while report.records < most:
        planned = _look(work, most)
        ends = ends if ends is not None else _ends(work, planned)
        if not planned.is_empty:
            _load(work, planned)
        if not planned.ranges or _caught_up(work, ends):
            return


def _follow_until_stopped(  # noqa: PLR0913  the flow's parameters
    settings: Settings, most: int, wait_minutes: float, *, new_warehouse: bool, shared: bool,
    from_time: datetime | None,
) -> dict[str, Any]:
    from pipelines.broker import standing_connection

    with stoppable() as stop:
        stop.is_checked = True
        try:
            with (
                working(settings, "ingest", wait_minutes, stop, new_warehouse=new_warehouse, shared=shared) as started,
                standing_connection(),
            ):
                work = _from(started, from_time)
                _begin(work)
                _follow(work, stop, most)
            return work.report.as_json()
        except Abandoned:
            return RunReport("", datetime.now(UTC), settings.kafka.raw_topic, status="completed").as_json()


def _follow(work: Work, stop: Stop, most: int) -> None:
    """Load batch after batch until the run is asked to stop; the current batch is then finished soon or abandoned."""
    try:
        with Ahead() as ahead:
            originals_due = False
            while ahead or (work.report.records < most and not stop.is_asked()):
                if not ahead:
                    give_way(work, stop)
                prepared = ahead.take() or _next(work, most)
                if prepared is None:
                    send_waiting(work)
                    stop.wait(work.settings.follow.poll_s)
                    continue
                if not (stop.is_asked() or originals_due or work.turn.is_wanted()):
                    _look_ahead(work, ahead, prepared, most)
                loaded = _load_share(work, prepared, alone=not ahead)
                if ahead:
                    originals_due |= loaded is not None and has_deletions(loaded)
                elif originals_due:
                    remove_originals(work)
                    originals_due = False
                report_progress(work)
        finish(work)
    except (Exception, Abandoned) as fault:
        if not stop.is_asked() or not work.turn.is_held:  # without the lock, nothing may be written at the end either
            raise
        LOG.warning("the current batch was abandoned; the next run reads it again: %s", fault)
    finally:
        stop.cancel_deadline()


def _next(work: Work, most: int) -> Prepared | None:
    """The next batch, ready to be loaded; None if there are no new records."""
    planned = _look(work, most)
    return None if planned.is_empty else _prepare(work, planned)


def _look_ahead(work: Work, ahead: Ahead, loading: Prepared, most: int) -> None:
    """Start to prepare the batch after the one that is about to be loaded, if there are records for it.

    Only where worker processes prepare it, and where this run alone loads the topic: another worker may take over a
    partition meanwhile. A fault is left to the next look, which comes after the load and has the patience for it.
    """
    left = most - work.report.records - len(loading.planned)
    if not work.executor.guards or work.sharing is not None or left < 1:
        return
    try:
        planned = plan(work, min(work.settings.batch.max_records, left), after=loading)
    except Exception as fault:  # noqa: BLE001  the next look raises it again
        LOG.debug("no batch is prepared ahead: %s", fault)
        return
    work.logs.bound_now_and_then()
    work.report.waiting = dict(planned.waiting)
    if not planned.is_empty:
        number = work.report.batches + 2
        ahead.begin(lambda: _prepare(work, planned, number))


def _look(work: Work, most: int) -> Plan:
    """The offset ranges of the next batch; empty if there are no new records."""
    report = work.report
    work.logs.bound_now_and_then()
    watcher().step("plan", report.batches + 1)
    wanted = min(work.settings.batch.max_records, most - report.records)
    planned = work.patience.call("plan", lambda: plan(work, wanted))
    report.waiting = dict(planned.waiting)
    watcher().expect(report.records + min(sum(planned.lag.values()), most - report.records))
    return planned


def _load(work: Work, planned: Plan) -> None:
    _finish(work, _prepare(work, planned))


def _prepare(work: Work, planned: Plan, number: int | None = None) -> Prepared:
    """Transform and audit a batch. ``number`` is given for a batch that is prepared ahead, whose steps are not shown.
    """
    if number is None:
        watcher().step("transform", work.report.batches + 1)
    transformed = transform(work, _batch(work, planned, number or work.report.batches + 1))
    if number is None:
        watcher().step("audit", work.report.batches + 1)
    return Prepared(planned, transformed, audit(work, transformed.batch))


def _finish(work: Work, prepared: Prepared, *, alone: bool = True) -> Loaded:
    work.patience.call("confirm", lambda: confirm(work, prepared.planned))
    return finish_batch(work, prepared.transformed, prepared.verdict, alone=alone)


def _load_share(work: Work, prepared: Prepared, *, alone: bool) -> Loaded | None:
    """Load the batch. A worker that shares the topic drops a batch whose partitions another one has taken over."""
    try:
        return _finish(work, prepared, alone=alone)
    except Exception as fault:
        if work.sharing is None or {"LeaseLost", "OffsetsMoved", "StateMoved"}.isdisjoint(names(fault)):
            raise
        LOG.warning("batch %d of this worker was dropped: %s", work.report.batches + 1, fault)
        work.sharing.look_again()
        prepared.transformed.batch.folder.remove()
        return None


def _ends(work: Work, planned: Plan) -> dict[int, int]:
    """Where each partition ended when the run began, so that a run ends even if the topic grows all the time."""
    saved = work.warehouse.loaded_topic(work.topic).next_offsets
    return {r.partition: max(r.start, saved.get(r.partition, 0)) + planned.lag[r.partition] for r in planned.ranges}


def _caught_up(work: Work, ends: dict[int, int]) -> bool:
    saved = work.warehouse.loaded_topic(work.topic).next_offsets
    return all(saved.get(partition, 0) >= end for partition, end in ends.items())


def _batch(work: Work, planned: Plan, number: int) -> BatchPlan:
    from pipelines.jobs.batches import BatchPlan

    run_id = work.report.run_id
    batch_id = f"{run_id}-{number:05d}"
    return BatchPlan(
        batch_id,
        run_id,
        planned.ranges,
        work.store.batches / batch_id,
        datetime.now(UTC),
        planned.gaps,
        topic_id=planned.topic_id,
    )
