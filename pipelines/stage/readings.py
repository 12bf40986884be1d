"""Identifies a reading: what the steps made of a text, besides the text itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_READ = (
    "canonical_url", "outlet", "authors", "published_at", "published_zone", "modified_at", "dateline", "language",
    "section", "tags", "is_truncated", "mentions", "entities",
)


def reading_digest(record: Mapping[str, Any]) -> str:
    """Digest of the fields of an Avro article that are read from the page: 32 hexadecimal digits.

    Two sightings of one text with equal digests are the same reading. The text itself, evidence, warnings and times of
    processing do not count, nor does the query of the image's address, which differs from one fetch to the next.

    >>> reading_digest({"language": "en", "fetched_at": 1}) == reading_digest({"language": "en", "fetched_at": 2})
    True
    >>> reading_digest({"language": "en"}) == reading_digest({"language": "fr"})
    False
    """
    read = {name: record.get(name) for name in _READ}
    read["image_url"] = (record.get("image_url") or "").partition("?")[0]
    written = json.dumps(read, default=_written, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return str(round(value.timestamp() * 1000))
    raise TypeError(f"no field of a reading has such a value: {type(value).__name__}")
