"""Where a field's value comes from when an earlier version is read, and whether its aliases leave that in no doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.problems import Named, learn, resolve


def former(field: Mapping[str, Any], before: Mapping[str, Any]) -> str | None:
    """The name among the fields of an earlier version that a field has, or had as one of its aliases."""
    return next((name for name in (field["name"], *field.get("aliases", ())) if name in before), None)


def alias_problems(reader: Any, writer: Any, path: str) -> Iterator[tuple[str, str]]:
    """Fields of a record whose aliases can be read two ways, so that a value would be lost or land in the wrong one."""
    old, new = {f["name"] for f in writer.get("fields", ())}, reader.get("fields", ())
    names = {field["name"] for field in new}
    claimed: dict[str, str] = {}
    for field in new:
        sources = [name for name in (field["name"], *field.get("aliases", ())) if name in old]
        where = f"{path}.{field['name']}"
        if len(sources) > 1:
            yield where, f"may be read from {' or '.join(sources)}, and the other would be lost"
        for alias in field.get("aliases", ()):
            if alias in names - {field["name"]}:
                yield where, f"has the alias {alias}, which is another field's name"
        for name in sources:
            if name in claimed:
                yield where, f"is read from {name}, as {claimed[name]} is"
            claimed[name] = field["name"]


def lineage_problems(later: Any, middle: Any, earlier: Any, path: str) -> Iterator[tuple[str, str]]:
    """Fields that were renamed twice, and whose first name is no longer among their aliases."""
    names: tuple[Named, Named, Named] = ({}, {}, {})
    for schema, named in zip((later, middle, earlier), names, strict=True):
        learn(schema, named)
    yield from _lost(tuple(_records(s, n) for s, n in zip((later, middle, earlier), names, strict=True)), path)


def _records(schema: Any, named: Named) -> dict[str, list[Mapping[str, Any]]]:
    """The fields of each record of a schema, by the record's short name."""
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
                yield f"{path}.{field['name']}", f"was named {origin} once, and {origin} is not among its aliases"
