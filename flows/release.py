"""The release flow: a person has looked at a held source; what waits of it is loaded, and it goes on.

It reads nothing from Kafka. The source is let go after its last article: a run that was killed before leaves it held,
with the rest waiting, and the next goes on from there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.masking import masked
from flows.place import the_settings
from flows.sources import need_held
from flows.watching import watcher
from flows.work import Work, forget_staged, publish, step, working

if TYPE_CHECKING:
    from pipelines.stage import StagedBatch


@step("stage")
def stage_waiting(work: Work, source: str) -> StagedBatch | None:
    """What waits of the source, at most a batch of it; None when nothing does."""
    from pipelines.jobs.batches import BatchPlan
    from pipelines.jobs.release import release_batch

    waiting = work.warehouse.waiting(source, work.settings.batch.max_records)
    if not waiting:
        return None
    run_id = work.report.run_id
    batch_id = f"{run_id}-{work.report.batches + 1:05d}"
    plan = BatchPlan(batch_id, run_id, (), work.store.batches / batch_id, datetime.now(UTC), kind="release")
    return release_batch(waiting, plan, work.processor)


@step("let flow")
def let_flow(work: Work, source: str) -> None:
    work.warehouse.let_flow(source)


@flow(name="release", persist_result=False)
@masked
def release(source: str, warehouse: str | None = None, wait_minutes: float = 0) -> dict[str, Any]:
    """Load what waits of a held source, and let it go on.

    Args:
        source: name of the scraper, as `dateline sources list` shows it.
        warehouse: URL in place of the settings' one.
        wait_minutes: how long to wait for another run that writes.
    """
    settings = the_settings(warehouse=warehouse)
    watcher().found(need_held(settings, source).waiting)
    with working(settings, "release", wait_minutes) as work:
        while (batch := stage_waiting(work, source)) is not None:
            watcher().step("publish", work.report.batches + 1)
            loaded = publish(work, batch, None)
            work.report.count(loaded)
            watcher().done(work.report.records)
            forget_staged(work, loaded)
        let_flow(work, source)
    return work.report.as_json()
