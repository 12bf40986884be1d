"""What becomes of staged folders: the last few that were loaded are kept for a look, all others are removed.

The folders of each warehouse and topic lie apart, so that runs into two warehouses, or from two topics, never touch
each other's.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline.staged")
KEPT = 3  # the last few batches, to look at what a step made of them


def staged_folder(settings: Settings) -> Path:
    """Where the batches of the settings' warehouse and topic are staged."""
    return settings.home / "staged" / settings.warehouse_key / settings.kafka.raw_topic  # a name that Kafka allows


@dataclass(frozen=True, slots=True)
class StagedBatches:
    """The folders of the staged batches of one warehouse and topic. Only the warehouse's writer may change them."""

    folder: Path

    def settle(self, warehouse: Warehouse) -> None:
        """Remove what a killed run staged and did not load."""
        from pipelines.warehouse.questions import ask

        for letters in self.folder.glob("*.letters.avro"):  # what a killed replay was about to try
            letters.unlink(missing_ok=True)
        for folder in self._folders():
            if not ask(warehouse, "batch_is_loaded", (folder.name,)).rows:
                LOG.info("removing %s: staged by a run that ended before it was loaded", folder)
                shutil.rmtree(folder, ignore_errors=True)
        if any(ask(warehouse, "batch_has_removed", (folder.name,)).rows for folder in self._folders()):
            self.forget_all()  # the run was killed between the deletion and this

    def forget_all(self) -> None:
        """Remove every folder: a delete request covers something that may be in any of them."""
        for folder in self._folders():
            shutil.rmtree(folder, ignore_errors=True)

    def forget_old(self) -> None:
        """Remove all but the last few. Every folder is of a batch that was loaded."""
        for folder in self._folders()[:-KEPT]:
            shutil.rmtree(folder, ignore_errors=True)

    def _folders(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted((path for path in self.folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
