"""The command that keeps a warehouse small and fast."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import AsJson, Command, Verbose, command

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Done, Warehouse

app = typer.Typer()


@app.command()
def maintain(
    keep_days: Annotated[
        float,
        typer.Option("--keep-days", min=0, help="Days for which earlier states of Iceberg tables stay readable."),
    ] = 7.0,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Free space in the warehouse: compact and expire Iceberg tables, vacuum PostgreSQL, rewrite DuckDB.

    Also removes what the archive of raw messages need not keep any longer.

    No row is changed. Between runs into DuckDB or Iceberg; PostgreSQL may be written meanwhile.
    """
    with command("maintain", verbose=verbose, warehouse=warehouse) as run:
        from dataclasses import asdict

        from flows.dead_letters import opened

        found = opened(run.settings)
        with found.writer("dateline maintain"):
            done = [*found.maintain(timedelta(days=keep_days)), *_keep_archive(run.settings, found)]
        if as_json:
            run.screen.write_json([asdict(each) for each in done])
        else:
            _show(run, done)


def _keep_archive(settings: Settings, warehouse: Warehouse) -> list[Done]:
    from datetime import UTC, datetime

    from pipelines.jobs.archive import erase_removed, keep_archive
    from pipelines.stage import stage_store
    from pipelines.warehouse import Done

    archive, now = stage_store(settings).archive, datetime.now(UTC)
    if not archive.batches():
        return []
    erase_removed(archive, warehouse, now)
    kept = keep_archive(archive, settings.archive, now)
    return [Done("retain", f"archive of {archive.topic}", kept.before, kept.after, "bytes", kept.files_removed)]


def _show(run: Command, done: list[Done]) -> None:
    from flows.cli.screen import safe
    from pipelines.phrases import counted

    for each in done:
        removed = f", {counted(each.files_removed, 'file')} removed" if each.files_removed else ""
        run.screen.say(f"{each.task} {safe(each.subject)}: {each.before:,} → {each.after:,} {each.unit}{removed}")
    if not done:
        run.screen.say("There was nothing to do.")
