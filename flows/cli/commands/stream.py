"""Commands that process messages: publish files, ingest new records, inspect files."""

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
        help="Files (.html, .txt, .json, .jsonl, .warc, .wet, each also with .gz, .warc also with .zst) or folders of "
        "such files.",
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
        help="JSON lines with path, url, content_type, fetched_at and source (the scraper's name) of each file.",
    ),
]
Topic = Annotated[str | None, typer.Option("--topic", help="Topic, instead of DATELINE_KAFKA__RAW_TOPIC.")]
WarehouseUrl = Annotated[
    str | None, typer.Option("--warehouse", metavar="URL", help="Warehouse, instead of DATELINE_WAREHOUSE.")
]
Wait = Annotated[
    float, typer.Option("--wait", min=0, help="Minutes to wait for another run to release the writer lock.")
]


@app.command()
def publish(
    paths: Paths, manifest: Manifest = None, topic: Topic = None, as_json: AsJson = False, verbose: Verbose = False
) -> None:
    """Send files to a topic, as a scraper would."""
    with command("publish", verbose=verbose) as run:
        from flows.cli.progress import connecting
        from flows.cli.publishing import publish_files
        from flows.targets import with_broker
        from pipelines.broker import impatient, probe_broker
        from pipelines.sinks.kafka import make_topics
        from pipelines.sources.offsets import describe_topic

        settings = with_broker(run.settings)
        wanted = settings.kafka.raw_topic if topic is None else _allowed(topic)
        with connecting(run.screen, settings.kafka):
            probe_broker(settings.kafka, f"publish to {wanted}")
            if wanted == settings.kafka.raw_topic:
                make_topics(impatient(settings.kafka), {wanted: {}})  # that of dead letters is created by a run
            else:
                describe_topic(impatient(settings.kafka), wanted)  # not created: its name may be a mistake
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
        bool, typer.Option("--until-caught-up", help="Stop at the end of the topic (the default).")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep looking for new records until SIGTERM or Ctrl-C.")
    ] = False,
    shared: Annotated[
        bool, typer.Option("--shared", help="With --follow: share the topic's partitions with other such runs.")
    ] = False,
    max_records: Annotated[
        int | None, typer.Option("--max-records", min=1, help="Largest number of records to load.")
    ] = None,
    from_time: Annotated[
        datetime | None,
        typer.Option(
            "--from-time", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            help="In partitions that were never read, skip records that reached Kafka before then (UTC): 2026-03-04 or "
            "2026-03-04T09:30:00.",
        ),
    ] = None,
    runner: Annotated[str | None, typer.Option("--runner", help="Beam runner (FnApiRunner, flink, …).")] = None,
    flink_master: Annotated[
        str | None,
        typer.Option("--flink-master", metavar="HOST:PORT", help="Flink cluster, instead of DATELINE_FLINK__MASTER."),
    ] = None,
    warehouse: WarehouseUrl = None,
    new_warehouse: Annotated[
        bool, typer.Option("--new-warehouse", help="Load into this warehouse even if earlier runs used another one.")
    ] = False,
    wait: Wait = 0.0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Load new records from the topic into the warehouse, exactly once."""
    if follow and until_caught_up:
        raise typer.BadParameter("--follow and --until-caught-up exclude each other: give one of them.")
    if shared and not follow:
        raise typer.BadParameter("--shared needs --follow: only runs that follow a topic can share it.")
    with command("ingest", verbose=verbose, runner=runner, warehouse=warehouse) as run:
        from flows.cli.ingesting import follow_here, get_workers_ready, ingest_here, show_ingested
        from flows.cli.progress import connecting
        from flows.flink import at_flink
        from flows.targets import with_broker
        from pipelines.sources.offsets import first_contact

        settings = at_flink(with_broker(run.settings), flink_master)
        with connecting(run.screen, settings.kafka):
            topic = first_contact(settings.kafka, settings.kafka.raw_topic)
        get_workers_ready(settings, topic)
        ingest_now = follow_here if follow else ingest_here
        report = ingest_now(
            run, settings, max_records=max_records, quiet=as_json, new_warehouse=new_warehouse, wait_minutes=wait,
            **({"shared": True} if shared else {}), **({"from_time": from_time} if from_time else {}),
        )
        if as_json:
            run.screen.write_json(report)
        else:
            show_ingested(run.screen, report)


@app.command()
def inspect(
    paths: Paths,
    manifest: Manifest = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Write one line of JSON for each message.")] = False,
    as_body: Annotated[bool, typer.Option("--as-body", help="Use each file as the body of an article.")] = False,
    verbose: Verbose = False,
) -> None:
    """Process files without Kafka or a warehouse, and show the resulting articles or the reasons for rejection."""
    with command("inspect", verbose=verbose) as run:
        from flows.cli.inspecting import as_line, show_inspection
        from flows.cli.publishing import refuse_faults, show_left_out
        from pipelines.jobs.inspect import inspect_files
        from pipelines.sources.left_out import LeftOutFile

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
    """The given files, and the files in the given folders in the order of their names."""
    return [
        file
        for path in paths
        for file in (sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path])
    ]


__all__ = ["Command", "app"]
