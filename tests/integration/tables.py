"""The tables of a warehouse, row by row, without what tells one run from another: two runs are compared by them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.resolve.layout import layout
from pipelines.stage.columns import ColumnType
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine

type Rows = dict[str, list[tuple[Any, ...]]]

OF_THE_RUN = {  # what tells one run from another, and nothing of an article
    "run_id", "batch_id", "processed_at", "rejected_at", "updated_at", "resolved_at", "replayed_in", "removed_in",
}
TABLES = (
    "articles", "article_versions", "outlets", "entities", "mentions", "article_entities", "story_bands", "ledger",
    "gaps", "dead_letters", "partition_offsets", "outbox", "version_changes",
)


def rows(machine: Machine) -> Rows:
    """Every row of every table of its warehouse, without what is of the run, the same for every kind of warehouse."""
    warehouse = open_warehouse(machine.warehouse_url)
    found = {}
    for table in TABLES:
        everything = warehouse.query(f"SELECT * FROM {table}")
        types = {column.name: column.type for column in layout()[table].columns}
        kept = [n for n, column in enumerate(everything.columns) if column not in OF_THE_RUN]
        found[table] = sorted(
            (tuple(_of_any(everything.columns[n], types, row[n]) for n in kept) for row in everything.rows), key=repr
        )
    return found


def _of_any(column: str, types: Mapping[str, ColumnType], value: Any) -> Any:
    """A value without what is of one home or one kind of warehouse.

    A large original is known by its own name, without the folder, which is named after the warehouse's path; JSON is
    known by its values, because PostgreSQL orders its keys; time zones have one form.
    """
    if value is None:
        return None
    if column == "original_path":
        return Path(value).name
    if types[column] == "json":
        return json.dumps(json.loads(value), sort_keys=True)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
