"""What the statements of this package need of a database, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from pipelines.resolve.layout import TableLayout

type Parameters = Sequence[Any] | Mapping[str, Any]


class Rows(Protocol):
    """The answer to a statement."""

    def fetchone(self) -> tuple[Any, ...] | None: ...
    def fetchmany(self, size: int) -> list[tuple[Any, ...]]: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Connection(Protocol):
    """A connection in a transaction. Parameters of a statement are ``?`` or ``$name``.

    ``raw`` is that of the database's own package.
    """

    @property
    def raw(self) -> Any: ...

    def execute(self, sql: str, parameters: Parameters = ()) -> Rows: ...

    def table(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The answer to a statement as an Arrow table of this schema."""

    def relation(self, name: str, rows: pa.Table, types: Mapping[str, str]) -> None:
        """Makes the rows a relation under a name that statements may read, in place of a former one of the name.

        ``types`` gives the database's type of each column.
        """

    def make_view(self, name: str, statement: str) -> None:
        """Makes a view by its ``CREATE OR REPLACE`` statement; a former one may have other columns."""

    def add(self, table: TableLayout, rows: pa.Table) -> None:
        """Adds rows to a table; they have its columns, in its order."""
