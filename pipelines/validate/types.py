"""Checks a record against an Avro schema: all values of a wrong type, and all missing and extra fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pipelines.failures import Violation

type Named = dict[str, Mapping[str, Any]]


def _is_integer(bits: int) -> Callable[[Any], bool]:
    most = 1 << (bits - 1)
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and -most <= value < most


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


_PRIMITIVES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "null": ("null", lambda value: value is None),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "int": ("a whole number of 32 bits", _is_integer(32)),
    "long": ("a whole number of 64 bits", _is_integer(64)),
    "float": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "double": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "bytes": ("bytes", lambda value: isinstance(value, bytes)),
    "string": ("text that can be encoded in UTF-8", _is_text),
}


type Fits = Callable[[Any], bool]


def fitting(schema: Any) -> Fits:
    """A function that returns whether a value has no ``type_violations``, sooner than they would be searched for.

    >>> fits = fitting({"type": "record", "name": "Pier", "fields": [{"name": "length", "type": "int"}]})
    >>> fits({"length": 3}), fits({"length": "long"}), fits({"length": 3, "depth": 3}), fits({})
    (True, False, False, False)
    """
    return _fitting(schema, {})


def _fitting(schema: Any, named: dict[str, Fits]) -> Fits:
    if isinstance(schema, list):
        branches = [_fitting(branch, named) for branch in schema]
        return lambda value: any(fits(value) for fits in branches)
    if isinstance(schema, str):
        return named[schema] if schema in named else _PRIMITIVES[schema][1]
    made = _fitting_shape(schema, named)
    if "name" in schema:
        named[schema["name"]] = made
    return made


def _fitting_shape(shape: Mapping[str, Any], named: dict[str, Fits]) -> Fits:
    kind = shape["type"]
    if isinstance(kind, dict | list):
        return _fitting(kind, named)
    if kind in _PRIMITIVES:
        return (_time_rule(shape) or _PRIMITIVES[kind])[1]
    if kind == "enum":
        symbols = frozenset(shape["symbols"])
        return lambda value: isinstance(value, str) and value in symbols
    if kind == "array":
        of_item = _fitting(shape["items"], named)
        return lambda value: isinstance(value, list | tuple) and all(map(of_item, value))
    if kind == "map":
        of_value = _fitting(shape["values"], named)
        return lambda value: (
            isinstance(value, Mapping) and all(map(_is_text, value)) and all(map(of_value, value.values()))
        )
    fields = [(field["name"], _fitting(field["type"], named)) for field in shape["fields"]]
    return lambda value: (
        isinstance(value, Mapping) and len(value) == len(fields)
        and all(name in value and fits(value[name]) for name, fits in fields)
    )


def type_violations(record: Any, schema: Any) -> Iterator[Violation]:
    """All places where the record does not match the schema, each with its path.

    >>> schema = {"type": "record", "name": "Pier", "fields": [{"name": "length", "type": "int"}]}
    >>> [(v.field, v.expectation) for v in type_violations({"length": "long", "depth": 3}, schema)]
    [('length', 'a whole number of 32 bits'), ('depth', 'a field of Pier')]
    """
    yield from _check(record, schema, "", {})


def _check(value: Any, schema: Any, path: str, named: Named) -> Iterator[Violation]:
    if isinstance(schema, list):
        yield from _check_union(value, schema, path, named)
        return
    shape = named.get(schema) if isinstance(schema, str) else schema
    if isinstance(shape, Mapping) and isinstance(shape["type"], dict | list):
        yield from _check(value, shape["type"], path, named)
        return
    kind = schema if shape is None else shape["type"]
    if isinstance(shape, Mapping) and "name" in shape:
        named[shape["name"]] = shape
    if kind in _PRIMITIVES:
        rule, fits = _time_rule(shape) or _PRIMITIVES[kind]
        if not fits(value):
            yield Violation.of(rule, field=path, value=repr(value))
    elif kind == "enum":
        assert shape is not None
        if value not in shape["symbols"]:
            yield Violation.of(f"one of {', '.join(shape['symbols'])}", field=path, value=repr(value))
    else:
        assert shape is not None
        yield from _check_parts(value, shape, kind, path, named)


def _time_rule(shape: Any) -> tuple[str, Callable[[Any], bool]] | None:
    if isinstance(shape, Mapping) and str(shape.get("logicalType", "")).startswith("timestamp-"):
        return "a time with its zone", lambda value: isinstance(value, datetime) and value.tzinfo is not None
    return None


def _check_parts(value: Any, shape: Mapping[str, Any], kind: str, path: str, named: Named) -> Iterator[Violation]:
    if kind == "array":
        if isinstance(value, list | tuple):
            for n, each in enumerate(value):
                yield from _check(each, shape["items"], f"{path}[{n}]", named)
        else:
            yield Violation.of("a list", field=path, value=repr(value))
        if not value:
            _learn(shape["items"], named)
        return
    if not isinstance(value, Mapping):
        yield Violation.of("a map" if kind == "map" else f"a record {shape['name']}", field=path, value=repr(value))
    elif kind == "map":
        for key, each in value.items():
            if not _is_text(key):
                yield Violation.of("keys of text", field=path, value=repr(key))
            yield from _check(each, shape["values"], f"{path}[{key!r}]", named)
    else:
        yield from _check_record(value, shape, path, named)


def _check_record(value: Mapping[str, Any], shape: Mapping[str, Any], path: str, named: Named) -> Iterator[Violation]:
    prefix = f"{path}." if path else ""
    for field in shape["fields"]:
        if field["name"] in value:
            yield from _check(value[field["name"]], field["type"], prefix + field["name"], named)
        else:
            _learn(field["type"], named)
            yield Violation.of("present", field=prefix + field["name"])
    known = {field["name"] for field in shape["fields"]}
    for name in value:
        if name not in known:
            yield Violation.of(f"a field of {shape['name']}", field=f"{prefix}{name}", value=repr(value[name]))


def _check_union(value: Any, branches: list[Any], path: str, named: Named) -> Iterator[Violation]:
    """The violations of a value of a union. If there is one branch besides null, its violations are reported."""
    for branch in branches:
        _learn(branch, named)
    if any(not list(_check(value, branch, path, named)) for branch in branches):
        return
    others = [branch for branch in branches if branch != "null"]
    if len(others) == 1:
        yield from _check(value, others[0], path, named)
    else:
        yield Violation.of("a value that fits a branch of the union", field=path, value=repr(value))


def _learn(schema: Any, named: Named) -> None:
    """Adds the named types of a part that was not checked, because later fields may refer to them."""
    if isinstance(schema, list):
        for branch in schema:
            _learn(branch, named)
    elif isinstance(schema, Mapping):
        if "name" in schema:
            named[schema["name"]] = schema
        for part in ("items", "values"):
            if part in schema:
                _learn(schema[part], named)
        for field in schema.get("fields", ()):
            _learn(field["type"], named)
        if isinstance(schema["type"], dict | list):
            _learn(schema["type"], named)
