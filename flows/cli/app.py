"""The command line. Commands import heavy libraries only when they run, so that ``--help`` is fast."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Annotated

import typer

from flows.cli.commands import (
    archive,
    backfill,
    check,
    dashboard,
    demo,
    forget,
    history,
    ledger,
    local,
    maintain,
    metrics,
    project,
    query,
    rejected,
    report,
    reprocess,
    scrapers,
    stream,
)
from flows.cli.frame import EXIT_CODES, remember_verbose

LEAVE_WITHIN_S = 10.0

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."

app = typer.Typer(
    name="dateline",
    help="Load scraped news from Kafka into a warehouse, exactly once.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (
    demo.app, local.app, check.app, stream.app, ledger.app, query.app, history.app, report.app, metrics.app,
    dashboard.app, maintain.app, reprocess.app, forget.app, backfill.app, project.app,
):
    app.add_typer(part)
app.add_typer(rejected.app, name="rejected")
app.add_typer(scrapers.app, name="scrapers")
app.add_typer(ledger.ledger, name="ledger")
app.add_typer(archive.app, name="archive")
app.add_typer(project.schemas, name="schemas")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"dateline {version('dateline')}")
        raise typer.Exit


@app.callback()
def dateline(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the libraries' own logs and tracebacks.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Load scraped news from Kafka into a warehouse, exactly once."""
    del version
    remember_verbose(verbose)


def main() -> None:
    """Run the command. Once it has its exit code, the process ends within ``LEAVE_WITHIN_S``."""
    try:
        app()
    except SystemExit as ended:
        _leave_soon(ended.code)
        raise


def _leave_soon(code: object) -> None:
    """End the process after ``LEAVE_WITHIN_S``, even if Prefect's client still tries to send events and logs.

    If the API is unavailable, the client tries for eleven seconds for each event (``prefect.events.clients``), which
    would keep the process alive for minutes after everything was printed.
    """

    def leave() -> None:
        with contextlib.suppress(OSError):  # nobody reads the pipe any more
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)

    timer = threading.Timer(LEAVE_WITHIN_S, leave)
    timer.daemon = True
    timer.start()
