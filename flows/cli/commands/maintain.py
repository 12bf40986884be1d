"""The command that keeps a warehouse small and fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.commands.stream import Wait, WarehouseUrl
from flows.cli.frame import AsJson, Command, Verbose, command

if TYPE_CHECKING:
    from pipelines.warehouse import Done

app = typer.Typer()


@app.command()
def maintain(  # noqa: PLR0913, PLR0917  its options
    keep_days: Annotated[
        float,
        typer.Option("--keep-days", min=0, help="Days for which earlier states of Iceberg tables stay readable."),
    ] = 7.0,
    reencrypt: Annotated[
        bool,
        typer.Option("--reencrypt", help="Encrypt dead letters' originals and the archive with the current key first."),
    ] = False,
    wait: Wait = 0.0,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Free space in the warehouse: compact and expire Iceberg tables, vacuum PostgreSQL, rewrite DuckDB.

    Also removes what the archive of raw messages need not keep any longer.

    With --reencrypt, what is kept of raw messages is encrypted with the current key, whatever it was encrypted with.
    Otherwise no row is changed. Between runs into DuckDB or Iceberg; PostgreSQL may be written meanwhile.
    """
    with command("maintain", verbose=verbose, warehouse=warehouse) as run:
        from dataclasses import asdict

        from flows.cli.progress import run_bar
        from flows.upkeep import keep_up
        from flows.watching import watched_by

        with run_bar(run.screen, quiet=as_json) as watcher, watched_by(watcher):
            done = keep_up(run.settings, keep_days, wait, reencrypts=reencrypt)
        if as_json:
            run.screen.write_json([asdict(each) for each in done])
        else:
            _show(run, done)


def _show(run: Command, done: list[Done]) -> None:
    from flows.cli.screen import safe
    from pipelines.phrases import counted

    for each in done:
        removed = f", {counted(each.files_removed, 'file')} removed" if each.files_removed else ""
        run.screen.say(f"{each.task} {safe(each.subject)}: {each.before:,} → {each.after:,} {each.unit}{removed}")
    if not done:
        run.screen.say("There was nothing to do.")
