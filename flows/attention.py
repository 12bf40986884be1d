"""Has the warehouse store the attention to entities while runs load articles, so that its marts stay quick."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipelines.phrases import in_words

if TYPE_CHECKING:
    from pipelines.warehouse import Loaded, Warehouse

LOG = logging.getLogger("dateline.attention")

ARTICLES: Final = 5_000
"""So many articles are loaded by a run before it stores the counts, except at its end."""
CHANGES: Final = 100_000
"""Below so many changes of articles' entities the marts count them at every query: it takes some tenths of a second."""


@dataclass(slots=True)
class StoredAttention:
    """Stores the counts after so many articles, and at the end of a run. A failure never stops loading."""

    warehouse: Warehouse
    articles: int = 0
    """Articles that were loaded since the counts were last stored."""

    def batch_loaded(self, loaded: Loaded) -> None:
        """Store the counts if enough articles were loaded since the last time."""
        self.articles += sum(loaded.outcomes[each] for each in ("loaded", "new_version", "new_reading"))
        if self.articles >= ARTICLES:
            self.finish()

    def finish(self) -> None:
        """Store the counts if articles were loaded since the last time."""
        from pipelines.warehouse import WarehouseFault

        if not self.articles:
            return
        self.articles = 0
        try:
            self.warehouse.store_attention(CHANGES)
        except WarehouseFault as fault:
            LOG.warning("the attention to entities was not stored; marts count it at every query: %s", in_words(fault))
