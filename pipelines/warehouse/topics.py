"""Reads the id of the loaded topic: if a topic is deleted and recreated under its name, Kafka gives it another id."""

from __future__ import annotations

from typing import Any


def loaded_topic_id(con: Any, topic: str) -> str:
    """Kafka's id of the topic that was loaded; empty before the first batch that has one.

    A warehouse of a version that did not store ids lacks the table until it is prepared again.
    """
    if not con.has_table("topics"):
        return ""
    row = con.execute("SELECT topic_id FROM topics WHERE topic = ?", [topic]).fetchone()
    return str(row[0]) if row else ""
