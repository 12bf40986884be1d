"""A warehouse in memory, written a second time: known state and changes are Python rows, without any SQL.

What is asked of it in SQL (questions, the check of the ledger, dead letters) is answered by DuckDB over its rows.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import duckdb
import pyarrow as pa

from pipelines.failpoints import Failpoint, reach
from pipelines.resolve.changes import Changes, TableChange, rows_table
from pipelines.resolve.faults import OffsetsMoved, StateMoved
from pipelines.resolve.layout import layout
from pipelines.resolve.loaded import Loaded
from pipelines.resolve.state import KnownState, Lookup, Row
from pipelines.warehouse import asking
from pipelines.warehouse.attention import mark_all
from pipelines.warehouse.dialect import DUCKDB
from pipelines.warehouse.duckdb import DuckDBConnection
from pipelines.warehouse.interface import WarehouseBusy
from pipelines.warehouse.preparing import make_layout
from pipelines.warehouse.relational import Asking, RelationalWarehouse
from pipelines.warehouse.upkeep import Done
from tests.builders import FETCHED_AT

type Tables = Mapping[str, Sequence[Row]]


class _Database:
    """One DuckDB in memory for all fakes of a process: it holds the rows of one of them, until others are asked for."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.held: Tables | None = None
        self.con = duckdb.connect()
        self.con.execute("SET TimeZone = 'UTC'")
        make_layout(DuckDBConnection(self.con), DUCKDB, FETCHED_AT)
        self.made = {name: self.rows(name) for name in layout()}
        for name in layout():
            self.con.execute(f"DELETE FROM {name}")

    def rows(self, table: str) -> list[Row]:
        return self.con.execute(f"SELECT {', '.join(layout()[table].schema.names)} FROM {table}").fetchall()

    @contextmanager
    def holding(self, tables: Tables, *, writes: bool = False) -> Iterator[DuckDBConnection]:
        """The database with these rows, in a transaction. A block that writes has one of its own."""
        with self.lock:
            try:
                if writes or self.held is not tables:
                    self._let_go()
                    self._hold(tables)
                yield DuckDBConnection(self.con)
            except BaseException:
                self._let_go()
                raise
            if writes:
                self._let_go()

    def _hold(self, tables: Tables) -> None:
        self.con.execute("BEGIN")
        self.held = tables
        con = DuckDBConnection(self.con)
        for name, rows in tables.items():
            if rows:
                con.add(layout()[name], rows_table(layout()[name].schema, rows))
        mark_all(con)

    def _let_go(self) -> None:
        if self.held is not None:
            self.held = None
            self.con.execute("ROLLBACK")


_database: list[_Database] = []


def database() -> _Database:
    if not _database:
        _database.append(_Database())
    return _database[0]


class FakeWarehouse(RelationalWarehouse):
    """See the module. It is there from the beginning, and ends with its process."""

    dialect = DUCKDB
    asking: ClassVar[Asking] = asking
    has_writers_by_topic = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.tables: Tables = dict(database().made)
        self._lock = threading.RLock()
        self._writer = threading.Lock()

    @contextmanager
    def known_state(self) -> Iterator[KnownState]:
        yield FakeState(self.tables)

    def apply(self, changes: Changes) -> Loaded:
        with self._lock:
            known, tables = FakeState(self.tables), dict(self.tables)
            if known.revision != changes.revision:
                raise StateMoved(f"decided at {changes.revision}, now {known.revision}")
            for partition, offset in changes.expected.items():
                _compare(known, partition, offset)
            reach(Failpoint.COMPARED)
            for name, change in changes.tables.items():
                tables[name] = _changed(name, tables[name], change)
                reach(Failpoint.TABLE_CHANGED, name)
            ((warehouse_id, made_at, revision),) = tables["identity"]
            tables["identity"] = [(warehouse_id, made_at, revision + 1)]
            reach(Failpoint.CHANGED)
            self.tables = tables
        reach(Failpoint.COMMITTED)
        return changes.loaded

    def maintain(self, keep: timedelta) -> list[Done]:
        raise NotImplementedError

    @contextmanager
    def writer(self, holder: str = "a run", wait_s: float = 0.0, topic: str = "") -> Iterator[None]:
        if not self._writer.acquire(timeout=wait_s):
            raise WarehouseBusy("Another run is writing. What to do: wait.")
        try:
            yield
        finally:
            self._writer.release()

    @property
    def where(self) -> str:
        return "memory"

    @contextmanager
    def _reading_if_there(self) -> Iterator[DuckDBConnection]:
        with database().holding(self.tables) as con:
            yield con

    @contextmanager
    def _writing(self, *, makes_it: bool = False) -> Iterator[DuckDBConnection]:
        del makes_it
        with self._lock, database().holding(self.tables, writes=True) as con:
            yield con
            self.tables = {name: database().rows(name) for name in layout()}


def _compare(known: FakeState, partition: tuple[str, int], expected: int | None) -> None:
    lookup = Lookup("partition_offsets", ("next_offset",), ("topic", "partition"), [partition])
    stands = next((row[0] for row in known.rows(lookup)), None)
    if stands != expected:
        raise OffsetsMoved(
            f"{partition[0]}/{partition[1]} is at offset {stands}, the batch starts at {expected}. "
            "What to do: run again."
        )


def _changed(name: str, rows: Sequence[Row], change: TableChange) -> list[Row]:
    names = layout()[name].schema.names
    kept = list(rows)
    for keys in change.removed:
        of = [names.index(column) for column in keys.schema.names]
        gone = set(_rows_of(keys))
        kept = [row for row in kept if tuple(row[n] for n in of) not in gone]
    for update in change.updated:
        of = [names.index(column) for column in update.match]
        new = {row[: len(of)]: row[len(of) :] for row in _rows_of(update.rows)}
        at = [names.index(column) for column in update.columns]
        for n, row in enumerate(kept):
            values = new.get(tuple(row[m] for m in of))
            if values is not None:
                fresh = dict(zip(at, values, strict=True))
                kept[n] = tuple(fresh.get(m, value) for m, value in enumerate(row))
    if change.added is not None:
        kept += _rows_of(change.added)
    key = [names.index(column) for column in layout()[name].key]
    keys_now = [tuple(row[n] for n in key) for row in kept]
    assert not key or len(set(keys_now)) == len(keys_now), f"{name} has two rows of a key"
    return kept


def _rows_of(table: Any) -> list[Row]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@dataclass(frozen=True, slots=True)
class FakeState:
    """See ``KnownState``."""

    tables: Tables

    @property
    def revision(self) -> int:
        ((_, _, revision),) = self.tables["identity"]
        return int(revision)

    def rows(self, lookup: Lookup) -> list[Row]:
        if lookup.is_vain:
            return []
        names = layout()[lookup.table].schema.names
        shown, by, null = (
            [names.index(column) for column in columns] for columns in (lookup.columns, lookup.by, lookup.null)
        )
        groups: dict[Row, list[Row]] = defaultdict(list)
        keys = _rows_of(lookup.keys) if isinstance(lookup.keys, pa.Table) else lookup.keys
        wanted = {tuple(key) for key in keys}
        for row in self.tables[lookup.table]:
            key = tuple(row[n] for n in by)
            if lookup.between is not None:
                column, earliest, latest = lookup.between
                if not earliest <= row[names.index(column)] <= latest:
                    continue
            if (not by or key in wanted) and None not in key and all(row[n] is None for n in null):
                groups[key].append(row)
        found = []
        for key in sorted(groups):
            group = groups[key]
            for column in reversed(lookup.order):
                n = names.index(column.removeprefix("-"))
                group.sort(key=lambda row: _sortable(row[n]), reverse=column.startswith("-"))
            found += group[: lookup.most]
        return [tuple(row[n] for n in shown) for row in found]


    def table(self, lookup: Lookup) -> pa.Table:
        schema = layout()[lookup.table].schema
        return rows_table(pa.schema([schema.field(name) for name in lookup.columns]), self.rows(lookup))


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is None, 0 if value is None else value.timestamp() if isinstance(value, datetime) else value)
