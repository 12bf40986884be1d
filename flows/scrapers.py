"""Scrapers for the command line and reports: their states, anomalies and recent figures."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.cli.screen import Screen, safe
from flows.dead_letters import opened
from flows.faults import NotFound
from pipelines.phrases import counted
from pipelines.records import UNKNOWN_SCRAPER as UNNAMED

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import ScraperStanding

SHOWN_NAMES = 20
UNREADABLE = "(unknown)"  # as in the queries of the warehouse and in audits


def scrapers_of(settings: Settings) -> list[ScraperStanding]:
    from pipelines.resolve.scrapers import scraper_standings

    with opened(settings).known_state() as known:
        return scraper_standings(known, settings.drift)


def need_quarantined(settings: Settings, name: str) -> ScraperStanding:
    """The quarantined scraper with that name; raises ``NotFound``, which lists those that there are."""
    known = scrapers_of(settings)
    found = next((s for s in known if s.scraper == name), None)
    if found is not None and found.state == "quarantined":
        return found
    quarantined = [s.scraper for s in known if s.state == "quarantined"]
    if found is None:
        why = f"There is no scraper {name!r}. Known scrapers: {_listed([s.scraper for s in known])}."
    else:
        why = f"The scraper {name!r} is not quarantined: it has been active since {found.since:%Y-%m-%d %H:%M} UTC."
    raise NotFound(
        f"{why} Quarantined scrapers: {_listed(quarantined)}."
        "\nWhat to do: choose one that `dateline scrapers list` shows as quarantined."
    )


def scraper_label(scraper: str) -> str:
    """The name of a scraper for the screen, with words for messages that name no scraper.

    >>> scraper_label("unknown"), scraper_label("(unknown)"), scraper_label("harbour-crawler")
    ('unknown (no scraper named)', '(scraper not readable)', 'harbour-crawler')
    """
    return {UNNAMED: f"{UNNAMED} (no scraper named)", UNREADABLE: "(scraper not readable)"}.get(scraper, scraper)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more if names else "none"


def to_type(scraper: str) -> str:
    """The command that ends the quarantine of a scraper.

    >>> to_type("harbour crawler")
    "dateline scrapers release 'harbour crawler'"
    """
    return f"dateline scrapers release {shlex.quote(scraper)}"


def quarantined_rows(standings: list[ScraperStanding]) -> list[dict[str, Any]]:
    """Quarantined scrapers: since when, how many articles wait, the anomalies, and the command that releases them."""
    return [
        {
            "scraper": s.scraper, "since": s.since, "waiting": s.waiting, "why": [dict(anomaly) for anomaly in s.why],
            "to_release": to_type(s.scraper),
        }
        for s in standings
        if s.state == "quarantined"
    ]


def stale_rows(standings: list[ScraperStanding]) -> list[dict[str, Any]]:
    return [{"scraper": s.scraper, "staleness": s.staleness} for s in standings if s.staleness]


def why_in_words(quarantined: dict[str, Any]) -> str:
    return "; ".join(anomaly["words"] for anomaly in quarantined["why"])


def as_json(standing: ScraperStanding) -> dict[str, Any]:
    return asdict(standing) | ({"to_release": to_type(standing.scraper)} if standing.state == "quarantined" else {})


COLUMNS = (
    "scraper", "state", "since", "waiting", "batches", "records", "rejected", "consent walls", "dates ahead", "words",
    "language",
)


def show_scrapers(screen: Screen, standings: list[ScraperStanding]) -> None:
    """Show every scraper with its recent figures; below a quarantined one, also those of its last batch."""
    rows: list[tuple[object, ...]] = []
    for s in standings:
        rows.append((scraper_label(s.scraper), s.state, s.since.date(), s.waiting, s.batches, *_figures(s.recent)))
        if s.state == "quarantined":
            rows.append(("  its last batch", "", None, None, 1, *_figures(s.last)))
    screen.table("Scrapers", COLUMNS, rows, empty="none yet")
    show_quarantined(screen, quarantined_rows(standings), stale_rows(standings))


def show_quarantined(screen: Screen, quarantined: list[dict[str, Any]], stale: list[dict[str, Any]]) -> None:
    for row in quarantined:
        waiting = counted(row["waiting"], "article waits", "articles wait")
        name = safe(scraper_label(row["scraper"]))
        screen.say(f"[yellow]{name} is quarantined[/yellow] since {safe(row['since'])}, {waiting}:")
        for anomaly in row["why"]:
            screen.say(f"  {safe(anomaly['words'], 300)}")
        screen.say(f"  After you have examined it, release it: [cyan]{safe(row['to_release'], 300)}[/cyan]")
    for row in stale:
        screen.say(f"[yellow]{safe(scraper_label(row['scraper']))} is {safe(row['staleness'], 300)}[/yellow]")


def _figures(figures: Any) -> tuple[object, ...]:
    from pipelines.resolve.drift import main_language

    return (
        figures.records, _share(figures.rejected, figures.records), _share(figures.consent_walls, figures.records),
        _share(figures.dates_ahead, figures.articles), figures.words, main_language(figures.languages),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
