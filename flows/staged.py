"""What becomes of staged folders: announced after their commit, kept a while for a look, else removed.

A batch's dead letters go to their topic after the warehouse's commit. The folder stays unmarked until the broker has
acknowledged them, so a run that was killed in between is made good by the next: at least once.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.stage import StagedBatch
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline.staged")
ANNOUNCED = "announced"
KEPT = 3  # the last few batches, to look at what a step made of them


@dataclass(frozen=True, slots=True)
class Leftovers:
    """The folders of staged batches under one folder."""

    folder: Path

    def announce(self, batch: StagedBatch, settings: Settings) -> None:
        """Send a published batch's dead letters to their topic, then mark it."""
        from pipelines.sinks.kafka import publish_dead_letters
        from pipelines.stage import read_dead_letters

        letters = tuple(read_dead_letters(batch))
        if letters:
            publish_dead_letters(settings.kafka, letters)
        (batch.folder / ANNOUNCED).touch()

    def settle(self, settings: Settings, warehouse: Warehouse) -> None:
        """Announce what a killed run committed and did not announce; remove what it staged and did not commit."""
        from pipelines.stage import read_manifest
        from pipelines.warehouse.questions import ask

        for letters in self.folder.glob("*.letters.avro"):  # what a killed replay was about to try
            letters.unlink(missing_ok=True)
        for folder in self._folders():
            if (folder / ANNOUNCED).exists():
                continue
            if not (folder / "manifest.json").exists() or not ask(warehouse, "batch_is_loaded", (folder.name,)).rows:
                LOG.info("removing %s: staged by a run that ended before it was loaded", folder.name)
                shutil.rmtree(folder, ignore_errors=True)
                continue
            self.announce(read_manifest(folder), settings)

    def forget_old(self) -> None:
        announced = [folder for folder in self._folders() if (folder / ANNOUNCED).exists()]
        for folder in announced[:-KEPT]:
            shutil.rmtree(folder, ignore_errors=True)

    def _folders(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted((path for path in self.folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
