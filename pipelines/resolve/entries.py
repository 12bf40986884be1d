"""The ledger of a batch: a row for each message, gaps, the batch itself, its audit, and the offsets that it moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from pipelines.failures import refuse_other_topic
from pipelines.records import Coordinates, OffsetRange
from pipelines.resolve.changes import ChangeBuilder, Partition
from pipelines.resolve.faults import LedgerOpen, OffsetsMoved
from pipelines.resolve.history import COORDINATES, other_names
from pipelines.resolve.reconciliation import RangesBroken, coverage_problems, handed_ranges
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup
from pipelines.resolve.versions import Resolution, Resolutions
from pipelines.stage import OutcomeRow, StagedBatch
from pipelines.stage.audit import Audit

OUTCOMES = (
    "loaded", "new_version", "new_reading", "unchanged", "rejected", "deleted", "nothing_to_delete", "suppressed",
    "quarantined", "withdrawn",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How far each partition was read: its first offset that was ever read, and its next one."""

    first: Mapping[Partition, int]
    next: Mapping[Partition, int]


def reconciled_ranges(staged: Staged) -> tuple[OffsetRange, ...]:
    """The offsets that the batch moves past, after each was found to have one outcome or to lie in one gap.

    Raises ``LedgerOpen`` when an offset has no outcome or two, or an outcome has no article or dead letter.
    """
    batch = staged.batch
    outcomes = [o.coordinates for o in staged.outcomes]
    problems = _row_problems(staged)
    handed: tuple[OffsetRange, ...] = ()
    if batch.kind == "ingest":
        try:
            handed = handed_ranges(batch.ranges, staged.gaps)
        except RangesBroken as fault:
            problems.append(str(fault))
        else:
            problems += coverage_problems(handed, outcomes, staged.gaps)
    elif len(set(outcomes)) < len(outcomes):
        problems.append(f"a record has two outcomes in one {batch.kind}")
    if problems:
        raise LedgerOpen(
            f"Batch {batch.batch_id} does not account for its offsets, nothing of it was loaded: "
            f"{'; '.join(problems)}. What to do: this is a bug in Dateline, report it with {batch.folder}."
        )
    return handed


def _row_problems(staged: Staged) -> list[str]:
    """Outcomes without their article or dead letter, and articles and dead letters without an outcome."""
    problems = []
    for outcome, what, table, present in (
        ("staged", "articles", staged.article_table, staged.articles),
        ("rejected", "dead letters", staged.dead_letter_table, staged.dead_letters),
    ):
        reported = {o.coordinates for o in staged.outcomes if o.outcome == outcome}
        lost = sorted(reported - present.keys())[:3]
        problems += [f"{at} is {outcome} and not among the staged {what}" for at in lost]
        extra = sorted(present.keys() - reported)[:3] if staged.batch.kind == "ingest" else []
        problems += [f"{at} is among the staged {what} without being {outcome}" for at in extra]
        if table.num_rows > len(present):
            problems.append(f"the staged {what} have a record twice")
    return problems


def partitions_read(known: KnownState, handed: Iterable[OffsetRange]) -> Reading:
    """How far the batch's partitions were read before it. Raises ``OffsetsMoved`` unless each stands at its start."""
    keys = sorted({(piece.topic, piece.partition) for piece in handed})
    rows = known.rows(Lookup(
        "partition_offsets", ("topic", "partition", "first_offset", "next_offset"), ("topic", "partition"), keys
    ))
    read = Reading({row[:2]: row[2] for row in rows}, {row[:2]: row[3] for row in rows})
    moved = [
        f"{piece.topic}/{piece.partition} stands at {stands}, the batch starts at {piece.start}"
        for piece in handed
        if (stands := read.next.get((piece.topic, piece.partition), piece.start)) != piece.start
    ]
    if moved:
        raise OffsetsMoved(
            f"Another run has read on since this batch was planned: {'; '.join(moved)}. "
            "Nothing of the batch was loaded, and nothing is lost. What to do: run `dateline ingest` again."
        )
    return read


def check_topics(known: KnownState, handed: Iterable[OffsetRange], topic_id: str) -> list[str]:
    """The topics whose id is not known yet. Raises ``TopicRecreated`` when one was another topic before."""
    topics = sorted({piece.topic for piece in handed})
    rows = known.rows(Lookup("topics", ("topic", "topic_id"), ("topic",), [(topic,) for topic in topics]))
    ids: dict[str, str] = {topic: stored_id for topic, stored_id in rows}  # noqa: C416  dict() loses the types
    for topic in topics:
        refuse_other_topic(topic, ids.get(topic, ""), topic_id)
    return [topic for topic in topics if topic not in ids] if topic_id else []


def enter_records(changes: ChangeBuilder, staged: Staged, found: Resolutions) -> None:
    """One ledger row for each message of the batch, and updates for earlier messages that it removes or restores."""
    batch, became, fetched = staged.batch, {r.coordinates: r for r in found.rows}, staged.fetched
    if batch.kind == "ingest":
        changes.add("ledger", [
            (
                *astuple(o.coordinates), o.timestamp, outcome, o.reason, o.scraper, article_id, version, o.fingerprint,
                batch.run_id, batch.batch_id, outcome, o.reason, None, removed_in, o.key_id, fetched.get(o.coordinates),
            )
            for o in staged.outcomes
            for outcome, article_id, version, removed_in in [_ends(o, became[o.coordinates], batch)]
        ])
        changes.add("named_articles", [
            (*astuple(o.coordinates), article_id)
            for o in staged.outcomes
            for article_id in dict.fromkeys(o.other_article_ids)
            if article_id != o.article_id
        ])
        changes.add("gaps", [(*astuple(gap), batch.run_id, batch.batch_id) for gap in staged.gaps])
    changes.update("ledger", COORDINATES, ("removed_in",), [(*astuple(at), batch.batch_id) for at in found.removed])
    changes.update("ledger", COORDINATES, ("outcome", "article_id", "version"), [
        (*astuple(r.coordinates), r.outcome, r.article_id, r.version) for r in found.restored
    ])


def enter_again(changes: ChangeBuilder, staged: Staged, found: Resolutions, known: KnownState) -> None:
    """A replay gives rejected messages their new outcome in the ledger, a release quarantined ones, a reprocess all."""
    batch, became, fetched = staged.batch, {r.coordinates: r for r in found.rows}, staged.fetched
    if batch.kind == "ingest":
        return
    before = {
        Coordinates(*row[:3]): row[3:]
        for row in known.rows(Lookup(
            "ledger", (*COORDINATES, "scraper", "article_id", "key_id"), COORDINATES,
            [astuple(o.coordinates) for o in staged.outcomes],
        ))
    }
    columns = (
        "outcome", "reason", "scraper", "article_id", "version", "fingerprint", "replayed_in", "removed_in", "key_id",
        "fetched_at",
    )
    others = other_names(known, [astuple(o.coordinates) for o in staged.outcomes])
    rows, named = [], []
    for o in staged.outcomes:
        scraper, article_id, key_id = before[o.coordinates]
        outcome, new_id, version, removed_in = _ends(o, became[o.coordinates], batch)
        if o.outcome == "rejected":
            names = dict.fromkeys((article_id, *others.get(o.coordinates, ()), *o.other_article_ids))
            named += [(*astuple(o.coordinates), name) for name in names if name not in (None, new_id or article_id)]
        rows.append((
            *astuple(o.coordinates), outcome, o.reason, o.scraper or scraper, new_id or article_id, version,
            o.fingerprint, batch.batch_id, removed_in, key_id or o.key_id, fetched.get(o.coordinates),
        ))
    changes.update("ledger", COORDINATES, columns, rows)
    changes.remove("named_articles", COORDINATES, [astuple(o.coordinates) for o in staged.outcomes])
    changes.add("named_articles", named)


def _ends(o: OutcomeRow, became: Resolution, batch: StagedBatch) -> tuple[str, str | None, int | None, str | None]:
    """Outcome, article, version, and the batch that removed it at once."""
    article_id = became.article_id or o.article_id
    return became.outcome, article_id, became.version, batch.batch_id if became.is_removed else None


def enter_batch(  # noqa: PLR0913, PLR0917  the batch, what became of it, and when
    changes: ChangeBuilder, staged: Staged, found: Resolutions, audit: Audit | None, handed: Sequence[OffsetRange],
    at: datetime,
) -> None:
    """The row of the batch, its offset ranges, its gaps and the results of its audit."""
    batch = staged.batch
    outcomes = Counter(r.outcome for r in found.rows)
    gap_offsets = sum(gap.end - gap.start for gap in staged.gaps)
    counts = [outcomes[name] for name in (
        "loaded", "new_version", "unchanged", "rejected", "deleted", "suppressed", "quarantined"
    )]
    changes.add("batches", [(
        batch.batch_id, batch.run_id, batch.kind, batch.processor, batch.staged_at, at,
        audit.verdict if audit else None, len(found.rows), *counts, gap_offsets,
        outcomes["nothing_to_delete"], outcomes["new_reading"], outcomes["withdrawn"],
    )])
    changes.add("batch_ranges", [(batch.batch_id, *astuple(piece)) for piece in handed])
    changes.add("audit_results", [
        (batch.batch_id, n, f.expectation, f.column, f.severity, f.success, f.observed, f.reason, list(f.scrapers))
        for n, f in enumerate(audit.results if audit else (), start=1)
    ])


def move_offsets(
    changes: ChangeBuilder, batch: StagedBatch, handed: Iterable[OffsetRange], read: Reading, at: datetime
) -> None:
    """Moves the next offset of each partition past the batch."""
    for piece in handed:
        partition = (piece.topic, piece.partition)
        changes.remove("partition_offsets", ("topic", "partition"), [partition])
        first = read.first.get(partition, piece.start)
        changes.add("partition_offsets", [(*partition, first, piece.end, batch.batch_id, at)])
