"""The command that checks the archive of raw messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command
from flows.faults import FOUND_WRONG, NotFound

if TYPE_CHECKING:
    from flows.cli.screen import Screen
    from pipelines.jobs.archive import ArchiveVerification

app = typer.Typer(help="The archive of raw messages in the stage.", no_args_is_help=True)
SHOWN = 50


@app.callback()
def archive() -> None:
    """The archive of raw messages in the stage."""


@app.command()
def verify(warehouse: WarehouseUrl = None, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Check the archive: the checksum of each file and message, and that no message of the ledger is missing.

    The exit code is 1 if there is a problem.
    """
    with command("archive-verify", verbose=verbose, warehouse=warehouse) as run:
        from dataclasses import asdict

        from flows.dead_letters import opened
        from pipelines.jobs.archive import verify_archive
        from pipelines.stage import stage_store

        stored = stage_store(run.settings).archive
        found = verify_archive(stored, opened(run.settings))
        if not (found.batches or found.covered or run.settings.archive.enabled):
            raise NotFound(
                f"There is no archive of {stored.topic} at {stored.folder}.\n"
                "What to do: set DATELINE_ARCHIVE__ENABLED=true, and the next runs store what they read."
            )
        if as_json:
            run.screen.write_json({"is_whole": found.is_whole, **asdict(found)})
        else:
            _show(run.screen, found)
        if not found.is_whole:
            raise typer.Exit(FOUND_WRONG)


def _show(screen: Screen, found: ArchiveVerification) -> None:
    from flows.cli.screen import safe
    from pipelines.phrases import counted

    erased = f", of which {found.erased:,} erased" if found.erased else ""
    screen.say(
        f"Archive of {safe(found.topic)}: {counted(found.messages, 'message')}{erased}, in "
        f"{counted(found.files, 'file')} of {found.size_bytes:,} bytes; {counted(found.covered, 'offset')} archived."
    )
    if found.is_whole:
        screen.say("[green]The archive is whole:[/green] each file and message is as stored, and none is missing.")
        return
    screen.say(f"[red]The archive is not whole:[/red] {counted(len(found.problems), 'problem')}.")
    for problem in found.problems[:SHOWN]:
        screen.say(f"  [red]✗[/red] {safe(problem, 800)}")
