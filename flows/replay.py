"""The replay flow: dead letters through the same job again, after a fix, any number of times, without doubles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.dead_letters import chosen, count_of
from flows.masking import masked
from flows.place import the_settings, with_broker
from flows.watching import watcher
from flows.work import Work, finish, finish_batch, settle, step, working

if TYPE_CHECKING:
    from pipelines.jobs.batches import Transformed
    from pipelines.jobs.replay import Handed
    from pipelines.warehouse import DeadLetterFilter


@step("transform")
def transform_letters(work: Work, wanted: DeadLetterFilter) -> tuple[Transformed, Handed] | None:
    """The Beam job over the next of the chosen dead letters: a staged batch; None when there are none left."""
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
    """Replay the dead letters that are still rejected, batch by batch, each published before the next.

    They go by their ids: one that is rejected again is not tried again in the same run.

    Args:
        reason: only those of this reason.
        scraper: only those of this scraper.
        since: only those rejected since then.
        warehouse: URL in place of the settings' one.
        wait_minutes: how long to wait for another run that writes.
    """
    settings = with_broker(the_settings(warehouse=warehouse))
    with working(settings, "replay", wait_minutes) as work:
        settle(work)
        _replay_batches(work, chosen(reason=reason, scraper=scraper, since=since))
        finish(work)
    return work.report.as_json()


def _replay_batches(work: Work, wanted: DeadLetterFilter) -> None:
    watcher().found(count_of(work.warehouse, wanted))
    while True:
        watcher().step("transform", work.report.batches + 1)
        ran = transform_letters(work, wanted)
        if ran is None:
            return
        transformed, handed = ran
        finish_batch(work, transformed)
        wanted = replace(wanted, after=handed.last_id)
