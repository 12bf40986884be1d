"""The command that processes stored messages again under today's rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.commands.stream import Wait, WarehouseUrl
from flows.cli.frame import AsJson, Command, Verbose, command
from flows.faults import WrongUsage

if TYPE_CHECKING:
    from flows.cli.screen import Screen
    from pipelines.jobs.differences import Difference, Differences
    from pipelines.settings import Settings

app = typer.Typer()

TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@app.command()
def reprocess(  # noqa: PLR0913, PLR0917  the flags of the command, each an argument as typer has it
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=TIMES, help="Only messages that reached Kafka at or after this time (UTC)."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=TIMES, help="Only messages that reached Kafka before this time (UTC)."),
    ] = None,
    scraper: Annotated[str | None, typer.Option("--scraper", help="Only messages of this scraper.")] = None,
    outlet: Annotated[
        str | None, typer.Option("--outlet", metavar="DOMAIN", help="Only messages of articles of this outlet.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", metavar="CONDITION",
            help="Only messages whose outcome came about so: \"processor <> current\", \"reason = 'ConsentWall'\".",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Load nothing, and show what would change, by outcome and by field.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", dir_okay=False, help="With --dry-run: HTML page to write, with all examples."),
    ] = None,
    swap: Annotated[
        bool, typer.Option("--swap", help="Build the new state in a copy, and exchange the two in one step (DuckDB).")
    ] = False,
    wait: Wait = 30.0,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Process stored messages again under today's rules, in batches beside ingest.

    Messages come from the archive, from dead letters, or from Kafka while it still has them. A rejected page that now
    passes is loaded, and an article that is none by today's rules is withdrawn.
    """
    with command("reprocess", verbose=verbose, warehouse=warehouse) as run:
        if swap and dry_run:
            raise WrongUsage(
                "--dry-run loads nothing, so that there is nothing to exchange.\nWhat to do: give one of them."
            )
        if output is not None and not dry_run:
            raise WrongUsage("--output writes the page of a dry run.\nWhat to do: give --dry-run as well.")
        wanted: dict[str, Any] = {
            "since": since, "until": until, "scraper": scraper, "outlet": outlet, "where": where,
        }
        if dry_run:
            _try(run, wanted, output, as_json=as_json)
            return
        from flows.cli.ingesting import reprocess_here

        report = reprocess_here(run, quiet=as_json, wait_minutes=wait, swap=swap, **wanted)
        if as_json:
            run.screen.write_json(report)
        else:
            _show(run.screen, report)


def _show(screen: Screen, report: dict[str, Any]) -> None:
    from flows.cli.ingesting import by_outcome
    from flows.cli.screen import safe
    from pipelines.phrases import counted

    if not (report["records"] or report["missing"]):
        screen.say("No messages to process again.")
        return
    screen.table("Outcomes now", ("outcome", "messages"), by_outcome(report["outcomes"]), empty="none")
    screen.say(
        f"{counted(report['records'], 'message')} in {counted(report['batches'], 'batch', 'batches')}, "
        f"{report['seconds']:.1f} s."
    )
    _show_missing(screen, report["missing"], safe(", ".join(report["missing_messages"][:5]), 500))


def _show_missing(screen: Screen, count: int, examples: str) -> None:
    from pipelines.phrases import counted

    if count:
        screen.say(
            f"[yellow]{counted(count, 'message')} stay as they are:[/yellow] neither the archive nor Kafka has them, "
            f"such as {examples}."
        )


def _try(run: Command, wanted: dict[str, Any], output: Path | None, *, as_json: bool) -> None:
    from dataclasses import asdict

    from flows.cli.progress import run_bar
    from flows.dead_letters import opened
    from flows.flink import flink_ready
    from flows.quality.page import render_differences
    from flows.reprocess import chosen_of
    from pipelines.jobs.differences import by_count, find_differences
    from pipelines.jobs.reprocess import count_chosen
    from pipelines.runtime import executor_of
    from pipelines.transforms.processor import processor_of

    settings = _with_broker_if_any(run.settings)
    warehouse, chosen, processor = opened(settings), chosen_of(settings, **wanted), processor_of(settings)
    with (
        run_bar(run.screen, quiet=as_json) as watcher, flink_ready(settings) as ready, executor_of(ready) as executor,
    ):
        watcher.expect(count_chosen(warehouse, chosen, processor))
        watcher.step("transform", 1)
        found = find_differences(warehouse, chosen, processor, ready, executor, watcher.done)
    outcomes, fields = by_count(found.outcomes.values()), by_count(found.fields.values())
    if output is not None:
        named = [f"{name} {value}" for name, value in wanted.items() if value is not None]
        says = f"Messages with {', '.join(named)}." if named else "All messages."
        output.write_text(render_differences(found, outcomes, fields, says, datetime.now(UTC)), "utf-8")
    if as_json:
        run.screen.write_json({
            "processed": found.processed, "compared": found.compared, "unchanged": found.unchanged,
            "missing": len(found.missing), "missing_messages": [str(at) for at in found.missing[:20]],
            "outcomes": [asdict(each) for each in outcomes], "fields": [asdict(each) for each in fields],
        })
    else:
        _show_differences(run.screen, found, outcomes, fields, output)


def _with_broker_if_any(settings: Settings) -> Settings:
    """The settings with a broker, if there is one: the archive may have all messages."""
    from flows.targets import with_broker
    from pipelines.broker import BrokerUnavailable

    try:
        return with_broker(settings)
    except BrokerUnavailable:
        return settings


def _show_differences(
    screen: Screen, found: Differences, outcomes: list[Difference], fields: list[Difference], output: Path | None
) -> None:
    from flows.cli.screen import safe
    from pipelines.phrases import counted

    for title, differences in (("Outcomes that would change", outcomes), ("Fields that would change", fields)):
        screen.table(title, ("what", "messages", "example", "before", "after"), [
            (each.name, each.count, one.coordinates, _short(one.before), _short(one.after))
            for each in differences
            for one in each.examples[:1]
        ], empty="none")
    screen.say(
        f"{counted(found.processed, 'message')} processed, {found.unchanged:,} as before. Nothing was changed."
    )
    _show_missing(screen, len(found.missing), safe(", ".join(map(str, found.missing[:5])), 500))
    if output is not None:
        screen.say(f"Page with examples: {safe(output, 1_000)}")


def _short(text: str | None) -> str:
    return "–" if text is None else text if len(text) <= 60 else f"{text[:60]}…"
