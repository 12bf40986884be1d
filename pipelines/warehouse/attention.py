"""Keeps counts of the attention to entities stored, so that marts over many articles answer in seconds.

Counting the entities of every article anew for each query takes long: a million articles have eight million of them.
The tables of the schema ``attention`` have the counts by day and by week as they were when they were last stored.
``attention.changed`` names the entities and times of every row of ``article_entities`` that was added, changed or
removed since, and the marts count these, and only these, anew: they are exact at any time, whether or not the counts
were stored.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from pipelines.resolve.layout import TableLayout, layout
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.statements import in_time_zone, statements

COUNTED: Final = "article_entities"
"""The table whose rows are counted."""
TABLES: Final = ("attention.by_day", "attention.by_week", "attention.changed")
_CHANGED = TableLayout(
    "attention.changed", "", (), tuple(layout()[COUNTED].column(name) for name in ("entity_id", "dated_at"))
)


def mark_rows(con: Connection, rows: str, entity_id: str = "t.entity_id") -> None:
    """Records that rows of ``article_entities`` change. ``rows`` is the SQL of a join that has them as ``t``."""
    con.execute(f"INSERT INTO attention.changed SELECT DISTINCT {entity_id}, t.dated_at FROM {rows}")


def mark_added(con: Connection, rows: pa.Table) -> None:
    """Records that these rows are added to ``article_entities``."""
    names = _CHANGED.schema.names
    con.add(_CHANGED, rows.select(names).group_by(names).aggregate([]).select(names))


def mark_all(con: Connection) -> None:
    """Removes all stored counts: whatever the tables say is counted anew."""
    for table in TABLES:
        con.execute(f"DELETE FROM {table}")
    mark_rows(con, f"{COUNTED} t")


def marks(con: Connection) -> int:
    """How many changes were recorded since the counts were last stored."""
    row = con.execute("SELECT count(*) FROM attention.changed").fetchone()
    assert row is not None
    return int(row[0])


def store(con: Connection, time_zone: str) -> None:
    """Counts what has changed, and stores the counts, in a transaction that sees one state of the warehouse."""
    for statement in statements("attention", "store.sql"):
        con.execute(in_time_zone(statement, time_zone))
