"""The ingest flow: plan ▶ transform ▶ audit ▶ publish ▶ report, micro-batch after micro-batch."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow, task

from flows.place import the_settings, with_broker
from flows.watching import watcher
from flows.work import TASK, Work, finish, finish_batch, settle, transform, working

if TYPE_CHECKING:
    from pipelines.jobs.batches import BatchPlan
    from pipelines.sources.kafka import Plan

POLL_S = 2.0  # how often --follow looks for new records


@task(name="plan", **TASK)
def plan(work: Work, most: int) -> Plan:
    """From the next offsets of the warehouse up to the topic's end, at most ``most`` of them."""
    from pipelines.sources.kafka import plan_ranges

    saved, loaded_id = work.warehouse.next_offsets(work.topic), work.warehouse.topic_id(work.topic)
    policy = work.settings.batch.retention_gap
    return plan_ranges(work.settings.kafka, work.topic, saved, most, loaded_id=loaded_id, retention_gap=policy)


@task(name="confirm", **TASK)
def confirm(work: Work, planned: Plan) -> None:
    """That what was read is of the topic that was planned, which nobody has made again meanwhile."""
    from pipelines.sources.kafka import confirm_topic

    confirm_topic(work.settings.kafka, planned.topic, planned.topic_id)


@flow(name="ingest", persist_result=False)
def ingest(
    follow: bool = False, max_records: int | None = None, runner: str | None = None, warehouse: str | None = None,
    wait_minutes: float = 0,
) -> dict[str, Any]:
    """Load what waits in the topic: until caught up with its end as the run finds it, or for ever with ``follow``.

    Args:
        follow: go on looking for new records until the run is cancelled.
        max_records: take at most so many records.
        runner: Beam runner in place of the settings' one.
        warehouse: URL in place of the settings' one.
        wait_minutes: how long to wait for another run that writes.
    """
    settings = with_broker(the_settings(runner=runner, warehouse=warehouse))
    with working(settings, "ingest", wait_minutes) as work:
        settle(work)
        _load_batches(work, follow=follow, most=max_records or sys.maxsize)
        finish(work)
    return work.report.as_json()


def _load_batches(work: Work, *, follow: bool, most: int) -> None:
    told = work.report
    ends: dict[int, int] | None = None
    while told.records < most:
        watcher().step("plan", told.batches + 1)
        planned = plan(work, min(work.settings.batch.max_records, most - told.records))
        watcher().found(told.records + min(sum(planned.lag.values()), most - told.records))
        ends = ends if ends is not None else _ends(work, planned)
        if planned.ranges:
            watcher().step("transform", told.batches + 1)
            transformed = transform(work, _batch(work, planned))
            confirm(work, planned)
            finish_batch(work, transformed)
        if follow:
            if not planned.ranges:
                work.outbox.send()
                time.sleep(POLL_S)
        elif not planned.ranges or _caught_up(work, ends):
            return


def _ends(work: Work, planned: Plan) -> dict[int, int]:
    """Where the topic ended when the run began: one that grows all the time is not followed for ever."""
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
        work.staged / batch_id,
        datetime.now(UTC),
        planned.gaps,
        topic_id=planned.topic_id,
    )
