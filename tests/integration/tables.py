"""The tables of a warehouse, row by row, without what tells one run from another: two runs are compared by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.warehouse import open_warehouse

type Rows = dict[str, list[tuple[Any, ...]]]

OF_THE_RUN = {  # what tells one run from another, and nothing of an article
    "run_id", "batch_id", "processed_at", "rejected_at", "updated_at", "resolved_at", "replayed_in", "removed_in",
}
TABLES = (
    "articles", "article_versions", "outlets", "entities", "mentions", "article_entities", "story_bands", "ledger",
    "gaps", "dead_letters", "partition_offsets", "outbox",
)


def rows(home: Path) -> Rows:
    """Every row of every table, without what is of the run."""
    warehouse = open_warehouse(f"duckdb:///{home / 'warehouse.duckdb'}")
    found = {}
    for table in TABLES:
        everything = warehouse.query(f"SELECT * FROM {table}")
        kept = [n for n, column in enumerate(everything.columns) if column not in OF_THE_RUN]
        found[table] = sorted(
            (tuple(_of_no_home(everything.columns[n], row[n]) for n in kept) for row in everything.rows), key=repr
        )
    return found


def _of_no_home(column: str, value: Any) -> Any:
    """A large original by its own name, without the folder, which is named after the warehouse's path."""
    return value and Path(value).name if column == "original_path" else value
