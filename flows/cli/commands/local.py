"""Commands that start and stop local servers: up, down."""

from __future__ import annotations

import typer

from flows.cli.frame import AsJson, Verbose, command
from flows.cli.screen import safe

app = typer.Typer()


@app.command()
def up(as_json: AsJson = False, verbose: Verbose = False) -> None:
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
        assert servers.kafka is not None
        assert servers.prefect is not None
        kafka, prefect = servers.kafka.start(), servers.prefect.start()
        make_topics(at_broker(run.settings, kafka.address).kafka)
        if as_json:
            run.screen.write_json({"kafka": kafka.address, "prefect": api_url(prefect), "home": home})
            return
        run.screen.say(f"Kafka    [bold]{kafka.address}[/bold]")
        run.screen.say(f"Prefect  [bold]http://{prefect.address}[/bold]  (API: {api_url(prefect)})")
        run.screen.say(f"Data     {safe(home)}")
        run.screen.say("They run until [cyan]dateline down[/cyan].")


@app.command()
def down(verbose: Verbose = False) -> None:
    """Stop the Kafka and the Prefect server of `dateline up`, and keep their data."""
    with command("down", verbose=verbose) as run:
        from flows.local.kafka import LocalKafka
        from flows.local.prefect import LocalPrefect

        home = run.settings.home
        with run.screen.notes.status("Stopping …"):
            stopped = [
                name for name, server in (("Kafka", LocalKafka(home)), ("Prefect", LocalPrefect(home))) if server.stop()
            ]
        run.screen.say(f"Stopped {' and '.join(stopped)}." if stopped else f"No server was running under {safe(home)}.")
