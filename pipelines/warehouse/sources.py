"""Sources in the warehouse: their past, which a batch is compared with, and the articles of those that are held."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.phrases import counted
from pipelines.records import Coordinates
from pipelines.settings import BreakerSettings
from pipelines.stage import StagedBatch
from pipelines.stage.breaker import Trip, find_trips, pooled
from pipelines.stage.figures import SourceFigures, source_figures
from pipelines.stage.resolve import Resolutions
from pipelines.stage.silence import Appearance, find_silences
from pipelines.warehouse.interface import SourceStanding, WaitingArticle, WarehouseFault
from pipelines.warehouse.known import arrow_table, temporary
from schemas import Registry

AT_ONCE = 64
"""Staged articles in memory at once."""
OF_LATE = 1000
"""Batches for which a source that stopped coming is remarked; after them it is taken to be gone for good."""

_TIME = pa.timestamp("us", tz="UTC")
_FIGURES = pa.schema([
    ("source", pa.string()), ("records", pa.int64()), ("rejected", pa.int64()), ("consent_walls", pa.int64()),
    ("articles", pa.int64()), ("dates_ahead", pa.int64()), ("words", pa.float64()), ("words_low", pa.float64()),
    ("words_high", pa.float64()), ("languages", pa.string()), ("last_message_at", _TIME),
])
_TRIPS = pa.schema([("source", pa.string()), ("why", pa.string())])
_SOURCES = pa.schema([("source", pa.string())])
_WAITING = pa.schema([
    ("topic", pa.string()), ("partition", pa.int32()), ("kafka_offset", pa.int64()), ("source", pa.string()),
    ("article_id", pa.string()), ("article", pa.binary()), ("schema_version", pa.int32()),
])

_COLUMNS = ", ".join(field.name for field in _FIGURES)
_PAST = f"""
SELECT {_COLUMNS} FROM (
    SELECT *, row_number() OVER (PARTITION BY source ORDER BY position DESC) AS age
    FROM source_batches
    WHERE is_compared AND source IN (SELECT source FROM {{of}})
) recent
WHERE age <= $most
ORDER BY source, age
"""  # noqa: S608  columns of ours
_LAST = f"""
SELECT {_COLUMNS} FROM source_batches s
WHERE position = (SELECT max(position) FROM source_batches o WHERE o.source = s.source)
"""  # noqa: S608  columns of ours
_STATES = """
SELECT s.source, s.state, s.since, s.why, s.released_at, coalesce(w.waiting, 0)
FROM sources s
LEFT JOIN (SELECT source, count(*) AS waiting FROM held_articles GROUP BY source) w ON w.source = s.source
ORDER BY s.state DESC, s.source
"""
_APPEARANCES = """
WITH numbered AS (
    SELECT batch_id, row_number() OVER (ORDER BY published_at, batch_id) AS number FROM batches WHERE kind = 'ingest'
)
SELECT s.source, n.number, s.last_message_at
FROM source_batches s JOIN numbered n ON n.batch_id = s.batch_id
WHERE n.number > (SELECT max(number) FROM numbered) - $of_late
ORDER BY s.source, n.number
"""


def name_sources(con: Any, batch: StagedBatch, breaker: BreakerSettings) -> None:
    """Names the figures of the batch's sources, those that trip, and those that are held when it ends.

    Only records that are new from Kafka tell how a source does: a replay is held with its source, and trips nothing.
    A release goes on whatever is held.
    """
    figures = source_figures(batch) if batch.kind == "ingest" else []
    held = {row[0] for row in con.execute("SELECT source FROM sources WHERE state = 'held'").fetchall()}
    trips: dict[str, list[Trip]] = defaultdict(list)
    if breaker.hold:
        flowing = [f for f in figures if f.source not in held]
        temporary(con, "batch_sources", arrow_table(_SOURCES, [(f.source,) for f in flowing]))
        past = _past(con, breaker, "batch_sources")
        for trip in find_trips(flowing, past, breaker):
            trips[trip.source].append(trip)
    now_held = set() if batch.kind == "release" else held | trips.keys()
    temporary(con, "new_figures", arrow_table(_FIGURES, [_row(f) for f in figures]))
    temporary(con, "new_trips", arrow_table(_TRIPS, [(source, _why(found)) for source, found in trips.items()]))
    temporary(con, "held_sources", arrow_table(_SOURCES, [(source,) for source in sorted(now_held)]))


def name_waiting(con: Any, batch: StagedBatch, resolutions: Resolutions) -> None:
    """Names the articles that are to wait, whole; one that the batch itself deletes does not."""
    held = {r.source for r in resolutions.rows if r.outcome == "held" and not r.is_removed}
    rows = list(_encoded(batch, held)) if held else []
    temporary(con, "new_held_articles", arrow_table(_WAITING, rows))


def standings(con: Any, breaker: BreakerSettings) -> list[SourceStanding]:
    """Every source, held ones first; none in a warehouse that was made before sources were kept."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'source_batches'").fetchone():
        return []
    past = _past(con, breaker, "sources")
    last = {row[0]: _figures(row) for row in con.execute(_LAST).fetchall()}
    appearances: dict[str, list[Appearance]] = defaultdict(list)
    for source, number, at in con.execute(_APPEARANCES, {"of_late": OF_LATE}).fetchall():
        appearances[source].append(Appearance(number, at))
    newest = con.execute("SELECT count(*) FROM batches WHERE kind = 'ingest'").fetchone()[0]
    silences = find_silences(appearances, newest, breaker)
    return [
        SourceStanding(
            source, state, since, tuple(json.loads(why or "[]")), released_at, waiting_now, len(past.get(source, ())),
            pooled(source, past.get(source, ())), last.get(source, SourceFigures(source)), silences.get(source),
        )
        for source, state, since, why, released_at, waiting_now in con.execute(_STATES).fetchall()
    ]


def waiting(con: Any, source: str, limit: int) -> list[WaitingArticle]:
    rows = con.execute(
        "SELECT topic, partition, kafka_offset, message_at, article FROM held_articles WHERE source = ? "
        "ORDER BY message_at, topic, partition, kafka_offset LIMIT ?",
        [source, limit],
    ).fetchall()
    return [WaitingArticle(Coordinates(*row[:3]), row[3], row[4]) for row in rows]


def let_flow(con: Any, source: str, at: datetime) -> None:
    left = con.execute("SELECT count(*) FROM held_articles WHERE source = ?", [source]).fetchone()[0]
    if left:
        raise WarehouseFault(
            f"{counted(left, 'article')} of {source} {'waits' if left == 1 else 'wait'} still, so it is held still. "
            f"What to do: run `dateline sources release {source}` again."
        )
    con.execute(
        "UPDATE source_batches SET is_compared = false "
        "WHERE source IN (SELECT source FROM sources WHERE source = ? AND state = 'held')",
        [source],
    )
    con.execute(
        "UPDATE sources SET state = 'flowing', since = $at, released_at = $at "
        "WHERE source = $source AND state = 'held'",
        {"at": at, "source": source},
    )


def _past(con: Any, breaker: BreakerSettings, of: str) -> dict[str, list[SourceFigures]]:
    """The recent batches of the sources in a table, that a next one is compared with; the newest first."""
    found: dict[str, list[SourceFigures]] = defaultdict(list)
    for row in con.execute(_PAST.format(of=of), {"most": breaker.recent_batches}).fetchall():
        found[row[0]].append(_figures(row))
    return found


def _figures(row: Sequence[Any]) -> SourceFigures:
    values = dict(zip(_FIGURES.names, row, strict=True))
    return SourceFigures(**(values | {"languages": json.loads(values["languages"])}))


def _row(figures: SourceFigures) -> tuple[Any, ...]:
    values = asdict(figures) | {"languages": json.dumps(figures.languages)}
    return tuple(values[name] for name in _FIGURES.names)


def _why(trips: list[Trip]) -> str:
    told = [{"kind": t.kind, "seen": t.seen, "usual": t.usual, "words": t.words} for t in trips]
    return json.dumps(told, ensure_ascii=False)


def _encoded(batch: StagedBatch, held: set[Coordinates]) -> Iterator[tuple[Any, ...]]:
    registry = the_registry()
    version = registry.latest("article").version
    for path in batch.paths("articles"):
        with pq.ParquetFile(path) as file:
            for part in file.iter_batches(batch_size=AT_ONCE):
                for record in part.to_pylist(maps_as_pydicts="strict"):
                    at = Coordinates(**record["source"])
                    if at in held:
                        yield (
                            at.topic, at.partition, at.offset, record["scraper"], record["article_id"],
                            registry.encode("article", record), version,
                        )


@cache
def the_registry() -> Registry:
    return Registry.load()
