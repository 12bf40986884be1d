"""How the scrapers of a batch did, which of them are quarantined, and the articles that wait for those."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Any, Literal

from pipelines.records import Coordinates
from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.drift import Anomaly, find_anomalies, pooled
from pipelines.resolve.freshness import Appearance, find_stale_scrapers
from pipelines.resolve.history import COORDINATES
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup, Row
from pipelines.resolve.versions import Resolutions
from pipelines.settings import DriftSettings
from pipelines.stage.figures import ScraperFigures, scraper_figures
from schemas import shipped

OF_LATE = 1000
"""Batches for which a scraper that stopped coming is remarked; after them it is taken to be gone for good."""
AT_ONCE = 64
"""Staged articles in memory at once, as Python values."""

FIGURES = (
    "scraper", "records", "rejected", "consent_walls", "articles", "dates_ahead", "words", "words_low", "words_high",
    "languages", "last_message_at",
)


type ScraperState = Literal["active", "quarantined"]


@dataclass(frozen=True, slots=True)
class ScraperStanding:
    """How a scraper stands: whether it is quarantined and why, what waits, how it did of late and in its last batch.

    ``recent`` is of the batches that its next one is compared with, ``batches`` their number; ``staleness`` says, in
    words, that it has stopped coming.
    """

    scraper: str
    state: ScraperState
    since: datetime
    why: tuple[Mapping[str, Any], ...]
    released_at: datetime | None
    waiting: int
    batches: int
    recent: ScraperFigures
    last: ScraperFigures
    staleness: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Figures of the batch's scrapers, those that depart from their past, and those that are quarantined after it."""

    figures: tuple[ScraperFigures, ...]
    anomalies: Mapping[str, tuple[Anomaly, ...]]
    quarantined: frozenset[str]


def check_drift(staged: Staged, known: KnownState, settings: DriftSettings) -> Quarantine:
    """Compares the batch's scrapers with their past.

    Only messages that are new from Kafka count. A replay quarantines no scraper; its articles wait with their scraper.
    A release loads whatever is quarantined.
    """
    batch = staged.batch
    figures = tuple(scraper_figures(batch)) if batch.kind == "ingest" else ()
    quarantined = {row[0] for row in known.rows(Lookup("scrapers", ("scraper",), ("state",), [("quarantined",)]))}
    anomalies: dict[str, list[Anomaly]] = defaultdict(list)
    if settings.quarantine:
        active = [f for f in figures if f.scraper not in quarantined]
        for anomaly in find_anomalies(active, recent_figures(known, [f.scraper for f in active], settings), settings):
            anomalies[anomaly.scraper].append(anomaly)
    after = frozenset() if batch.kind == "release" else frozenset(quarantined | anomalies.keys())
    return Quarantine(figures, {scraper: tuple(found) for scraper, found in anomalies.items()}, after)


def recent_figures(
    known: KnownState, scrapers: Collection[str], settings: DriftSettings
) -> dict[str, list[ScraperFigures]]:
    """The recent batches of these scrapers that a next one is compared with; the newest first."""
    found: dict[str, list[ScraperFigures]] = defaultdict(list)
    for row in known.rows(Lookup(
        "scraper_batches", FIGURES, ("scraper", "is_compared"), [(scraper, True) for scraper in sorted(scrapers)],
        order=("-position",), most=settings.recent_batches,
    )):
        found[row[0]].append(figures_of(row))
    return found


def figures_of(row: Row) -> ScraperFigures:
    """Figures from a row of ``FIGURES``."""
    values = dict(zip(FIGURES, row, strict=True))
    return ScraperFigures(**(values | {"languages": json.loads(values["languages"])}))


def scraper_standings(known: KnownState, settings: DriftSettings) -> list[ScraperStanding]:
    """Every scraper, quarantined ones first."""
    states = known.rows(Lookup("scrapers", ("scraper", "state", "since", "why", "released_at")))
    waiting = Counter(row[0] for row in known.rows(Lookup("quarantined_articles", ("scraper",))))
    names = [(row[0],) for row in states]
    past = recent_figures(known, [row[0] for row in states], settings)
    last = {
        row[0]: figures_of(row)
        for row in known.rows(Lookup("scraper_batches", FIGURES, ("scraper",), names, order=("-position",), most=1))
    }
    stale = _stale_scrapers(known, settings)
    return [
        ScraperStanding(
            scraper, state, since, tuple(json.loads(why or "[]")), released_at, waiting[scraper],
            len(past.get(scraper, ())), pooled(scraper, past.get(scraper, ())),
            last.get(scraper, ScraperFigures(scraper)), stale.get(scraper),
        )
        for scraper, state, since, why, released_at in sorted(states, key=lambda row: (row[1] != "quarantined", row[0]))
    ]


def _stale_scrapers(known: KnownState, settings: DriftSettings) -> dict[str, str]:
    batches = known.rows(Lookup(
        "batches", ("batch_id",), ("kind",), [("ingest",)], order=("-loaded_at", "-batch_id"), most=OF_LATE
    ))
    number = {batch_id: len(batches) - n for n, (batch_id,) in enumerate(batches)}
    appearances: dict[str, list[Appearance]] = defaultdict(list)
    rows = known.rows(Lookup("scraper_batches", ("batch_id", "scraper", "last_message_at"), ("batch_id",), batches))
    for scraper, n, at in sorted((scraper, number[batch_id], at) for batch_id, scraper, at in rows):
        appearances[scraper].append(Appearance(n, at))
    return find_stale_scrapers(appearances, len(batches), settings)


def change_scrapers(  # noqa: PLR0913, PLR0917  the batch, what became of it and of its scrapers, and when
    changes: ChangeBuilder, staged: Staged, found: Resolutions, quarantine: Quarantine, known: KnownState, at: datetime
) -> None:
    """Figures of each scraper, its state, and the articles that wait or no longer wait."""
    _add_figures(changes, staged, quarantine, known, at)
    _change_states(changes, staged, quarantine, known, at)
    if staged.batch.kind == "release":
        changes.remove("quarantined_articles", COORDINATES, [astuple(o.coordinates) for o in staged.outcomes])
    changes.remove("quarantined_articles", COORDINATES, [astuple(coordinates) for coordinates in found.removed])
    waiting = {r.coordinates for r in found.rows if r.outcome == "quarantined" and not r.is_removed}
    times = {o.coordinates: o.timestamp for o in staged.outcomes}
    changes.add("quarantined_articles", [
        (*astuple(coordinates), times[coordinates], scraper, article_id, article, version, staged.batch.batch_id)
        for coordinates, scraper, article_id, article, version in _encoded(staged, waiting)
    ])


def _add_figures(
    changes: ChangeBuilder, staged: Staged, quarantine: Quarantine, known: KnownState, at: datetime
) -> None:
    """Where every message of a scraper has an implausible time, it is taken to have come last when it did before."""
    batch = staged.batch
    last = {
        row[0]: row[1:]
        for row in known.rows(Lookup(
            "scraper_batches", ("scraper", "position", "last_message_at"), ("scraper",),
            [(f.scraper,) for f in quarantine.figures], order=("-position",), most=1,
        ))
    }
    rows = []
    for f in quarantine.figures:
        position, last_message_at = last.get(f.scraper, (0, batch.staged_at))
        values = asdict(f) | {"languages": json.dumps(f.languages)}
        is_quarantined = f.scraper in quarantine.quarantined
        rows.append((
            batch.batch_id, f.scraper, position + 1, at, f.last_message_at or last_message_at,
            *(values[name] for name in FIGURES[1:-1]), is_quarantined, not is_quarantined,
        ))
    changes.add("scraper_batches", rows)


def _change_states(
    changes: ChangeBuilder, staged: Staged, quarantine: Quarantine, known: KnownState, at: datetime
) -> None:
    batch = staged.batch
    named = sorted({o.scraper for o in staged.outcomes if o.scraper is not None and o.outcome != "deleted"})
    there = {row[0] for row in known.rows(Lookup("scrapers", ("scraper",), ("scraper",), [(each,) for each in named]))}
    new = set(named) - there if batch.kind != "release" else set()
    anomalous = {scraper: _why(anomalies) for scraper, anomalies in quarantine.anomalies.items()}
    changes.add("scrapers", [
        (scraper, "quarantined" if scraper in anomalous else "active", at, anomalous.get(scraper), batch.batch_id, None)
        for scraper in sorted(new)
    ])
    changes.update("scrapers", ("scraper",), ("state", "since", "why", "batch_id"), [
        (scraper, "quarantined", at, why, batch.batch_id)
        for scraper, why in sorted(anomalous.items())
        if scraper not in new
    ])


def _why(anomalies: Sequence[Anomaly]) -> str:
    listed = [{"kind": t.kind, "seen": t.seen, "usual": t.usual, "words": t.words} for t in anomalies]
    return json.dumps(listed, ensure_ascii=False)


def _encoded(staged: Staged, waiting: set[Coordinates]) -> Iterator[tuple[Coordinates, str, str, bytes, int]]:
    if not waiting:
        return
    registry = shipped()
    version = registry.latest("article").version
    rows = sorted(staged.articles[coordinates] for coordinates in waiting)
    for begin in range(0, len(rows), AT_ONCE):
        for record in _records(staged, rows[begin : begin + AT_ONCE]):
            encoded = registry.encode("article", record)
            yield Coordinates(**record["coordinates"]), record["scraper"], record["article_id"], encoded, version


def _records(staged: Staged, rows: Sequence[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = staged.article_table.take(list(rows)).to_pylist(maps_as_pydicts="strict")
    return found
