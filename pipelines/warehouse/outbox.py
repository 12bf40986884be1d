"""The outbox: dead letters that are committed in the warehouse and not yet sent to their Kafka topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.warehouse.connection import Connection
from pipelines.warehouse.interface import OutboxStanding, StoredDeadLetter
from pipelines.warehouse.rejected import letters_by_id

_WAITING = """
SELECT o.dead_letter_id FROM outbox o JOIN dead_letters d ON d.dead_letter_id = o.dead_letter_id
WHERE d.topic = ? ORDER BY o.attempts, o.position LIMIT ?
"""
_STANDING = """
SELECT d.topic, count(*), min(o.waiting_since), max(o.tried_at), o.fault
FROM outbox o JOIN dead_letters d ON d.dead_letter_id = o.dead_letter_id
GROUP BY d.topic, o.fault ORDER BY d.topic, min(o.waiting_since), o.fault
"""
_BLOCKED = """
UPDATE outbox SET tried_at = $at, fault = $fault
WHERE attempts = 0 AND EXISTS (
    SELECT 1 FROM dead_letters d WHERE d.dead_letter_id = outbox.dead_letter_id AND d.topic = $topic
)
"""


def waiting_ids(con: Any, topic: str, limit: int) -> list[str]:
    """Ids of the topic's unsent dead letters in the order of sending: letters that were refused before come last."""
    if not _exists(con):
        return []
    return [row[0] for row in con.execute(_WAITING, [topic, limit]).fetchall()]


def waiting_letters(con: Any, ids: Sequence[str]) -> list[StoredDeadLetter]:
    """The dead letters in the order of the ids; letters that were deleted meanwhile are omitted."""
    found = {letter.dead_letter_id: letter for letter in letters_by_id(con, ids)}
    return [found[each] for each in ids if each in found]


def settle(con: Any, acknowledged: Sequence[str], refused: Mapping[str, str], now: datetime) -> None:
    """Removes acknowledged letters and rows without a dead letter; records why other letters were refused."""
    con.execute("DELETE FROM outbox WHERE dead_letter_id = ANY(?)", [list(acknowledged)])
    con.execute("DELETE FROM outbox WHERE dead_letter_id NOT IN (SELECT dead_letter_id FROM dead_letters)")
    for letter_id, fault in refused.items():
        con.execute(
            "UPDATE outbox SET attempts = attempts + 1, tried_at = ?, fault = ? WHERE dead_letter_id = ?",
            [now, fault, letter_id],
        )


def note_blocked(con: Any, topic: str, fault: str, now: datetime) -> None:
    """Records why none of the topic's letters can be sent at present."""
    con.execute(_BLOCKED, {"at": now, "fault": fault, "topic": topic})


def standing(con: Any) -> list[OutboxStanding]:
    """Counts of unsent letters by topic and by the fault that prevented sending."""
    if not _exists(con):
        return []
    return [OutboxStanding(*row) for row in con.execute(_STANDING).fetchall()]


def _exists(con: Connection) -> bool:
    """Whether the outbox exists: a warehouse of an older version has none until the next run prepares it."""
    return con.has_table("outbox")
