"""Derives the flat columns of a database table from an Avro contract, and flattens staged Parquet tables to them.

The column of a field in a nested record is named after both (``outlet_domain``). A list of records becomes one list
per field: the list of the field ``name`` keeps the list's name (``authors``), any other is named after the singular
(``author_types``). A map becomes a JSON object. Fields of such records that are records or lists get no column.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.stage.arrow import arrow_schema, avro_schema

type ColumnType = Literal[
    "text", "int", "bigint", "bool", "double", "timestamp", "json", "bytes", "text[]", "bigint[]", "bytes[]"
]

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(), "int": pa.int32(), "bigint": pa.int64(), "bool": pa.bool_(), "double": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"), "json": pa.string(), "bytes": pa.binary(),
    "text[]": pa.list_(pa.string()), "bigint[]": pa.list_(pa.int64()), "bytes[]": pa.list_(pa.binary()),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``path`` is the field names to its value in the staged record; empty if it is not staged."""

    name: str
    type: ColumnType
    is_nullable: bool
    comment: str
    path: tuple[str, ...] = ()


def contract_columns(subject: str, item_of: str | None = None, json_lists: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """The flat columns of a contract's newest version; with ``item_of``, of the records in that list of the contract.

    ``json_lists`` names the lists of records that become one JSON column each.
    """
    schema = avro_schema(subject)
    record = schema if item_of is None else _field(schema, item_of)["type"]["items"]
    arrow = arrow_schema(subject)
    kind = pa.struct(list(arrow)) if item_of is None else arrow.field(item_of).type.value_type
    return tuple(_columns(record, kind, json_lists))


def flatten(table: pa.Table, columns: Iterable[Column]) -> pa.Table:
    """The flat columns of a staged table. Columns without a path are not staged, and are omitted."""
    staged = [column for column in columns if column.path]
    arrays = [_values(table, column).cast(ARROW_TYPES[column.type]) for column in staged]
    return pa.table(arrays, names=[column.name for column in staged])


def _columns(
    record: dict[str, Any], kind: pa.StructType, json_lists: tuple[str, ...] = (), prefix: str = "",
    path: tuple[str, ...] = (),
) -> Iterator[Column]:
    for field in record["fields"]:
        of = kind.field(kind.get_field_index(field["name"]))
        name, at, doc = f"{prefix}{field['name']}", (*path, field["name"]), field["doc"]
        if pa.types.is_struct(of.type):
            for column in _columns(_record(field["type"]), of.type, (), f"{name}_", at):
                yield Column(column.name, column.type, column.is_nullable or of.nullable, column.comment, column.path)
        elif name in json_lists:
            yield Column(name, "json", of.nullable, doc, at)
        elif pa.types.is_list(of.type) and pa.types.is_struct(of.type.value_type):
            yield from _lists(name, at, _items(field["type"]), of.type.value_type, doc)
        else:
            yield Column(name, _type(of.type), of.nullable, doc, at)


def _lists(name: str, path: tuple[str, ...], items: dict[str, Any], kind: pa.StructType, doc: str) -> Iterator[Column]:
    for field in items["fields"]:
        of = kind.field(kind.get_field_index(field["name"])).type
        if pa.types.is_struct(of) or pa.types.is_list(of):
            continue
        is_name = field["name"] == "name"
        own = name if is_name else f"{name.removesuffix('s')}_{field['name']}s"
        is_number = pa.types.is_integer(of)
        kind_of: ColumnType = "bytes[]" if pa.types.is_binary(of) else "bigint[]" if is_number else "text[]"
        yield Column(own, kind_of, False, doc if is_name else field["doc"], (*path, field["name"]))


def _type(kind: pa.DataType) -> ColumnType:
    if pa.types.is_map(kind):
        return "json"
    if pa.types.is_list(kind):
        return "bigint[]" if pa.types.is_integer(kind.value_type) else "text[]"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return next(name for name, arrow in ARROW_TYPES.items() if arrow == kind and name != "json")


def _values(table: pa.Table, column: Column) -> pa.Array:
    values = table.column(column.path[0]).combine_chunks()
    for name in column.path[1:]:
        if pa.types.is_list(values.type):
            inner = pc.struct_field(pc.list_flatten(values), name)
            return pa.ListArray.from_arrays(_edges(values), inner)
        values = pc.struct_field(values, name)
    return _as_json(values) if column.type == "json" else values


def _edges(lists: pa.ListArray) -> pa.Array:
    """Offsets of the lists in their flattened values. They start at 0, unlike the stored offsets of a slice."""
    offsets = lists.offsets
    return pc.subtract(offsets, offsets[0])


def _as_json(values: pa.Array) -> pa.Array:
    found = values.to_pylist(maps_as_pydicts="strict") if pa.types.is_map(values.type) else values.to_pylist()
    return pa.array([None if value is None else _json(value) for value in found], pa.string())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _field(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for f in schema["fields"] if f["name"] == name)
    return found


def _record(kind: Any) -> dict[str, Any]:
    branches: Sequence[Any] = kind if isinstance(kind, list) else [kind]
    found: dict[str, Any] = next(b for b in branches if isinstance(b, dict) and b["type"] == "record")
    return found


def _items(kind: Any) -> dict[str, Any]:
    branches: Sequence[Any] = kind if isinstance(kind, list) else [kind]
    found: dict[str, Any] = next(b for b in branches if isinstance(b, dict) and b["type"] == "array")["items"]
    return found
