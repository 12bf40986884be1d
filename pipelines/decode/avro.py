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
    framed = fingerprint_and_datum(value)
    if framed is None:
        raise MalformedAvro("eight bytes of fingerprint after C3 01", value=value.hex(" "))
    fingerprint, datum = framed
    return _read(registry, lambda: registry.by_fingerprint(fingerprint), datum, f"fingerprint {fingerprint:016x}")


def read_confluent(value: bytes, registry: Registry) -> Fetched:
    """The page in a message of Confluent's wire format: 00, four bytes of schema id, the datum.

    Rejects: MalformedAvro, UnknownSchema.
    """
    framed = id_and_datum(value)
    if framed is None:
        raise MalformedAvro("four bytes of schema id after 00", value=value.hex(" "))
    schema_id, datum = framed
    return _read(registry, lambda: registry.by_id(schema_id), datum, f"id {schema_id}")


def fingerprint_and_datum(value: bytes) -> tuple[int, bytes] | None:
    """What follows C3 01 in a message of the single-object encoding; None if the value is another one or too short.

    >>> fingerprint_and_datum(b"\\xc3\\x01" + bytes([7, 1, 0, 0, 0, 0, 0, 0]) + b"datum")
    (263, b'datum')
    """
    if not is_single_object(value) or len(value) < 10:
        return None
    return int.from_bytes(value[2:10], "little"), value[10:]


def id_and_datum(value: bytes) -> tuple[int, bytes] | None:
    """What follows 00 in a message of Confluent's wire format; None if the value is another one or too short.

    >>> id_and_datum(b"\\x00" + bytes([0, 0, 1, 7]) + b"datum"), id_and_datum(b"<p>pier")
    ((263, b'datum'), None)
    """
    if not is_confluent(value) or len(value) < 5:
        return None
    return int.from_bytes(value[1:5], "big"), value[5:]


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
