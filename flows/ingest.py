"""The ingest flow: plan ▶ transform ▶ audit ▶ load ▶ report, micro-batch after micro-batch."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.faults import WrongUsage, names
from flows.flink import at_flink
from flows.masking import masked
from flows.report import RunReport
from flows.stopping import Abandoned, Stop, stoppable
from flows.targets import the_settings, with_broker
from flows.watching import watcher
from flows.work import LOG, Work, clean_up, finish, finish_batch, report_progress, send_waiting, transform, working

if TYPE_CHECKING:
    from pipelines.jobs.batches import BatchPlan
    from pipelines.settings import Settings
    from pipelines.sources.kafka import Plan


def plan(work: Work, most: int) -> Plan:
    """Offset ranges from the warehouse's next offsets up to the topic's end, at most ``most`` offsets in all."""
    from pipelines.sources.kafka import plan_ranges

    own = _share(work)  # before the offsets are read: what is taken over now was loaded by another worker until now
    saved, loaded_id = work.warehouse.next_offsets(work.topic), work.warehouse.topic_id(work.topic)
    policy = work.settings.batch.retention_gap
    return plan_ranges(
        work.settings.kafka, work.topic, saved, most, loaded_id=loaded_id, retention_gap=policy, own=own
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
    """
    if shared and not follow:
        raise WrongUsage("Only runs that follow a topic can share it.\nWhat to do: give both: follow and shared.")
    if max_records is not None and max_records < 1:
        raise WrongUsage(f"max_records is {max_records}.\nWhat to do: give 1 or more, or leave it out to take all.")
    from pipelines.broker import standing_connection

    settings = at_flink(with_broker(the_settings(runner=runner, warehouse=warehouse)), flink_master)
    most = max_records or sys.maxsize
    if follow:
        return _follow_until_stopped(settings, most, wait_minutes, new_warehouse=new_warehouse, shared=shared)
    with working(settings, "ingest", wait_minutes, new_warehouse=new_warehouse) as work, standing_connection():
        _begin(work)
        _catch_up(work, most)
        finish(work)
    return work.report.as_json()


def _begin(work: Work) -> None:
    """Contact the broker once, without retries, and then clean up after earlier runs."""
    from pipelines.sources.offsets import first_contact

    watcher().step("connect", 1)
    first_contact(work.settings.kafka, work.topic)
    clean_up(work)


def _catch_up(work: Work, most: int) -> None:
    report = work.report
    ends: dict[int, int] | None = None
    while report.records < most:
        planned = _look(work, most)
        ends = ends if ends is not None else _ends(work, planned)
        if planned.ranges:
            _load(work, planned)
        if not planned.ranges or _caught_up(work, ends):
            return


def _follow_until_stopped(
    settings: Settings, most: int, wait_minutes: float, *, new_warehouse: bool, shared: bool
) -> dict[str, Any]:
    from pipelines.broker import standing_connection

    with stoppable() as stop:
        stop.is_checked = True
        try:
            with (
                working(settings, "ingest", wait_minutes, stop, new_warehouse=new_warehouse, shared=shared) as work,
                standing_connection(),
            ):
                _begin(work)
                _follow(work, stop, most)
            return work.report.as_json()
        except Abandoned:
            return RunReport("", datetime.now(UTC), settings.kafka.raw_topic, status="completed").as_json()


def _follow(work: Work, stop: Stop, most: int) -> None:
    """Load batch after batch until the run is asked to stop; the current batch is then finished soon or abandoned."""
    try:
        while work.report.records < most and not stop.is_asked():
            planned = _look(work, most)
            if planned.ranges:
                _load_share(work, planned)
                report_progress(work)
            else:
                send_waiting(work)
                stop.wait(work.settings.follow.poll_s)
        finish(work)
    except (Exception, Abandoned) as fault:
        if not stop.is_asked():
            raise
        LOG.warning("the current batch was abandoned; the next run reads it again: %s", fault)
    finally:
        stop.cancel_deadline()


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
    watcher().step("transform", work.report.batches + 1)
    transformed = transform(work, _batch(work, planned))
    work.patience.call("confirm", lambda: confirm(work, planned))
    finish_batch(work, transformed)


def _load_share(work: Work, planned: Plan) -> None:
    """Load the batch. A worker that shares the topic drops a batch whose partitions another one has taken over."""
    try:
        _load(work, planned)
    except Exception as fault:
        if work.sharing is None or {"LeaseLost", "OffsetsMoved", "StateMoved"}.isdisjoint(names(fault)):
            raise
        LOG.warning("batch %d of this worker was dropped: %s", work.report.batches + 1, fault)
        work.sharing.look_again()
        _batch(work, planned).folder.remove()


def _ends(work: Work, planned: Plan) -> dict[int, int]:
    """Where each partition ended when the run began, so that a run ends even if the topic grows all the time."""
    saved = work.warehouse.next_offsets(work.topic)
    return {r.partition: max(r.start, saved.get(r.partition, 0)) + planned.lag[r.partition] for r in planned.ranges}


def _caught_up(work: Work, ends: dict[int, int]) -> bool:
    saved = work.warehouse.next_offsets(work.topic)
    return all(saved.get(partition, 0) >= end for partition, end in ends.items())


def _batch(work: Work, planned: Plan) -> BatchPlan:
    from pipelines.jobs.batches import BatchPlan

    run_id = work.report.run_id
    batch_id = f"{run_id}-{work.report.batches + 1:05d}"
    return BatchPlan(
        batch_id,
        run_id,
        planned.ranges,
        work.store.batches / batch_id,
        datetime.now(UTC),
        planned.gaps,
        topic_id=planned.topic_id,
    )
