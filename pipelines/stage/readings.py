"""Computes the digest that identifies a reading: the fields that the steps derived from a page, besides its text."""

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
_RIGHTS = (
    "robots", "tdm_reserved", "tdm_policy", "license", "usage_info", "acquire_license_page", "copyright_notice",
    "is_accessible_for_free", "body_withheld_for",
)
"""Part of the digest only if the page declares them: other readings keep the digest that they had before."""


def reading_digest(record: Mapping[str, Any]) -> str:
    """Digest, of 32 hexadecimal digits, of the fields of an Avro article that are read from the page.

    Two fetches of the same text with equal digests are the same reading. The digest leaves out the text itself,
    evidence, warnings and processing times, and the query of the image's URL, which differs from fetch to fetch.

    >>> reading_digest({"language": "en", "fetched_at": 1}) == reading_digest({"language": "en", "fetched_at": 2})
    True
    >>> reading_digest({"language": "en"}) == reading_digest({"language": "fr"})
    False
    """
    read = {name: record.get(name) for name in _READ}
    read |= {name: record[name] for name in _RIGHTS if record.get(name) is not None}
    read["image_url"] = (record.get("image_url") or "").partition("?")[0]
    written = json.dumps(read, default=_written, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return str(round(value.timestamp() * 1000))
    raise TypeError(f"a field of a reading cannot have a value of this type: {type(value).__name__}")
