"""Reads what is loaded of a topic: its id, since Kafka gives a topic that is deleted and recreated under its name
another one, and the next offset of each partition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.warehouse.preparing import stored_fingerprint


@dataclass(frozen=True, slots=True)
class LoadedTopic:
    """What is loaded of a topic. Before its first batch, nothing is.

    ``next_offsets`` are the next offsets to read, by partition. ``topic_id`` is Kafka's id of the topic; it is empty if
    the broker gives topics no ids.
    """

    next_offsets: Mapping[int, int] = field(default_factory=dict)
    topic_id: str = ""


def read_topic(con: Any, topic: str) -> LoadedTopic:
    """What is loaded of a topic, from a warehouse that may have no tables yet.

    A warehouse of a version that did not store ids lacks their table until it is prepared again.
    """
    if stored_fingerprint(con) is None:
        return LoadedTopic()
    offsets = con.execute(
        "SELECT partition, next_offset FROM partition_offsets WHERE topic = ? ORDER BY partition", [topic]
    ).fetchall()
    has_ids = con.has_table("topics")
    row = con.execute("SELECT topic_id FROM topics WHERE topic = ?", [topic]).fetchone() if has_ids else None
    return LoadedTopic(dict(offsets), str(row[0]) if row else "")
