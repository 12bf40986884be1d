"""Converts the Avro schemas of records to the Arrow schemas of staged files; nested records stay nested."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import pyarrow as pa

_PRIMITIVES = {
    "string": pa.string(), "int": pa.int32(), "long": pa.int64(), "boolean": pa.bool_(),
    "float": pa.float32(), "double": pa.float64(), "bytes": pa.binary(),
}
_LOGICAL = {
    "timestamp-millis": pa.timestamp("ms", tz="UTC"),
    "timestamp-micros": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}


@cache
def avro_schema(subject: str) -> dict[str, Any]:
    """The newest version of a subject under ``schemas/``, as parsed JSON."""
    files = [f for f in resources.files("schemas").joinpath(subject).iterdir() if f.name.endswith(".avsc")]
    newest = max(files, key=lambda f: int(f.name.removesuffix(".avsc")))
    schema: dict[str, Any] = json.loads(newest.read_text(encoding="utf-8"))
    return schema


@cache
def arrow_schema(subject: str) -> pa.Schema:
    """The columns of a staged file of ``subject``: one for each field of its Avro record."""
    return pa.schema(list(_Mapping().record(avro_schema(subject))))


class _Mapping:
    """Maps Avro types to Arrow types; remembers named types, which Avro defines once and then refers to by name."""

    def __init__(self) -> None:
        self.named: dict[str, pa.DataType] = {}

    def record(self, schema: dict[str, Any]) -> pa.DataType:
        fields = []
        for field in schema["fields"]:
            kind, is_nullable = self.branch(field["type"])
            fields.append(pa.field(field["name"], kind, nullable=is_nullable))
        return pa.struct(fields)

    def branch(self, schema: Any) -> tuple[pa.DataType, bool]:
        """The type of a field, and whether it may be null. Raises ``ValueError`` for a union of two other types."""
        if not isinstance(schema, list):
            return self.type(schema), False
        others = [branch for branch in schema if branch != "null"]
        if len(others) != 1:
            raise ValueError(f"a staged column has one type, and may be null; this union has several types: {schema}")
        return self.type(others[0]), "null" in schema

    def type(self, schema: Any) -> pa.DataType:
        if isinstance(schema, str):
            return _PRIMITIVES.get(schema) or self.named[schema]
        if schema.get("logicalType") in _LOGICAL:
            return _LOGICAL[schema["logicalType"]]
        match schema["type"]:
            case "record":
                made = self.record(schema)
            case "enum":
                made = pa.string()
            case "array":
                kind, is_nullable = self.branch(schema["items"])
                return pa.list_(pa.field("item", kind, nullable=is_nullable))
            case "map":
                kind, is_nullable = self.branch(schema["values"])
                return pa.map_(pa.string(), pa.field("value", kind, nullable=is_nullable))
            case other:
                return _PRIMITIVES[other]
        self.named[schema["name"]] = made
        return made
