"""A warehouse that keeps what is decided for it, so that others get the same rows without deciding again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pipelines.resolve.changes import Changes
from pipelines.warehouse import Loaded
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.relational import RelationalWarehouse


class Recording(DuckDBWarehouse):
    """Keeps what is applied to it."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        self.applied: list[Changes] = []

    def repeat(self, warehouse: RelationalWarehouse) -> None:
        """Gives an empty warehouse the same rows: DuckDB by a copy of the file, others by the same changes."""
        if isinstance(warehouse, DuckDBWarehouse):
            shutil.copy(self.path, warehouse.path)
            return
        for changes in self.applied:
            warehouse.apply(changes)

    def apply(self, changes: Changes) -> Loaded:
        self.applied.append(changes)
        return super().apply(changes)
