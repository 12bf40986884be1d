"""The command that makes the quality report of a run from the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command

app = typer.Typer()


@app.command()
def report(
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="Run, by the beginning of its id; by default the last.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", dir_okay=False, help="File to write, instead of one in the home folder.")
    ] = None,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make the quality report of a run from the warehouse, one HTML page, and print where it is.

    Each run writes its report at its end. This makes it anew, for instance after a replay or a release.
    """
    with command("report", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.screen import safe
        from flows.quality.writing import make_report

        found, path = make_report(run.settings, run_id or "", output)
        if as_json:
            run.screen.write_json({"run_id": found, "quality_report": str(path)})
        else:
            run.screen.say(f"Quality report of run {safe(found[:8])}: {safe(path, 1_000)}")
