"""The command that shows the pipeline to Prometheus."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import Terminated, Verbose, command
from flows.faults import WrongUsage

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import CollectorRegistry

app = typer.Typer()


@app.command()
def metrics(
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65_535, help="Port to serve on, instead of DATELINE_METRICS__PORT."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print the metrics once, and end.")] = False,
    warehouse: WarehouseUrl = None,
    verbose: Verbose = False,
) -> None:
    """Serve Prometheus metrics: lag, outcomes, delays, runs, quarantined scrapers, the outbox and the ledger.

    Serves on DATELINE_METRICS__HOST, by default on this machine alone, until SIGTERM or Ctrl-C. A warehouse or a broker
    that cannot be read is shown as dateline_up 0.
    """
    if once and port is not None:
        raise typer.BadParameter("--once and --port exclude each other: give one of them.")
    with command("metrics", verbose=verbose, warehouse=warehouse) as run:
        from prometheus_client import generate_latest

        from flows.metrics.collector import PipelineCollector, registry_of

        collector = PipelineCollector(run.settings)
        if once:
            if run.settings.metrics.ledger_check_s:
                collector.check_ledger()
            run.screen.write_bytes(generate_latest(registry_of(collector)))
            return
        served = run.settings.metrics
        server = listening(served.host, served.port if port is None else port, registry_of(collector))
        try:
            host = f"[{served.host}]" if ":" in served.host else served.host
            run.screen.say(f"Metrics are served at http://{host}:{server.server_port}/metrics until SIGTERM or Ctrl-C.")
            threading.Event().wait()
        except (KeyboardInterrupt, Terminated):
            server.shutdown()


def listening(host: str, port: int, registry: CollectorRegistry) -> WSGIServer:
    """A server of the registry's metrics that runs in a thread. Raises ``WrongUsage`` if it cannot listen there."""
    from prometheus_client import start_http_server

    try:
        server, _ = start_http_server(port, host, registry)
    except OSError as fault:
        raise WrongUsage(
            f"Metrics cannot be served at {host}:{port}: {fault.strerror or fault}.\n"
            "What to do: choose another port with --port or DATELINE_METRICS__PORT, or correct DATELINE_METRICS__HOST."
        ) from fault
    return server
