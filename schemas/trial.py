"""Tests whether messages of one version are read unchanged by another: sample values are written, read and compared.

Libraries differ in how they follow aliases and convert defaults. So the check of two versions ends with a trial of the
library that ``Registry`` uses, with values for every field, branch and symbol.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from fastavro import schemaless_reader, schemaless_writer

from schemas.aliases import former
from schemas.problems import Named, kind_of, learn, resolve
from schemas.registry import SchemaVersion

DEEPEST = 3
"""Levels to which recursive records are filled. A null or an empty list ends them."""

_SAMPLES: Mapping[str, tuple[Any, ...]] = {
    "null": (None,), "boolean": (True, False),
    "int": (7, 0, -1, (1 << 31) - 1, -(1 << 31), (1 << 24) + 1),
    "long": (7, 0, -1, (1 << 63) - 1, -(1 << 63), (1 << 53) + 1),
    "float": (1.5, 0.0, -2.25), "double": (0.1, 0.0, -1e300),
    "bytes": (b"quay", b"", b"\x00\xff"), "string": ("quay", "", "Brück \u2028 \U0001f6a2"),
}  # fmt: skip
_LOGICAL_SAMPLES: Mapping[str, tuple[Any, ...]] = {
    "int": (7, 0, 20_000), "long": (7, 0, 1_700_000), "string": ("12345678-1234-4678-9234-567812345678",),
}
_WIDENED = {"int": ("long", "double", "float"), "long": ("double", "float"), "float": ("double",),
            "string": ("bytes",), "bytes": ("string",)}


class _Unresolved(Exception):
    """By Avro's own rules, one schema cannot be read as the other. Another check reports that."""


def trial_problem(writer: SchemaVersion, reader: SchemaVersion) -> str | None:
    """The first error when messages of ``writer`` are read with ``reader``, or None if there is none."""
    try:
        pairs = _Pairs(writer.parsed, reader.parsed).records()
    except (_Unresolved, RecursionError):
        return None
    for written, wanted in pairs:
        datum = _written(writer.plain, written)
        try:
            plain = schemaless_reader(io.BytesIO(datum), writer.plain, reader.plain)
            logical = schemaless_reader(io.BytesIO(datum), writer.parsed, reader.parsed)
        except Exception as error:  # noqa: BLE001  fastavro raises exceptions of any type
            return f"its messages cannot be decoded: {type(error).__name__}: {error}"[:300]
        if difference := _difference(wanted, plain, ""):
            return difference
        again = schemaless_reader(io.BytesIO(_written(reader.plain, wanted)), reader.parsed, None)
        if difference := _difference(again, logical, ""):
            return difference
    return None


def _written(schema: Any, value: Any) -> bytes:
    stream = io.BytesIO()
    schemaless_writer(stream, schema, value)
    return stream.getvalue()


def _difference(wanted: Any, found: Any, place: str) -> str | None:
    """The first difference between two values, or None. An int and a float with the same value are equal."""
    if isinstance(wanted, dict) and isinstance(found, dict) and wanted.keys() == found.keys():
        return next((d for key in wanted if (d := _difference(wanted[key], found[key], f"{place}.{key}"))), None)
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return next((d for n, each in enumerate(wanted) if (d := _difference(each, found[n], place))), None)
    numbers = isinstance(wanted, int | float) and isinstance(found, int | float)
    if wanted == found and (numbers or type(wanted) is type(found)):
        return None
    return f"decode changes {place.removeprefix('.') or 'it'}: {wanted!r} is read as {found!r}"


class _Pairs:
    """Sample values of the writer's schema, each with the value that the reader must get. Both have full names."""

    def __init__(self, writer: Any, reader: Any) -> None:
        self.writer, self.reader = writer, reader
        self.old: Named = {}
        self.new: Named = {}
        learn(writer, self.old)
        learn(reader, self.new)

    def records(self) -> list[tuple[Any, Any]]:
        return self._pairs(self.writer, self.reader, 0)

    def _pairs(self, writer: Any, reader: Any, depth: int) -> list[tuple[Any, Any]]:
        if isinstance(writer, list):
            branches = ["null"] if depth > DEEPEST and "null" in writer else writer
            return [pair for branch in branches for pair in self._pairs(branch, reader, depth)]
        old = resolve(writer, self.old)
        if isinstance(old["type"], list | dict):
            return self._pairs(old["type"], reader, depth)
        new = resolve(self._branch(old, reader), self.new)
        if isinstance(new["type"], list | dict):
            return self._pairs(writer, new["type"], depth)
        if old["type"] in ("record", "error"):
            return self._fields(old, new, depth + 1)
        if old["type"] in ("array", "map"):
            return self._fill(old, new, depth + 1)
        return [(value, value) for value in _samples(old)]

    def _branch(self, old: Mapping[str, Any], reader: Any) -> Any:
        """The branch of ``reader`` that reads a value of ``old``: with its type and name, or a wider type."""
        branches = reader if isinstance(reader, list) else [reader]
        kind = kind_of(old, self.old)
        alike = [branch for branch in branches if kind_of(branch, self.new) == kind]
        if "name" in old:
            alike = [branch for branch in alike if _is_named(resolve(branch, self.new), old["name"])]
        for wider in _WIDENED.get(kind, ()):
            alike += [branch for branch in branches if kind_of(branch, self.new) == wider]
        if not alike:
            raise _Unresolved
        return alike[0]

    def _fields(self, old: Mapping[str, Any], new: Mapping[str, Any], depth: int) -> list[tuple[Any, Any]]:
        """Sample records in which each field has each of its values, in a different order for each field."""
        before = {field["name"]: field for field in old["fields"]}
        taken = {field["name"]: former(field, before) for field in new["fields"]}
        missing = {f["name"]: default_value(f, self.new) for f in new["fields"] if taken[f["name"]] is None}
        columns: dict[str, list[tuple[Any, dict[str, Any]]]] = {}
        for name, field in before.items():
            readers = [each for each in new["fields"] if taken[each["name"]] == name]
            columns[name] = [
                (value, {readers[0]["name"]: wanted})
                for value, wanted in self._pairs(field["type"], readers[0]["type"], depth)
            ] if readers else [(value, {}) for value, _ in _Pairs(field["type"], field["type"]).with_names(self.old)]
        rows = max(map(len, columns.values()), default=1)
        made = []
        for row in range(rows):
            written, wanted = {}, dict(missing)
            for n, (name, column) in enumerate(columns.items()):
                value, becomes = column[(row + n) % len(column)]
                written[name] = value
                wanted |= becomes
            made.append((written, wanted))
        return made

    def with_names(self, names: Named) -> list[tuple[Any, Any]]:
        """The pairs of a part of a schema. ``names`` has the named types that it refers to."""
        self.old = self.new = names
        return self._pairs(self.writer, self.reader, DEEPEST)

    def _fill(self, old: Mapping[str, Any], new: Mapping[str, Any], depth: int) -> list[tuple[Any, Any]]:
        if old["type"] == "array":
            inner = self._pairs(old["items"], new["items"], depth) if depth <= DEEPEST else []
            return [([w for w, _ in inner], [r for _, r in inner]), ([], [])]
        inner = self._pairs(old["values"], new["values"], depth) if depth <= DEEPEST else []
        return [({f"k{n}": w for n, (w, _) in enumerate(inner)}, {f"k{n}": r for n, (_, r) in enumerate(inner)})]


def _samples(shape: Mapping[str, Any]) -> tuple[Any, ...]:
    if shape["type"] == "enum":
        return tuple(shape["symbols"])
    if shape["type"] == "fixed":
        return (bytes(range(shape["size"] % 256)) + b"\x07" * (shape["size"] - shape["size"] % 256),)
    kinds = _LOGICAL_SAMPLES if "logicalType" in shape and shape["type"] in _LOGICAL_SAMPLES else _SAMPLES
    return kinds[shape["type"]]


def _is_named(shape: Mapping[str, Any], name: str) -> bool:
    space = shape["name"].rpartition(".")[0]
    aliases = [alias if "." in alias or not space else f"{space}.{alias}" for alias in shape.get("aliases", ())]
    return name in (shape["name"], *aliases)


def default_value(field: Mapping[str, Any], named: Named) -> Any:
    """A field's default as an Avro value: bytes are decoded from characters, and omitted fields get their defaults."""
    if "default" not in field:
        raise _Unresolved
    kind = field["type"]
    return _meant(field["default"], kind[0] if isinstance(kind, list) else kind, named)


def _meant(value: Any, schema: Any, named: Named) -> Any:
    shape = resolve(schema, named)
    kind = shape["type"]
    if isinstance(kind, list | dict):
        return _meant(value, kind[0] if isinstance(kind, list) else kind, named)
    if kind in ("bytes", "fixed"):
        return value.encode("latin-1")
    if kind == "array":
        return [_meant(each, shape["items"], named) for each in value]
    if kind == "map":
        return {key: _meant(each, shape["values"], named) for key, each in value.items()}
    if kind == "record":
        return {
            f["name"]: default_value(f | {"default": value[f["name"]]} if f["name"] in value else f, named)
            for f in shape["fields"]
        }
    return value
