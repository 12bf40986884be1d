"""The command that serves the dashboard."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from typing import Annotated

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import Terminated, Verbose, command
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
        from flows.dashboard.serving import free_port, serving

        if find_spec("streamlit") is None:
            raise WrongUsage(
                "The dashboard needs Streamlit, which is not installed.\n"
                "What to do: install Dateline with it: pip install 'dateline[dashboard]'."
            )
        served = run.settings.dashboard
        found = free_port(served.host, served.port if port is None else port)
        host = f"[{served.host}]" if ":" in served.host else served.host
        run.screen.say(f"The dashboard is at http://{host}:{found} until SIGTERM or Ctrl-C.")
        process = subprocess.Popen(
            serving(served.host, found, opens_browser=not no_browser), stdin=subprocess.DEVNULL,
            stdout=None if verbose else subprocess.DEVNULL, stderr=None if verbose else subprocess.DEVNULL,
            env={
                **os.environ, "DATELINE_WAREHOUSE": run.settings.warehouse_url,
                "DATELINE_HOME": str(run.settings.home),
            },
        )
        try:
            code = process.wait()
        except (KeyboardInterrupt, Terminated):
            code = 0
        finally:
            _end(process)
        if code:
            raise typer.Exit(1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
