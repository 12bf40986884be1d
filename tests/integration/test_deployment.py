"""`dateline deploy`, and a worker that runs what it deployed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pipelines.samples import sample_messages
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import PATIENCE_S, Machine

POOL = "of-the-test"
INGEST, REPLAY = "ingest/every-five-minutes", "replay/on-request"


def test_a_worker_runs_the_deployment(kafka: KafkaSettings, prefect_api: str, tmp_path: Path) -> None:
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, sample_messages())
    machine = Machine(tmp_path / "home", kafka, prefect_api)

    deployed = machine.run("deploy", "--work-pool", POOL, DATELINE_KAFKA__SASL_PASSWORD="not-for-eyes")
    assert deployed.returncode == 0, deployed.stdout
    for name in (INGEST, REPLAY, "release/on-request"):
        assert name in deployed.stdout
    seen = asyncio.run(deployment())
    assert "not-for-eyes" not in repr(seen)
    assert seen["concurrency_limit"] == 1
    assert seen["interval"] == 300

    run_by_a_worker(machine, tmp_path / "worker")
    warehouse = open_warehouse(f"duckdb:///{machine.home / 'warehouse.duckdb'}")
    (ledger,) = warehouse.query("SELECT count(*), count(DISTINCT (partition, kafka_offset)) FROM ledger").rows
    published = len(list(sample_messages()))
    assert tuple(ledger) == (published, published)
    kinds = warehouse.query("SELECT kind, status FROM runs ORDER BY started_at").rows
    assert kinds == (("ingest", "completed"), ("replay", "completed"))


async def deployment() -> dict[str, Any]:
    """What the server holds of it; from here on its schedule rests, so that no other run is in the test's way."""
    from prefect import get_client

    async with get_client() as client:
        read = await client.read_deployment_by_name(INGEST)
        await client.pause_deployment(read.id)
        (schedule,) = read.schedules
        return {
            "environment": read.job_variables["env"],
            "concurrency_limit": read.global_concurrency_limit.limit if read.global_concurrency_limit else None,
            "interval": schedule.schedule.interval.total_seconds(),
        }


def run_by_a_worker(machine: Machine, folder: Path) -> None:
    """A run of the ingest deployment and one of the replay, to their good ends, by a worker in a folder of its own."""
    folder.mkdir()
    told = machine.environment(PREFECT_HOME=str(folder / "prefect"), PREFECT_WORKER_QUERY_SECONDS="1")
    own = {name: value for name, value in told.items() if not name.startswith("DATELINE_")}
    with (folder / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", "one"],
            env=own, cwd=folder, stdout=log, stderr=subprocess.STDOUT,
        )
        try:
            states = [asyncio.run(ended_state(worker, name)) for name in (INGEST, REPLAY)]
        finally:
            worker.terminate()
            try:
                worker.wait(timeout=60)
            except subprocess.TimeoutExpired:  # Prefect's worker says goodbye to a server that may be slow to answer
                worker.kill()
                worker.wait()
    assert states == ["COMPLETED"] * 2, (folder / "worker.log").read_text()


async def ended_state(worker: subprocess.Popen[bytes], name: str) -> str:
    """The name of the last state of a run that is asked for now; the worker's end is the run's."""
    from prefect import get_client

    async with get_client() as client:
        read = await client.read_deployment_by_name(name)
        asked = await client.create_flow_run_from_deployment(read.id)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and worker.poll() is None:
            state = (await client.read_flow_run(asked.id)).state
            if state is not None and state.is_final():
                return state.type.value
            await asyncio.sleep(0.5)
    return "not ended"
