"""How ``decide`` asks what the warehouse knows: rows of a table by values of their columns, and nothing else.

A warehouse answers all lookups of one decision from one consistent state. A test answers them from rows in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from pipelines.resolve.layout import layout

type Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Asks for ``columns`` of the rows whose columns ``by`` equal one of ``keys``; without ``by``, of all rows.

    ``keys`` are rows, or for many of them an Arrow table with the columns ``by``. ``null`` names columns that have to
    be null, and ``between`` a column with the earliest and the latest time that it may have. With ``most``, each key
    gives its first so many rows in ``order``, in which a column that begins with ``-`` descends. Rows come in the order
    of the keys' values and then in ``order``, where there is one, and in any order otherwise.
    """

    table: str
    columns: tuple[str, ...]
    by: tuple[str, ...] = ()
    keys: Sequence[Row] | pa.Table = ()
    null: tuple[str, ...] = ()
    between: tuple[str, datetime, datetime] | None = None
    order: tuple[str, ...] = ()
    most: int | None = None

    @property
    def is_vain(self) -> bool:
        """Whether it can find nothing."""
        return bool(self.by) and not len(self.keys)


class KnownState(Protocol):
    """What a warehouse knows, at one moment. ``revision`` counts the changes that were applied to it."""

    @property
    def revision(self) -> int: ...

    def rows(self, lookup: Lookup) -> list[Row]:
        """The rows that are asked for, each in the order of the lookup's columns."""

    def table(self, lookup: Lookup) -> pa.Table:
        """The rows that are asked for, as an Arrow table with the lookup's columns: for many rows."""


def whole_rows(known: KnownState, table: str, article_ids: Sequence[str]) -> list[dict[str, Any]]:
    """All columns by name of the rows that belong to these articles, in the order of the table's key."""
    of = layout()[table]
    names = tuple(of.schema.names)
    rows = known.rows(Lookup(table, names, ("article_id",), [(each,) for each in article_ids]))
    return sorted((dict(zip(names, row, strict=True)) for row in rows), key=lambda row: [row[name] for name in of.key])
