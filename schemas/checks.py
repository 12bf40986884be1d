"""The checks of `dateline schemas check`: schemas that are invalid, or that cannot read messages of earlier versions.

A new version must read every earlier one, because topics keep old messages. Avro's own rules are checked by ``avro``,
the reference library. Added here are changes that it allows although they change the meaning of values: another
logical type, bytes that become text, a removed enum symbol, another namespace.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import combinations
from pathlib import Path
from typing import Any

import avro.errors
import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from fastavro import parse_schema
from fastavro.schema import SchemaParseException, UnknownType

from schemas.aliases import alias_problems, former, lineage_problems
from schemas.problems import Named, Problem, kind_of, learn, name_of, resolve, schema_problems
from schemas.registry import SchemaVersion, home
from schemas.trial import trial_problem

_VERSION_FILE = re.compile(r"([1-9]\d*)\.avsc")
_PROMOTED = frozenset({("bytes", "string"), ("string", "bytes")})
_LOSSY = frozenset({("int", "float"), ("long", "float"), ("long", "double")})


def check_schemas(folder: Path | None = None) -> list[Problem]:
    """All problems of the schemas in a folder, or of those that ship with Dateline if ``folder`` is None."""
    root: Traversable = folder if folder is not None else home()
    problems: list[Problem] = []
    known: set[str] = set()
    for subject in sorted((each for each in root.iterdir() if each.is_dir()), key=lambda each: each.name):
        files = _schema_files(subject)
        if files:
            problems += _subject_problems(subject.name, _Versions({file.name: file for file in files}))
            known |= {f"{subject.name}/{f.name.removesuffix('.avsc')}" for f in files}
    return [*problems, *_id_problems(root / "ids.json", known)]


OWN_SUBJECT = "raw_article"
"""The only subject of which producers may have versions of their own."""


def check_own_schemas(folder: Path) -> list[Problem]:
    """All problems of a folder with producers' own versions of ``raw_article``, checked together with Dateline's.

    In addition to the checks of ``check_schemas``, Dateline's newest version must read messages of each of them.
    """
    if not folder.is_dir():
        return [Problem(str(folder), "there is no such folder", "Make the folder, or set another one.")]
    problems = [
        Problem(subject.name, "the folder may contain no subject but raw_article", "Remove it from the folder.")
        for subject in sorted(folder.iterdir()) if subject.is_dir() and _schema_files(subject)
        and subject.name != OWN_SUBJECT
    ]
    shipped = {file.name: file for file in _schema_files(home() / OWN_SUBJECT)}
    own = {file.name: file for file in _schema_files(folder / OWN_SUBJECT)}
    for name in sorted(own.keys() & shipped.keys()):
        if _parsed(own[name], name)[0] != _parsed(shipped[name], name)[0]:
            fix = "Give your version another number, from 101 on."
            problems.append(Problem(f"{OWN_SUBJECT}/{name}", "Dateline ships another version with this number", fix))
    known = {f"{subject.name}/{file.name.removesuffix('.avsc')}" for subject in home().iterdir() if subject.is_dir()
             for file in _schema_files(subject)}
    known |= {f"{OWN_SUBJECT}/{name.removesuffix('.avsc')}" for name in own}
    merged = _Versions(shipped | own, frozenset(shipped))
    return [*problems, *_subject_problems(OWN_SUBJECT, merged), *_id_problems(folder / "ids.json", known)]


def _schema_files(subject: Traversable) -> list[Traversable]:
    return [file for file in subject.iterdir() if file.name.endswith(".avsc")] if subject.is_dir() else []


@dataclass(frozen=True, slots=True)
class _Versions:
    """The files of a subject by name. Those in ``shipped`` ship with Dateline; the newest of them reads all others."""

    files: Mapping[str, Traversable]
    shipped: frozenset[str] = frozenset()


def _subject_problems(subject: str, versions: _Versions) -> Iterator[Problem]:
    schemas: dict[int, Mapping[str, Any]] = {}
    numbers: set[int] = set()
    for _, file in sorted(versions.files.items()):
        path = f"{subject}/{file.name}"
        found = _VERSION_FILE.fullmatch(file.name)
        if not found:
            yield Problem(path, "the file name is not a version", "Use the version's number, as in 2.avsc.")
            continue
        numbers.add(int(found[1]))
        schema, problems = _parsed(file, path)
        yield from problems
        if schema is not None:
            schemas[int(found[1])] = schema
            yield from schema_problems(schema, path)
    first = min((n for n in numbers if f"{n}.avsc" not in versions.shipped), default=1) if versions.shipped else 1
    for missing in sorted(set(range(first, max(numbers, default=0))) - numbers):
        fix = "Number versions without gaps, and keep old ones: messages refer to them."
        yield Problem(f"{subject}/{missing}.avsc", f"version {missing} is missing", fix)
    for later in sorted(schemas):
        for earlier in sorted(n for n in schemas if n < later):
            yield from compatibility_problems(schemas[later], schemas[earlier], subject, later, earlier)
    for earlier, middle, later in combinations(sorted(schemas), 3):
        history = schemas[later], schemas[middle], schemas[earlier]
        for where, rule in lineage_problems(*history, path=f"{subject}/{later}.avsc"):
            yield Problem(where, f"{rule} (version {earlier})", "List all former names of the field under aliases.")
    newest = max((n for n in schemas if f"{n}.avsc" in versions.shipped), default=0)
    for own in sorted(n for n in schemas if versions.shipped and n > newest > 0):
        for problem in compatibility_problems(schemas[newest], schemas[own], subject, newest, own):
            fix = "Dateline reads your messages with its version: keep the fields that it needs, and only add others."
            yield Problem(f"{subject}/{own}.avsc", f"Dateline's own version {newest} {problem.rule}", fix)


def _parsed(file: Traversable, path: str) -> tuple[Mapping[str, Any] | None, list[Problem]]:
    """The schema if both libraries can parse it, and its problems. What ``avro`` only warns of is checked elsewhere."""
    try:
        text = file.read_text("utf-8")
        schema = json.loads(text, object_pairs_hook=_without_doubles)
    except ValueError as error:
        return None, [Problem(path, f"not JSON: {error}", "Correct the JSON.")]
    if not isinstance(schema, dict) or schema.get("type") != "record":
        return None, [Problem(path, "the schema is not a record", "Make its outermost type a record.")]
    try:
        parse_schema(schema)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            avro.schema.parse(text)
    except (SchemaParseException, UnknownType, avro.errors.AvroException, KeyError, TypeError, ValueError) as error:
        return None, [Problem(path, f"not an Avro schema: {type(error).__name__}: {error}", "Correct the schema.")]
    return schema, []


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError(f"a key occurs twice in {', '.join(key for key, _ in pairs)}")
    return dict(pairs)


def compatibility_problems(
    reader: Mapping[str, Any], writer: Mapping[str, Any], subject: str, later: int, earlier: int
) -> Iterator[Problem]:
    """The reasons why a later version cannot read messages of an earlier one with their meaning unchanged."""
    path = f"{subject}/{later}.avsc"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        new, old = (avro.schema.parse(json.dumps(each)) for each in (reader, writer))
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(new, old)
    if result.compatibility is not SchemaCompatibilityType.compatible:
        kinds = sorted({kind.name for kind in result.incompatibilities})
        lost = f"{', '.join(sorted(result.messages))} at {', '.join(sorted(result.locations))}"
        yield Problem(path, f"cannot read version {earlier}: {', '.join(kinds)}: {lost}", _FIXES.get(kinds[0], _FIX))
    names: tuple[Named, Named] = ({}, {})
    learn(reader, names[0])
    learn(writer, names[1])
    if reader.get("namespace") != writer.get("namespace"):
        yield Problem(path, f"namespace differs from version {earlier}", "Keep it: it is part of all full names.")
    found = list(_Pair(names, earlier).changes(reader, writer, path))
    yield from found
    if not found and result.compatibility is SchemaCompatibilityType.compatible:
        changed = trial_problem(SchemaVersion.of(subject, earlier, writer), SchemaVersion.of(subject, later, reader))
        if changed:
            rule = f"cannot follow version {earlier}: {changed}"
            yield Problem(path, rule, "Keep the field as it was, and add another, optional field.")


_FIX = "Make the change in a backward-compatible way: add fields with defaults, widen types."
_FIXES = {
    "reader_field_missing_default_value": "Give the new field a default.",
    "missing_enum_symbols": "Keep every symbol of the enum.",
    "name_mismatch": "Keep the name, or list the old full name (with its namespace) under aliases.",
    "missing_union_branch": "Keep every branch of the union. If one is renamed, list its old full name under aliases.",
    "type_mismatch": "Keep the type, or widen it (int to long, float to double).",
}


class _Pair:
    """Compares two versions of a schema, part by part."""

    def __init__(self, names: tuple[Named, Named], earlier: int) -> None:
        self.names, self.earlier = names, earlier
        self.seen: set[tuple[str, str]] = set()

    def changes(self, reader: Any, writer: Any, path: str) -> Iterator[Problem]:
        if isinstance(writer, list) or isinstance(reader, list):
            yield from self._union_changes(reader, writer, path)
            return
        new, old = resolve(reader, self.names[0]), resolve(writer, self.names[1])
        if "name" in new and "name" in old:
            if (new["name"], old["name"]) in self.seen:
                return
            self.seen.add((new["name"], old["name"]))
        yield from self._own_changes(new, old, path)
        for part in ("items", "values"):
            if part in new and part in old:
                yield from self.changes(new[part], old[part], f"{path}.{part}")
        for where, rule in alias_problems(new, old, path):
            fix = "Let each field be read from exactly one field of the earlier version."
            yield Problem(where, f"{rule} (version {self.earlier})", fix)
        before = {field["name"]: field for field in old.get("fields", ())}
        for field in new.get("fields", ()):
            name = former(field, before)
            if name is not None:
                yield from self.changes(field["type"], before[name]["type"], f"{path}.{field['name']}")

    def _union_changes(self, reader: Any, writer: Any, path: str) -> Iterator[Problem]:
        """The changes between each branch of the writer and the branch that reads it."""
        news = reader if isinstance(reader, list) else [reader]
        for old in writer if isinstance(writer, list) else [writer]:
            kind = kind_of(old, self.names[1])
            alike = [new for new in news if kind_of(new, self.names[0]) == kind]
            if kind in ("record", "enum", "fixed"):
                alike = [new for new in alike if _short(new) == _short(old)] or alike
            if alike:
                yield from self.changes(alike[0], old, path)

    def _own_changes(self, new: Mapping[str, Any], old: Mapping[str, Any], path: str) -> Iterator[Problem]:
        was, now = old.get("logicalType"), new.get("logicalType")
        if was != now and kind_of(new, {}) == kind_of(old, {}):
            rule = f"logical type {was} of version {self.earlier} became {now}"
            yield Problem(path, rule, "The same numbers would mean other times: keep this field and add another.")
        if was == now == "decimal" and any(new.get(part) != old.get(part) for part in ("scale", "precision")):
            rule = f"scale or precision differs from version {self.earlier}"
            yield Problem(path, rule, "The same bytes would mean another number: keep this field and add another.")
        if (kind_of(old, {}), kind_of(new, {})) in _LOSSY:
            rule = f"{kind_of(old, {})} of version {self.earlier} became {kind_of(new, {})}"
            fix = "Large numbers would be rounded: an int may become long or double, a float may become double."
            yield Problem(path, rule, fix)
        if (kind_of(old, {}), kind_of(new, {})) in _PROMOTED:
            rule = f"{kind_of(old, {})} of version {self.earlier} became {kind_of(new, {})}"
            yield Problem(path, rule, "Not all bytes are valid text: keep this field and add another.")
        if gone := sorted(set(old.get("symbols", ())) - set(new.get("symbols", ()))) if "symbols" in new else []:
            rule = f"enum {name_of(new)} lost {', '.join(gone)} of version {self.earlier}"
            yield Problem(path, rule, "Keep every symbol: a default would replace old values by another symbol.")


def _short(schema: Any) -> str:
    return name_of(schema).rsplit(".", 1)[-1]


def _id_problems(listed: Traversable, known: set[str]) -> Iterator[Problem]:
    if not listed.is_file():
        return
    try:
        ids = json.loads(listed.read_text("utf-8"))
    except ValueError as error:
        yield Problem("ids.json", f"not JSON: {error}", "Correct the JSON.")
        return
    for schema_id, name in ids.items():
        if not str(schema_id).isdigit():
            yield Problem("ids.json", f"{schema_id!r} is not a schema id", "Use the number of the schema registry.")
        if name not in known:
            rule = f"id {schema_id} stands for {name!r}, which does not exist"
            yield Problem("ids.json", rule, "Use an existing subject and version, as in raw_article/1.")
