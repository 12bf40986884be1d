"""The command that serves the dashboard."""

from __future__ import annotations

import os
import subprocess
import time
from importlib.util import find_spec
from typing import Annotated

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import Command, Terminated, Verbose, command
from flows.faults import WrongUsage

app = typer.Typer()

ENDS_WITHIN_S = 5.0


@app.command()
def dashboard(
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65_535, help="Port to serve on, instead of DATELINE_DASHBOARD__PORT."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open no browser.")] = False,
    warehouse: WarehouseUrl = None,
    verbose: Verbose = False,
) -> None:
    """Show the news, entities, outlets and the pipeline on a local web page.

    Serves on DATELINE_DASHBOARD__HOST, by default on this machine alone, until SIGTERM or Ctrl-C. It reads the marts,
    and no run waits for it longer than for a query.
    """
    with command("dashboard", verbose=verbose, warehouse=warehouse) as run:
        check_installed()
        serve(run, run.settings.dashboard.port if port is None else port, opens_browser=not no_browser)


def is_installed() -> bool:
    """Whether Streamlit, which shows the dashboard, is installed."""
    return find_spec("streamlit") is not None


def check_installed() -> None:
    """Raises ``WrongUsage`` if Streamlit is not installed."""
    if not is_installed():
        raise WrongUsage(
            "The dashboard needs Streamlit, which is not installed.\n"
            "What to do: install Dateline with it: pip install 'dateline[dashboard]'."
        )


def serve(run: Command, port: int, *, opens_browser: bool) -> None:
    """Serve the dashboard until SIGTERM or Ctrl-C. Raises ``WrongUsage`` if the port is taken; 0 takes a free one."""
    from flows.dashboard.serving import answers, free_port, serving

    address = run.settings.dashboard.host
    found = free_port(address, port)
    host = f"[{address}]" if ":" in address else address
    process = subprocess.Popen(
        serving(address, found, opens_browser=opens_browser), stdin=subprocess.DEVNULL,
        stdout=None if run.verbose else subprocess.DEVNULL, stderr=None if run.verbose else subprocess.DEVNULL,
        env={
            **os.environ, "DATELINE_WAREHOUSE": run.settings.warehouse_url, "DATELINE_HOME": str(run.settings.home),
        },
    )
    try:
        while process.poll() is None and not answers(address, found):
            time.sleep(0.1)
        if process.returncode is None:
            run.screen.say(f"The dashboard is at http://{host}:{found} until SIGTERM or Ctrl-C.")
        code = process.wait()
    except (KeyboardInterrupt, Terminated):
        code = 0
    finally:
        _end(process)
    if code:
        run.screen.note(f"The dashboard ended with code {code}. What to do: run `dateline dashboard --verbose`.")
        raise typer.Exit(1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        pass
    finally:  # also at a second Ctrl-C
        process.kill()
        process.wait()
