"""Reads the quarantined articles of a scraper, and ends its quarantine."""

from __future__ import annotations

from datetime import datetime

from pipelines.phrases import counted
from pipelines.records import Coordinates
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.interface import WaitingArticle, WarehouseFault


def waiting(con: Connection, scraper: str, limit: int) -> list[WaitingArticle]:
    rows = con.execute(
        "SELECT topic, partition, kafka_offset, message_at, article FROM quarantined_articles WHERE scraper = ? "
        "ORDER BY message_at, topic, partition, kafka_offset LIMIT ?",
        [scraper, limit],
    ).fetchall()
    return [WaitingArticle(Coordinates(*row[:3]), row[3], row[4]) for row in rows]


def end_quarantine(con: Connection, scraper: str, at: datetime) -> None:
    (left,) = con.execute("SELECT count(*) FROM quarantined_articles WHERE scraper = ?", [scraper]).fetchone() or (0,)
    if left:
        raise WarehouseFault(
            f"{counted(left, 'article')} of {scraper} {'is' if left == 1 else 'are'} still quarantined, so the scraper "
            f"is not released. What to do: run `dateline scrapers release {scraper}` again."
        )
    if con.execute("SELECT 1 FROM scrapers WHERE scraper = ? AND state = 'quarantined'", [scraper]).fetchone() is None:
        return
    con.execute("UPDATE identity SET revision = revision + 1")
    con.execute("UPDATE scraper_batches SET is_compared = false WHERE scraper = ?", [scraper])
    con.execute(
        "UPDATE scrapers SET state = 'active', since = $at, released_at = $at WHERE scraper = $scraper",
        {"at": at, "scraper": scraper},
    )
