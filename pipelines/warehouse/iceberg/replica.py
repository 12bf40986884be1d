"""The DuckDB replica of Iceberg tables: records which rows a transaction changes, and is brought up to a state."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

import duckdb
import pyarrow as pa

from pipelines.resolve.changes import rows_table
from pipelines.resolve.layout import TableLayout, layout
from pipelines.warehouse import attention
from pipelines.warehouse.connection import Parameters, Rows
from pipelines.warehouse.duckdb import DuckDBConnection
from pipelines.warehouse.iceberg.commits import EMPTY, State
from pipelines.warehouse.iceberg.stored import RowChange
from pipelines.warehouse.iceberg.tables import LOCAL, TURN, IcebergTables, mirrored, row_key, rows_at, rows_between

_CHANGING = re.compile(r"\s*(?:UPDATE|DELETE\s+FROM|INSERT\s+INTO)\s+(\w+)", re.IGNORECASE)
_KEYS, _LOST, _NEW = "touched_keys", "lost_rows", "new_rows"
_MARKS = """
CREATE SCHEMA IF NOT EXISTS iceberg;
CREATE TABLE IF NOT EXISTS iceberg.standing (commit_id VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS iceberg.mirrored (name VARCHAR NOT NULL, snapshot_id BIGINT NOT NULL);
COMMENT ON TABLE iceberg.standing IS 'The commit of the Iceberg tables that this replica has.';
COMMENT ON COLUMN iceberg.standing.commit_id IS 'Id of the commit, as in the summary of the snapshot of ledger.';
COMMENT ON TABLE iceberg.mirrored IS 'The snapshots of the Iceberg tables that this replica has.';
COMMENT ON COLUMN iceberg.mirrored.name IS 'Table.';
COMMENT ON COLUMN iceberg.mirrored.snapshot_id IS 'Id of its snapshot.'
"""
_HAS_MARKS = """
SELECT 1 FROM duckdb_tables()
WHERE schema_name = 'iceberg' AND table_name = 'standing' AND database_name = current_database()
"""


class _None:
    """The result of a statement that changes rows."""

    def fetchone(self) -> None:
        return None

    def fetchmany(self, size: int) -> list[tuple[object, ...]]:
        del size
        return []

    def fetchall(self) -> list[tuple[object, ...]]:
        return []


class RecordingConnection(DuckDBConnection):
    """A connection in a transaction that records by their keys which rows of the mirrored tables are changed."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        super().__init__(con)
        self.batch_id = ""
        self._touched: defaultdict[str, set[tuple[object, ...]]] = defaultdict(set)
        self._added: defaultdict[str, list[pa.Table]] = defaultdict(list)
        self._is_changed = False

    def execute(self, sql: str, parameters: Parameters = ()) -> Rows:
        found = _CHANGING.match(sql)
        if found is None or found[1] in LOCAL or found[1] not in layout():
            return super().execute(sql, parameters)
        self._is_changed = True
        if found[1] == TURN:  # its single row is in every commit
            return super().execute(sql, parameters)
        keys = ", ".join(row_key(layout()[found[1]]))
        self._touched[found[1]].update(super().execute(f"{sql} RETURNING {keys}", parameters).fetchall())
        return _None()

    def add(self, table: TableLayout, rows: pa.Table) -> None:
        super().add(table, rows)
        self._is_changed = True
        self._added[table.name].append(rows)

    def changes(self) -> dict[str, RowChange]:
        """What was changed, in the order of the layout; empty if nothing was."""
        if not self._is_changed:
            return {}
        made = {}
        for name, table in mirrored().items():
            if name == TURN:
                made[name] = RowChange(rows=self.table(f"SELECT * FROM {name}", table.schema))
            elif self._touched[name] or self._added[name]:
                made[name] = self._change(table)
        return {name: change for name, change in made.items() if name == TURN or change != RowChange()}

    def _change(self, table: TableLayout) -> RowChange:
        names, touched, added = row_key(table), self._touched[table.name], self._added[table.name]
        if not touched:
            return RowChange(rows=pa.concat_tables(added))
        schema = pa.schema([table.schema.field(name) for name in names])
        keys = rows_table(schema, sorted(touched, key=repr))
        columns = ", ".join(f"t.{name}" for name in table.schema.names)
        equal = " AND ".join(f"t.{name} = k.{name}" for name in names)
        self.raw.register(_KEYS, keys)
        parts = [self.table(f"SELECT {columns} FROM {table.name} t JOIN {_KEYS} k ON {equal}", table.schema)]
        for rows in added:
            self.raw.register("added_rows", rows)
            parts.append(self.table(f"SELECT {columns} FROM added_rows t ANTI JOIN {_KEYS} k ON {equal}", table.schema))
            self.raw.unregister("added_rows")
        self.raw.unregister(_KEYS)
        rows = pa.concat_tables(parts)
        return RowChange(keys, rows if rows.num_rows else None)


def standing(con: duckdb.DuckDBPyConnection) -> str | None:
    """The commit at which the replica stands; None if it is not one, or was never brought up to date."""
    if con.execute(_HAS_MARKS).fetchone() is None:
        return None
    row = con.execute("SELECT commit_id FROM iceberg.standing").fetchone()
    return None if row is None else str(row[0])


def make_marks(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the tables that record where the replica stands."""
    con.execute(_MARKS)


def mark(con: duckdb.DuckDBPyConnection, state: State) -> None:
    """Records in the open transaction that the replica has the rows of a state."""
    con.execute("DELETE FROM iceberg.standing")
    con.execute("INSERT INTO iceberg.standing VALUES (?)", [state.commit_id])
    con.execute("DELETE FROM iceberg.mirrored")
    if state.snapshots:
        con.executemany("INSERT INTO iceberg.mirrored VALUES (?, ?)", list(state.snapshots.items()))


def refresh(con: duckdb.DuckDBPyConnection, tables: IcebergTables, state: State = EMPTY) -> None:
    """Brings the replica to a state in the open transaction: data files that it does not have are read."""
    there: Mapping[str, int] = dict(con.execute("SELECT name, snapshot_id FROM iceberg.mirrored").fetchall())
    replica = DuckDBConnection(con)
    for name, table in mirrored().items():
        before, wanted = there.get(name), state.snapshots.get(name)
        if wanted == before:
            continue
        if wanted is not None and before is not None and table.key:
            columns = None if name == attention.COUNTED else table.key
            changed = rows_between(tables.need(name), name, before, wanted, columns)
            if changed is not None:
                _exchange(replica, table, *changed)
                continue
        con.execute(f"DELETE FROM {name}")
        if wanted is not None:
            replica.add(table, rows_at(tables.need(name), wanted, name))
        if name == attention.COUNTED:
            attention.mark_all(replica)
    mark(con, state)


def _exchange(replica: DuckDBConnection, table: TableLayout, lost: pa.Table, new: pa.Table) -> None:
    """Replaces rows of the replica, which are found by their keys."""
    equal = " AND ".join(f"t.{name} = k.{name}" for name in table.key)
    replica.raw.register(_LOST, lost)
    if table.name == attention.COUNTED:
        columns = ", ".join(table.schema.names)
        replica.raw.register(_NEW, new)
        for rows, others in ((_LOST, _NEW), (_NEW, _LOST)):
            attention.mark_rows(replica, f"(SELECT {columns} FROM {rows} EXCEPT SELECT {columns} FROM {others}) t")
        replica.raw.unregister(_NEW)
    replica.execute(f"DELETE FROM {table.name} t USING {_LOST} k WHERE {equal}")
    replica.raw.unregister(_LOST)
    replica.add(table, new)
