"""Scrapers for flows and reports: their states, anomalies and the commands that release them."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.dead_letters import opened
from flows.faults import NotFound

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import ScraperStanding

SHOWN_NAMES = 20


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
