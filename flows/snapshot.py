"""Keeps a copy of a DuckDB warehouse for readers: a BI tool may hold it open for as long as it likes.

While anybody reads a DuckDB file, no run can load into it. The copy is exchanged in one step, after a batch and at the
end of a run; whoever has the former copy open goes on reading that one.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.phrases import in_words

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline.snapshot")


@dataclass(slots=True)
class Snapshot:
    """The copy that the settings name, if they name one. A copy that cannot be written never stops loading."""

    settings: Settings
    warehouse: Warehouse
    is_due: bool = False
    """Whether a batch was loaded after the last copy."""
    next_at: float = 0.0

    def batch_loaded(self) -> None:
        """Copy the warehouse, unless it was copied less than the seconds of the settings ago."""
        self.is_due = True
        if time.monotonic() >= self.next_at:
            self.finish()

    def finish(self) -> None:
        """Copy the warehouse if a batch was loaded after the last copy."""
        path = self.settings.snapshot.path
        if path is None or not self.is_due:
            return
        try:
            self.warehouse.copy_to(path)
        except OSError as fault:
            LOG.warning("the snapshot %s was not written, and readers see the former one: %s", path, in_words(fault))
        else:
            self.is_due = False
        self.next_at = time.monotonic() + self.settings.snapshot.every_s
