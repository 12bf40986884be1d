"""Articles that another Dateline made and sent to its topic of clean articles: they fill this warehouse as they are."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipelines.decode.avro import fingerprint_and_datum, id_and_datum
from pipelines.decode.times import fetch_time
from pipelines.failures import MalformedAvro
from pipelines.records import RawMessage
from schemas import Registry, SchemaMissing, SchemaVersion, UnreadableDatum
from schemas.registry import SchemaUnreadable

SUBJECT = "article"


def read_article(message: RawMessage, registry: Registry) -> dict[str, Any] | None:
    """The Avro article in a message, with the coordinates of this message; None if the value has another schema.

    Rejects ``MalformedAvro`` and, for a fetch time that a scraper could not have either, ``ImplausibleTime``.
    """
    value = message.value or b""
    found = _writer(value, registry)
    if found is None or found[0].subject != SUBJECT:
        return None
    writer, datum = found
    try:
        record = registry.read(writer, datum)
    except (UnreadableDatum, OverflowError, ValueError) as error:  # the last two: a time outside of the calendar
        raise MalformedAvro(f"bytes that follow {writer}", value=error) from None
    fetch_time(record["fetched_at"].isoformat(), None, message.timestamp, f"avro {writer}")
    return record | {"coordinates": asdict(message.coordinates)}


def _writer(value: bytes, registry: Registry) -> tuple[SchemaVersion, bytes] | None:
    """The schema with which a value was written, and its datum; None if the framing or the schema is another one."""
    try:
        if framed := fingerprint_and_datum(value):
            return registry.by_fingerprint(framed[0]), framed[1]
        if framed := id_and_datum(value):
            return registry.by_id(framed[0]), framed[1]
    except (SchemaMissing, SchemaUnreadable):
        pass
    return None
