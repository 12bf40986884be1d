"""The examples beside each version of a contract: ``<subject>.<version>.<name>.pass.json`` and ``.fail.json``.

A passing example holds a ``record``. A failing one changes a passing one (``of``, ``changes`` by path, ``without``)
and names every violation. Bytes are written as text, times in ISO 8601.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from schemas import load

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Example:
    name: str
    subject: str
    version: int
    record: dict[str, Any]
    violations: tuple[tuple[str | None, str], ...] = ()

    @property
    def schema(self) -> Any:
        return load(self.subject, self.version)


def examples(outcome: str) -> list[Example]:
    found = [_example(path) for path in sorted(HERE.glob(f"*.{outcome}.json"))]
    assert found, f"no example ends in .{outcome}.json"
    return found


def _example(path: Path) -> Example:
    subject, version, *_ = path.name.split(".")
    said = json.loads(path.read_text("utf-8"))
    record = said["record"] if "record" in said else json.loads((HERE / said["of"]).read_text("utf-8"))["record"]
    record = copy.deepcopy(record)
    for at, value in said.get("changes", {}).items():
        holder, last = _holder(record, at)
        holder[last] = value
    for at in said.get("without", ()):
        holder, last = _holder(record, at)
        del holder[last]
    violations = tuple((each["field"], each["expectation"]) for each in said.get("violations", ()))
    return Example(path.name, subject, int(version), _typed(record, load(subject, int(version)), {}), violations)


def _holder(record: Any, at: str) -> tuple[Any, Any]:
    *way, last = [int(part) if part.isdigit() else part for part in at.split(".")]
    for part in way:
        record = record[part]
    return record, last


def _typed(value: Any, schema: Any, named: dict[str, Any]) -> Any:  # noqa: PLR0911  one return a kind
    """JSON's values as Avro's: bytes and times. What does not fit stays as it is."""
    if isinstance(schema, list):
        schema = next(branch for branch in schema if branch != "null")
    schema = named.get(schema, schema) if isinstance(schema, str) else schema
    if isinstance(schema, str):
        return value.encode() if schema == "bytes" and isinstance(value, str) else value
    named.setdefault(schema.get("name", ""), schema)
    if schema.get("logicalType") == "timestamp-millis" and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    if schema["type"] == "array" and isinstance(value, list):
        return [_typed(each, schema["items"], named) for each in value]
    if schema["type"] == "map" and isinstance(value, dict):
        return {key: _typed(each, schema["values"], named) for key, each in value.items()}
    if schema["type"] == "record" and isinstance(value, dict):
        types = {field["name"]: field["type"] for field in schema["fields"]}
        return {key: _typed(each, types.get(key, "string"), named) for key, each in value.items()}
    return value
