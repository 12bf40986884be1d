"""Staged batches for tests: what came of a few Kafka records, written as the stage step writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.failures import Failure, Violation
from pipelines.records import Coordinates, Entity, Gap, Mention, OffsetRange, Provenance, RawMessage
from pipelines.resolve.reconciliation import handed_ranges
from pipelines.resolve.scrapers import ScraperStanding, scraper_standings
from pipelines.settings import DriftSettings
from pipelines.stage import (
    Folder,
    OutcomeRow,
    PartWriter,
    StagedBatch,
    StageStore,
    dead_letter_record,
    key_digest,
    reading_digest,
    write_manifest,
)
from pipelines.stage.batch import BatchKind
from pipelines.validate import article_to_avro
from pipelines.warehouse import Warehouse
from tests.builders import FETCHED_AT, a_message, an_article, coordinates

TOPIC = "articles.raw"
PROCESSOR = "dateline 0.1.0 test"
SUPPRESS = "INSERT INTO suppressions (article_id, reason, suppressed_at) VALUES (?, 'asked to', ?)"

FALK = Entity("f" * 32, "Ines Falk", "PER", 1, 0.75)
MARROWBY = Entity(
    "e" * 32, "Marrowby", "LOC", 1, 0.25, country="GB", geonames_id=7, latitude=54.5, longitude=-0.5
)
FALK_MENTION = Mention("Ines Falk", "PER", 143, 152, 1, "f" * 32, False, 0.9)
MARROWBY_MENTION = Mention("Marrowby", "LOC", 0, 8, 0, "e" * 32, False, 0.8)


@dataclass(frozen=True, slots=True)
class Carried:
    """A record that carried an article."""

    record: dict[str, Any]
    timestamp: datetime
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was rejected."""

    message: RawMessage
    failure: Failure
    scraper: str | None
    names: tuple[str, ...] = ()
    outlet_domain: str | None = None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record that asks for an article to be deleted."""

    coordinates: Coordinates
    article_id: str
    timestamp: datetime
    key: bytes = b"page"


type Event = Carried | Refused | Tombstone | Gap


def standings(warehouse: Warehouse) -> list[ScraperStanding]:
    """How every scraper stands."""
    with warehouse.known_state() as known:
        return scraper_standings(known, DriftSettings())


def later(hours: float) -> datetime:
    return FETCHED_AT + timedelta(hours=hours)


def carried(
    offset: int, *, partition: int = 0, timestamp: datetime | None = None, key: bytes | None = None, **changes: Any
) -> Carried:
    """A record with an article; ``changes`` are fields of the article."""
    article = an_article(coordinates=coordinates(offset, partition), **changes)
    return Carried(article_to_avro(article, Provenance(PROCESSOR, FETCHED_AT)), timestamp or later(offset / 60), key)


def refused(
    offset: int, *, partition: int = 0, reason: str = "ConsentWall", scraper: str | None = "harbour-crawler",
    names: tuple[str, ...] = (), outlet_domain: str | None = None, **changes: Any
) -> Refused:
    """A record that was rejected; ``names`` are the articles at the addresses in it, ``changes`` of the message."""
    message = a_message(coordinates=coordinates(offset, partition), **changes)
    failure = Failure("clean", reason, (Violation("an article, not a wall", "body", "We value"),))
    return Refused(message, failure, scraper, names, outlet_domain)


def tombstone(
    offset: int, article_id: str = "a" * 32, *, partition: int = 0, timestamp: datetime | None = None,
    key: bytes = b"page",
) -> Tombstone:
    return Tombstone(coordinates(offset, partition), article_id, timestamp or later(offset / 60), key)


def gap(start: int, end: int, kind: Any = "compaction", *, partition: int = 0) -> Gap:
    return Gap(TOPIC, partition, start, end, kind)


def offsets(start: int, end: int, partition: int = 0) -> OffsetRange:
    return OffsetRange(TOPIC, partition, start, end)


def stage(
    folder: Path | Folder, *events: Event, batch_id: str = "batch-1", run_id: str = "run-1", kind: BatchKind = "ingest",
    ranges: tuple[OffsetRange, ...] | None = None, topic_id: str = "", store: StageStore | None = None,
) -> StagedBatch:
    """A sealed batch of the events; its ranges are what they cover unless told otherwise.

    With ``store``, originals of dead letters are stored and encrypted as its settings say.
    """
    into = (folder if isinstance(folder, Folder) else Folder.at(folder)) / batch_id
    writer = PartWriter(into, "part-000")
    spans = [_write(writer, event, store) for event in events]
    if ranges is None:
        ranges = handed_ranges(sorted(set(spans), key=lambda r: r.start), ()) if kind == "ingest" else ()
    batch = StagedBatch(
        batch_id, run_id, into, ranges, writer.close(), PROCESSOR, FETCHED_AT, kind, topic_id
    )
    write_manifest(batch)
    return batch


def _write(writer: PartWriter, event: Event, store: StageStore | None) -> OffsetRange:
    match event:
        case Carried(record, timestamp, key):
            at = Coordinates(**record["coordinates"])
            writer.article(record)
            writer.outcome(OutcomeRow(
                at, timestamp, "staged", None, record["scraper"], record["article_id"], key_id=key_digest(key),
                reading=reading_digest(record), outlet_domain=record["outlet"]["domain"],
            ))
        case Refused(message, failure, scraper, names, outlet):
            at = message.coordinates
            writer.dead_letter(dead_letter_record(message, failure, PROCESSOR, FETCHED_AT, scraper, store))
            writer.outcome(
                OutcomeRow(
                    at, message.timestamp, "rejected", failure.reason, scraper, next(iter(names), None),
                    failure.fingerprint, key_digest(message.key), names[1:], outlet_domain=outlet,
                )
            )
        case Tombstone(at, article_id, timestamp, key):
            writer.outcome(OutcomeRow(at, timestamp, "deleted", None, None, article_id, key_id=key_digest(key)))
        case Gap():
            writer.gap(event)
            return OffsetRange(event.topic, event.partition, event.start, event.end)
    return OffsetRange(at.topic, at.partition, at.offset, at.offset + 1)
