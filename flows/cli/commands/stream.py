"""Commands on the stream: publish files, ingest what waits, inspect files without any of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.frame import AsJson, Command, Verbose, command
from flows.faults import WrongUsage

app = typer.Typer()

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Files: .html, .txt, .jsonl, .warc, each also .gz; or folders of them.",
        exists=True,
        readable=True,
        metavar="PATH",
    ),
]
Manifest = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        exists=True,
        dir_okay=False,
        readable=True,
        help="JSON lines that give a file's url, content_type, fetched_at, source.",
    ),
]
Topic = Annotated[str | None, typer.Option("--topic", help="Topic in place of DATELINE_KAFKA__RAW_TOPIC.")]
WarehouseUrl = Annotated[
    str | None, typer.Option("--warehouse", metavar="URL", help="Warehouse in place of DATELINE_WAREHOUSE.")
]


@app.command()
def publish(
    paths: Paths, manifest: Manifest = None, topic: Topic = None, as_json: AsJson = False, verbose: Verbose = False
) -> None:
    """Send files to a topic, as a scraper would."""
    with command("publish", verbose=verbose) as run:
        from flows.cli.progress import connecting
        from flows.cli.publishing import publish_files
        from flows.place import with_broker
        from pipelines.broker import impatient, probe_broker
        from pipelines.sinks.kafka import make_topics
        from pipelines.sources.offsets import describe_topic

        settings = with_broker(run.settings)
        wanted = settings.kafka.raw_topic if topic is None else _allowed(topic)
        with connecting(run.screen, settings.kafka):
            probe_broker(settings.kafka, f"publish to {wanted}")
            if wanted == settings.kafka.raw_topic:
                make_topics(impatient(settings.kafka), {wanted: {}})  # who writes dead letters makes their topic
            else:
                describe_topic(impatient(settings.kafka), wanted)  # one that is missing may be a slip of the pen
        publish_files(run.screen, settings.kafka, wanted, paths, manifest, as_json=as_json)


def _allowed(topic: str) -> str:
    from pipelines.settings import topic_name

    try:
        return topic_name(topic)
    except ValueError as fault:
        raise WrongUsage(f"--topic {fault}.\nWhat to do: correct --topic.") from None


@app.command()
def ingest(  # noqa: PLR0913, PLR0917  the flags of the command, each an argument as typer has it
    until_caught_up: Annotated[
        bool, typer.Option("--until-caught-up", help="Stop at the topic's end (the default).")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until SIGTERM or Ctrl-C: look for new records.")
    ] = False,
    max_records: Annotated[
        int | None, typer.Option("--max-records", min=1, help="Take at most so many records.")
    ] = None,
    runner: Annotated[str | None, typer.Option("--runner", help="Beam runner (FnApiRunner; FlinkRunner, …).")] = None,
    warehouse: WarehouseUrl = None,
    new_warehouse: Annotated[
        bool, typer.Option("--new-warehouse", help="Start over in an empty warehouse although one was loaded before.")
    ] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Load what waits in the topic into the warehouse, exactly once."""
    if follow and until_caught_up:
        raise typer.BadParameter("--follow never catches up: give one of --follow and --until-caught-up.")
    with command("ingest", verbose=verbose, runner=runner, warehouse=warehouse) as run:
        from flows.cli.ingesting import follow_here, get_workers_ready, ingest_here, show_ingested
        from flows.cli.progress import connecting
        from flows.place import with_broker
        from pipelines.sources.offsets import first_contact

        settings = with_broker(run.settings)
        with connecting(run.screen, settings.kafka):
            topic = first_contact(settings.kafka, settings.kafka.raw_topic)
        get_workers_ready(settings, topic)
        ingest_now = follow_here if follow else ingest_here
        report = ingest_now(
            run, settings, max_records=max_records, quiet=as_json, new_warehouse=new_warehouse
        )
        if as_json:
            run.screen.write_json(report)
        else:
            show_ingested(run.screen, report)


@app.command()
def inspect(
    paths: Paths,
    manifest: Manifest = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, an object a message.")] = False,
    as_body: Annotated[bool, typer.Option("--as-body", help="Each file is an article's body as it stands.")] = False,
    verbose: Verbose = False,
) -> None:
    """Show what the pipeline makes of files, with no Kafka and no warehouse."""
    with command("inspect", verbose=verbose) as run:
        from flows.cli.inspecting import as_line, show_inspection
        from flows.cli.publishing import refuse_faults, show_left_out
        from pipelines.jobs.inspect import inspect_files
        from pipelines.sources.files import LeftOutFile

        left: list[LeftOutFile] = []
        files, now = expand(paths) if as_body else paths, datetime.now(UTC)
        for seen in inspect_files(files, manifest, run.settings, now, as_body=as_body, leave_out=left.append):
            if jsonl:
                run.screen.write_json(as_line(seen), indent=None)
            else:
                show_inspection(run.screen, seen)
        show_left_out(run.screen, left)
        refuse_faults(left)


def expand(paths: list[Path]) -> list[Path]:
    """Files as given, folders as the files in them, by name."""
    return [
        file
        for path in paths
        for file in (sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path])
    ]


__all__ = ["Command", "app"]
