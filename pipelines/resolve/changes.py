"""What a batch changes in the warehouse, decided before a database is asked to do anything.

``Changes`` is the seam between the two halves of a load. ``decide`` makes it without a database, and a warehouse
applies it without knowing anything of news: rows are removed by values of their columns, columns of rows that stay are
set, and rows are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipelines.resolve.layout import TableLayout, layout
from pipelines.resolve.loaded import Loaded

type Partition = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Update:
    """Sets ``columns`` of the rows whose ``match`` columns equal a row's.

    ``rows`` has the columns of ``match`` and then one ``new_<column>`` for each of ``columns``. A row of the table is
    matched by at most one row.
    """

    match: tuple[str, ...]
    columns: tuple[str, ...]
    rows: pa.Table


@dataclass(frozen=True, slots=True)
class TableChange:
    """The change of one table, in this order: rows are removed, rows are updated, rows are added.

    ``removed`` are tables of values: every row of which these columns equal one of its rows is removed. ``added`` has
    all columns of the table.
    """

    removed: tuple[pa.Table, ...] = ()
    updated: tuple[Update, ...] = ()
    added: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that a batch changes, and what it is reported as.

    ``revision`` is that of the warehouse in which the known state was read: at another one nothing is applied.
    ``expected`` is the offset at which each partition has to stand; None is a partition that was never read.
    """

    batch_id: str
    revision: int
    expected: Mapping[Partition, int | None]
    tables: Mapping[str, TableChange]
    loaded: Loaded


@dataclass(slots=True)
class _Pending:
    removed: dict[tuple[str, ...], list[tuple[Any, ...]]] = field(default_factory=dict)
    removed_tables: list[pa.Table] = field(default_factory=list)
    updated: dict[tuple[tuple[str, ...], tuple[str, ...]], list[tuple[Any, ...]]] = field(default_factory=dict)
    added: list[pa.Table] = field(default_factory=list)


class ChangeBuilder:
    """Collects the changes of tables, row by row or as whole Arrow tables."""

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}

    def remove(self, table: str, by: Sequence[str], keys: Iterable[tuple[Any, ...]]) -> None:
        """Removes the rows whose columns ``by`` equal one of the keys."""
        self._of(table).removed.setdefault(tuple(by), []).extend(keys)

    def remove_table(self, table: str, keys: pa.Table) -> None:
        """Removes the rows whose columns equal one of the rows of ``keys``."""
        if keys.num_rows:
            self._of(table).removed_tables.append(keys)

    def update(
        self, table: str, match: Sequence[str], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Sets columns; a row has the values to match and then the values to set."""
        self._of(table).updated.setdefault((tuple(match), tuple(columns)), []).extend(rows)

    def add(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Adds rows, each in the order of the table's columns."""
        made = rows_table(layout()[table].schema, rows)
        if made.num_rows:
            self._of(table).added.append(made)

    def add_table(self, table: str, rows: pa.Table) -> None:
        """Adds rows that have the table's columns by name, in any order."""
        if rows.num_rows:
            self._of(table).added.append(rows.select(layout()[table].schema.names).cast(layout()[table].schema))

    def tables(self) -> dict[str, TableChange]:
        """The changes by table, in the order of the layout; tables that do not change are left out."""
        made = {}
        for name, table in layout().items():
            if name in self._pending and (change := _change(table, self._pending[name])) != TableChange():
                made[name] = change
        return made

    def _of(self, table: str) -> _Pending:
        return self._pending.setdefault(table, _Pending())


def _change(table: TableLayout, pending: _Pending) -> TableChange:
    removed = tuple(
        rows_table(_schema(table, by), sorted(set(keys))) for by, keys in pending.removed.items() if keys
    )
    updated = tuple(
        Update(match, columns, rows_table(_schema(table, match, columns), rows))
        for (match, columns), rows in pending.updated.items()
        if rows
    )
    added = pa.concat_tables(pending.added) if pending.added else None
    return TableChange((*removed, *pending.removed_tables), updated, added)


def _schema(table: TableLayout, match: Sequence[str], columns: Sequence[str] = ()) -> pa.Schema:
    of = table.schema
    return pa.schema([of.field(name) for name in match] + [of.field(name).with_name(f"new_{name}") for name in columns])


def rows_table(schema: pa.Schema, rows: Iterable[Sequence[Any]]) -> pa.Table:
    """The rows, each in the order of the schema's columns, as an Arrow table; there may be none."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)
