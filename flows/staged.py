"""Removes staged batches, except for the last few that were loaded, which are kept for inspection.

Each warehouse and topic has its own folders, so runs into two warehouses, or on two topics, never touch each other's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.stage import Archive, Folder
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline.staged")
KEPT = 3  # the last few batches are kept for inspection
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StagedBatches:
    """The staged batches of one warehouse and topic. Only the run with the writer lock may change them."""

    folder: Folder
    archive: Archive | None = None

    def remove_unloaded(self, warehouse: Warehouse, live: Callable[[], frozenset[str]] = frozenset) -> None:
        """Remove batches that a killed run staged and did not load.

        ``live`` returns the ids of runs on the same topic that are at work: their batches are left alone.
        """
        from pipelines.warehouse.questions import ask

        for letters in self.folder.files():  # dead letters that a killed replay had prepared
            self.folder.remove_file(letters)
        batches = list(self.folder.folders())
        runs = live()  # asked after the batches are listed: who staged one of them was registered before
        for batch in batches:
            if batch.name.rpartition("-")[0] in runs:
                continue
            if not ask(warehouse, "batch_is_loaded", (batch.name,)).rows:
                LOG.info("removing %s: the run that staged it ended before it was loaded", batch)
                if self.archive is not None:
                    self.archive.discard(batch.name)
                batch.remove()
        removing = [b.name for b in self.folder.folders() if ask(warehouse, "batch_has_removed", (b.name,)).rows]
        if removing and not runs:  # a run was killed after a deletion and before it removed the files
            for batch_id in removing:
                self.erase_removed(warehouse, batch_id)
            self.remove_all()

    def erase_removed(self, warehouse: Warehouse, batch_id: str) -> None:
        """Erase from the archive what the load of a batch removed or kept out on a delete request."""
        from pipelines.jobs.archive import erase_removed

        if self.archive is not None:
            erase_removed(self.archive, warehouse, datetime.now(UTC), batch_id)

    def remove_all(self, loaded: str | None = None) -> None:
        """Remove every folder, because any of them may contain what a delete request covers.

        A batch that the run of the batch ``loaded`` prepares after it is left alone, since it will be loaded.
        """
        for batch in self._up_to(loaded):
            batch.remove()

    def remove_loaded_of_others(self, warehouse: Warehouse) -> None:
        """Remove batches of other topics of the same warehouse that were loaded, which nothing needs any more."""
        from pipelines.warehouse.questions import ask

        for topic in self.folder.parent.folders():
            for batch in topic.folders() if topic.name != self.folder.name else ():
                if ask(warehouse, "batch_is_loaded", (batch.name,)).rows:
                    batch.remove()

    def remove_old(self, loaded: str | None = None) -> None:
        """Remove all folders except the last few, and except a batch that is prepared after the batch ``loaded``.

        Call it only when all others are of loaded batches.
        """
        for batch in sorted(self._up_to(loaded), key=_sealed_at)[:-KEPT]:
            batch.remove()

    def _up_to(self, loaded: str | None) -> list[Folder]:
        """All folders but those of later batches of the same run. The ids of a run's batches end in their numbers."""
        run, _, number = (loaded or "").rpartition("-")
        return [
            batch for batch in self.folder.folders()
            if not (run and batch.name.rpartition("-")[0] == run and batch.name.rpartition("-")[2] > number)
        ]


def _sealed_at(batch: Folder) -> datetime:
    from pipelines.stage.batch import MANIFEST

    try:
        return batch.modified_at(MANIFEST)
    except FileNotFoundError:
        return NEVER
