"""Applies ``Changes`` in the open transaction of a relational database. Contains no rule about articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.failpoints import Failpoint, reach
from pipelines.resolve.changes import Changes, Partition, TableChange, Update
from pipelines.resolve.faults import OffsetsMoved, StateMoved
from pipelines.resolve.layout import TableLayout, layout
from pipelines.warehouse import attention
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.dialect import Dialect

ROWS = "changed_rows"


def apply_changes(con: Connection, dialect: Dialect, changes: Changes) -> None:
    """Makes the changes, provided that the warehouse has not changed since they were decided.

    Raises ``StateMoved`` if another run has changed the warehouse since, and ``OffsetsMoved`` if another run has
    advanced the next offset of a partition. The caller rolls the transaction back.
    """
    moved = con.execute(
        "UPDATE identity SET revision = revision + 1 WHERE revision = ? RETURNING revision", [changes.revision]
    ).fetchall()
    if not moved:
        raise StateMoved(
            f"Another run changed the warehouse while the changes of batch {changes.batch_id} were decided; nothing of "
            "the batch was loaded. What to do: run this again."
        )
    _compare_offsets(con, changes.expected)
    reach(Failpoint.COMPARED)
    for name, change in changes.tables.items():
        change_table(con, dialect, layout()[name], change)
        reach(Failpoint.TABLE_CHANGED, name)


def change_table(con: Connection, dialect: Dialect, table: TableLayout, change: TableChange) -> None:
    """Removes, updates and inserts rows of one table, in this order."""
    is_counted = table.name == attention.COUNTED
    for keys in change.removed:
        _relation(con, dialect, table, keys)
        if is_counted:
            attention.mark_rows(con, f"{table.name} t JOIN {ROWS} k ON {_equal(keys.schema.names)}")
        con.execute(f"DELETE FROM {table.name} AS t USING {ROWS} k WHERE {_equal(keys.schema.names)}")
    for update in change.updated:
        _update(con, dialect, table, update)
    if change.added is not None:
        con.add(table, change.added)
        if is_counted:
            attention.mark_added(con, change.added)


def _update(con: Connection, dialect: Dialect, table: TableLayout, update: Update) -> None:
    _relation(con, dialect, table, update.rows)
    if table.name == attention.COUNTED:
        rows = f"{table.name} t JOIN {ROWS} k ON {_equal(update.match)}"
        attention.mark_rows(con, rows)
        if "entity_id" in update.columns:
            attention.mark_rows(con, rows, "k.new_entity_id")
    columns = ", ".join(f"{name} = k.new_{name}" for name in update.columns)
    con.execute(f"UPDATE {table.name} AS t SET {columns} FROM {ROWS} k WHERE {_equal(update.match)}")


def _relation(con: Connection, dialect: Dialect, table: TableLayout, rows: pa.Table) -> None:
    types = {name: dialect.types[table.column(name.removeprefix("new_")).type] for name in rows.schema.names}
    con.relation(ROWS, rows, types)


def _equal(names: Sequence[str]) -> str:
    return " AND ".join(f"t.{name} = k.{name}" for name in names)


def _compare_offsets(con: Connection, expected: Mapping[Partition, int | None]) -> None:
    """Raises ``OffsetsMoved`` unless the next offset of each partition is still the one at which the batch starts."""
    for (topic, partition), offset in expected.items():
        row: Any = con.execute(
            "SELECT next_offset FROM partition_offsets WHERE topic = ? AND partition = ?", [topic, partition]
        ).fetchone()
        stands = None if row is None else row[0]
        if stands != offset:
            raise OffsetsMoved(
                f"Another run has loaded records since this batch was planned: {topic}/{partition} is at offset "
                f"{stands}, the batch starts at {offset}. Nothing of the batch was loaded, and nothing is lost. "
                "What to do: run `dateline ingest` again."
            )
