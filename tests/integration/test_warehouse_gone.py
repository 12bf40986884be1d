"""A run that was killed is ended in Prefect by the next; a warehouse that is gone is not made anew in silence."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from uuid import UUID

from pipelines.failpoints import Failpoint
from pipelines.samples import sample_messages
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.sources.groups import group_offsets
from tests.integration.running import Machine, kill_group


def test_killed_runs_are_ended_and_a_warehouse_that_is_gone_is_refused(
    kafka: KafkaSettings, prefect_api: str, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "home", kafka, prefect_api)
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, list(sample_messages())[:6])
    kill_group(machine.start_paused(Failpoint.STAGED, "ingest"))
    (killed,) = locked(machine)
    again = machine.run("ingest")
    assert again.returncode == 0, again.stdout
    (completed,) = locked(machine)
    assert asyncio.run(states(killed, completed)) == ["CRASHED", "COMPLETED"]

    offsets = group_offsets(kafka, kafka.raw_topic)
    assert sum(offsets.values()) == 6
    publish_messages(kafka, kafka.raw_topic, list(sample_messages())[6:8])
    shutil.rmtree(machine.home)  # with the warehouse in it: only Kafka remembers
    refused = machine.run("ingest")
    assert (refused.returncode, "Warehouse Gone" in refused.stdout) == (3, True), refused.stdout
    assert not (machine.home / "warehouse.duckdb").exists()
    assert group_offsets(kafka, kafka.raw_topic) == offsets
    anew = machine.run("ingest", "--new-warehouse")
    assert anew.returncode == 0, anew.stdout
    assert sum(group_offsets(kafka, kafka.raw_topic).values()) == 8


def locked(machine: Machine) -> list[str]:
    """The flow runs of which this home has a lock file: those that no later run has found ended."""
    return [path.stem for path in machine.home.rglob("runs/*.lock")]


async def states(*runs: str) -> list[str | None]:
    from prefect import get_client

    async with get_client() as client:
        read = [(await client.read_flow_run(UUID(run))).state for run in runs]
    return [state and state.type.value for state in read]
