"""Decides what a staged batch changes in a warehouse: versions, stories, people, counts, quarantine and the ledger.

Pure: no database and no SQL. The same batch and the same known state give the same ``Changes``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime

from pipelines.records import Coordinates, OffsetRange
from pipelines.resolve.again import articles_anew, resolve_again
from pipelines.resolve.changes import ChangeBuilder, Changes
from pipelines.resolve.counts import count_changes
from pipelines.resolve.entries import (
    Reading,
    check_topics,
    enter_again,
    enter_batch,
    enter_records,
    move_offsets,
    partitions_read,
    reconciled_ranges,
)
from pipelines.resolve.forgetting import enter_takedown, redact_set_aside, redact_staged, redact_texts
from pipelines.resolve.history import former_records, known_history, staged_sightings
from pipelines.resolve.letters import change_letters
from pipelines.resolve.loaded import Loaded
from pipelines.resolve.outgoing import drop_deleted, enter_articles, outgoing
from pipelines.resolve.scrapers import change_scrapers, check_drift
from pipelines.resolve.staged import Staged, read_staged
from pipelines.resolve.state import KnownState, Lookup
from pipelines.resolve.takedowns import Forgotten, records_of_suppressed_outlets, redactions_of
from pipelines.resolve.texts import change_texts, kept_texts
from pipelines.resolve.version_changes import change_version_changes
from pipelines.resolve.versions import Known, Resolutions, resolve
from pipelines.resolve.withdrawn import change_withdrawn
from pipelines.settings import DriftSettings
from pipelines.stage import StagedBatch
from pipelines.stage.audit import Audit


@dataclass(frozen=True, slots=True)
class Terms:
    """How a batch is loaded: with which verdict, when, and when a scraper of it is quarantined."""

    audit: Audit | None
    drift: DriftSettings
    loaded_at: datetime
    sends_articles: bool = False
    """Whether loaded articles and deletions are to be sent to the topic of clean articles."""
    forgotten: Forgotten | None = None
    """What a batch of the kind ``forget`` removes."""


def decide(batch: StagedBatch, known: KnownState, terms: Terms) -> Changes | Loaded:
    """What the batch changes; or what it changed, where it was loaded before.

    Raises ``OffsetsMoved`` when another run has read on, ``TopicRecreated`` when the batch is of another topic under
    the same name, ``LedgerOpen`` when an offset has no outcome or two.
    """
    if known.rows(Lookup("batches", ("batch_id",), ("batch_id",), [(batch.batch_id,)])):
        return loaded_before(batch, known)
    staged = read_staged(batch, known)
    named = {each for o in staged.outcomes for each in (o.article_id, *o.other_article_ids) if each}
    redactions = redactions_of(known, named, terms.loaded_at)
    staged = redact_staged(staged, redactions)
    handed = reconciled_ranges(staged)
    read = partitions_read(known, handed)
    new_topics = check_topics(known, handed, batch.topic_id)
    quarantine = check_drift(staged, known, terms.drift)
    former = former_records(known, staged)
    sightings = staged_sightings(staged, quarantine.quarantined, former)
    outlets = records_of_suppressed_outlets(staged, known, terms.loaded_at)

    def history_of(article_ids: Collection[str] = (), rejected: Sequence[Coordinates] = ()) -> Known:
        found = known_history(known, sightings, terms.loaded_at, article_ids, rejected)
        return replace(found, suppressed_records=outlets, redacted=frozenset(redactions))

    forgotten = terms.forgotten
    history = history_of(forgotten.article_ids, forgotten.rejected) if forgotten else history_of()
    if batch.kind == "reprocess":
        anew = articles_anew(sightings, history, former)
        history = history_of(anew) if anew else history
        found = resolve_again(sightings, history, former, anew)
    else:
        found = resolve(sightings, history, forgotten)

    changes, at = ChangeBuilder(), terms.loaded_at
    kept = kept_texts(staged, found, known, batch.batch_id)
    if forgotten is not None and forgotten.name is not None:
        kept = redact_texts(kept, forgotten.name)
        redact_set_aside(changes, forgotten, known)
    texts = count_changes(changes, kept, found, history, known)
    change_texts(changes, texts, found, history, {s.coordinates: s for s in (*history.past, *sightings)})
    change_version_changes(changes, kept, found, known)
    change_withdrawn(changes, staged, found, former, known, at)
    changes.add_table("mentions", texts.mentions)
    changes.add_table("article_entities", texts.entities)
    changes.add("deletions", [
        (*astuple(d.coordinates), d.timestamp, d.key_id, d.article_id, batch.batch_id) for d in found.deletions
    ])
    enter_records(changes, staged, found)
    enter_again(changes, staged, found, known)
    change_letters(changes, staged, found, known, at, redacted=_redacted_records(forgotten, history))
    if forgotten is not None:
        enter_takedown(changes, forgotten, found, known)
    drop_deleted(changes, found)
    if terms.sends_articles:
        enter_articles(changes, outgoing(staged, found, history, kept), known, batch.batch_id, at)
    change_scrapers(changes, staged, found, quarantine, known, at)
    enter_batch(changes, staged, found, terms.audit, handed, at)
    changes.add("topics", [(topic, batch.topic_id, at, batch.batch_id) for topic in new_topics])
    move_offsets(changes, batch, handed, read, at)
    return Changes(
        batch.batch_id, known.revision, _expected(handed, read), changes.tables(),
        _loaded(staged, found, handed, frozenset(redactions)),
    )


def _redacted_records(forgotten: Forgotten | None, history: Known) -> frozenset[Coordinates]:
    """Records that stay, and whose originals have to go: those of redacted articles, which have the name, and once
    rejected ones of a forgotten outlet that a replay loaded as an article of another outlet.
    """
    if forgotten is None:
        return frozenset()
    return frozenset(forgotten.rejected if forgotten.name is None else (s.coordinates for s in history.past))


def _expected(handed: Sequence[OffsetRange], read: Reading) -> dict[tuple[str, int], int | None]:
    partitions = [(piece.topic, piece.partition) for piece in handed]
    return {partition: read.next.get(partition) for partition in partitions}


def _loaded(
    staged: Staged, found: Resolutions, handed: Sequence[OffsetRange], redacted: frozenset[str]
) -> Loaded:
    gaps: Counter[str] = Counter()
    for gap in staged.gaps:
        gaps[gap.kind] += gap.end - gap.start
    reasons = Counter(o.reason for o in staged.outcomes if o.reason is not None)
    is_redacted = [r.article_id in redacted and r.outcome != "rejected" for r in found.rows]
    removed = len(found.removed) + sum(r.is_removed for r in found.rows) + sum(is_redacted)
    return Loaded(
        staged.batch.batch_id, Counter(r.outcome for r in found.rows), reasons, gaps,
        {(piece.topic, piece.partition): piece.end for piece in handed}, left_out=staged.left_out, removed=removed,
    )


def loaded_before(batch: StagedBatch, known: KnownState) -> Loaded:
    """What the warehouse has of a batch that it loaded before."""
    is_ingest = batch.kind == "ingest"
    columns = ("first_outcome", "first_reason") if is_ingest else ("outcome", "reason")
    by = "batch_id" if is_ingest else "replayed_in"
    rows = known.rows(Lookup("ledger", columns, (by,), [(batch.batch_id,)]))
    gaps: Counter[str] = Counter()
    for kind, start, end in known.rows(
        Lookup("gaps", ("kind", "start_offset", "end_offset"), ("batch_id",), [(batch.batch_id,)])
    ):
        gaps[kind] += end - start
    handed = known.rows(Lookup("batch_ranges", ("topic", "partition"), ("batch_id",), [(batch.batch_id,)]))
    offsets = known.rows(Lookup(
        "partition_offsets", ("topic", "partition", "next_offset"), ("topic", "partition"), handed
    ))
    removed = known.rows(Lookup("ledger", ("kafka_offset",), ("removed_in",), [(batch.batch_id,)]))
    return Loaded(
        batch.batch_id, Counter(outcome for outcome, _ in rows),
        Counter(reason for _, reason in rows if reason is not None), gaps,
        {(topic, partition): offset for topic, partition, offset in offsets}, was_loaded_before=True,
        removed=len(removed),
    )
