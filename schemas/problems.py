"""The problems of a single schema, without regard to other versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

type Named = dict[str, Mapping[str, Any]]

_NUMBERS = frozenset({"int", "long", "float", "double"})
_ALIKE: tuple[tuple[frozenset[str], str], ...] = (
    (_NUMBERS, "a whole number fits both"),
    (frozenset({"string", "enum"}), "a symbol is a string, too"),
    (frozenset({"bytes", "fixed"}), "bytes of that length fit both"),
    (frozenset({"record", "map"}), "a record's fields are a map, too"),
)
_LOGICAL_BASES: Mapping[str, frozenset[str]] = {
    "timestamp-millis": frozenset({"long"}), "timestamp-micros": frozenset({"long"}),
    "time-micros": frozenset({"long"}),
    "timestamp-nanos": frozenset({"long"}), "local-timestamp-millis": frozenset({"long"}),
    "local-timestamp-micros": frozenset({"long"}), "local-timestamp-nanos": frozenset({"long"}),
    "time-millis": frozenset({"int"}), "date": frozenset({"int"}), "uuid": frozenset({"string", "fixed"}),
    "decimal": frozenset({"bytes", "fixed"}), "duration": frozenset({"fixed"}),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that must be corrected before a schema can be used: the place, the rule it breaks, the fix."""

    path: str
    rule: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}. {self.fix}"


def schema_problems(schema: Any, path: str) -> Iterator[Problem]:
    """The missing docs, ambiguous unions, defaults that do not fit, and unknown logical types of a schema."""
    named: Named = {}
    learn(schema, named)
    yield from _walk(schema, path, named)


def _walk(schema: Any, path: str, named: Named) -> Iterator[Problem]:
    if isinstance(schema, list):
        yield from _ambiguities(schema, path, named)
        for n, branch in enumerate(schema):
            yield from _walk(branch, f"{path}[{n}]", named)
    elif isinstance(schema, Mapping):
        kind = schema["type"]
        yield from _logical_problems(schema, path)
        if kind in ("record", "enum", "fixed", "error") and not str(schema.get("doc", "")).strip():
            yield Problem(path, f"{kind} {schema.get('name')} has no doc", "Describe in its doc what it stands for.")
        if isinstance(kind, list | dict):
            yield from _walk(kind, path, named)
        for part in ("items", "values"):
            if part in schema:
                yield from _walk(schema[part], f"{path}.{part}", named)
        for field in schema.get("fields", ()):
            yield from _field_problems(field, f"{path}.{field['name']}", named)


def _field_problems(field: Mapping[str, Any], path: str, named: Named) -> Iterator[Problem]:
    if not str(field.get("doc", "")).strip():
        fix = "Describe the field in its doc: the data dictionary is generated from it."
        yield Problem(path, "field has no doc", fix)
    if "default" in field and not default_fits(field["default"], field["type"], named):
        where = "the first branch of its union" if isinstance(field["type"], list) else "its type"
        fix = "Put the default's branch first." if isinstance(field["type"], list) else "Use a default of this type."
        yield Problem(path, f"default {field['default']!r} does not fit {where}", fix)
    if field["name"].endswith("_at") and not _is_time(field["type"]):
        rule = "a field whose name ends in _at is not a timestamp-millis"
        yield Problem(path, rule, "Use long with logicalType timestamp-millis.")
    yield from _walk(field["type"], path, named)


def _is_time(kind: Any) -> bool:
    branches = kind if isinstance(kind, list) else [kind]
    return all(b == "null" or (isinstance(b, Mapping) and b.get("logicalType") == "timestamp-millis") for b in branches)


def _logical_problems(schema: Mapping[str, Any], path: str) -> Iterator[Problem]:
    logical = schema.get("logicalType")
    if logical is None:
        return
    bases = _LOGICAL_BASES.get(logical)
    if bases is None:
        rule = f"logical type {logical!r} does not exist in Avro"
        yield Problem(path, rule, "Readers ignore it: use one that Avro has.")
    elif schema["type"] not in bases:
        rule = f"logical type {logical} is not valid for {schema['type']}"
        yield Problem(path, rule, f"Readers ignore it: use {' or '.join(sorted(bases))}.")


def _ambiguities(branches: list[Any], path: str, named: Named) -> Iterator[Problem]:
    for one, other in combinations(branches, 2):
        kinds = kind_of(one, named), kind_of(other, named)
        why = next((why for alike, why in _ALIKE if kinds[0] in alike and kinds[1] in alike and _differ(*kinds)), None)
        if why is None and kinds == ("record", "record") and _share_a_value(one, other, named):
            why = "a value may have the fields of both"
        if why is None and kinds[0] == kinds[1] and kinds[0] in ("enum", "fixed") and _overlap(one, other, named):
            why = "a value fits both"
        if why:
            rule = f"union of {name_of(one)} and {name_of(other)} is ambiguous: {why}"
            yield Problem(path, rule, "Keep one branch, or wrap them in records with different fields.")


def _differ(one: str, other: str) -> bool:
    return one != other or one in _NUMBERS


def _share_a_value(one: Any, other: Any, named: Named) -> bool:
    """Whether the same fields could be a value of both records: each has all fields that the other requires."""
    fields = [{f["name"]: "default" in f for f in resolve(each, named)["fields"]} for each in (one, other)]
    required = {name for each in fields for name, has_default in each.items() if not has_default}
    return required <= fields[0].keys() & fields[1].keys()


def _overlap(one: Any, other: Any, named: Named) -> bool:
    first, second = resolve(one, named), resolve(other, named)
    if first["type"] == "fixed":
        return bool(first["size"] == second["size"])
    return bool(set(first["symbols"]) & set(second["symbols"]))


def default_fits(value: Any, schema: Any, named: Named) -> bool:
    """Whether a default, given as JSON, fits a schema. A default of a union must fit its first branch.

    >>> default_fits("", ["null", "string"], {}), default_fits(None, ["null", "string"], {})
    (False, True)
    """
    shape = resolve(schema[0] if isinstance(schema, list) else schema, named)
    kind = shape["type"]
    if isinstance(kind, dict | list):
        return default_fits(value, kind, named)
    if kind in ("array", "map"):
        return _fill_fits(value, shape, named)
    if kind in ("record", "error"):
        return isinstance(value, dict) and all(
            default_fits(value[f["name"]], f["type"], named) if f["name"] in value else "default" in f
            for f in shape["fields"]
        )
    return _simple_fits(value, shape)


def _fill_fits(value: Any, shape: Mapping[str, Any], named: Named) -> bool:
    holder, part = (list, "items") if shape["type"] == "array" else (dict, "values")
    if not isinstance(value, holder):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return all(default_fits(each, shape[part], named) for each in inner)


def _simple_fits(value: Any, shape: Mapping[str, Any]) -> bool:
    kind = shape["type"]
    if kind in _NUMBERS:
        most = {"int": 1 << 31, "long": 1 << 63}.get(kind)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and -most <= value < most if most else whole or isinstance(value, float)
    if kind in ("bytes", "fixed"):  # JSON has no bytes: each byte is written as one character
        is_bytes = isinstance(value, str) and all(ord(c) < 256 for c in value)
        return is_bytes and (kind == "bytes" or len(value) == shape["size"])
    if kind == "enum":
        return value in shape["symbols"]
    types = {"null": type(None), "boolean": bool, "string": str}
    return kind in types and isinstance(value, types[kind])


def learn(schema: Any, named: Named, namespace: str = "") -> None:
    """Adds the named types of a schema to ``named``, by short and by full name."""
    if isinstance(schema, list):
        for branch in schema:
            learn(branch, named, namespace)
    elif isinstance(schema, Mapping):
        space = schema.get("namespace", namespace)
        if "name" in schema and isinstance(schema.get("type"), str):
            named[schema["name"]] = named[f"{space}.{schema['name']}" if space else schema["name"]] = schema
        for part in ("type", "items", "values"):
            learn(schema.get(part), named, space)
        for field in schema.get("fields", ()):
            learn(field["type"], named, space)


def resolve(schema: Any, named: Named) -> Mapping[str, Any]:
    """The schema as an object. A name is looked up in ``named``."""
    if isinstance(schema, Mapping):
        return schema
    return named.get(schema, {"type": schema})


def kind_of(schema: Any, named: Named) -> str:
    kind = resolve(schema, named)["type"]
    return kind if isinstance(kind, str) else kind_of(kind, named)


def name_of(schema: Any) -> str:
    """The name of a branch of a union, for a message.

    >>> name_of({"type": "long", "logicalType": "timestamp-millis"})
    'timestamp-millis'
    """
    if isinstance(schema, Mapping):
        return str(schema.get("name") or schema.get("logicalType") or schema["type"])
    return str(schema)
