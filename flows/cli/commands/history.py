"""The command that shows what changed in an article."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command

app = typer.Typer()


@app.command()
def history(
    article: Annotated[str, typer.Argument(metavar="URL", help="URL of the article, or its id.")],
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show the versions of an article and what changed from each to the next, with the sentences before and after."""
    with command("history", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.history import history_of, show_history

        versions = history_of(run.settings, article)
        if as_json:
            run.screen.write_json(versions)
        else:
            show_history(run.screen, versions)
