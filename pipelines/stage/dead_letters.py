"""Makes the dead letter of a rejected message. A large original is stored as a file, any other in the dead letter.

Both are encrypted if the settings have a key for that.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pipelines.failures import Failure
from pipelines.records import Coordinates, RawMessage
from pipelines.stage.store import StageStore


def dead_letter_id(coordinates: Coordinates) -> str:
    """Id of the dead letter of a Kafka record: the same each time the record is rejected.

    >>> dead_letter_id(Coordinates("articles.raw", 0, 7))
    '8b176e39c77826fb'
    """
    return hashlib.sha256(str(coordinates).encode()).hexdigest()[:16]


def dead_letter_record(  # noqa: PLR0913, PLR0917  a message, its failure, and the context of the run
    message: RawMessage, failure: Failure, processor: str, rejected_at: datetime, scraper: str | None,
    store: StageStore | None,
) -> dict[str, Any]:
    """The Avro dead letter of a rejected message. Without a ``store``, originals of any size are inside it."""
    original = inside = message.value
    path = key_id = None
    if original is not None and store is not None:
        key_id = store.key_id
        if len(original) > store.inline_bytes:
            path, inside = store.keep_original(original, message.coordinates.topic), None
        else:
            inside = store.seal(original, message.coordinates)
    return {
        "step": failure.step,
        "reason": failure.reason,
        "details": [{"field": v.field, "expectation": v.expectation, "value": v.value} for v in failure.violations],
        "fingerprint": failure.fingerprint,
        "processor": processor,
        "rejected_at": rejected_at,
        "scraper": scraper,
        "coordinates": asdict(message.coordinates),
        "timestamp": message.timestamp,
        "key": message.key,
        "headers": [{"name": name, "value": value} for name, value in message.headers],
        "original": inside,
        "original_path": path,
        "original_key_id": key_id,
        "original_bytes": len(original or b"") if message.left_out_bytes is None else message.left_out_bytes,
    }
