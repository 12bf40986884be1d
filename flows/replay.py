"""The replay flow: dead letters through the same job again, after a fix, any number of times, without doubles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow, task

from flows.letters import avro_of, chosen
from flows.place import the_settings, with_broker
from flows.staged import Leftovers
from flows.watching import watcher
from flows.work import TASK, Work, finish_batch, working

if TYPE_CHECKING:
    from pipelines.jobs.batches import Transformed
    from pipelines.warehouse import DeadLetterFilter


@task(name="transform", **TASK)
def transform_letters(work: Work, wanted: DeadLetterFilter) -> Transformed | None:
    """The Beam job over the dead letters that are chosen: a staged batch; None when there are none."""
    from pipelines.jobs.batches import BatchPlan
    from pipelines.jobs.replay import replay_batch

    letters = work.warehouse.dead_letters(wanted)
    if not letters:
        return None
    watcher().found(len(letters))
    batch_id = f"{work.report.run_id}-00001"
    plan = BatchPlan(batch_id, work.report.run_id, (), work.staged / batch_id, datetime.now(UTC), kind="replay")
    return replay_batch(map(avro_of, letters), plan, work.settings, work.workers, watcher().done)


@flow(name="replay", persist_result=False)
def replay(
    reason: str | None = None, source: str | None = None, since: datetime | None = None, warehouse: str | None = None
) -> dict[str, Any]:
    """Replay the dead letters that are still rejected.

    Args:
        reason: only those of this reason.
        source: only those of this scraper.
        since: only those rejected since then.
        warehouse: URL in place of the settings' one.
    """
    settings = with_broker(the_settings(warehouse=warehouse))
    with working(settings, "replay") as work:
        Leftovers(work.staged).settle(work.settings, work.warehouse)
        watcher().step("transform", 1)
        transformed = transform_letters(work, chosen(reason=reason, source=source, since=since))
        if transformed is not None:
            finish_batch(work, transformed)
    return work.report.as_json()
