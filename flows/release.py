"""The release flow: a person has looked at a quarantined scraper; what waits of it is loaded, and it goes on.

It reads nothing from Kafka. The source is let go after its last article: a run that was killed before leaves it held,
with the rest waiting, and the next goes on from there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.masking import masked
from flows.place import the_settings
from flows.scrapers import need_quarantined
from flows.watching import watcher
from flows.work import Work, forget_staged, load, step, working

if TYPE_CHECKING:
    from pipelines.stage import StagedBatch


@step("stage")
def stage_waiting(work: Work, scraper: str) -> StagedBatch | None:
    """What waits of the source, at most a batch of it; None when nothing does."""
    from pipelines.jobs.batches import BatchPlan
    from pipelines.jobs.release import release_batch

    waiting = work.warehouse.waiting(scraper, work.settings.batch.max_records)
    if not waiting:
        return None
    run_id = work.report.run_id
    batch_id = f"{run_id}-{work.report.batches + 1:05d}"
    plan = BatchPlan(batch_id, run_id, (), work.store.batches / batch_id, datetime.now(UTC), kind="release")
    return release_batch(waiting, plan, work.processor)


@step("let flow")
def end_quarantine(work: Work, scraper: str) -> None:
    work.warehouse.end_quarantine(scraper)


@flow(name="release", persist_result=False)
@masked
def release(scraper: str, warehouse: str | None = None, wait_minutes: float = 0) -> dict[str, Any]:
    """Load what waits of a quarantined scraper, and let it go on.

    Args:
        scraper: name of the scraper, as `dateline scrapers list` shows it.
        warehouse: URL in place of the settings' one.
        wait_minutes: how long to wait for another run that writes.
    """
    settings = the_settings(warehouse=warehouse)
    watcher().found(need_quarantined(settings, scraper).waiting)
    with working(settings, "release", wait_minutes) as work:
        while (batch := stage_waiting(work, scraper)) is not None:
            watcher().step("load", work.report.batches + 1)
            loaded = load(work, batch, None)
            work.report.count(loaded)
            watcher().done(work.report.records)
            forget_staged(work, loaded)
        end_quarantine(work, scraper)
    return work.report.as_json()
