"""Loads a staged batch inside one open transaction of DuckDB: all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.failures import refuse_other_topic
from pipelines.records import Coordinates, Gap, OffsetRange
from pipelines.settings import BreakerSettings
from pipelines.stage import StagedBatch, dead_letter_id
from pipelines.stage.audit import Audit
from pipelines.stage.coverage import RangesBroken, coverage_problems, handed_ranges
from pipelines.stage.parts import FileKind, schema_of
from pipelines.stage.resolve import Resolution, Resolutions, Sighting, resolve
from pipelines.stage.stories import bands
from pipelines.warehouse.counts import name_counts
from pipelines.warehouse.interface import LedgerOpen, Loaded, OffsetsMoved
from pipelines.warehouse.known import arrow_table, known_state, staged_sightings, temporary
from pipelines.warehouse.sources import name_sources, name_waiting
from pipelines.warehouse.statements import files, statements
from pipelines.warehouse.topics import loaded_topic_id

type OnStep = Callable[[str], None]

_KINDS: tuple[FileKind, ...] = ("articles", "outcomes", "gaps", "dead_letters")

_TIME = pa.timestamp("us", tz="UTC")
_RESOLUTION = pa.schema([
    ("topic", pa.string()), ("partition", pa.int32()), ("kafka_offset", pa.int64()), ("outcome", pa.string()),
    ("article_id", pa.string()), ("version", pa.int32()), ("story_id", pa.string()), ("is_kept", pa.bool_()),
    ("is_current", pa.bool_()), ("is_removed", pa.bool_()),
])
_RESTORED = pa.schema([*_RESOLUTION, ("content_hash", pa.string()), ("fetched_at", _TIME)])
_REMOVED = pa.schema([("topic", pa.string()), ("partition", pa.int32()), ("kafka_offset", pa.int64())])
_DELETIONS = pa.schema([*_REMOVED, ("message_at", _TIME), ("key_id", pa.string()), ("article_id", pa.string())])
_STATES = pa.schema([("article_id", pa.string()), ("current_fetched_at", _TIME)])
_BANDS = pa.schema([("band", pa.int64()), ("article_id", pa.string())])
_IDS = pa.schema([
    ("topic", pa.string()), ("partition", pa.int32()), ("kafka_offset", pa.int64()), ("dead_letter_id", pa.string()),
])
_HANDED = pa.schema([
    ("topic", pa.string()), ("partition", pa.int32()), ("start_offset", pa.int64()), ("end_offset", pa.int64()),
])
_AUDIT = pa.schema([
    ("position", pa.int32()), ("expectation", pa.string()), ("column_name", pa.string()), ("severity", pa.string()),
    ("success", pa.bool_()), ("observed", pa.string()), ("reason", pa.string()),
    ("scrapers", pa.list_(pa.string())),
])
_BATCH = pa.schema([
    ("batch_id", pa.string()), ("run_id", pa.string()), ("kind", pa.string()), ("processor", pa.string()),
    ("staged_at", _TIME), ("published_at", _TIME), ("verdict", pa.string()), ("topic_id", pa.string()),
])


_STAGED_GAPS = """
CREATE TEMP VIEW staged_gaps AS
SELECT topic, partition, start AS start_offset, "end" AS end_offset, kind FROM file_gaps
"""
_STAGED_OUTCOMES = """
CREATE TEMP TABLE staged_outcomes AS
SELECT topic, partition, "offset" AS kafka_offset, "timestamp" AS message_at, outcome, reason, scraper, article_id,
    fingerprint, key_id, other_article_ids
FROM file_outcomes
"""
_STILL_SO = """
CREATE TEMP TABLE staged_outcomes AS
SELECT f.topic, f.partition, f."offset" AS kafka_offset, f."timestamp" AS message_at, f.outcome, f.reason, f.scraper,
    f.article_id, f.fingerprint, coalesce(f.key_id, l.key_id) AS key_id, f.other_article_ids
FROM file_outcomes f
JOIN ledger l ON l.topic = f.topic AND l.partition = f.partition AND l.kafka_offset = f."offset"
WHERE l.outcome = $was AND l.removed_in IS NULL
"""
_WAS = {"replay": "rejected", "release": "held"}


@dataclass(frozen=True, slots=True)
class Terms:
    """How a batch is loaded: with which verdict, when, and when a source of it is held."""

    audit: Audit | None
    breaker: BreakerSettings
    published_at: datetime


def load(con: Any, batch: StagedBatch, terms: Terms, on_step: OnStep) -> Loaded:
    """Loads the batch in the transaction that is open on ``con``; raises before anything is left half done."""
    if con.execute("SELECT 1 FROM batches WHERE batch_id = ?", [batch.batch_id]).fetchone():
        return _told(con, batch, was_loaded_before=True)
    _name_files(con, batch)
    left_out = _staged_outcomes(con, batch)
    handed = _accounted_for(con, batch)
    _compare_and_set(con, handed)
    _same_topic(con, handed, batch.topic_id)
    on_step("compared")
    _run(con, "duckdb", "staged.sql")
    name_sources(con, batch, terms.breaker)
    sightings = staged_sightings(con)
    known = known_state(con, sightings)
    resolutions = resolve(sightings, known)
    _name_resolutions(con, resolutions, {s.source: s for s in (*sightings, *known.past)})
    name_waiting(con, batch, resolutions)
    _name_batch(con, batch, terms, handed)
    _run(con, "duckdb", "current.sql")
    name_counts(con)
    on_step("resolved")
    for name in files("publish"):
        _run(con, "publish", name)
        on_step(name)
    return _told(con, batch, was_loaded_before=False, left_out=left_out)


def _run(con: Any, folder: str, name: str) -> None:
    for statement in statements(folder, name):
        con.execute(statement)


def _name_files(con: Any, batch: StagedBatch) -> None:
    for kind in _KINDS:
        paths = batch.paths(kind)
        if paths:
            listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
            con.execute(f"CREATE TEMP VIEW file_{kind} AS SELECT * FROM read_parquet([{listed}])")  # noqa: S608  quoted
        else:
            temporary(con, f"file_{kind}", schema_of(kind).empty_table())


def _staged_outcomes(con: Any, batch: StagedBatch) -> int:
    """Names outcomes and gaps; a replay or release is of records that are rejected or held still. Counts the others."""
    con.execute(_STAGED_GAPS)
    if batch.kind == "ingest":
        con.execute(_STAGED_OUTCOMES)
    else:
        con.execute(_STILL_SO, {"was": _WAS[batch.kind]})
    rows: int = con.execute("SELECT count(*) FROM staged_outcomes").fetchone()[0]
    return batch.rows["outcomes"] - rows


def _accounted_for(con: Any, batch: StagedBatch) -> tuple[OffsetRange, ...]:
    """The offsets that the batch moves past, after each was found to have one outcome or to lie in one gap."""
    rows = con.execute("SELECT topic, partition, kafka_offset, outcome FROM staged_outcomes").fetchall()
    outcomes = [Coordinates(*row[:3]) for row in rows]
    problems = _row_problems(con, rows, is_whole=batch.kind == "ingest")
    handed: tuple[OffsetRange, ...] = ()
    if batch.kind == "ingest":
        gaps = [Gap(*row) for row in con.execute("SELECT * FROM staged_gaps").fetchall()]
        try:
            handed = handed_ranges(batch.ranges, gaps)
        except RangesBroken as fault:
            problems.append(str(fault))
        else:
            problems += coverage_problems(handed, outcomes, gaps)
    elif len(set(outcomes)) < len(outcomes):
        problems.append(f"a record has two outcomes in one {batch.kind}")
    if problems:
        raise LedgerOpen(
            f"Batch {batch.batch_id} does not account for its offsets, nothing of it was loaded: "
            f"{'; '.join(problems)}. What to do: this is a bug in Dateline, report it with {batch.folder}."
        )
    return handed


def _row_problems(con: Any, rows: Iterable[tuple[Any, ...]], *, is_whole: bool) -> list[str]:
    """Outcomes whose article or dead letter is not there, and the other way round."""
    expected = {"staged": "file_articles", "rejected": "file_dead_letters"}
    problems = []
    for outcome, relation in expected.items():
        told = {row[:3] for row in rows if row[3] == outcome}
        there = con.execute(f'SELECT source.topic, source.partition, source."offset" FROM {relation}').fetchall()  # noqa: S608  ours
        present = {tuple(row) for row in there}
        lost = sorted(told - present)[:3]
        problems += [f"{Coordinates(*at)} is {outcome} without a row in {relation}" for at in lost]
        extra = sorted(present - told)[:3] if is_whole else []
        problems += [f"{Coordinates(*at)} is in {relation} without being {outcome}" for at in extra]
        if len(there) > len(present):
            problems.append(f"{relation} has a record twice")
    return problems


def _compare_and_set(con: Any, handed: tuple[OffsetRange, ...]) -> None:
    """Raises unless each partition still stands where the batch starts; they move later in the same transaction."""
    rows = con.execute("SELECT topic, partition, next_offset FROM partition_offsets").fetchall()
    stored = {(topic, partition): offset for topic, partition, offset in rows}
    moved = []
    for piece in handed:
        stands = stored.get((piece.topic, piece.partition), piece.start)
        if stands != piece.start:
            moved.append(f"{piece.topic}/{piece.partition} stands at {stands}, the batch starts at {piece.start}")
    if moved:
        raise OffsetsMoved(
            f"Another run has read on since this batch was planned: {'; '.join(moved)}. "
            "Nothing of the batch was loaded, and nothing is lost. What to do: run `dateline ingest` again."
        )


def _same_topic(con: Any, handed: tuple[OffsetRange, ...], topic_id: str) -> None:
    """Raises when the batch was read from another topic than what was loaded before under its name."""
    for topic in sorted({piece.topic for piece in handed}):
        refuse_other_topic(topic, loaded_topic_id(con, topic), topic_id)


def _name_resolutions(con: Any, found: Resolutions, sightings: Mapping[Coordinates, Sighting]) -> None:
    every = (*found.rows, *found.restored)
    temporary(con, "resolution", arrow_table(_RESOLUTION, map(_resolved, every)))
    told = [(*_resolved(r), sightings[r.source].content_hash, sightings[r.source].fetched_at) for r in found.restored]
    temporary(con, "restored", arrow_table(_RESTORED, told))
    temporary(con, "removed_records", arrow_table(_REMOVED, [astuple(source) for source in sorted(found.removed)]))
    deletions = [(*astuple(d.source), d.timestamp, d.key_id, d.article_id) for d in found.deletions]
    temporary(con, "new_deletions", arrow_table(_DELETIONS, deletions))
    states = [(a.article_id, a.current_fetched_at) for a in found.articles.values()]
    temporary(con, "article_states", arrow_table(_STATES, states))
    deleted = pa.table({"article_id": pa.array(sorted(found.deleted), pa.string())})
    temporary(con, "deleted_articles", deleted)
    keys = [(band, r.article_id) for r in every if r.is_current for band in bands(sightings[r.source].signature)]
    temporary(con, "new_story_bands", arrow_table(_BANDS, keys))
    rejected = con.execute('SELECT source.topic, source.partition, source."offset" FROM file_dead_letters').fetchall()
    temporary(con, "dead_letter_ids", arrow_table(_IDS, [(*at, dead_letter_id(Coordinates(*at))) for at in rejected]))


def _resolved(row: Resolution) -> tuple[Any, ...]:
    return (
        *astuple(row.source), row.outcome, row.article_id or None, row.version, row.story_id, row.is_kept,
        row.is_current, row.is_removed,
    )


def _name_batch(con: Any, batch: StagedBatch, terms: Terms, handed: tuple[OffsetRange, ...]) -> None:
    verdict = terms.audit.verdict if terms.audit else None
    told = (batch.batch_id, batch.run_id, batch.kind, batch.processor, batch.staged_at)
    row = (*told, terms.published_at, verdict, batch.topic_id)
    temporary(con, "this_batch", arrow_table(_BATCH, [row]))
    temporary(con, "handed", arrow_table(_HANDED, [(r.topic, r.partition, r.start, r.end) for r in handed]))
    findings = [
        (i, f.expectation, f.column, f.severity, f.success, f.observed, f.reason, list(f.scrapers))
        for i, f in enumerate(terms.audit.results if terms.audit else (), start=1)
    ]
    temporary(con, "new_audit_results", arrow_table(_AUDIT, findings))


def _told(con: Any, batch: StagedBatch, *, was_loaded_before: bool, left_out: int = 0) -> Loaded:
    """What the tables say became of the batch."""
    column = "batch_id" if batch.kind == "ingest" else "replayed_in"
    told = "first_outcome, first_reason" if batch.kind == "ingest" else "outcome, reason"
    rows = con.execute(
        f"SELECT {told}, count(*) FROM ledger WHERE {column} = ? GROUP BY ALL", [batch.batch_id]  # noqa: S608  constants
    ).fetchall()
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for outcome, reason, count in rows:
        outcomes[outcome] += count
        if reason is not None:
            reasons[reason] += count
    gaps = con.execute(
        "SELECT kind, CAST(sum(end_offset - start_offset) AS BIGINT) FROM gaps WHERE batch_id = ? GROUP BY kind",
        [batch.batch_id],
    ).fetchall()
    offsets = con.execute(
        "SELECT p.topic, p.partition, p.next_offset FROM partition_offsets p "
        "JOIN batch_ranges r ON r.topic = p.topic AND r.partition = p.partition WHERE r.batch_id = ? ORDER BY ALL",
        [batch.batch_id],
    ).fetchall()
    (removed,) = con.execute("SELECT count(*) FROM ledger WHERE removed_in = ?", [batch.batch_id]).fetchone()
    return Loaded(
        batch.batch_id, outcomes, reasons, Counter(dict(gaps)), {(t, p): n for t, p, n in offsets},
        was_loaded_before, left_out, removed,
    )
