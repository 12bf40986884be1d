"""The tables of a warehouse: their columns, keys and comments, whatever database holds them.

Columns that a contract describes come from its Avro schema, with their types and comments: a field that is added to
the contract is a column of its tables without a further edit. ``layout.toml`` lists the tables, and the columns that
are the warehouse's own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import pyarrow as pa

from pipelines.stage.columns import ARROW_TYPES, Column, ColumnType, contract_columns


@dataclass(frozen=True, slots=True)
class TableLayout:
    """A table: ``key`` finds one row; ``indexes`` are other columns, or groups of them, by which rows are found."""

    name: str
    comment: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in self.columns])

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@cache
def layout() -> Mapping[str, TableLayout]:
    """Every table by name, in the order in which they are made."""
    text = resources.files("pipelines.resolve").joinpath("layout.toml").read_text(encoding="utf-8")
    return {name: _table(name, described) for name, described in tomllib.loads(text).items()}


def _table(name: str, described: dict[str, Any]) -> TableLayout:
    own = {column: _own(column, about) for column, about in described.get("columns", {}).items()}
    columns = list(_of_contract(described)) if "contract" in described else []
    at = {column.name: n for n, column in enumerate(columns)}
    for column in own.values():
        if column.name in at:
            columns[at[column.name]] = column
        else:
            columns.append(column)
    first = {column: n for n, column in enumerate(described.get("first", ()))}
    columns.sort(key=lambda column: first.get(column.name, len(first)))
    indexes = tuple(tuple([of] if isinstance(of, str) else of) for of in described.get("indexes", ()))
    return TableLayout(name, described["comment"], tuple(described["key"]), tuple(columns), indexes)


def _of_contract(described: dict[str, Any]) -> list[Column]:
    """The contract's columns that the table has, under the names that it gives them."""
    names: dict[str, str] = described.get("renamed", {})
    comments: dict[str, str] = described.get("comments", {})
    left_out = set(described.get("left_out", ()))
    found = []
    for column in contract_columns(described["contract"], described.get("items"), tuple(described.get("json", ()))):
        if column.path[0] in left_out or column.name in left_out:
            continue
        name = names.get(column.name, column.name)
        found.append(replace(column, name=name, comment=comments.get(name, column.comment)))
    return found


def _own(name: str, about: dict[str, str]) -> Column:
    kind: Any = about["type"].removesuffix("?")
    checked: ColumnType = kind
    if checked not in ARROW_TYPES:
        raise ValueError(f"layout.toml: column {name} has no known type: {kind}")
    return Column(name, checked, about["type"].endswith("?"), about["comment"])
