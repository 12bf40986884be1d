"""Commands that read the ledger: status, ledger verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command
from flows.faults import FOUND_WRONG, WrongUsage

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import KafkaTopics, Verification

app = typer.Typer()
ledger = typer.Typer(help="The ledger, which has one outcome for every Kafka record.", no_args_is_help=True)


@app.command()
def status(warehouse: WarehouseUrl = None, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Show the lag of each partition, quarantined scrapers, the last runs, reject rates and the last audit."""
    with command("status", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.status import read_status, show_status, status_exit_code

        found = read_status(run.settings, run.screen)
        if as_json:
            run.screen.write_json(found)
        else:
            show_status(run.screen, found)
        if code := status_exit_code(found):
            raise typer.Exit(code)


@ledger.command()
def verify(  # noqa: PLR0913, PLR0917  the flags of the command, each an argument as typer has it
    topic: Annotated[str | None, typer.Option("--topic", help="Check only this topic.")] = None,
    partition: Annotated[int | None, typer.Option("--partition", min=0, help="Check only this partition.")] = None,
    start: Annotated[
        int | None, typer.Option("--from", min=0, help="First offset to check; by default the first one read.")
    ] = None,
    end: Annotated[
        int | None, typer.Option("--to", min=0, help="Offset before which to stop; by default after the last one read.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read the topic again and compare it with the ledger.")] = False,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Check that every offset that was read has exactly one outcome or is in one gap, and list every gap.

    For each partition, the number of offsets (produced) is compared with the sum of outcomes and gaps. The exit code is
    1 if there is a problem.
    """
    with command("ledger-verify", verbose=verbose, warehouse=warehouse) as run:
        from flows.dead_letters import opened
        from pipelines.warehouse import Part

        if start is not None and end is not None and start > end:
            raise WrongUsage(f"--from {start} is greater than --to {end}.\nWhat to do: exchange the two offsets.")
        kafka = _kafka_topics(run.settings) if deep else None
        found = opened(run.settings).verify(topic, kafka, Part(partition, start, end))
        if topic is not None and not found.partitions and found.closes:
            raise WrongUsage(f"Nothing was ever read of {topic}.\nWhat to do: leave --topic out to see which were.")
        if as_json:
            run.screen.write_json(_as_json(found))
        else:
            from flows.cli.status import show_verification

            show_verification(run.screen, found)
        if not found.closes:
            raise typer.Exit(FOUND_WRONG)


def _kafka_topics(settings: Settings) -> KafkaTopics:
    from functools import cache, partial

    from flows.targets import with_broker
    from pipelines.sources.kafka import describe_topic, read_range
    from pipelines.warehouse import KafkaTopics

    kafka = with_broker(settings).kafka
    described = cache(partial(describe_topic, kafka))
    return KafkaTopics(
        lambda topic: described(topic).offsets,
        partial(read_range, kafka, retention_gap="continue"),
        lambda topic: described(topic).topic_id,
    )


def _as_json(found: Verification) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "closes": found.closes,
        "is_deep": found.is_deep,
        "compared": found.compared,
        "partitions": [
            {
                "topic": partition.topic,
                "partition": partition.partition,
                "first_offset": partition.first_offset,
                "next_offset": partition.next_offset,
                "from": partition.start,
                "to": partition.end,
                "produced": partition.produced,
                "reconciled": partition.reconciled,
                "outcomes": dict(partition.outcomes),
                "gaps": dict(partition.gaps),
                "blanks": [
                    {"kind": blank.kind, "first": blank.first, "last": blank.last, "offsets": len(blank)}
                    for blank in partition.blanks
                ],
            }
            for partition in found.partitions
        ],
        "problems": [asdict(problem) for problem in found.problems],
    }
