"""`dateline deploy`, and a worker that runs what it deployed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from pipelines.samples import sample_messages
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import PATIENCE_S, Machine

POOL = "of-the-test"
SAMPLES = list(sample_messages())[:30]
"""One batch, in which seven are rejected."""
CONSUMER = '{"sasl_plain_password": "nor-for-these"}'
INGEST, REPLAY = "ingest/every-five-minutes", "replay/on-request"


@pytest.mark.timeout(600)  # a worker starts each of two runs in a new process
def test_a_worker_runs_the_deployment(
    kafka: KafkaSettings, prefect_api: str, postgres: str, tmp_path: Path
) -> None:
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, SAMPLES)
    machine = Machine(tmp_path / "home", kafka, prefect_api)

    deployed = machine.run("deploy", "--work-pool", POOL, DATELINE_KAFKA__SASL_PASSWORD="not-for-eyes")
    assert deployed.returncode == 0, deployed.stdout
    others = [f"{name}/on-request" for name in ("reprocess", "release", "forget", "backfill", "maintain")]
    for name in (INGEST, REPLAY, *others):
        assert name in deployed.stdout
    seen = asyncio.run(deployment())
    assert "not-for-eyes" not in repr(seen)
    assert seen["concurrency_limit"] == 1
    assert seen["interval"] == 300

    again = machine.run("deploy", "--work-pool", POOL, "--json", DATELINE_KAFKA__CONSUMER=CONSUMER)
    assert again.returncode == 0, again.stdout
    assert asyncio.run(what_was_kept()) == {
        "paused": True, "interval": 420.0, "active": False, "parameters": {"wait_minutes": 45},
        "consumer": "{{ prefect.blocks.secret.dateline-kafka-consumer }}", "limit": 1,
    }

    by_hand = machine.run("ingest")
    assert by_hand.returncode == 0, by_hand.stdout
    with a_worker(machine, tmp_path / "worker") as worker:
        completes_by(worker, REPLAY)
        into_postgres = replace(machine, workers=2).run("deploy", "--work-pool", POOL, DATELINE_WAREHOUSE=postgres)
        assert into_postgres.returncode == 0, into_postgres.stdout
        completes_by(worker, INGEST)
    warehouse = open_warehouse(machine.warehouse_url)
    (ledger,) = warehouse.query("SELECT count(*), count(DISTINCT (partition, kafka_offset)) FROM ledger").rows
    published = len(SAMPLES)
    assert tuple(ledger) == (published, published)
    kinds = warehouse.query("SELECT kind, status FROM runs ORDER BY started_at").rows
    assert kinds == (("ingest", "completed"), ("replay", "completed"))
    of_postgres = open_warehouse(postgres)
    assert of_postgres.query("SELECT kind, status FROM runs").rows == (("ingest", "completed"),)
    assert of_postgres.query("SELECT count(*) FROM ledger").rows == ((published,),)
    password = str(conninfo_to_dict(postgres)["password"])
    assert password not in repr(asyncio.run(environment_of(INGEST))) + repr(of_postgres.query("SELECT * FROM runs"))


def test_relative_paths_are_refused_before_anything_is_deployed(
    kafka: KafkaSettings, prefect_api: str, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "home", kafka, prefect_api)
    shown = machine.run("deploy", "--work-pool", "nobodys", DATELINE_WAREHOUSE="duckdb:///news.duckdb")
    assert shown.returncode == 2
    assert f"duckdb:///{tmp_path / 'news.duckdb'}" in "".join(shown.stdout.split()).replace("│", "")
    assert asyncio.run(work_pools("nobodys")) == []


async def work_pools(name: str) -> list[str]:
    from prefect import get_client

    async with get_client() as client:
        return [pool.name for pool in await client.read_work_pools() if pool.name == name]


async def what_was_kept() -> dict[str, Any]:
    """What the server holds after a second deployment of what ``deployment`` changed."""
    from prefect import get_client

    async with get_client() as client:
        read = await client.read_deployment_by_name(INGEST)
        (schedule,) = read.schedules
        assert read.global_concurrency_limit is not None
        return {
            "paused": read.paused, "interval": schedule.schedule.interval.total_seconds(), "active": schedule.active,
            "parameters": read.parameters, "consumer": read.job_variables["env"]["DATELINE_KAFKA__CONSUMER"],
            "limit": read.global_concurrency_limit.limit,
        }


async def deployment() -> dict[str, Any]:
    """What the server holds of it; from here on its schedule rests, so that no other run is in the test's way.

    A person changes it in Prefect: it is paused, its interval is another one, and so is a parameter.
    """
    from prefect import get_client
    from prefect.client.schemas.actions import DeploymentUpdate
    from prefect.client.schemas.schedules import IntervalSchedule

    async with get_client() as client:
        read = await client.read_deployment_by_name(INGEST)
        await client.pause_deployment(read.id)
        (schedule,) = read.schedules
        changed = IntervalSchedule(interval=timedelta(minutes=7))
        await client.update_deployment_schedule(read.id, schedule.id, active=False, schedule=changed)
        await client.update_deployment(read.id, DeploymentUpdate(parameters={"wait_minutes": 45}))
        return {
            "environment": read.job_variables["env"],
            "concurrency_limit": read.global_concurrency_limit.limit if read.global_concurrency_limit else None,
            "interval": schedule.schedule.interval.total_seconds(),
        }


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker of the test's pool, and where it logs."""

    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def a_worker(machine: Machine, folder: Path) -> Iterator[Worker]:
    """A worker in a folder of its own that knows Prefect's server, and nothing of Dateline."""
    folder.mkdir()
    shown = machine.environment(PREFECT_HOME=str(folder / "prefect"), PREFECT_WORKER_QUERY_SECONDS="1")
    own = {name: value for name, value in shown.items() if not name.startswith("DATELINE_")}
    with (folder / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", "one"],
            env=own, cwd=folder, stdout=log, stderr=subprocess.STDOUT,
        )
        try:
            yield Worker(process, folder / "worker.log")
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:  # Prefect's worker says goodbye to a server that may be slow to answer
                process.kill()
                process.wait()


def completes_by(worker: Worker, name: str) -> None:
    """A run of this deployment comes to its good end."""
    assert asyncio.run(ended_state(worker.process, name)) == "COMPLETED", worker.log.read_text()


async def environment_of(name: str) -> dict[str, str]:
    from prefect import get_client

    async with get_client() as client:
        read = await client.read_deployment_by_name(name)
        return dict(read.job_variables["env"])


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
