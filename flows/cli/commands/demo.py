"""The demo: starts a real Kafka, ingests a made-up month of news, shows the results, and serves the dashboard."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.commands.dashboard import check_installed, is_installed, serve
from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import Command, Verbose, command
from flows.cli.scrapers import show_quarantined
from flows.cli.screen import safe
from flows.faults import WrongUsage
from flows.quality.files import reports_of
from pipelines.phrases import counted

if TYPE_CHECKING:
    from pipelines.settings import DashboardSettings, Settings

app = typer.Typer()

BATCH = 90
"""Messages of a batch at most: nearly a week of the samples, so that scrapers can be compared with their past."""

NEXT = (
    ("dateline dashboard", "see this news in your browser, at http://127.0.0.1:8501"),
    ("dateline up", "start Kafka and Prefect and keep them running"),
    ("dateline publish PATH…", "send your own pages: .html, .txt, .jsonl, .warc"),
    ("dateline ingest", "load new records"),
    ("dateline query", "list the marts, each with an example query"),
    ('dateline query "SELECT title, outlet_domain FROM articles LIMIT 5"', "run your own SQL"),
    ("dateline rejected list", "list rejected messages with the reasons"),
    ("dateline ledger verify", "check that nothing was lost"),
    ("dateline status", "lag, last runs, reject rates"),
)


@app.command()
def demo(
    dashboard: Annotated[
        bool | None,
        typer.Option(
            "--dashboard/--no-dashboard",
            help="Whether the demo ends by serving the dashboard, until Ctrl-C. By default it does in a terminal.",
        ),
    ] = None,
    warehouse: WarehouseUrl = None,
    verbose: Verbose = False,
) -> None:
    """Start a real Kafka, ingest a made-up month of news, show the results, and stop what was started."""
    with command("demo", verbose=verbose, warehouse=warehouse) as run:
        if dashboard:
            check_installed()
        with _servers(run) as settings:
            _publish_samples(run, settings)
            _ingest(run, settings)
        _show(run)
        if dashboard or (dashboard is None and sys.stdout.isatty() and is_installed()):
            run.screen.say("")
            serve(run, _port(run.settings.dashboard), opens_browser=False)


def _port(settings: DashboardSettings) -> int:
    """The port of the settings, or if another dashboard has it, a free one."""
    from flows.dashboard.serving import free_port

    try:
        return free_port(settings.host, settings.port)
    except WrongUsage:
        return 0


@contextmanager
def _servers(run: Command) -> Iterator[Settings]:
    """Start Kafka and Prefect for the block; those of ``dateline up`` are used if they run, and left running."""
    from flows.local.servers import Servers
    from flows.targets import with_broker
    from pipelines.sinks.kafka import make_topics

    servers = Servers(run.settings)
    try:
        with run.screen.notes.status("Starting Kafka and Prefect …") as status:
            servers.start(notify=lambda text: status.update(safe(text)))
            settings = with_broker(run.settings)
            make_topics(settings.kafka)
        run.screen.say(f"[green]✓[/green] Kafka at {safe(settings.kafka.bootstrap_servers)}")
        yield settings
    finally:
        servers.stop_started()


def _publish_samples(run: Command, settings: Settings) -> None:
    from pipelines.samples.month import month_messages
    from pipelines.sinks.kafka import OutgoingMessage, publish_messages
    from pipelines.sources.kafka import topic_offsets

    topic = settings.kafka.raw_topic
    present = sum(end for _, end in topic_offsets(settings.kafka, topic).values())
    samples = [OutgoingMessage(s.key, s.value, s.headers, s.path) for s in month_messages()]
    if present >= len(samples):
        run.screen.say(
            f"[green]✓[/green] {safe(topic)} already has {counted(present, 'message')}: no samples are published"
        )
        return
    published = publish_messages(settings.kafka, topic, samples)
    run.screen.say(f"[green]✓[/green] Published {counted(published.count, 'sample message')} to {safe(topic)}")


def _ingest(run: Command, settings: Settings) -> None:
    from flows.cli.ingesting import ingest_here

    size = min(settings.batch.max_records, BATCH)
    report = ingest_here(run, settings.model_copy(update={
        "batch": settings.batch.model_copy(update={"max_records": size}),
    }))
    if report["records"]:
        records = counted(report["records"], "record")
        run.screen.say(f"[green]✓[/green] Ingested {records} in {report['seconds']:.1f} s")
        show_quarantined(run.screen, report["quarantined"], report["stale"])
        run.screen.say("")
    else:
        run.screen.say(
            "[green]✓[/green] No new records: the warehouse is caught up with the topic\n"
        )


def _show(run: Command) -> None:
    from flows.cli.summary import show_news

    show_news(run.screen, run.settings)
    run.screen.say("[bold]Where things are[/bold]")
    home = run.settings.home
    for what, where in (
        ("warehouse", run.settings.warehouse or run.settings.warehouse_url),
        ("staged batches", run.settings.stage or home / "staged"),
        ("Kafka's data", home / "kafka"),
        ("quality report", reports_of(run.settings).newest),
        ("log of this run", run.log),
    ):
        run.screen.say(f"  {what:16} {safe(where)}")
    run.screen.say("\n[bold]What to try next[/bold]")
    called = as_called()
    for line, why in NEXT:
        run.screen.say(f"  [cyan]{safe(line.replace('dateline', called, 1))}[/cyan]  [dim]{safe(why)}[/dim]")


def as_called() -> str:
    """How to call the command again: by its name if that is on PATH, else by its path."""
    found, own = shutil.which("dateline"), Path(sys.argv[0])
    if own.name != "dateline" or (found and Path(found).resolve() == own.resolve()):
        return "dateline"
    here = Path.cwd()
    return str(own.resolve().relative_to(here)) if own.resolve().is_relative_to(here) else str(own)
