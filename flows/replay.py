"""The replay flow: processes dead letters again after a fix, any number of times, without loading anything twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.dead_letters import chosen, count_of
from flows.masking import masked
from flows.takedowns import complete_open
from flows.targets import the_settings, with_broker
from flows.watching import watcher
from flows.work import Work, audit, clean_up, finish, finish_batch, step, working

if TYPE_CHECKING:
    from pipelines.jobs.batches import Transformed
    from pipelines.jobs.replay import Handed
    from pipelines.warehouse import DeadLetterFilter


@step("transform")
def transform_letters(work: Work, wanted: DeadLetterFilter) -> tuple[Transformed, Handed] | None:
    """Run the Beam job over the next of the chosen dead letters; None if there are none left."""
    from pipelines.jobs.batches import BatchPlan
    from pipelines.jobs.replay import chosen_letters, replay_batch

    report = work.report
    batch_id, before = f"{report.run_id}-{report.batches + 1:05d}", report.records
    plan = BatchPlan(batch_id, report.run_id, (), work.store.batches / batch_id, datetime.now(UTC), kind="replay")
    letters = chosen_letters(work.warehouse, wanted, work.settings.batch.max_records, work.settings)
    return replay_batch(letters, plan, work.settings, work.executor, lambda done: watcher().done(before + done))


@flow(name="replay", persist_result=False)
@masked
def replay(
    reason: str | None = None, scraper: str | None = None, since: datetime | None = None, warehouse: str | None = None,
    wait_minutes: float = 0,
) -> dict[str, Any]:
    """Replay dead letters that are still rejected, batch by batch; each batch is loaded before the next one.

    Dead letters are processed in the order of their ids, so one that is rejected again is tried once in a run.

    Args:
        reason: replay only dead letters with this reason.
        scraper: replay only dead letters of this scraper.
        since: replay only dead letters that were rejected since then.
        warehouse: URL of the warehouse, instead of the one in the settings.
        wait_minutes: how long to wait for another run to release the writer lock.
    """
    settings = with_broker(the_settings(warehouse=warehouse))
    with working(settings, "replay", wait_minutes) as work:
        clean_up(work)
        complete_open(work)
        _replay_batches(work, chosen(reason=reason, scraper=scraper, since=since))
        finish(work)
    return work.report.as_json()


def _replay_batches(work: Work, wanted: DeadLetterFilter) -> None:
    watcher().expect(count_of(work.warehouse, wanted))
    while True:
        watcher().step("transform", work.report.batches + 1)
        ran = transform_letters(work, wanted)
        if ran is None:
            return
        transformed, handed = ran
        watcher().step("audit", work.report.batches + 1)
        finish_batch(work, transformed, audit(work, transformed.batch))
        wanted = replace(wanted, after=handed.last_id)
