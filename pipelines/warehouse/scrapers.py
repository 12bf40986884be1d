"""Articles of quarantined scrapers that wait in the warehouse, and the end of a quarantine."""

from __future__ import annotations

from datetime import datetime

from pipelines.phrases import counted
from pipelines.records import Coordinates
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.interface import WaitingArticle, WarehouseFault


def waiting(con: Connection, source: str, limit: int) -> list[WaitingArticle]:
    rows = con.execute(
        "SELECT topic, partition, kafka_offset, message_at, article FROM held_articles WHERE source = ? "
        "ORDER BY message_at, topic, partition, kafka_offset LIMIT ?",
        [source, limit],
    ).fetchall()
    return [WaitingArticle(Coordinates(*row[:3]), row[3], row[4]) for row in rows]


def let_flow(con: Connection, source: str, at: datetime) -> None:
    (left,) = con.execute("SELECT count(*) FROM held_articles WHERE source = ?", [source]).fetchone() or (0,)
    if left:
        raise WarehouseFault(
            f"{counted(left, 'article')} of {source} {'waits' if left == 1 else 'wait'} still, so it is held still. "
            f"What to do: run `dateline sources release {source}` again."
        )
    if con.execute("SELECT 1 FROM sources WHERE source = ? AND state = 'held'", [source]).fetchone() is None:
        return
    con.execute("UPDATE identity SET revision = revision + 1")
    con.execute("UPDATE source_batches SET is_compared = false WHERE source = ?", [source])
    con.execute(
        "UPDATE sources SET state = 'flowing', since = $at, released_at = $at WHERE source = $source",
        {"at": at, "source": source},
    )
