"""Commands on sources: which scraper is held and why, how each has been doing, and letting one go on."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands.run import AsJson, Verbose, command
from flows.commands.stream import WarehouseUrl

app = typer.Typer(help="Sources (scrapers): how each does, which are held, letting one go on.", no_args_is_help=True)


@app.command("list")
def list_(warehouse: WarehouseUrl = None, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """List every source: whether it is held and why, and its recent figures."""
    with command("sources-list", verbose=verbose, warehouse=warehouse) as run:
        from flows.sources import as_json as source_as_json
        from flows.sources import show_sources, sources_of

        standings = sources_of(run.settings)
        if as_json:
            run.screen.write_json([source_as_json(standing) for standing in standings])
        else:
            show_sources(run.screen, standings)


@app.command()
def release(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A held source, from `dateline sources list`.")],
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let a held source go on, after a look: load what waits of it."""
    with command("sources-release", verbose=verbose, warehouse=warehouse) as run:
        from flows.commands.ingesting import release_here, show_released
        from flows.sources import need_held

        need_held(run.settings, name)
        report = release_here(run, name, quiet=as_json)
        if as_json:
            run.screen.write_json(report)
        else:
            show_released(run.screen, name, report)
