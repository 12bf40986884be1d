"""The upkeep of a warehouse and of the archive beside it, for the command and the flow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flows.dead_letters import opened
from flows.faults import WrongUsage
from flows.watching import writer_lock

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Done, Warehouse


def keep_up(
    settings: Settings, keep_days: float, wait_minutes: float = 0.0, *, reencrypts: bool = False
) -> list[Done]:
    """Free space in the warehouse, and remove what the archive need not keep; what was done.

    If it ``reencrypts``, what is kept of raw messages is encrypted with the current key before. Earlier states of
    Iceberg tables stay readable for ``keep_days``. Raises ``WarehouseBusy`` if a run still has the writer
    lock after ``wait_minutes``.
    """
    warehouse = opened(settings)
    if reencrypts and settings.encryption.key_id is None:
        raise WrongUsage(
            "There is no current key to encrypt with. Nothing was changed.\n"
            "What to do: name one in DATELINE_ENCRYPTION__KEY_ID and give it in DATELINE_ENCRYPTION__KEYRING."
        )
    topic = settings.kafka.raw_topic if reencrypts else ""
    with writer_lock(warehouse, "dateline maintain", wait_minutes, topic):
        warehouse.prepare()
        done = list(_reencrypt(settings, warehouse)) if reencrypts else []
        return [*done, *warehouse.maintain(timedelta(days=keep_days)), *_keep_archive(settings, warehouse)]


def _reencrypt(settings: Settings, warehouse: Warehouse) -> Iterator[Done]:
    """Encrypt what is kept of the topic's messages with the current key; staged batches, which have them too, go."""
    from flows.staged import StagedBatches
    from pipelines.jobs.reencrypt import reencrypt
    from pipelines.stage import stage_store
    from pipelines.warehouse import Done

    store = stage_store(settings)
    staged = StagedBatches(store.batches, store.archive)
    staged.remove_unloaded(warehouse)
    staged.remove_all()
    done = reencrypt(warehouse, store)
    for what, now, left in (
        ("originals", done.originals, done.originals_left), ("archive", done.messages, done.messages_left),
    ):
        yield Done("encrypt", f"{what} of {store.topic}", now + left, left, "with another key or none")


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
