"""Removes originals that no dead letter has any more: those of deleted records, and those that were encrypted anew."""

from __future__ import annotations

from pipelines.stage import StageStore
from pipelines.warehouse import Warehouse


def remove_originals(warehouse: Warehouse, store: StageStore) -> None:
    """Removes the files that the warehouse names for removal and that are in this store."""
    paths = [path for path in warehouse.originals_to_remove() if store.owns_original(path)]
    if not paths:
        return
    for path in paths:
        store.remove_original(path)
    warehouse.forget_originals(paths)
