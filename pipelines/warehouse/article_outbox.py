"""The outbox of clean articles: articles and deletions that are committed in the warehouse and not yet sent to Kafka.

It has the functions of ``outbox``, for another table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.resolve.outgoing import WaitingMessage
from pipelines.warehouse.interface import OutboxStanding

_STANDING = """
SELECT topic, count(*), min(waiting_since), max(tried_at), fault
FROM article_outbox GROUP BY topic, fault ORDER BY topic, min(waiting_since), fault
"""
_MESSAGES = """
SELECT message_id, article_id, outcome, is_current, version, article, batch_id
FROM article_outbox WHERE message_id = ANY(?)
"""
_OVERTAKEN = """
DELETE FROM article_outbox WHERE attempts > 0 AND EXISTS (
    SELECT 1 FROM article_outbox sent
    WHERE sent.article_id = article_outbox.article_id AND sent.position > article_outbox.position
        AND sent.message_id = ANY(?)
)
"""


def waiting_ids(con: Any, topic: str, limit: int) -> list[str]:
    """Ids of the unsent messages in the order of the loads."""
    if not con.has_table("article_outbox"):
        return []
    rows = con.execute(
        "SELECT message_id FROM article_outbox WHERE topic = ? ORDER BY position LIMIT ?", [topic, limit]
    ).fetchall()
    return [row[0] for row in rows]


def waiting_messages(con: Any, ids: Sequence[str]) -> list[WaitingMessage]:
    """The messages in the order of the ids; those of articles that were deleted meanwhile are omitted."""
    found = {row[0]: WaitingMessage(*row) for row in con.execute(_MESSAGES, [list(ids)]).fetchall()}
    return [found[each] for each in ids if each in found]


def settle(con: Any, acknowledged: Sequence[str], refused: Mapping[str, str], now: datetime) -> None:
    """Removes acknowledged messages, and records why others were refused.

    A refused message is removed once a later one of its article was acknowledged: sent afterwards, it would replace it.
    """
    for message_id, fault in refused.items():
        con.execute(
            "UPDATE article_outbox SET attempts = attempts + 1, tried_at = ?, fault = ? WHERE message_id = ?",
            [now, fault, message_id],
        )
    con.execute(_OVERTAKEN, [list(acknowledged)])
    con.execute("DELETE FROM article_outbox WHERE message_id = ANY(?)", [list(acknowledged)])


def note_blocked(con: Any, topic: str, fault: str, now: datetime) -> None:
    """Records why none of the topic's messages can be sent at present."""
    con.execute(
        "UPDATE article_outbox SET tried_at = ?, fault = ? WHERE attempts = 0 AND topic = ?", [now, fault, topic]
    )


def standing(con: Any) -> list[OutboxStanding]:
    """Counts of unsent messages by topic and by the fault that prevented sending."""
    if not con.has_table("article_outbox"):
        return []
    return [
        OutboxStanding(topic, messages, since, tried_at, why, "articles")
        for topic, messages, since, tried_at, why in con.execute(_STANDING).fetchall()
    ]
