"""The marts with their columns and comments, as a new warehouse has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.warehouse.duckdb import DuckDBWarehouse

COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type, c.comment, v.comment
FROM duckdb_columns() c
JOIN duckdb_views() v ON v.schema_name = c.schema_name AND v.view_name = c.table_name
WHERE c.schema_name = 'marts' AND c.database_name = current_database() AND NOT c.internal
ORDER BY c.table_name, c.column_index
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``kind`` is DuckDB's name of its type."""

    name: str
    kind: str
    comment: str


@dataclass(frozen=True, slots=True)
class Mart:
    name: str
    comment: str
    columns: tuple[Column, ...]


@cache
def marts() -> tuple[Mart, ...]:
    """All marts in the order of their names, with their columns in the order of the view."""
    with TemporaryDirectory() as folder:
        warehouse = DuckDBWarehouse(Path(folder) / "warehouse.duckdb")
        warehouse.prepare()
        rows = warehouse.query(COLUMNS).rows
    names = dict.fromkeys((row[0], row[4]) for row in rows)
    return tuple(
        Mart(name, comment, tuple(Column(*row[1:4]) for row in rows if row[0] == name)) for name, comment in names
    )
