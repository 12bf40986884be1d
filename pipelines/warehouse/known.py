"""Reads what the warehouse knows of a batch's articles: all that ``resolve`` needs, in a few set-based queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pyarrow as pa

from pipelines.records import Coordinates
from pipelines.stage.deletions import Deletion
from pipelines.stage.resolve import Known, KnownArticle, Sighting
from pipelines.stage.stories import MOST_IN_A_BAND, Member, bands

_SIGHTINGS = """
SELECT o.topic, o.partition, o.kafka_offset, o.message_at, coalesce(a.article_id, o.article_id, ''), a.content_hash,
    a.fetched_at, a.story_signature, a.word_count, h.source IS NOT NULL, o.key_id, o.outcome = 'rejected', false,
    o.other_article_ids
FROM staged_outcomes o
LEFT JOIN staged_articles a
  ON a.source_topic = o.topic AND a.source_partition = o.partition AND a.source_offset = o.kafka_offset
LEFT JOIN held_sources h ON h.source = a.scraper
"""

_DELETIONS = """
SELECT topic, partition, kafka_offset, message_at, key_id, article_id FROM deletions
WHERE article_id IN (SELECT article_id FROM named_articles)
UNION
SELECT d.topic, d.partition, d.kafka_offset, d.message_at, d.key_id, d.article_id FROM deletions d
JOIN batch_keys k ON k.topic = d.topic AND k.key_id = d.key_id
"""

_UNDER_KEYS = """
SELECT DISTINCT l.article_id
FROM ledger l
JOIN deleted_keys k ON k.topic = l.topic AND k.key_id = l.key_id
WHERE l.article_id IS NOT NULL AND l.outcome NOT IN ('rejected', 'deleted', 'nothing_to_delete')
"""

_PAST = """
WITH found AS (
    SELECT topic, partition, kafka_offset FROM ledger
    WHERE article_id IN (SELECT article_id FROM concerned_articles)
    UNION
    SELECT topic, partition, kafka_offset FROM (
        SELECT topic, partition, kafka_offset, unnest(other_article_ids) AS named FROM ledger
        WHERE other_article_ids IS NOT NULL
    ) others
    WHERE named IN (SELECT article_id FROM concerned_articles)
    UNION
    SELECT l.topic, l.partition, l.kafka_offset FROM ledger l
    JOIN deleted_keys k ON k.topic = l.topic AND k.key_id = l.key_id
)
SELECT l.topic, l.partition, l.kafka_offset, l.message_at, coalesce(l.article_id, ''), v.content_hash,
    coalesce(l.fetched_at, CASE WHEN v.source_topic = l.topic AND v.source_partition = l.partition
        AND v.source_offset = l.kafka_offset THEN v.fetched_at END, l.message_at),
    CASE WHEN a.content_hash = v.content_hash THEN a.story_signature END, v.word_count, l.outcome = 'held', l.key_id,
    l.outcome = 'rejected', l.outcome = 'suppressed' OR l.removed_in IS NOT NULL, l.other_article_ids
FROM ledger l
JOIN found f ON f.topic = l.topic AND f.partition = l.partition AND f.kafka_offset = l.kafka_offset
LEFT JOIN article_versions v ON v.article_id = l.article_id AND v.version = l.version AND l.removed_in IS NULL
LEFT JOIN articles a ON a.article_id = l.article_id
WHERE l.outcome NOT IN ('deleted', 'nothing_to_delete') AND NOT EXISTS (
    SELECT 1 FROM staged_outcomes o
    WHERE o.topic = l.topic AND o.partition = l.partition AND o.kafka_offset = l.kafka_offset
)
ORDER BY l.topic, l.partition, l.kafka_offset
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
    """The records of the batch: articles, rejected ones and delete requests; those of held sources say so."""
    return [_sighting(row) for row in con.execute(_SIGHTINGS).fetchall()]


def _sighting(row: tuple[Any, ...]) -> Sighting:
    source, (timestamp, article_id, content_hash, fetched_at, signature, words) = Coordinates(*row[:3]), row[3:9]
    is_held, key_id, is_rejected, is_gone, others = row[9:]
    return Sighting(
        source, timestamp, article_id, content_hash, fetched_at, tuple(signature or ()), words or 0, is_held, key_id,
        is_rejected, is_gone, tuple(others or ()),
    )


def known_state(con: Any, sightings: Sequence[Sighting]) -> Known:
    """What the warehouse has of these articles, and of others that they may be copies of."""
    deletions, past = _deletions(con, sightings)
    ids = sorted({s.article_id for s in (*sightings, *past)})
    keys = sorted({band for s in (*sightings, *past) for band in bands(s.signature)})
    temporary(con, "batch_articles", pa.table({"article_id": pa.array(ids, pa.string())}))
    temporary(con, "batch_bands", pa.table({"band": pa.array(keys, pa.int64())}))
    versions: dict[str, dict[str, int]] = defaultdict(dict)
    current: dict[str, tuple[Any, ...]] = {}
    for article_id, version, content, *now in con.execute(_VERSIONS).fetchall():
        versions[article_id][content] = version
        current[article_id] = tuple(now)
    articles = {i: KnownArticle(i, versions[i], *now) for i, now in current.items()}
    most = MOST_IN_A_BAND + len(ids)  # the batch may delete as many of them
    members = tuple(
        Member(article_id, story_id, tuple(signature), words, fetched_at)
        for article_id, story_id, signature, words, fetched_at in con.execute(_MEMBERS, {"most": most}).fetchall()
    )
    suppressed = con.execute(
        "SELECT article_id FROM suppressions WHERE article_id IN (SELECT article_id FROM batch_articles)"
    ).fetchall()
    return Known(articles, members, frozenset(row[0] for row in suppressed), deletions, past)


def _deletions(con: Any, sightings: Sequence[Sighting]) -> tuple[tuple[Deletion, ...], tuple[Sighting, ...]]:
    """Earlier delete requests for what the batch carries, and the earlier records that any delete request may concern.

    The ledger is searched only where the batch has a delete request, or a record under a key that had one.
    """
    requests = [s for s in sightings if s.is_delete_request]
    _name_articles(con, "named_articles", {article_id for s in sightings for article_id in s.article_ids})
    _name_keys(con, "batch_keys", {(s.source.topic, s.key_id) for s in sightings if s.key_id})
    deletions = tuple(Deletion(Coordinates(*row[:3]), *row[3:]) for row in con.execute(_DELETIONS).fetchall())
    deleted_keys = {(s.source.topic, s.key_id) for s in requests if s.key_id}
    deleted_keys |= {(d.source.topic, d.key_id) for d in deletions if d.key_id}
    concerned = {s.article_id for s in requests}
    concerned |= {s.article_id for s in sightings if (s.source.topic, s.key_id) in deleted_keys and not s.is_rejected}
    if not concerned:
        return deletions, ()
    _name_keys(con, "deleted_keys", {(s.source.topic, s.key_id) for s in requests if s.key_id})
    concerned |= {row[0] for row in con.execute(_UNDER_KEYS).fetchall()}
    _name_articles(con, "concerned_articles", concerned)
    return deletions, tuple(_sighting(row) for row in con.execute(_PAST).fetchall())


def _name_articles(con: Any, name: str, ids: Iterable[str]) -> None:
    temporary(con, name, pa.table({"article_id": pa.array(sorted(ids), pa.string())}))


def _name_keys(con: Any, name: str, keys: Collection[tuple[str, str]]) -> None:
    topics, digests = zip(*sorted(keys), strict=True) if keys else ((), ())
    temporary(con, name, pa.table({"topic": pa.array(topics, pa.string()), "key_id": pa.array(digests, pa.string())}))


def temporary(con: Any, name: str, table: pa.Table) -> None:
    """Makes a temporary table of an Arrow table; it goes with the connection."""
    con.register(f"{name}_arrow", table)
    con.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_arrow")  # noqa: S608  names are ours
    con.unregister(f"{name}_arrow")


def arrow_table(schema: pa.Schema, rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    """The rows, each in the order of the schema's columns, as an Arrow table; there may be none."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)
