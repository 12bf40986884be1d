"""All versions of all contracts, found by name, by fingerprint or by the id of a schema registry.

A writer's schema is identified by its *fingerprint*: the CRC-64-AVRO of its canonical form. Libraries disagree about
the canonical form of logical types: Avro's specification drops all attributes that it does not list, so that
milliseconds and microseconds have the same fingerprint. Dateline uses Avro's Parsing Canonical Form, but keeps
``logicalType`` (and a decimal's ``precision`` and ``scale``) after the type that they belong to::

    {"type":"long","logicalType":"timestamp-millis"}

The fingerprint of the plain form, which Java producers write, is accepted too, unless two versions with different
logical types share it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint as _fingerprint

type Schema = Mapping[str, Any] | str | list[Any]

SINGLE_OBJECT = b"\xc3\x01"
"""The first two bytes of Avro's single-object encoding. Eight bytes of fingerprint follow, little-endian."""

CONFLUENT = b"\x00"
"""The first byte of Confluent's wire format. Four bytes of schema id follow, big-endian."""

_LOGICAL = ("logicalType", "precision", "scale")


class SchemaMissing(LookupError):
    """There is no schema with this name, fingerprint or id."""


class SchemaUnreadable(SchemaMissing):
    """The schema registry has a schema with this id, but Dateline cannot read what is written with it."""


class UnreadableDatum(ValueError):
    """The bytes do not match the schema that they were declared to be written with."""


@dataclass(frozen=True, slots=True, eq=False)
class SchemaVersion:
    """A version of a subject. ``plain`` is the schema without logical types, with which times are read as numbers.

    A version that only a schema registry has is numbered by its id there (``is_registered``).
    """

    subject: str
    version: int
    schema: Mapping[str, Any]
    parsed: Any
    plain: Any
    fingerprint: int
    plain_fingerprint: int
    is_registered: bool = False

    def __str__(self) -> str:
        return f"{self.subject} (id {self.version})" if self.is_registered else f"{self.subject}/{self.version}"

    @classmethod
    def of(
        cls, subject: str, version: int, schema: Mapping[str, Any], *, is_registered: bool = False
    ) -> SchemaVersion:
        parsed = parse_schema(dict(schema))
        return cls(
            subject=subject, version=version, schema=schema, parsed=parsed, plain=parse_schema(without_logical(schema)),
            fingerprint=crc64(canonical_form(parsed)), plain_fingerprint=crc64(canonical_form(parsed, logical=False)),
            is_registered=is_registered,
        )

    def logical_type(self, field: str) -> str | None:
        """The logical type of a field of the record, also inside a union with null; or None."""
        for each in self.schema["fields"]:
            if each["name"] == field:
                branches = each["type"] if isinstance(each["type"], list) else [each["type"]]
                return next((b["logicalType"] for b in branches if isinstance(b, Mapping) and "logicalType" in b), None)
        return None


class Registry:
    """The contracts of one folder: ``<subject>/<version>.avsc``, and ``ids.json`` (id → subject/version)."""

    def __init__(
        self, versions: Iterable[SchemaVersion], ids: Mapping[int, str] | None = None,
        written: Iterable[SchemaVersion] = (), registered: Callable[[int], SchemaVersion] | None = None,
    ) -> None:
        """``written`` are versions that are only used by writers: ``latest`` never returns them.

        ``registered`` finds the schema of an id that is not in ``ids``, in a schema registry; it raises
        ``SchemaMissing`` for an id that the registry does not have.
        """
        listed = list(versions)
        self._readers = {(v.subject, v.version) for v in listed}
        self._versions = {(v.subject, v.version): v for v in (*listed, *written)}
        self._ids = dict(ids or {})
        self._registered = registered
        self._by_fingerprint = _fingerprints(list(self._versions.values()))
        if lost := {key: name for key, name in self._ids.items() if self._named(name) is None}:
            missing = ", ".join(f"schema id {key} stands for {name!r}" for key, name in lost.items())
            raise SchemaMissing(f"{missing}, but there is no such subject/version")

    @classmethod
    def load(cls, folder: Path | None = None, ids: Mapping[int, str] | None = None) -> Registry:
        """The schemas in a folder, or those that ship with Dateline if ``folder`` is None."""
        root: Traversable = folder if folder is not None else home()
        return cls(versions_of(root), listed_ids(root) | dict(ids or {}))

    def version(self, subject: str, version: int) -> SchemaVersion:
        """
        >>> str(Registry.load().version("article", 1))
        'article/1'
        """
        try:
            return self._versions[subject, version]
        except KeyError:
            raise SchemaMissing(f"no schema {subject}/{version}") from None

    def latest(self, subject: str) -> SchemaVersion:
        numbers = [v for s, v in self._readers if s == subject]
        if not numbers:
            raise SchemaMissing(f"no schema {subject}")
        return self._versions[subject, max(numbers)]

    def subjects(self) -> tuple[str, ...]:
        return tuple(sorted({s for s, _ in self._versions}))

    def by_fingerprint(self, fingerprint: int) -> SchemaVersion:
        try:
            return self._by_fingerprint[fingerprint]
        except KeyError:
            raise SchemaMissing(f"no schema with fingerprint {fingerprint:016x}") from None

    def by_id(self, schema_id: int) -> SchemaVersion:
        found = self._named(self._ids.get(schema_id, ""))
        if found is not None:
            return found
        if self._registered is not None:
            return self._registered(schema_id)
        raise SchemaMissing(f"no schema with id {schema_id}")

    def read(self, writer: SchemaVersion, datum: bytes, *, times_as_numbers: bool = False) -> dict[str, Any]:
        """The record in a bare datum, resolved to the latest version of the writer's subject.

        Raises ``UnreadableDatum`` if the bytes do not match, or if any are left over. With ``times_as_numbers``, times
        stay the writer's numbers, so that one outside of the calendar can be reported.
        """
        reader = self.latest(writer.subject)
        schemas = (writer.plain, reader.plain) if times_as_numbers else (writer.parsed, reader.parsed)
        if reader is not writer:
            _read(datum, schemas[0], None)  # fastavro does not check the fields that it skips
        return _read(datum, *schemas)

    def encode(self, subject: str, record: Mapping[str, Any]) -> bytes:
        """The record in single-object encoding, with the latest version of the subject.

        Raises ``ValueError`` for extra fields, and for missing fields without a default.

        >>> Registry.load().encode("raw_article", {}) # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        ValueError: ...
        """
        writer = self.latest(subject)
        stream = io.BytesIO()
        stream.write(SINGLE_OBJECT + writer.fingerprint.to_bytes(8, "little"))
        schemaless_writer(stream, writer.parsed, record, strict_allow_default=True)
        return stream.getvalue()

    def decode(self, value: bytes) -> dict[str, Any]:
        """The record in a value in single-object encoding. Raises ``UnreadableDatum`` or ``SchemaMissing``."""
        if value[:2] != SINGLE_OBJECT or len(value) < 10:
            raise UnreadableDatum("not Avro single-object encoding (C3 01 and eight bytes of fingerprint)")
        return self.read(self.by_fingerprint(int.from_bytes(value[2:10], "little")), value[10:])

    def framed(self, value: bytes, id_of: Callable[[SchemaVersion], int] | None = None) -> bytes:
        """A value in single-object encoding, in Confluent's wire format if an id is listed for its schema.

        If several ids are listed, the smallest one is used. ``id_of`` returns the id of a version that has none.
        Raises ``SchemaMissing`` for an unknown fingerprint.
        """
        writer = self.by_fingerprint(int.from_bytes(value[2:10], "little"))
        listed = [schema_id for schema_id, name in self._ids.items() if name == str(writer)]
        if not listed and id_of is not None:
            listed = [id_of(writer)]
        return CONFLUENT + min(listed).to_bytes(4, "big") + value[10:] if listed else value

    def _named(self, name: str) -> SchemaVersion | None:
        subject, _, number = name.partition("/")
        return self._versions.get((subject, int(number))) if number.isdigit() else None


def _read(datum: bytes, writer: Any, reader: Any) -> dict[str, Any]:
    stream = io.BytesIO(datum)
    try:
        record = schemaless_reader(stream, writer, reader)
    except Exception as error:  # on invalid bytes, fastavro raises exceptions of any type
        why = str(error) or "the bytes end too early"
        raise UnreadableDatum(f"{type(error).__name__}: {why}") from error
    if left := len(datum) - stream.tell():
        raise UnreadableDatum(f"{left} bytes are left over")
    assert isinstance(record, dict)
    return record


def canonical_form(schema: Schema, *, logical: bool = True) -> str:
    """The canonical form, described in the module's docstring, of a schema parsed by fastavro (with full names).

    >>> canonical_form({"type": "long", "logicalType": "timestamp-millis", "doc": "When."})
    '{"type":"long","logicalType":"timestamp-millis"}'
    >>> canonical_form({"type": "long", "logicalType": "timestamp-millis"}, logical=False)
    '"long"'
    """
    return json.dumps(_canonical(schema, logical), separators=(",", ":"), ensure_ascii=False)


def _canonical(schema: Schema, logical: bool) -> object:
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return [_canonical(branch, logical) for branch in schema]
    shape: dict[str, object] = {}
    if "name" in schema:
        shape["name"] = schema["name"]
    kind = schema["type"]
    shape["type"] = kind if isinstance(kind, str) else _canonical(kind, logical)
    if "fields" in schema:
        shape["fields"] = [{"name": f["name"], "type": _canonical(f["type"], logical)} for f in schema["fields"]]
    if "symbols" in schema:
        shape["symbols"] = list(schema["symbols"])
    shape |= {key: _canonical(schema[key], logical) for key in ("items", "values") if key in schema}
    if "size" in schema:
        shape["size"] = schema["size"]
    if logical:
        shape |= {key: schema[key] for key in _LOGICAL if key in schema}
    return shape["type"] if len(shape) == 1 else shape


def without_logical(schema: Any) -> Any:
    """The schema without its logical types."""
    if isinstance(schema, list):
        return [without_logical(each) for each in schema]
    if isinstance(schema, Mapping):
        keep = {k: v for k, v in schema.items() if k not in _LOGICAL}
        return {k: without_logical(v) if k in {"type", "fields", "items", "values"} else v for k, v in keep.items()}
    return schema


def crc64(canonical: str) -> int:
    """CRC-64-AVRO of a canonical form, as the specification defines it.

    >>> hex(crc64('"int"'))
    '0x7275d51a3f395c8f'
    """
    return int.from_bytes(bytes.fromhex(_fingerprint(canonical, "CRC-64-AVRO")), "little")


@cache
def shipped() -> Registry:
    """The contracts that ship with Dateline, read once."""
    return Registry.load()


@cache
def load(subject: str, version: int) -> Mapping[str, Any]:
    """The schema as it is in its file."""
    found: Mapping[str, Any] = json.loads(schema_path(subject, version).read_text("utf-8"))
    return found


def latest(subject: str) -> int:
    """The newest version of a subject that ships with Dateline.

    >>> latest("dead_letter")
    3
    """
    numbers = [int(f.name.removesuffix(".avsc")) for f in (home() / subject).iterdir() if f.name.endswith(".avsc")]
    return max(numbers)


def schema_path(subject: str, version: int) -> Traversable:
    return home() / subject / f"{version}.avsc"


def home() -> Traversable:
    """The folder of the schemas that ship with Dateline, in a checkout or a wheel."""
    return resources.files("schemas")


def listed_ids(root: Traversable) -> dict[int, str]:
    """The content of a folder's ``ids.json``: the ids of a schema registry, each with its subject/version."""
    listed = root / "ids.json"
    return {int(k): str(v) for k, v in json.loads(listed.read_text("utf-8")).items()} if listed.is_file() else {}


def versions_of(root: Traversable, subject: str | None = None) -> Iterable[SchemaVersion]:
    """The versions in a folder: of all subjects, or only of ``subject``."""
    for folder in sorted(root.iterdir(), key=lambda f: f.name):
        if folder.is_dir() and subject in {None, folder.name}:
            for file in folder.iterdir():
                number = file.name.removesuffix(".avsc")
                if file.name.endswith(".avsc") and number.isdigit():
                    yield SchemaVersion.of(folder.name, int(number), json.loads(file.read_text("utf-8")))


def _fingerprints(versions: list[SchemaVersion]) -> dict[int, SchemaVersion]:
    """The versions by fingerprint. A plain fingerprint is left out if versions with different logical types share it.
    """
    found: dict[int, SchemaVersion] = {}
    shared: set[int] = set()
    for version in versions:
        other = found.setdefault(version.plain_fingerprint, version)
        if other.fingerprint != version.fingerprint:
            shared.add(version.plain_fingerprint)
    for clash in shared:
        del found[clash]
    return found | {version.fingerprint: version for version in versions}
