"""An Avro message is read with its writer's schema and resolved to the newest version, or rejected if it does not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.decode.fetched import Fetched
from pipelines.failures import MalformedAvro, UnknownSchema
from schemas import Registry, SchemaMissing, SchemaVersion, UnreadableDatum
from schemas.registry import CONFLUENT, SINGLE_OBJECT, SchemaUnreadable

SUBJECT = "raw_article"
_UNITS = {"timestamp-millis": "milliseconds", "timestamp-micros": "microseconds", "timestamp-nanos": "nanoseconds"}


def read_single_object(value: bytes, registry: Registry) -> Fetched:
    """The page in a message of Avro's single-object encoding: C3 01, eight bytes of fingerprint, the datum.

    Rejects: MalformedAvro, UnknownSchema.
    """
    if len(value) < 10:
        raise MalformedAvro("eight bytes of fingerprint after C3 01", value=value.hex(" "))
    fingerprint = int.from_bytes(value[2:10], "little")
    return _read(registry, lambda: registry.by_fingerprint(fingerprint), value[10:], f"fingerprint {fingerprint:016x}")


def read_confluent(value: bytes, registry: Registry) -> Fetched:
    """The page in a message of Confluent's wire format: 00, four bytes of schema id, the datum.

    Rejects: MalformedAvro, UnknownSchema.
    """
    if len(value) < 5:
        raise MalformedAvro("four bytes of schema id after 00", value=value.hex(" "))
    schema_id = int.from_bytes(value[1:5], "big")
    return _read(registry, lambda: registry.by_id(schema_id), value[5:], f"id {schema_id}")


def is_single_object(value: bytes) -> bool:
    return value.startswith(SINGLE_OBJECT)


def is_confluent(value: bytes) -> bool:
    return value.startswith(CONFLUENT)


def knows_id(value: bytes, registry: Registry) -> bool:
    """Whether the value starts like Confluent's wire format and carries a schema id that the registry has."""
    try:
        registry.by_id(int.from_bytes(value[1:5], "big"))
    except SchemaMissing:
        return False
    return is_confluent(value)


def _read(registry: Registry, find: Callable[[], SchemaVersion], datum: bytes, named: str) -> Fetched:
    try:
        writer = find()
    except SchemaUnreadable as fault:
        readable = f"a schema that can be read as {SUBJECT}"
        raise UnknownSchema(readable, field="schema", value=f"{named}: {fault}") from None
    except SchemaMissing:
        raise UnknownSchema("a schema that schemas/ or the schema registry has", field="schema", value=named) from None
    if writer.subject != SUBJECT:
        raise UnknownSchema(f"a version of {SUBJECT}", field="schema", value=f"{writer} ({named})")
    try:
        record = registry.read(writer, datum, times_as_numbers=True)
    except UnreadableDatum as error:
        raise MalformedAvro(f"bytes that follow {writer}", value=error) from None
    return _fetched(record, writer)


def _fetched(record: dict[str, Any], writer: SchemaVersion) -> Fetched:
    headers = {name.lower(): value for name, value in record["headers"].items()}
    return Fetched(
        framing=f"avro {writer}", body=record["body"], content_type=record["content_type"] or None,
        charset=record["charset"], content_encoding=headers.get("content-encoding"), url=record["url"],
        fetched_at=record["fetched_at"], time_unit=_UNITS.get(writer.logical_type("fetched_at") or ""),
        scraper=record["source"], http_status=record["http_status"], headers=headers,
    )
