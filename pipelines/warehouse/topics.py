"""Which topic was loaded from: Kafka gives a topic that is deleted and made again under its name another id."""

from __future__ import annotations

from typing import Any

from pipelines.warehouse.preparing import has_table


def loaded_topic_id(con: Any, topic: str) -> str:
    """The id of the topic that was loaded from; empty before the first batch that carries one.

    A warehouse that was last written before ids were kept has no such table until it is prepared again.
    """
    if not has_table(con, "topics"):
        return ""
    row = con.execute("SELECT topic_id FROM topics WHERE topic = ?", [topic]).fetchone()
    return str(row[0]) if row else ""
