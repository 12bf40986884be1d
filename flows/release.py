"""The release flow: loads the waiting articles of a quarantined scraper and ends its quarantine.

It reads nothing from Kafka. The quarantine ends after the last waiting article is loaded. If the run is killed before
that, the scraper stays quarantined, and the next release continues with the articles that still wait.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.masking import masked
from flows.scrapers import need_quarantined
from flows.targets import the_settings
from flows.watching import watcher
from flows.work import Work, load, remove_staged, step, working

if TYPE_CHECKING:
    from pipelines.stage import StagedBatch


@step("stage")
def stage_waiting(work: Work, scraper: str) -> StagedBatch | None:
    """The scraper's next waiting articles as a staged batch; None if none wait."""
    from pipelines.jobs.batches import BatchPlan
    from pipelines.jobs.release import release_batch

    waiting = work.warehouse.waiting(scraper, work.settings.batch.max_records)
    if not waiting:
        return None
    run_id = work.report.run_id
    batch_id = f"{run_id}-{work.report.batches + 1:05d}"
    plan = BatchPlan(batch_id, run_id, (), work.store.batches / batch_id, datetime.now(UTC), kind="release")
    return release_batch(waiting, plan, work.processor)


@step("end quarantine")
def end_quarantine(work: Work, scraper: str) -> None:
    work.warehouse.end_quarantine(scraper)


@flow(name="release", persist_result=False)
@masked
def release(scraper: str, warehouse: str | None = None, wait_minutes: float = 0) -> dict[str, Any]:
    """Load the waiting articles of a quarantined scraper and end its quarantine.

    Args:
        scraper: name of the scraper, as `dateline scrapers list` shows it.
        warehouse: URL of the warehouse, instead of the one in the settings.
        wait_minutes: how long to wait for another run to release the writer lock.
    """
    settings = the_settings(warehouse=warehouse)
    watcher().expect(need_quarantined(settings, scraper).waiting)
    with working(settings, "release", wait_minutes) as work:
        while (batch := stage_waiting(work, scraper)) is not None:
            watcher().step("load", work.report.batches + 1)
            loaded = load(work, batch, None)
            work.report.count(loaded)
            watcher().done(work.report.records)
            remove_staged(work, loaded)
        end_quarantine(work, scraper)
    return work.report.as_json()
