"""How the scrapers of a batch did, which of them are quarantined, and the articles that wait for those."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from pipelines.records import Coordinates
from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.drift import Trip, find_trips, pooled
from pipelines.resolve.freshness import Appearance, find_silences
from pipelines.resolve.history import COORDINATES
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup, Row
from pipelines.resolve.versions import Resolutions
from pipelines.settings import BreakerSettings
from pipelines.stage.figures import SourceFigures, source_figures
from schemas import Registry

OF_LATE = 1000
"""Batches for which a scraper that stopped coming is remarked; after them it is taken to be gone for good."""
AT_ONCE = 64
"""Staged articles in memory at once, as Python values."""

FIGURES = (
    "source", "records", "rejected", "consent_walls", "articles", "dates_ahead", "words", "words_low", "words_high",
    "languages", "last_message_at",
)


type SourceState = Literal["flowing", "held"]


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """How a source stands: whether it is held and why, what waits, how it did of late and in its last batch.

    ``recent`` is of the batches that its next one is compared with, ``batches`` their number; ``silence`` says, in
    words, that it has stopped coming.
    """

    source: str
    state: SourceState
    since: datetime
    why: tuple[Mapping[str, Any], ...]
    released_at: datetime | None
    waiting: int
    batches: int
    recent: SourceFigures
    last: SourceFigures
    silence: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Figures of the batch's scrapers, those that depart from their past, and those that are quarantined after it."""

    figures: tuple[SourceFigures, ...]
    trips: Mapping[str, tuple[Trip, ...]]
    quarantined: frozenset[str]


def check_drift(staged: Staged, known: KnownState, settings: BreakerSettings) -> Quarantine:
    """Compares the batch's scrapers with their past.

    Only messages that are new from Kafka tell how a scraper does: a replay waits with its scraper and quarantines none.
    A release loads whatever is quarantined.
    """
    batch = staged.batch
    figures = tuple(source_figures(batch)) if batch.kind == "ingest" else ()
    held = {row[0] for row in known.rows(Lookup("sources", ("source",), ("state",), [("held",)]))}
    trips: dict[str, list[Trip]] = defaultdict(list)
    if settings.hold:
        flowing = [f for f in figures if f.source not in held]
        for trip in find_trips(flowing, recent_figures(known, [f.source for f in flowing], settings), settings):
            trips[trip.source].append(trip)
    after = frozenset() if batch.kind == "release" else frozenset(held | trips.keys())
    return Quarantine(figures, {source: tuple(found) for source, found in trips.items()}, after)


def recent_figures(
    known: KnownState, sources: Collection[str], settings: BreakerSettings
) -> dict[str, list[SourceFigures]]:
    """The recent batches of these scrapers that a next one is compared with; the newest first."""
    found: dict[str, list[SourceFigures]] = defaultdict(list)
    for row in known.rows(Lookup(
        "source_batches", FIGURES, ("source", "is_compared"), [(source, True) for source in sorted(sources)],
        order=("-position",), most=settings.recent_batches,
    )):
        found[row[0]].append(figures_of(row))
    return found


def figures_of(row: Row) -> SourceFigures:
    """Figures from a row of ``FIGURES``."""
    values = dict(zip(FIGURES, row, strict=True))
    return SourceFigures(**(values | {"languages": json.loads(values["languages"])}))


def scraper_standings(known: KnownState, settings: BreakerSettings) -> list[SourceStanding]:
    """Every scraper, quarantined ones first."""
    states = known.rows(Lookup("sources", ("source", "state", "since", "why", "released_at")))
    waiting = Counter(row[0] for row in known.rows(Lookup("held_articles", ("source",))))
    names = [(row[0],) for row in states]
    past = recent_figures(known, [row[0] for row in states], settings)
    last = {
        row[0]: figures_of(row)
        for row in known.rows(Lookup("source_batches", FIGURES, ("source",), names, order=("-position",), most=1))
    }
    silences = _silences(known, settings)
    return [
        SourceStanding(
            source, state, since, tuple(json.loads(why or "[]")), released_at, waiting[source],
            len(past.get(source, ())), pooled(source, past.get(source, ())), last.get(source, SourceFigures(source)),
            silences.get(source),
        )
        for source, state, since, why, released_at in sorted(states, key=lambda row: (row[1] != "held", row[0]))
    ]


def _silences(known: KnownState, settings: BreakerSettings) -> dict[str, str]:
    batches = known.rows(Lookup(
        "batches", ("batch_id",), ("kind",), [("ingest",)], order=("-published_at", "-batch_id"), most=OF_LATE
    ))
    number = {batch_id: len(batches) - n for n, (batch_id,) in enumerate(batches)}
    appearances: dict[str, list[Appearance]] = defaultdict(list)
    rows = known.rows(Lookup("source_batches", ("batch_id", "source", "last_message_at"), ("batch_id",), batches))
    for source, n, at in sorted((source, number[batch_id], at) for batch_id, source, at in rows):
        appearances[source].append(Appearance(n, at))
    return find_silences(appearances, len(batches), settings)


def change_scrapers(  # noqa: PLR0913, PLR0917  the batch, what became of it and of its scrapers, and when
    changes: ChangeBuilder, staged: Staged, found: Resolutions, quarantine: Quarantine, known: KnownState, at: datetime
) -> None:
    """Figures of each scraper, its state, and the articles that wait or no longer wait."""
    _add_figures(changes, staged, quarantine, known, at)
    _change_states(changes, staged, quarantine, known, at)
    if staged.batch.kind == "release":
        changes.remove("held_articles", COORDINATES, [astuple(o.source) for o in staged.outcomes])
    changes.remove("held_articles", COORDINATES, [astuple(source) for source in found.removed])
    waiting = {r.source for r in found.rows if r.outcome == "held" and not r.is_removed}
    times = {o.source: o.timestamp for o in staged.outcomes}
    changes.add("held_articles", [
        (*astuple(source), times[source], scraper, article_id, article, version, staged.batch.batch_id)
        for source, scraper, article_id, article, version in _encoded(staged, waiting)
    ])


def _add_figures(
    changes: ChangeBuilder, staged: Staged, quarantine: Quarantine, known: KnownState, at: datetime
) -> None:
    """Where every message of a scraper has an implausible time, it is taken to have come last when it did before."""
    batch = staged.batch
    last = {
        row[0]: row[1:]
        for row in known.rows(Lookup(
            "source_batches", ("source", "position", "last_message_at"), ("source",),
            [(f.source,) for f in quarantine.figures], order=("-position",), most=1,
        ))
    }
    rows = []
    for f in quarantine.figures:
        position, last_message_at = last.get(f.source, (0, batch.staged_at))
        values = asdict(f) | {"languages": json.dumps(f.languages)}
        is_held = f.source in quarantine.quarantined
        rows.append((
            batch.batch_id, f.source, position + 1, at, f.last_message_at or last_message_at,
            *(values[name] for name in FIGURES[1:-1]), is_held, not is_held,
        ))
    changes.add("source_batches", rows)


def _change_states(
    changes: ChangeBuilder, staged: Staged, quarantine: Quarantine, known: KnownState, at: datetime
) -> None:
    batch = staged.batch
    named = sorted({o.scraper for o in staged.outcomes if o.scraper is not None and o.outcome != "deleted"})
    there = {row[0] for row in known.rows(Lookup("sources", ("source",), ("source",), [(each,) for each in named]))}
    new = set(named) - there if batch.kind != "release" else set()
    tripped = {source: _why(trips) for source, trips in quarantine.trips.items()}
    changes.add("sources", [
        (source, "held" if source in tripped else "flowing", at, tripped.get(source), batch.batch_id, None)
        for source in sorted(new)
    ])
    changes.update("sources", ("source",), ("state", "since", "why", "batch_id"), [
        (source, "held", at, why, batch.batch_id) for source, why in sorted(tripped.items()) if source not in new
    ])


def _why(trips: Sequence[Trip]) -> str:
    listed = [{"kind": t.kind, "seen": t.seen, "usual": t.usual, "words": t.words} for t in trips]
    return json.dumps(listed, ensure_ascii=False)


def _encoded(staged: Staged, waiting: set[Coordinates]) -> Iterator[tuple[Coordinates, str, str, bytes, int]]:
    if not waiting:
        return
    registry = the_registry()
    version = registry.latest("article").version
    rows = sorted(staged.articles[source] for source in waiting)
    for begin in range(0, len(rows), AT_ONCE):
        for record in _records(staged, rows[begin : begin + AT_ONCE]):
            encoded = registry.encode("article", record)
            yield Coordinates(**record["source"]), record["scraper"], record["article_id"], encoded, version


def _records(staged: Staged, rows: Sequence[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = staged.article_table.take(list(rows)).to_pylist(maps_as_pydicts="strict")
    return found


@cache
def the_registry() -> Registry:
    return Registry.load()
