"""A run that was killed is ended in Prefect by the next; a warehouse that is gone is not made anew in silence."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

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
    publish_messages(kafka, kafka.raw_topic, list(sample_messages())[:20])
    before = asyncio.run(flow_runs())
    kill_group(machine.start_paused("pipelines.stage.batch:write_manifest:after", "ingest"))
    other = Machine(tmp_path / "other", kafka, prefect_api)
    alive = other.start_paused("pipelines.stage.batch:write_manifest:after", "ingest")
    try:
        assert machine.run("ingest").returncode == 0
        states = asyncio.run(flow_runs())
        assert sorted(states[run] for run in states.keys() - before.keys()) == ["COMPLETED", "CRASHED", "RUNNING"]
    finally:
        kill_group(alive)

    offsets = group_offsets(kafka, kafka.raw_topic)
    assert sum(offsets.values()) == 20
    publish_messages(kafka, kafka.raw_topic, list(sample_messages())[20:24])
    for lost in (machine.home / "warehouse.duckdb", machine.home):
        shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
        refused = machine.run("ingest")
        assert (refused.returncode, "Warehouse Gone" in refused.stdout) == (3, True), refused.stdout
        assert not (machine.home / "warehouse.duckdb").exists()
        assert group_offsets(kafka, kafka.raw_topic) == offsets
    assert machine.run("ingest", "--new-warehouse").returncode == 0
    assert machine.run("ingest").returncode == 0
    assert sum(group_offsets(kafka, kafka.raw_topic).values()) == 24


async def flow_runs() -> dict[str, str]:
    """The state of each flow run that the server knows."""
    from prefect import get_client

    async with get_client() as client:
        return {str(run.id): run.state.type.value for run in await client.read_flow_runs() if run.state is not None}
