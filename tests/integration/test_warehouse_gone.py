"""A run that was killed is ended in Prefect by the next; a warehouse that is gone is not made anew in silence."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

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
    before = asyncio.run(flow_runs())
    kill_group(machine.start_paused(Failpoint.STAGED, "ingest"))
    again = machine.run("ingest")
    assert again.returncode == 0, again.stdout
    states = asyncio.run(flow_runs())
    assert sorted(states[run] for run in states.keys() - before.keys()) == ["COMPLETED", "CRASHED"]

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


async def flow_runs() -> dict[str, str]:
    """The state of each flow run that has begun; the server also has runs that deployments of other tests are due."""
    from prefect import get_client

    async with get_client() as client:
        runs = await client.read_flow_runs()
    return {str(run.id): run.state.type.value for run in runs if run.state is not None and not run.state.is_scheduled()}
