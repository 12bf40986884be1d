"""Which field of an earlier version a field is read from, and whether its aliases make that ambiguous."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.problems import Named, learn, resolve


def former(field: Mapping[str, Any], before: Mapping[str, Any]) -> str | None:
    """The field of an earlier version (``before``) with the name or an alias of ``field``; None if there is none."""
    return next((name for name in (field["name"], *field.get("aliases", ())) if name in before), None)


def alias_problems(reader: Any, writer: Any, path: str) -> Iterator[tuple[str, str]]:
    """The fields of a record whose aliases are ambiguous, so that a value would be lost or read into the wrong field.
    """
    old, new = {f["name"] for f in writer.get("fields", ())}, reader.get("fields", ())
    names = {field["name"] for field in new}
    claimed: dict[str, str] = {}
    for field in new:
        sources = [name for name in (field["name"], *field.get("aliases", ())) if name in old]
        where = f"{path}.{field['name']}"
        if len(sources) > 1:
            yield where, f"could be read from {' or '.join(sources)}; the other value would be lost"
        for alias in field.get("aliases", ()):
            if alias in names - {field["name"]}:
                yield where, f"has the alias {alias}, which is the name of another field"
        for name in sources:
            if name in claimed:
                yield where, f"is read from {name}, but so is {claimed[name]}"
            claimed[name] = field["name"]


def lineage_problems(later: Any, middle: Any, earlier: Any, path: str) -> Iterator[tuple[str, str]]:
    """The fields that were renamed twice and no longer have their first name among their aliases."""
    names: tuple[Named, Named, Named] = ({}, {}, {})
    for schema, named in zip((later, middle, earlier), names, strict=True):
        learn(schema, named)
    yield from _lost(tuple(_records(s, n) for s, n in zip((later, middle, earlier), names, strict=True)), path)


def _records(schema: Any, named: Named) -> dict[str, list[Mapping[str, Any]]]:
    """The fields of all records in a schema, by the record's short name."""
    found = {each["name"].rpartition(".")[2]: each["fields"] for each in named.values() if "fields" in each}
    return found | {resolve(schema, named)["name"].rpartition(".")[2]: schema["fields"]}


def _lost(records: tuple[dict[str, list[Mapping[str, Any]]], ...], path: str) -> Iterator[tuple[str, str]]:
    later, middle, earlier = records
    for record in sorted(later.keys() & middle.keys() & earlier.keys()):
        before, first = ({f["name"]: f for f in each[record]} for each in (middle, earlier))
        for field in later[record]:
            name = former(field, before)
            origin = former(before[name], first) if name is not None else None
            if origin is not None and former(field, first) != origin:
                yield f"{path}.{field['name']}", f"was once named {origin}, but {origin} is not among its aliases"
