"""Looks up in the warehouse which names are known of texts: a worker process asks it itself, once for many articles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pipelines.records import CleanArticle, KnownNames
from pipelines.resolve.known_names import known_names
from pipelines.runtime import LOCAL_RUNNERS
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.transforms.recall import FindNames
    from pipelines.transforms.shared import Loader
    from pipelines.warehouse import Warehouse

PATIENCE_S = 2.0
"""How long a worker waits for a file that another process writes to. The model finds names in no more than that."""


def names_loader(settings: Settings) -> Loader[FindNames] | None:
    """The loader of the lookup in the settings' warehouse; None on a cluster, whose workers may not reach it."""
    return partial(load_lookup, settings) if settings.runner in LOCAL_RUNNERS else None


def load_lookup(settings: Settings) -> FindNames:
    """A lookup that opens the warehouse to read it, for as long as a query takes."""
    from pipelines.transforms.processor import processor_of
    from pipelines.warehouse import open_warehouse
    from pipelines.warehouse.duckdb import DuckDBWarehouse

    warehouse = open_warehouse(settings.warehouse_url)
    if isinstance(warehouse, DuckDBWarehouse):  # of Iceberg tables the replica, which the run has brought up to date
        warehouse = DuckDBWarehouse(warehouse.path, patience_s=PATIENCE_S)
    return partial(look_up, warehouse, processor_of(settings))


def look_up(warehouse: Warehouse, processor: str, articles: Sequence[CleanArticle]) -> Sequence[KnownNames | None]:
    """The names that the warehouse has of each article's text, if they were found by the processor."""
    with warehouse.known_state() as known:
        return known_names(articles, processor, known)
