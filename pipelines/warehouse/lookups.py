"""Answers ``Lookup``s with SQL, so that the changes of a batch can be decided from the warehouse's state."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipelines.resolve.changes import rows_table
from pipelines.resolve.layout import TableLayout, layout
from pipelines.resolve.state import Lookup, Row
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.dialect import Dialect

KEYS = "lookup_keys"


@dataclass(frozen=True, slots=True)
class RelationalState:
    """The state of a relational warehouse, as one transaction sees it. See ``KnownState``."""

    con: Connection
    dialect: Dialect
    revision: int

    def rows(self, lookup: Lookup) -> list[Row]:
        if lookup.is_vain:
            return []
        return self.con.execute(self._statement(lookup)).fetchall()

    def table(self, lookup: Lookup) -> pa.Table:
        schema = layout()[lookup.table].schema
        schema = pa.schema([schema.field(name) for name in lookup.columns])
        return schema.empty_table() if lookup.is_vain else self.con.table(self._statement(lookup), schema)

    def _statement(self, lookup: Lookup) -> str:
        """Registers the keys of a lookup with the connection, and returns the statement that answers it."""
        table = layout()[lookup.table]
        if lookup.by:
            schema = pa.schema([table.schema.field(name) for name in lookup.by])
            types = {name: self.dialect.types[table.column(name).type] for name in lookup.by}
            keys = lookup.keys if isinstance(lookup.keys, pa.Table) else rows_table(schema, lookup.keys)
            self.con.relation(KEYS, keys, types)
        return lookup_sql(lookup, table, self.dialect)


def lookup_sql(lookup: Lookup, table: TableLayout, dialect: Dialect) -> str:
    """The statement that answers a lookup. It reads the keys of the lookup from the relation ``lookup_keys``.

    >>> from pipelines.warehouse.dialect import DUCKDB
    >>> lookup = Lookup("outlets", ("domain", "name"), ("domain",), [("harbour-news.example",)])
    >>> lookup_sql(lookup, layout()["outlets"], DUCKDB)
    'SELECT t.domain, t.name FROM outlets t JOIN lookup_keys k ON t.domain = k.domain'
    """
    columns = ", ".join(f"t.{name}" for name in lookup.columns)
    null = [f"t.{name} IS NULL" for name in lookup.null]
    order = [_direction(name) for name in lookup.order]
    on = [f"t.{name} = k.{name}" for name in lookup.by]
    if not lookup.by:
        sql = f"SELECT {columns} FROM {table.name} t{_where(null)}"
        sql += f" ORDER BY {', '.join(order)}" if order else ""
        return sql + (f" LIMIT {lookup.most}" if lookup.most is not None else "")
    by = [f"t.{name}" for name in lookup.by]
    if lookup.most is None:
        sql = f"SELECT {columns} FROM {table.name} t JOIN {KEYS} k ON {' AND '.join([*on, *null])}"
        return sql + (f" ORDER BY {', '.join([*by, *order])}" if order else "")
    if dialect.has_indexes:  # the first rows of each key are read from an index
        inner = f"SELECT * FROM {table.name} t{_where([*on, *null])} ORDER BY {', '.join(order)} LIMIT {lookup.most}"
        return f"SELECT {columns} FROM {KEYS} k CROSS JOIN LATERAL ({inner}) t ORDER BY {', '.join([*by, *order])}"
    needed = sorted({*lookup.columns, *lookup.by, *(name.removeprefix("-") for name in lookup.order)})
    rank = f"row_number() OVER (PARTITION BY {', '.join(by)} ORDER BY {', '.join(order)}) AS lookup_rank"
    inner = (
        f"SELECT {', '.join(f't.{name}' for name in needed)}, {rank} FROM {table.name} t JOIN {KEYS} k "
        f"ON {' AND '.join([*on, *null])}"
    )
    return f"SELECT {columns} FROM ({inner}) t WHERE t.lookup_rank <= {lookup.most} ORDER BY {', '.join([*by, *order])}"


def _direction(name: str) -> str:
    return f"t.{name[1:]} DESC" if name.startswith("-") else f"t.{name}"


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
