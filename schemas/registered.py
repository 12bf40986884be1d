"""Schemas of a schema registry: how one is read from its text, and whether Dateline can read what it wrote.

A producer may register a schema that Dateline does not ship. What is written with it is read as ``raw_article`` if the
newest version that Dateline ships can read it without a change of meaning, as ``dateline schemas check`` decides for a
folder of schemas. Only the namespace may differ, which the readers of Avro ignore, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import avro.errors
import avro.schema
from fastavro.schema import SchemaParseException, UnknownType

from schemas.checks import OWN_SUBJECT, compatibility_problems
from schemas.registry import Registry, SchemaMissing, SchemaUnreadable, SchemaVersion

_PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """A schema as a registry has it: its text, its type, and the texts of the schemas that it refers to."""

    text: str
    kind: str = "AVRO"
    references: tuple[str, ...] = ()


def registered_version(schema_id: int, registered: RegisteredSchema, known: Registry) -> SchemaVersion:
    """The version of ``known`` that is the same schema, or else a version of ``raw_article`` that writers use.

    Raises ``SchemaUnreadable`` if the schema is not one that Dateline can read as ``raw_article``.
    """
    if registered.kind != "AVRO":
        raise SchemaUnreadable(f"it is a schema of type {registered.kind}")
    try:
        version = SchemaVersion.of(OWN_SUBJECT, schema_id, _record(registered), is_registered=True)
    except (SchemaParseException, UnknownType, KeyError, TypeError, ValueError, RecursionError) as fault:
        raise SchemaUnreadable(f"it is not an Avro schema of a record: {type(fault).__name__}: {fault}") from None
    try:
        return known.by_fingerprint(version.fingerprint)
    except SchemaMissing:
        _need_readable(version, known)
        return version


def _need_readable(version: SchemaVersion, known: Registry) -> None:
    newest = known.latest(version.subject)
    writer = {key: value for key, value in version.parsed.items() if not key.startswith("__")}  # with full names
    writer |= {"name": writer["name"].rpartition(".")[2], "namespace": newest.schema["namespace"]}
    try:
        problems = list(
            compatibility_problems(newest.schema, writer, version.subject, newest.version, version.version)
        )
    except (avro.errors.AvroException, KeyError, TypeError, ValueError, RecursionError) as fault:
        raise SchemaUnreadable(f"it cannot be compared: {type(fault).__name__}: {fault}") from None
    if problems:
        raise SchemaUnreadable(f"{newest} {problems[0].rule}")


def _record(registered: RegisteredSchema) -> Mapping[str, Any]:
    """The schema with the definitions that it refers to in place of their names."""
    schema = json.loads(registered.text)
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ValueError("its outermost type is not a record")
    definitions = {_full_name(each, ""): each for each in map(json.loads, registered.references)}
    merged = _merged(schema, definitions, "", 0) if definitions else schema
    assert isinstance(merged, dict)
    return merged


def _merged(schema: Any, definitions: dict[str, Any], namespace: str, depth: int) -> Any:
    """The schema, with each definition in the place where its name occurs first; it is then removed from the dict."""
    if depth > _DEEPEST:
        raise ValueError("its types are nested too deeply")
    if isinstance(schema, str):
        if schema in _PRIMITIVES:
            return schema
        named = schema if "." in schema or not namespace else f"{namespace}.{schema}"
        definition = definitions.pop(named, None)
        return schema if definition is None else _merged(definition, definitions, "", depth + 1)
    if isinstance(schema, list):
        return [_merged(branch, definitions, namespace, depth + 1) for branch in schema]
    if not isinstance(schema, dict):
        raise TypeError(f"{schema!r} is not a type")
    inner = _full_name(schema, namespace).rpartition(".")[0] if "name" in schema else namespace
    merged = {
        key: _merged(value, definitions, inner, depth + 1) if key in {"type", "items", "values"} else value
        for key, value in schema.items()
    }
    if "fields" in schema:
        fields: Sequence[dict[str, Any]] = schema["fields"]
        merged["fields"] = [
            {**field, "type": _merged(field["type"], definitions, inner, depth + 1)} for field in fields
        ]
    return merged


def _full_name(schema: Mapping[str, Any], namespace: str) -> str:
    """
    >>> _full_name({"name": "Page", "namespace": "acme"}, ""), _full_name({"name": "acme.Page"}, "other")
    ('acme.Page', 'acme.Page')
    """
    name = str(schema["name"])
    space = str(schema.get("namespace", namespace))
    return name if "." in name or not space else f"{space}.{name}"
