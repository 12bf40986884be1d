"""Exactly once, shown: a run killed anywhere, restarted, gives the warehouse of an undisturbed run, row for row."""

from __future__ import annotations

import itertools
import os
import signal
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.failpoints import Failpoint
from pipelines.samples import Sample, sample_messages
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.stage import Folder
from pipelines.warehouse import open_warehouse
from tests.integration.running import PATIENCE_S, Machine, json_of, kill_group
from tests.integration.tables import Rows, rows
from tests.jobs.test_ingest import page

IN_A_BATCH = 40
"""So that the samples make two batches, of which each costs seconds, and the first is shared by two workers."""
IN_A_SMALL_BATCH = 20
"""So that they make three."""
KILLS = {
    "after read": (Failpoint.RANGE_READ, 0),
    "mid-transform": (f"{Failpoint.ENRICHING}:4", 0),
    "after stage": (Failpoint.STAGED, 0),
    "between the archive and the load": (Failpoint.ARCHIVED, 0),
    "inside the load's transaction": (Failpoint.CHANGED, 0),
    "after commit, before the group commit": (Failpoint.COMMITTING_GROUP, IN_A_SMALL_BATCH),
    "second batch, inside the load's transaction": (f"{Failpoint.CHANGED}:2", 2 * IN_A_SMALL_BATCH),
}
"""Where runs are killed, one after another, and how many records the warehouse then has of batches that are small."""
COLD = {"mid-transform", "inside the load's transaction"}
"""Where runs are killed that are started as a shell does, with workers; the others are forked (``warm.py``)."""
ARCHIVING = {"DATELINE_ARCHIVE__ENABLED": "true"}
OTHERS = 12
NUMBERS = itertools.count(1)


def some_samples() -> list[Sample]:
    """Every sample that is not just loaded, what it concerns, every copy of a story, and some others."""
    every = list(sample_messages())
    concerned = {sample.key for sample in every if sample.expected["outcome"] != "loaded"}
    plain = [sample.id for sample in every if sample.key not in concerned and "story" not in sample.expected]
    left_out = set(plain[OTHERS:])
    return [sample for sample in every if sample.id not in left_out]


@pytest.fixture(scope="module")
def topics(broker: str) -> KafkaSettings:
    """A topic with samples of every kind in it."""
    kafka = KafkaSettings(
        bootstrap_servers=broker, raw_topic="once-raw", rejected_topic="once-rejected", group_id="once", partitions=3
    )
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, some_samples())
    return kafka


@pytest.fixture
def machine(topics: KafkaSettings, prefect_server: str, tmp_path: Path) -> Machine:
    group = topics.model_copy(update={"group_id": f"once-{next(NUMBERS)}"})
    return Machine(tmp_path / "home", group, prefect_server, IN_A_BATCH)


@pytest.fixture
def with_workers(machine: Machine) -> Machine:
    return replace(machine, workers=None)


@pytest.fixture
def postgres_machine(machine: Machine, postgres: str) -> Machine:
    return replace(machine, warehouse=postgres)


@pytest.fixture(scope="module")
def undisturbed(
    topics: KafkaSettings, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rows]:
    machine = Machine(tmp_path_factory.mktemp("undisturbed") / "home", topics, prefect_server, IN_A_BATCH)
    run = machine.run("ingest")
    assert run.returncode == 0, run.stdout
    yield rows(machine)


def test_the_undisturbed_run_accounts_for_every_sample(undisturbed: Rows) -> None:
    assert len(undisturbed["ledger"]) == len(some_samples())


def test_runs_killed_one_after_another_lose_and_double_nothing(machine: Machine, undisturbed: Rows) -> None:
    killed_everywhere(machine, COLD, **ARCHIVING)
    completes(machine, undisturbed, **ARCHIVING)


def test_runs_into_postgresql_that_stage_in_object_storage_killed_one_after_another_lose_and_double_nothing(
    postgres_machine: Machine, undisturbed: Rows, bucket: str
) -> None:
    stage = ARCHIVING | {"DATELINE_STAGE": f"{bucket}/dateline"}
    killed_everywhere(postgres_machine, **stage)
    (warehouse,) = (Folder(f"{bucket}/dateline") / "staged").folders()
    assert len((warehouse / "once-raw").folders()) == 3  # of two batches that are loaded, and of one that is not
    completes(postgres_machine, undisturbed, **stage)
    assert (Folder(f"{bucket}/dateline") / "staged").folders() == []  # a batch with a deletion leaves nothing staged
    assert not (postgres_machine.home / "staged").exists()


def killed_everywhere(machine: Machine, cold: Container[str] = (), **environment: str) -> None:
    """Each run is killed at another place. The next one begins with what that has left, and none moves past a batch
    that was not committed."""
    warm = replace(machine, max_records=IN_A_SMALL_BATCH)
    as_a_shell_does = replace(warm, is_cold=True, workers=None)
    for killed, (pause, committed) in KILLS.items():
        kill_group((as_a_shell_does if killed in cold else warm).start_paused(pause, "ingest", **environment))
        offsets = open_warehouse(machine.warehouse_url).loaded_topic(machine.kafka.raw_topic).next_offsets
        assert (killed, sum(offsets.values())) == (killed, committed)


def completes(machine: Machine, undisturbed: Rows, **environment: str) -> None:
    """The next run ends well, the warehouse has the rows of the undisturbed run, its ledger closes, and each message
    is archived once."""
    again = machine.run("ingest", **environment)
    assert again.returncode == 0, again.stdout
    assert rows(machine) == undisturbed
    verified = machine.run("ledger", "verify", "--deep", "--json", **environment)
    assert verified.returncode == 0, verified.stdout
    ledger = json_of(verified.stdout)
    assert (ledger["closes"], ledger["is_deep"], ledger["problems"]) == (True, True, [])
    assert sum(p["reconciled"] for p in ledger["partitions"]) == len(undisturbed["ledger"])
    checked = machine.run("archive", "verify", "--json", **environment)
    assert checked.returncode == 0, checked.stdout
    archive = json_of(checked.stdout)
    assert (archive["messages"], archive["problems"]) == (len(undisturbed["ledger"]), [])


IN_A_WORKER = f"{Failpoint.ENRICHING}:4"


def test_a_worker_killed_mid_batch_costs_the_run_a_second_try(
    with_workers: Machine, undisturbed: Rows
) -> None:
    run = with_workers.start_paused(IN_A_WORKER, "ingest")
    worker = int(with_workers.paused.read_text())
    assert worker != run.pid
    os.kill(worker, signal.SIGKILL)
    output, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, output
    assert rows(with_workers) == undisturbed


def test_a_worker_that_hangs_once_costs_the_run_a_second_try(
    with_workers: Machine, undisturbed: Rows
) -> None:
    run = with_workers.start_paused(IN_A_WORKER, "ingest", DATELINE_BATCH__MESSAGE_DEADLINE_S="8")
    output, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, output
    assert rows(with_workers) == undisturbed


def test_a_worker_that_hangs_and_not_over_a_message_fails_the_run_at_its_deadline(
    with_workers: Machine, undisturbed: Rows
) -> None:
    late = {"DATELINE_BATCH__DEADLINE_S": "25"}
    run = with_workers.start_paused(Failpoint.CLOSING_PART, "ingest", **late)
    output, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 5, output
    assert "DATELINE_BATCH__DEADLINE_S" in output
    assert with_workers.run("ingest", DATELINE_BATCH__WORKERS="0").returncode == 0
    assert rows(with_workers) == undisturbed


def test_of_two_ingests_one_wins_and_the_other_says_why(
    machine: Machine, undisturbed: Rows
) -> None:
    first = machine.start_paused(Failpoint.STAGED, "ingest")
    second = machine.run("ingest")
    assert second.returncode == 4, second.stdout
    assert "is writing to" in second.stdout
    machine.go_on()
    output, _ = first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0, output
    assert rows(machine) == undisturbed


def test_two_ingests_started_together_double_nothing(
    machine: Machine, undisturbed: Rows
) -> None:
    runs = [machine.start("ingest") for _ in range(2)]
    outputs = [run.communicate(timeout=180)[0] for run in runs]
    codes = sorted(run.returncode for run in runs)
    assert codes in ([0, 4], [0, 0]), outputs  # the second may come after the first has finished
    assert rows(machine) == undisturbed


def test_one_poison_message_among_249_good_ones(kafka: KafkaSettings, prefect_server: str, tmp_path: Path) -> None:
    make_topics(kafka)
    sent = [_good(n) for n in range(249)]
    sent.insert(125, _Message(b"poison", b"\xc3\x01\x00\x00\x00\x00\x00\x00\x00\x00poison", ()))
    publish_messages(kafka, kafka.raw_topic, sent)
    machine = Machine(tmp_path / "home", kafka, prefect_server, max_records=2_000)
    run = machine.run("ingest", "--json")
    assert run.returncode == 0, run.stdout
    warehouse = open_warehouse(machine.warehouse_url)
    counted = Counter(dict(warehouse.query("SELECT outcome, count(*) FROM ledger GROUP BY outcome").rows))
    assert counted == {"loaded": 249, "rejected": 1}
    assert warehouse.query("SELECT reason FROM dead_letters").rows == (("UnknownSchema",),)


class _Message:
    def __init__(self, key: bytes, value: bytes, headers: tuple[tuple[str, bytes], ...]) -> None:
        self.key, self.value, self.headers = key, value, headers


def _good(n: int) -> _Message:
    url = f"https://harbour-news.example/pier/{n}".encode()
    return _Message(url, page(n), (("content-type", b"text/html"), ("url", url), ("source", b"harbour-crawler")))

