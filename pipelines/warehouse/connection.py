"""The interface of a database connection that the SQL statements of this package run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from pipelines.resolve.layout import TableLayout

type Parameters = Sequence[Any] | Mapping[str, Any]


class Rows(Protocol):
    """The result of a statement."""

    def fetchone(self) -> tuple[Any, ...] | None: ...
    def fetchmany(self, size: int) -> list[tuple[Any, ...]]: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Connection(Protocol):
    """A connection in a transaction. Parameters of a statement are written as ``?`` or ``$name``.

    ``raw`` is the connection object of the database's own client package.
    """

    @property
    def raw(self) -> Any: ...

    def execute(self, sql: str, parameters: Parameters = ()) -> Rows: ...

    def has_table(self, name: str) -> bool:
        """Whether the warehouse has a table of this name."""

    def table(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The result of a statement as an Arrow table of this schema."""

    def relation(self, name: str, rows: pa.Table, types: Mapping[str, str]) -> None:
        """Makes the rows available to later statements as a relation of this name; replaces an earlier one.

        ``types`` maps each column to its database type.
        """

    def make_view(self, name: str, statement: str) -> None:
        """Creates or replaces a view by its ``CREATE OR REPLACE`` statement, even if its columns have changed."""

    def add(self, table: TableLayout, rows: pa.Table) -> None:
        """Inserts rows into a table; the columns of ``rows`` are those of the table, in its order."""
