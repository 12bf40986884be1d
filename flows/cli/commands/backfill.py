"""The command that loads files and archives, and goes on where it was stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.commands.stream import Manifest, Paths, Wait, WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command

app = typer.Typer()


@app.command()
def backfill(  # noqa: PLR0913, PLR0917  its options
    paths: Paths,
    manifest: Manifest = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Send everything again, also what an earlier run has sent.")
    ] = False,
    warehouse: WarehouseUrl = None,
    wait: Wait = 30.0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Send files, folders or WARC archives of any size to the topic and load them, in turns.

    If it is stopped, run it again with the same paths: it goes on where it was. Files that were added to a folder since
    then are sent, and files that were not changed are not sent again.
    """
    with command("backfill", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.ingesting import backfill_here, show_backfilled
        from flows.cli.publishing import refuse_faults, show_left_out
        from pipelines.sources.left_out import LeftOutFile

        report = backfill_here(
            run, quiet=as_json, paths=[str(path) for path in paths], manifest=str(manifest) if manifest else None,
            restart=restart, wait_minutes=wait,
        )
        left = [LeftOutFile(**one) for one in report["left_out"]]
        if as_json:
            run.screen.write_json(report)
        else:
            show_backfilled(run.screen, report)
            show_left_out(run.screen, left)
        refuse_faults(left)
