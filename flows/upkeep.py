"""The upkeep of a warehouse and of the archive beside it, for the command and the flow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flows.dead_letters import opened

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Done, Warehouse


def keep_up(settings: Settings, keep_days: float, wait_minutes: float = 0.0) -> list[Done]:
    """Free space in the warehouse, and remove what the archive need not keep; what was done.

    Earlier states of Iceberg tables stay readable for ``keep_days``. Raises ``WarehouseBusy`` if a run still has the
    writer lock after ``wait_minutes``.
    """
    warehouse = opened(settings)
    with warehouse.writer("dateline maintain", 60 * wait_minutes):
        return [*warehouse.maintain(timedelta(days=keep_days)), *_keep_archive(settings, warehouse)]


def _keep_archive(settings: Settings, warehouse: Warehouse) -> list[Done]:
    from pipelines.jobs.archive import erase_removed, keep_archive
    from pipelines.stage import stage_store
    from pipelines.warehouse import Done

    archive, now = stage_store(settings).archive, datetime.now(UTC)
    if not archive.batches():
        return []
    erase_removed(archive, warehouse, now)
    kept = keep_archive(archive, settings.archive, now)
    return [Done("retain", f"archive of {archive.topic}", kept.before, kept.after, "bytes", kept.files_removed)]
