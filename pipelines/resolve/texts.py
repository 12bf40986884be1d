"""The texts of a batch as rows: versions, current articles, their mentions, entities and story bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.records import Coordinates
from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.history import COORDINATES
from pipelines.resolve.layout import layout
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup, whole_rows
from pipelines.resolve.stories import each_band
from pipelines.resolve.versions import Known, Resolution, Resolutions, Sighting
from pipelines.stage.columns import flatten

RESTORED = ["restored: an earlier version, without its mentions and entities"]

type ByName = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts that a batch keeps: ``kept`` all of them, ``current`` those that are current when it ends.

    Both have the columns of the table ``articles``. ``mentions`` and ``entities`` are those of the current texts, in
    which each person still has the id that the name alone gives.
    """

    kept: pa.Table
    current: pa.Table
    mentions: pa.Table
    entities: pa.Table


def kept_texts(staged: Staged, found: Resolutions, known: KnownState, batch_id: str) -> Texts:
    """The staged articles as flat rows, with the versions and stories that were decided."""
    kept = [r for r in found.rows if r.is_kept]
    rows = _with_places(
        _staged(staged, kept), kept, found, batch_id, {o.coordinates: o.reading for o in staged.outcomes}
    )
    current = [r for r in kept if r.is_current]
    mentions = _items(staged, current, "mentions")
    entities = _items(staged, current, "entities")
    restored = _restored(known, found, batch_id)
    every = pa.concat_tables([rows, restored.kept])
    first_are_current = [n < restored.current for n in range(restored.kept.num_rows)]
    of_current = pa.array([*(r.is_current for r in kept), *first_are_current], pa.bool_())
    articles = every.filter(of_current)
    return Texts(
        every, articles, pa.concat_tables([mentions, restored.mentions]),
        of_articles(pa.concat_tables([entities, restored.entities]), articles),
    )


def of_articles(entities: pa.Table, articles: pa.Table) -> pa.Table:
    """Entities with the columns that repeat what their articles say, so that attention is counted without a join."""
    published = articles.column("published_at").combine_chunks()
    repeated = {
        "dated_at": pc.coalesce(published, articles.column("fetched_at").combine_chunks()),
        "is_dated": pc.is_valid(published),
        "outlet_domain": articles.column("outlet_domain").combine_chunks(),
        "story_id": articles.column("story_id").combine_chunks(),
    }
    at = pc.index_in(entities.column("article_id").combine_chunks(), articles.column("article_id").combine_chunks())
    columns = [
        repeated[name].take(at) if name in repeated else entities.column(name) for name in entities.schema.names
    ]
    return pa.table(columns, schema=entities.schema)


def change_texts(
    changes: ChangeBuilder, texts: Texts, found: Resolutions, known: Known, sightings: Mapping[Coordinates, Sighting]
) -> None:
    """Removes rows of deleted articles, replaces current texts, and adds a version for every kept text."""
    deleted = [(each,) for each in sorted(found.deleted)]
    replaced = [(each,) for each in texts.current.column("article_id").to_pylist() if each in known.articles]
    changes.remove("article_versions", ("article_id",), deleted)
    changes.remove("article_versions", ("article_id", "version"), [
        (r.article_id, r.version) for r in (*found.rows, *found.restored)
        if r.is_kept and r.outcome == "new_reading" and r.article_id not in found.deleted
    ])
    for table in ("articles", "mentions", "article_entities", "story_bands"):
        changes.remove(table, ("article_id",), deleted + replaced)
    versions = layout()["article_versions"].schema.names
    changes.add_table("article_versions", texts.kept.select(versions))
    changes.add_table("articles", texts.current)
    added = set(texts.current.column("article_id").to_pylist())
    changes.update("articles", ("article_id",), ("last_fetched_at", "processed_at", "processor"), [
        (article_id, article.current_fetched_at, article.processed_at, article.processor)
        for article_id, article in sorted(found.articles.items())
        if article_id not in added and article_id in known.articles
        and (article.current_fetched_at, article.processed_at) != (
            known.articles[article_id].current_fetched_at, known.articles[article_id].processed_at
        )
    ])
    current = [r for r in (*found.rows, *found.restored) if r.is_current]
    of, keys = each_band([sightings[r.coordinates].signature for r in current])
    times = [r.first_fetched_at or sightings[r.coordinates].fetched_at for r in current]
    fetched = pa.array(times, pa.timestamp("us", tz="UTC"))
    changes.add_table("story_bands", pa.table({
        "band": keys, "article_id": pa.array([r.article_id for r in current], pa.string()).take(of),
        "fetched_at": fetched.take(of),
    }))


def _staged(staged: Staged, kept: Sequence[Resolution]) -> pa.Table:
    rows = pa.array([staged.articles[r.coordinates] for r in kept], pa.int64())
    return flatten(staged.article_table.take(rows), layout()["articles"].columns)


def _with_places(
    rows: pa.Table, kept: Sequence[Resolution], found: Resolutions, batch_id: str,
    readings: Mapping[Coordinates, str | None],
) -> pa.Table:
    """The rows with version, story, batch, and when the text was last fetched."""
    fetched = [r.first_fetched_at or at for r, at in zip(kept, rows.column("fetched_at").to_pylist(), strict=True)]
    own = {
        "fetched_at": pa.array(fetched, pa.timestamp("us", tz="UTC")),
        "reading": pa.array([readings[r.coordinates] for r in kept], pa.string()),
        "version": pa.array([r.version for r in kept], pa.int32()),
        "story_id": pa.array([r.story_id for r in kept], pa.string()),
        "last_fetched_at": pa.array(
            [_last(found, r, at) for r, at in zip(kept, fetched, strict=True)], pa.timestamp("us", tz="UTC")
        ),
        "batch_id": pa.array([batch_id] * len(kept), pa.string()),
    }
    schema = layout()["articles"].schema
    return pa.table([own[name] if name in own else rows.column(name) for name in schema.names], schema)


def _last(found: Resolutions, row: Resolution, fetched_at: datetime) -> datetime:
    return max(fetched_at, found.articles[row.article_id].current_fetched_at) if row.is_current else fetched_at


def _items(staged: Staged, current: Sequence[Resolution], field: str) -> pa.Table:
    """Mentions or entities of the current texts, one row each, in the order of the texts."""
    table = layout()["mentions" if field == "mentions" else "article_entities"]
    of = staged.article_table.take(pa.array([staged.articles[r.coordinates] for r in current], pa.int64()))
    lists = of.column(field).combine_chunks()
    parents = pc.list_parent_indices(lists)
    lengths = np.asarray(pc.list_value_length(lists), dtype=np.int64)
    positions = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    items = pa.Table.from_struct_array(pc.list_flatten(lists))
    flat = flatten(items, table.columns)
    own = {
        "article_id": pa.array([r.article_id for r in current], pa.string()).take(parents),
        "version": pa.array([r.version for r in current], pa.int32()).take(parents),
        "position": pa.array(positions, pa.int32()),
    }
    if field == "entities":
        own |= {"name_id": flat.column("entity_id"), "fetched_at": of.column("fetched_at").take(parents)}
    missing = pa.nulls(len(positions))  # see of_articles
    names = table.schema.names
    return pa.table(
        [own[name] if name in own else flat.column(name) if name in flat.schema.names else missing for name in names],
        names=names,
    ).cast(table.schema)


@dataclass(frozen=True, slots=True)
class _Restored:
    """Texts of articles that lose messages to a delete request and keep others; the first ``current`` are current."""

    kept: pa.Table
    current: int
    mentions: pa.Table
    entities: pa.Table


def _restored(known: KnownState, found: Resolutions, batch_id: str) -> _Restored:
    """Such texts as the warehouse has them, before they are deleted there. Only of a current text it has all."""
    kept = sorted((r for r in found.restored if r.is_kept), key=lambda r: not r.is_current)
    ids = sorted({r.article_id for r in kept})
    versions = whole_rows(known, "article_versions", ids)
    articles = {row["article_id"]: row for row in whole_rows(known, "articles", ids)}
    where = [(r.coordinates.topic, r.coordinates.partition, r.coordinates.offset) for r in kept]
    entries = {
        Coordinates(*row[:3]): row[3:]
        for row in known.rows(Lookup(
            "ledger", (*COORDINATES, "scraper", "fetched_at", "message_at", "version"), COORDINATES, where
        ))
    }
    rows, mentions, entities = [], [], []
    shown = {
        (row["article_id"], row["version"]): row for row in sorted(versions, key=lambda row: row["version"])
    }
    of_hash = {(row["article_id"], row["content_hash"]): row for row in shown.values()}
    for r in kept:
        scraper, fetched_at, message_at, former = entries[r.coordinates]
        text = of_hash[r.article_id, shown[r.article_id, former]["content_hash"]]
        article = articles[r.article_id]
        is_whole = article["content_hash"] == text["content_hash"]
        at = fetched_at or (text["fetched_at"] if _is_made_from(text, r.coordinates) else message_at)
        rows.append(_restored_row(text, article, is_whole=is_whole) | {
            "version": r.version, "story_id": r.story_id, "scraper": scraper, "batch_id": batch_id, "fetched_at": at,
            "last_fetched_at": _last(found, r, at), "coordinates_topic": r.coordinates.topic,
            "coordinates_partition": r.coordinates.partition, "coordinates_offset": r.coordinates.offset,
        })
        if r.is_current and is_whole:
            mentions.append((r, at))
    named = whole_rows(known, "article_entities", [r.article_id for r, _ in mentions])
    spans = whole_rows(known, "mentions", [r.article_id for r, _ in mentions])
    now = {r.article_id: (r, at) for r, at in mentions}
    names = {(row["article_id"], row["entity_id"]): row["name_id"] for row in named}
    entities = [
        row | {"entity_id": row["name_id"], "version": now[row["article_id"]][0].version,
               "fetched_at": now[row["article_id"]][1]}
        for row in named
    ]
    texts = [
        row | {"version": now[row["article_id"]][0].version,
               "entity_id": names.get((row["article_id"], row["entity_id"]), row["entity_id"])}
        for row in spans
    ]
    return _Restored(
        _table("articles", rows), sum(r.is_current for r in kept), _table("mentions", texts),
        _table("article_entities", entities),
    )


def _restored_row(text: ByName, article: ByName, *, is_whole: bool) -> ByName:
    """The columns of ``articles``. An earlier version has lost most of them."""
    if is_whole:
        return article | text
    lost: ByName = {"tags": [], "story_signature": [], "evidence": "{}", "warnings": RESTORED}
    kept = {name: article[name] for name in ("canonical_url", "outlet_domain", "outlet_name")}
    return {column.name: lost.get(column.name) for column in layout()["articles"].columns} | kept | text


def _is_made_from(text: ByName, coordinates: Coordinates) -> bool:
    return coordinates == Coordinates(*(text[f"coordinates_{name}"] for name in ("topic", "partition", "offset")))


def _table(name: str, rows: Sequence[ByName]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=layout()[name].schema)
