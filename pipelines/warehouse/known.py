"""Reads what the warehouse knows of a batch's articles: all that ``resolve`` needs, in a few set-based queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipelines.records import Coordinates
from pipelines.stage.resolve import Known, KnownArticle, Sighting
from pipelines.stage.stories import MOST_IN_A_BAND, Member, bands

_SIGHTINGS = """
SELECT o.topic, o.partition, o.kafka_offset, o.message_at, coalesce(a.article_id, o.article_id), a.content_hash,
    a.fetched_at, a.story_signature, a.word_count, h.source IS NOT NULL
FROM staged_outcomes o
LEFT JOIN staged_articles a
  ON a.source_topic = o.topic AND a.source_partition = o.partition AND a.source_offset = o.kafka_offset
LEFT JOIN held_sources h ON h.source = a.scraper
WHERE o.outcome IN ('staged', 'deleted')
"""

_VERSIONS = """
SELECT v.article_id, v.version, v.content_hash, a.version, a.content_hash, a.last_fetched_at, a.story_id
FROM article_versions v
JOIN articles a ON a.article_id = v.article_id
WHERE v.article_id IN (SELECT article_id FROM batch_articles)
ORDER BY v.article_id, v.version
"""

_MEMBERS = """
SELECT article_id, story_id, story_signature, word_count, fetched_at
FROM articles
WHERE article_id IN (
    SELECT article_id FROM (
        SELECT b.article_id, row_number() OVER (PARTITION BY b.band ORDER BY a.fetched_at, a.article_id) AS rank
        FROM story_bands b
        JOIN articles a ON a.article_id = b.article_id
        WHERE b.band IN (SELECT band FROM batch_bands)
    ) met
    WHERE rank <= $most
)
ORDER BY article_id
"""


def staged_sightings(con: Any) -> list[Sighting]:
    """The staged articles and delete requests of the batch; those of held sources say so."""
    return [
        Sighting(Coordinates(*row[:3]), row[3], row[4], row[5], row[6], tuple(row[7] or ()), row[8] or 0, row[9])
        for row in con.execute(_SIGHTINGS).fetchall()
    ]


def known_state(con: Any, sightings: Sequence[Sighting]) -> Known:
    """What the warehouse has of these articles, and of others that they may be copies of."""
    ids = sorted({s.article_id for s in sightings})
    keys = sorted({band for s in sightings for band in bands(s.signature)})
    temporary(con, "batch_articles", pa.table({"article_id": pa.array(ids, pa.string())}))
    temporary(con, "batch_bands", pa.table({"band": pa.array(keys, pa.int64())}))
    versions: dict[str, dict[str, int]] = defaultdict(dict)
    current: dict[str, tuple[Any, ...]] = {}
    for article_id, version, content, *now in con.execute(_VERSIONS).fetchall():
        versions[article_id][content] = version
        current[article_id] = tuple(now)
    articles = {i: KnownArticle(i, versions[i], *now) for i, now in current.items()}
    most = MOST_IN_A_BAND + len(sightings)  # the batch may delete as many of them
    members = tuple(
        Member(article_id, story_id, tuple(signature), words, fetched_at)
        for article_id, story_id, signature, words, fetched_at in con.execute(_MEMBERS, {"most": most}).fetchall()
    )
    suppressed = con.execute(
        "SELECT article_id FROM suppressions WHERE article_id IN (SELECT article_id FROM batch_articles)"
    ).fetchall()
    return Known(articles, members, frozenset(row[0] for row in suppressed))


def temporary(con: Any, name: str, table: pa.Table) -> None:
    """Makes a temporary table of an Arrow table; it goes with the connection."""
    con.register(f"{name}_arrow", table)
    con.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_arrow")  # noqa: S608  names are ours
    con.unregister(f"{name}_arrow")
