"""The command line. Heavy libraries are imported inside the commands, so that ``--help`` answers at once."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Annotated

import typer

from flows.cli.commands import check, demo, ledger, local, project, rejected, scrapers, stream
from flows.cli.frame import EXIT_CODES, said_verbose

LEAVE_WITHIN_S = 10.0

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."

app = typer.Typer(
    name="dateline",
    help="Scraped news from Kafka into a warehouse whose ledger closes.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (demo.app, local.app, check.app, stream.app, ledger.app, project.app):
    app.add_typer(part)
app.add_typer(rejected.app, name="rejected")
app.add_typer(scrapers.app, name="scrapers")
app.add_typer(ledger.ledger, name="ledger")
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
    """Scraped news from Kafka into a warehouse whose ledger closes."""
    del version
    said_verbose(verbose)


def main() -> None:
    """The command's work is done when it has its exit code: it then leaves, whatever still waits."""
    try:
        app()
    except SystemExit as ended:
        _leave_soon(ended.code)
        raise


def _leave_soon(code: object) -> None:
    """Prefect's client sends what events and logs it has left before the process may end, and where the API is away
    it tries for eleven seconds an event (``prefect.events.clients``): minutes after everything was printed.
    """

    def leave() -> None:
        with contextlib.suppress(OSError):  # a pipe that nobody reads any more
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)

    timer = threading.Timer(LEAVE_WITHIN_S, leave)
    timer.daemon = True
    timer.start()
