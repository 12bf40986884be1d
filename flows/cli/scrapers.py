"""Shows scrapers on the screen: their states, recent figures, anomalies, and how to release quarantined ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.cli.screen import Screen, safe
from flows.scrapers import quarantined_rows, stale_rows
from pipelines.phrases import counted
from pipelines.records import UNKNOWN_SCRAPER as UNNAMED

if TYPE_CHECKING:
    from pipelines.warehouse import ScraperStanding

UNREADABLE = "(unknown)"  # as in the queries of the warehouse and in audits
COLUMNS = (
    "scraper", "state", "since", "waiting", "batches", "records", "rejected", "consent walls", "dates ahead", "words",
    "language",
)


def scraper_label(scraper: str) -> str:
    """The name of a scraper for the screen, with words for messages that name no scraper.

    >>> scraper_label("unknown"), scraper_label("(unknown)"), scraper_label("harbour-crawler")
    ('unknown (no scraper named)', '(scraper not readable)', 'harbour-crawler')
    """
    return {UNNAMED: f"{UNNAMED} (no scraper named)", UNREADABLE: "(scraper not readable)"}.get(scraper, scraper)


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
