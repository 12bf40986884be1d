"""Answers ``Lookup``s with SQL, so that the changes of a batch can be decided from the warehouse's state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from pipelines.resolve.changes import rows_table
from pipelines.resolve.layout import TableLayout, layout
from pipelines.resolve.state import Lookup, Row
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.dialect import Dialect

KEYS = "lookup_keys"
FEW = 5_000
"""At most so many keys: then a table without indexes is searched in the columns of the keys alone, and the other
columns, of which a body can be one, are read of the rows that were found."""


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

    >>> from pipelines.warehouse.dialect import POSTGRES
    >>> lookup = Lookup("outlets", ("domain", "name"), ("domain",), [("harbour-news.example",)])
    >>> lookup_sql(lookup, layout()["outlets"], POSTGRES)
    'SELECT t.domain, t.name FROM outlets t JOIN lookup_keys k ON t.domain = k.domain'
    """
    columns = ", ".join(f"t.{name}" for name in lookup.columns)
    filters = [*(f"t.{name} IS NULL" for name in lookup.null), *_between(lookup)]
    order = [_direction(name) for name in lookup.order]
    on = [*(f"t.{name} = k.{name}" for name in lookup.by), *filters]
    if not lookup.by:
        sql = f"SELECT {columns} FROM {table.name} t{_where(filters)}"
        sql += f" ORDER BY {', '.join(order)}" if order else ""
        return sql + (f" LIMIT {lookup.most}" if lookup.most is not None else "")
    by = [f"t.{name}" for name in lookup.by]
    ordered = f" ORDER BY {', '.join([*by, *order])}" if order or lookup.most is not None else ""
    if lookup.most is not None and dialect.has_indexes:  # the first rows of each key are read from an index
        inner = f"SELECT * FROM {table.name} t{_where(on)} ORDER BY {', '.join(order)} LIMIT {lookup.most}"
        return f"SELECT {columns} FROM {KEYS} k CROSS JOIN LATERAL ({inner}) t{ordered}"
    found = f"FROM {table.name} t JOIN {KEYS} k ON {' AND '.join(on)}"
    has_others = not {*lookup.columns} <= {*lookup.by}
    is_read_alone = not dialect.has_indexes and len(lookup.keys) <= FEW and has_others
    if lookup.most is not None:
        read = [f"t.{dialect.row_id} AS row_id"] if is_read_alone else sorted({f"t.{n}" for n in _named(lookup)})
        rank = f"row_number() OVER (PARTITION BY {', '.join(by)} ORDER BY {', '.join(order)}) AS lookup_rank"
        found = f"FROM (SELECT {', '.join([*read, rank])} {found}) t WHERE t.lookup_rank <= {lookup.most}"
    elif is_read_alone:
        found = f"FROM (SELECT t.{dialect.row_id} AS row_id {found}) t"
    if is_read_alone:
        return f"SELECT {columns} FROM {table.name} t WHERE t.{dialect.row_id} IN (SELECT t.row_id {found}){ordered}"
    return f"SELECT {columns} {found}{ordered}"


def _named(lookup: Lookup) -> Iterator[str]:
    """The columns that a lookup gives or orders by."""
    yield from (*lookup.columns, *lookup.by, *(name.removeprefix("-") for name in lookup.order))


def _between(lookup: Lookup) -> list[str]:
    if lookup.between is None:
        return []
    name, earliest, latest = lookup.between
    return [f"t.{name} BETWEEN TIMESTAMPTZ '{earliest.isoformat()}' AND TIMESTAMPTZ '{latest.isoformat()}'"]


def _direction(name: str) -> str:
    return f"t.{name[1:]} DESC" if name.startswith("-") else f"t.{name}"


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
