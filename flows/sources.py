"""Sources as the command line knows them: which are held and why, how each has been doing, what to type."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.faults import NotFound
from flows.letters import opened
from flows.screen import Screen, safe
from pipelines.phrases import counted
from pipelines.records import UNKNOWN_SCRAPER as UNNAMED

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import SourceStanding

SHOWN_NAMES = 20
UNREADABLE = "(unknown)"  # what the warehouse's questions and audits call it


def sources_of(settings: Settings) -> list[SourceStanding]:
    from pipelines.resolve.scrapers import scraper_standings

    with opened(settings).known_state() as known:
        return scraper_standings(known, settings.breaker)


def need_held(settings: Settings, name: str) -> SourceStanding:
    """The source of that name, if it is held; ``NotFound`` names those that are, or those that are known."""
    known = sources_of(settings)
    found = next((s for s in known if s.source == name), None)
    if found is not None and found.state == "held":
        return found
    held = [s.source for s in known if s.state == "held"]
    if found is None:
        why = f"There is no source {name!r}. Known are: {_listed([s.source for s in known])}."
    else:
        why = f"The source {name!r} is not held: it flows since {found.since:%Y-%m-%d %H:%M} UTC, and nothing waits."
    raise NotFound(f"{why} Held are: {_listed(held)}.\nWhat to do: `dateline sources list` shows every source.")


def scraper_label(scraper: str) -> str:
    """A scraper as the screen shows it: the names of those that have none say so.

    >>> scraper_label("unknown"), scraper_label("(unknown)"), scraper_label("harbour-crawler")
    ('unknown (no scraper named)', '(scraper not readable)', 'harbour-crawler')
    """
    return {UNNAMED: f"{UNNAMED} (no scraper named)", UNREADABLE: "(scraper not readable)"}.get(scraper, scraper)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more if names else "none"


def to_type(source: str) -> str:
    """What lets a source go on.

    >>> to_type("harbour crawler")
    "dateline sources release 'harbour crawler'"
    """
    return f"dateline sources release {shlex.quote(source)}"


def held_rows(standings: list[SourceStanding]) -> list[dict[str, Any]]:
    """Sources that are held: since when, what waits, why, and what to type."""
    return [
        {
            "source": s.source, "since": s.since, "waiting": s.waiting, "why": [dict(trip) for trip in s.why],
            "to_release": to_type(s.source),
        }
        for s in standings
        if s.state == "held"
    ]


def silent_rows(standings: list[SourceStanding]) -> list[dict[str, Any]]:
    return [{"source": s.source, "silence": s.silence} for s in standings if s.silence]


def why_in_words(held: dict[str, Any]) -> str:
    return "; ".join(trip["words"] for trip in held["why"])


def as_json(standing: SourceStanding) -> dict[str, Any]:
    return asdict(standing) | ({"to_release": to_type(standing.source)} if standing.state == "held" else {})


COLUMNS = (
    "source", "state", "since", "waiting", "batches", "records", "rejected", "consent walls", "dates ahead", "words",
    "language",
)


def show_sources(screen: Screen, standings: list[SourceStanding]) -> None:
    """Every source with its recent figures, a held one with its last batch's below them."""
    rows: list[tuple[object, ...]] = []
    for s in standings:
        rows.append((scraper_label(s.source), s.state, s.since, s.waiting, s.batches, *_figures(s.recent)))
        if s.state == "held":
            rows.append(("  its last batch", "", None, None, 1, *_figures(s.last)))
    screen.table("Sources", COLUMNS, rows, empty="none yet")
    show_held(screen, held_rows(standings), silent_rows(standings))


def show_held(screen: Screen, held: list[dict[str, Any]], silent: list[dict[str, Any]]) -> None:
    for row in held:
        waiting = counted(row["waiting"], "article waits", "articles wait")
        name = safe(scraper_label(row["source"]))
        screen.say(f"[yellow]{name} is held[/yellow] since {safe(row['since'])}, {waiting}:")
        for trip in row["why"]:
            screen.say(f"  {safe(trip['words'], 300)}")
        screen.say(f"  Have a look at it, then let it go on: [cyan]{safe(row['to_release'], 300)}[/cyan]")
    for row in silent:
        screen.say(f"[yellow]{safe(scraper_label(row['source']))} is {safe(row['silence'], 300)}[/yellow]")


def _figures(figures: Any) -> tuple[object, ...]:
    from pipelines.resolve.drift import main_language

    return (
        figures.records, _share(figures.rejected, figures.records), _share(figures.consent_walls, figures.records),
        _share(figures.dates_ahead, figures.articles), figures.words, main_language(figures.languages),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
