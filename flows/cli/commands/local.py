"""Commands that start and stop local servers: up, down."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.frame import AsJson, Command, Verbose, command
from flows.cli.screen import safe

app = typer.Typer()


@app.command()
def up(
    flink: Annotated[bool, typer.Option("--flink", help="Start a Flink cluster of two TaskManagers too.")] = False,
    as_json: AsJson = False, verbose: Verbose = False,
) -> None:
    """Start Kafka and a Prefect server that keep running, and create the topics."""
    with command("up", verbose=verbose) as run:
        from flows.local.prefect import api_url
        from flows.local.servers import Servers
        from flows.targets import at_broker
        from pipelines.sinks.kafka import make_topics

        home = run.settings.home
        servers = Servers(run.settings, all_of_them=True)
        with run.screen.notes.status("Starting Kafka and Prefect …") as status:
            servers.start(stays=True, notify=lambda text: status.update(safe(text)))
        cluster = _start_flink(run) if flink else None
        assert servers.kafka is not None
        assert servers.prefect is not None
        kafka, prefect = servers.kafka.start(), servers.prefect.start()
        make_topics(at_broker(run.settings, kafka.address).kafka)
        if as_json:
            shown = {"flink": cluster} if cluster else {}
            run.screen.write_json({"kafka": kafka.address, "prefect": api_url(prefect), "home": home, **shown})
            return
        run.screen.say(f"Kafka    [bold]{kafka.address}[/bold]")
        run.screen.say(f"Prefect  [bold]http://{prefect.address}[/bold]  (API: {api_url(prefect)})")
        if cluster:
            run.screen.say(f"Flink    [bold]http://{cluster}[/bold]  (use it: dateline ingest --runner flink)")
        run.screen.say(f"Data     {safe(home)}")
        run.screen.say("They run until [cyan]dateline down[/cyan].")


@app.command()
def down(verbose: Verbose = False) -> None:
    """Stop the servers of `dateline up`, and keep their data."""
    with command("down", verbose=verbose) as run:
        from flows.local.flink import LocalFlink
        from flows.local.kafka import LocalKafka
        from flows.local.prefect import LocalPrefect
        from flows.local.server import LocalServer

        home = run.settings.home
        servers: dict[str, LocalFlink | LocalServer] = {
            "Flink": LocalFlink(home), "Kafka": LocalKafka(home), "Prefect": LocalPrefect(home),
        }
        with run.screen.notes.status("Stopping …"):
            stopped = [name for name, server in servers.items() if server.stop()]
        run.screen.say(f"Stopped {' and '.join(stopped)}." if stopped else f"No server was running under {safe(home)}.")


def _start_flink(run: Command) -> str:
    """The address of the local Flink cluster, which keeps running."""
    from flows.local.flink import LocalFlink

    with run.screen.notes.status("Starting Flink …") as status:
        cluster = LocalFlink(run.settings.home).start(stays=True, notify=lambda text: status.update(safe(text)))
    return cluster.address
