"""Turns a page into a Kafka value and headers, with the framing (and the damage) that the manifest asks for."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastavro import schemaless_writer

from schemas import Registry

CONFLUENT_ID = 1
"""The id of ``raw_article/1`` in ``schemas/ids.json``."""


@dataclass(frozen=True, slots=True)
class Framed:
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def frame(body: bytes, entry: Mapping[str, Any], registry: Registry) -> Framed:
    """The body in the entry's ``framing``: bare, single_object or confluent."""
    if entry.get("gzip"):
        body = gzip.compress(body, mtime=0)
    if entry.get("damage") == "gzip":
        body = body[: len(body) // 2] + b"\xff\x00\xff" + body[len(body) // 2 + 3 :]
    if entry["framing"] == "bare":
        return Framed(body, _headers(entry))
    datum = _datum(body, entry, registry)
    if entry["framing"] == "single_object":
        fingerprint = registry.latest("raw_article").fingerprint ^ (entry.get("damage") == "fingerprint")
        value = b"\xc3\x01" + fingerprint.to_bytes(8, "little") + datum
    else:
        value = b"\x00" + int(entry.get("schema_id", CONFLUENT_ID)).to_bytes(4, "big") + datum
    return Framed(value[: len(value) * 2 // 3] if entry.get("damage") == "cut" else value)


def _datum(body: bytes, entry: Mapping[str, Any], registry: Registry) -> bytes:
    record = {
        "url": entry.get("url"),
        "fetched_at": entry.get("fetched_at_number") or datetime.fromisoformat(entry["fetched_at"]),
        "source": entry["source"],
        "content_type": entry["content_type"],
        "charset": entry.get("charset"),
        "body": body,
        "http_status": entry.get("http_status"),
        "headers": {"content-encoding": "gzip"} if entry.get("gzip") else {},
    }
    version = registry.latest("raw_article")
    stream = io.BytesIO()
    schemaless_writer(stream, version.plain if "fetched_at_number" in entry else version.parsed, record, strict=True)
    return stream.getvalue()


def _headers(entry: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
    """The headers of a bare page: only what its scraper would know."""
    names = {"content-type": "content_type", "url": "url", "fetched-at": "fetched_at", "source": "source"}
    said = [(header, str(entry[field]).encode()) for header, field in names.items() if entry.get(field) is not None]
    if entry.get("http_status") is not None:
        said.append(("http-status", str(entry["http_status"]).encode()))
    return tuple(said)
