"""Commands on scrapers: list them with their state and recent figures, and release one from quarantine."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.commands.stream import Wait, WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command

app = typer.Typer(help="Scrapers: their state and recent figures, and the end of a quarantine.", no_args_is_help=True)


@app.command("list")
def list_(warehouse: WarehouseUrl = None, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """List every scraper with its state, the reason for a quarantine, and its recent figures."""
    with command("scrapers-list", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.scrapers import show_scrapers
        from flows.scrapers import as_json as scraper_as_json
        from flows.scrapers import scrapers_of

        standings = scrapers_of(run.settings)
        if as_json:
            run.screen.write_json([scraper_as_json(standing) for standing in standings])
        else:
            show_scrapers(run.screen, standings)


@app.command()
def release(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A quarantined scraper, from `dateline scrapers list`.")],
    wait: Wait = 10.0,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """End the quarantine of a scraper after you have examined it: its waiting articles are loaded."""
    with command("scrapers-release", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.ingesting import release_here, show_released
        from flows.scrapers import need_quarantined

        need_quarantined(run.settings, name)
        report = release_here(run, name, quiet=as_json, wait_minutes=wait)
        if as_json:
            run.screen.write_json(report)
        else:
            show_released(run.screen, name, report)
