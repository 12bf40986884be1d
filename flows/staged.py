"""What becomes of staged folders: the last few that were loaded are kept for a look, all others are removed.

The folders of each warehouse and topic lie apart, so that runs into two warehouses, or from two topics, never touch
each other's.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.stage import Folder
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline.staged")
KEPT = 3  # the last few batches, to look at what a step made of them
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StagedBatches:
    """The folders of the staged batches of one warehouse and topic. Only the warehouse's writer may change them."""

    folder: Folder

    def settle(self, warehouse: Warehouse) -> None:
        """Remove what a killed run staged and did not load."""
        from pipelines.warehouse.questions import ask

        for letters in self.folder.files():  # what a killed replay was about to try
            self.folder.remove_file(letters)
        for batch in self.folder.folders():
            if not ask(warehouse, "batch_is_loaded", (batch.name,)).rows:
                LOG.info("removing %s: staged by a run that ended before it was loaded", batch)
                batch.remove()
        if any(ask(warehouse, "batch_has_removed", (batch.name,)).rows for batch in self.folder.folders()):
            self.forget_all()  # the run was killed between the deletion and this

    def forget_all(self) -> None:
        """Remove every folder: a delete request covers something that may be in any of them."""
        for batch in self.folder.folders():
            batch.remove()

    def forget_old(self) -> None:
        """Remove all but the last few. Every folder is of a batch that was loaded."""
        for batch in sorted(self.folder.folders(), key=_sealed_at)[:-KEPT]:
            batch.remove()


def _sealed_at(batch: Folder) -> datetime:
    from pipelines.stage.batch import MANIFEST

    try:
        return batch.modified_at(MANIFEST)
    except FileNotFoundError:
        return NEVER
