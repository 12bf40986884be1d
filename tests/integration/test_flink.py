"""A run on a real Flink cluster of two TaskManagers loads what worker processes of this machine load."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.local.flink import LocalFlink, TaskManager
from flows.local.processes import wait_until
from pipelines.samples import sample_messages
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from tests.integration.running import Machine, json_of
from tests.integration.tables import rows

pytestmark = pytest.mark.timeout(600)

STEP = "Enrich"
"""In the name of the part of a job that runs the steps; the others only plan and end the batch."""


@pytest.fixture(scope="module")
def flink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFlink]:
    cluster = LocalFlink(tmp_path_factory.mktemp("flink"))
    cluster.start()
    yield cluster
    cluster.stop()


def test_a_lost_task_manager_costs_a_run_and_the_next_one_loads_what_is_loaded_here(
    flink: LocalFlink, kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    make_topics(kafka)
    samples = list(sample_messages())
    publish_messages(kafka, kafka.raw_topic, samples)
    there = Machine(tmp_path / "there", kafka, prefect_server, max_records=2_000)
    before = {job["jid"] for job in asked(flink, "jobs/overview")["jobs"]}
    run = there.start("ingest", "--runner", "flink", "--flink-master", address(flink))
    assert wait_until(lambda: steps_run(flink, before), lambda: run.poll() is None, 300)
    lost, registered = running_process(flink), data_ports(flink)
    workers = lost.children(recursive=True)
    lost.kill()
    printed, _ = run.communicate(timeout=300)
    assert run.returncode == 5, printed
    assert "the Flink job failed" in printed
    assert rows(there)["ledger"] == []
    assert wait_until(lambda: not any(alive(worker) for worker in workers), lambda: True, 120)

    flink.start()
    assert wait_until(lambda: has_come_back(flink, registered), lambda: True, 120)
    again = there.run("ingest", "--json", "--runner", "flink", "--flink-master", address(flink))
    assert again.returncode == 0, again.stdout
    here = Machine(tmp_path / "here", kafka, prefect_server, max_records=2_000)
    assert here.run("ingest").returncode == 0
    assert rows(there) == rows(here)
    assert json_of(again.stdout)["records"] == len(samples)
    verified = there.run("ledger", "verify", "--deep", "--json")
    assert (verified.returncode, json_of(verified.stdout)["problems"]) == (0, [])
    assert min(read_by_task_manager(flink).values()) > 0
    assert len(read_by_task_manager(flink)) == 2


def address(flink: LocalFlink) -> str:
    running = flink.running()
    assert running is not None
    return running.address


def asked(flink: LocalFlink, path: str) -> Any:
    with urllib.request.urlopen(f"http://{address(flink)}/{path}", timeout=30) as answer:
        return json.load(answer)


def data_ports(flink: LocalFlink) -> dict[str, int]:
    """The port of each TaskManager that the JobManager lists, also of one that is lost and was not missed yet."""
    return {each["id"]: each["dataPort"] for each in asked(flink, "taskmanagers")["taskmanagers"]}


def has_come_back(flink: LocalFlink, before: dict[str, int]) -> bool:
    """Whether the same TaskManagers as before are there, the first one with the port of a new process."""
    now = data_ports(flink)
    first = TaskManager(flink.home, number=1).resource
    return now.keys() == before.keys() and now[first] != before[first]


def steps_run(flink: LocalFlink, before: set[str]) -> bool:
    """Whether both TaskManagers work on the steps of a job that is not one of those before."""
    return any(
        vertex["tasks"]["RUNNING"] == 2
        for job in asked(flink, "jobs/overview")["jobs"] if job["jid"] not in before
        for vertex in asked(flink, f"jobs/{job['jid']}")["vertices"] if STEP in vertex["name"]
    )


def read_by_task_manager(flink: LocalFlink) -> dict[str, int]:
    """How many ranges each TaskManager read in the last finished job."""
    jobs = sorted(asked(flink, "jobs/overview")["jobs"], key=lambda job: int(job["end-time"]))
    last = asked(flink, f"jobs/{jobs[-1]['jid']}")
    (steps,) = (vertex["id"] for vertex in last["vertices"] if STEP in vertex["name"])
    managers = asked(flink, f"jobs/{last['jid']}/vertices/{steps}/taskmanagers")["taskmanagers"]
    return {each["taskmanager-id"]: each["metrics"]["read-records"] for each in managers}


def running_process(flink: LocalFlink) -> psutil.Process:
    running = TaskManager(flink.home, number=1).running()
    assert running is not None
    process = running.process()
    assert process is not None
    return process


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
