"""The broker or Prefect dies during a run: the run continues once they are back, or reports the outage and ends."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.local.kafka import LocalKafka
from flows.local.prefect import LocalPrefect, api_url
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from tests.integration.running import PATIENCE_S, Machine
from tests.integration.tables import Rows, rows
from tests.integration.test_faults import ANNOUNCING, IN_A_BATCH, READING, STAGED, completes, in_words, some_messages
from tests.soak.runs import Warm, run_to_its_end, to_its_end

pytestmark = pytest.mark.slow

NUMBERS = itertools.count(1)
QUICKLY = {"DATELINE_KAFKA__REQUEST_TIMEOUT_S": "4"}
GIVES_UP = QUICKLY | {"DATELINE_PATIENCE__RETRY_DELAYS_S": "0.2,0.5"}
WAITS = QUICKLY | {"DATELINE_PATIENCE__RETRY_DELAYS_S": ",".join(["1"] * 60)}  # for a broker that starts slowly, too


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker that may be killed: it comes back on its port, with its data."""
    kafka = LocalKafka(tmp_path_factory.mktemp("own-kafka"))
    kafka.start()
    yield kafka
    kafka.stop()


@pytest.fixture(scope="module")
def topics(own_kafka: LocalKafka) -> KafkaSettings:
    kafka = KafkaSettings(
        bootstrap_servers=own_kafka.start().address, raw_topic="away-raw", rejected_topic="away-rejected",
        group_id="away", partitions=2,
    )
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, some_messages())
    return kafka


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with Warm(tmp_path_factory.mktemp("warm")) as forked:
        yield forked


@pytest.fixture
def machine(topics: KafkaSettings, prefect_server: str, tmp_path: Path) -> Machine:
    group = topics.model_copy(update={"group_id": f"away-{next(NUMBERS)}"})
    return Machine(tmp_path / "home", group, prefect_server, max_records=IN_A_BATCH)


@pytest.fixture(scope="module")
def undisturbed(
    warm: Warm, topics: KafkaSettings, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Rows:
    machine = Machine(tmp_path_factory.mktemp("undisturbed") / "home", topics, prefect_server, max_records=IN_A_BATCH)
    assert run_to_its_end(warm, machine, "ingest").code == 0
    return rows(machine)


def die(server: LocalKafka | LocalPrefect) -> None:
    """kill -9, and it is gone."""
    running = server.running()
    assert running is not None
    process = running.process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait(20)


@pytest.mark.parametrize("where", [READING, ANNOUNCING], ids=["before it reads", "before it announces"])
def test_a_run_whose_broker_is_killed_and_comes_back_goes_on(
    where: str, warm: Warm, machine: Machine, own_kafka: LocalKafka, undisturbed: Rows
) -> None:
    warm.start_paused(machine, where, "ingest", **WAITS)
    die(own_kafka)
    machine.go_on()
    warm.until_it_waits()
    own_kafka.start()
    ended = to_its_end(warm)
    assert ended.code == 0, ended.output
    assert rows(machine) == undisturbed


def test_a_run_that_follows_rides_out_an_outage_in_two_lines(
    warm: Warm, machine: Machine, own_kafka: LocalKafka, undisturbed: Rows
) -> None:
    pid = warm.start_paused(machine, READING, "ingest", "--follow", **QUICKLY)
    die(own_kafka)
    machine.go_on()
    warm.until_it_waits()
    own_kafka.start()
    until = time.monotonic() + PATIENCE_S
    while len(rows(machine)["ledger"]) < len(undisturbed["ledger"]):
        assert time.monotonic() < until, warm.shown(0, 0).output
        time.sleep(0.2)
    os.kill(pid, signal.SIGTERM)
    ended = to_its_end(warm)
    assert ended.code == 0, ended.output
    assert (ended.output.count("waits:"), ended.output.count("continues after")) == (1, 1)
    assert rows(machine) == undisturbed


def test_a_run_whose_broker_stays_away_says_so_and_the_next_one_completes(
    warm: Warm, machine: Machine, own_kafka: LocalKafka, undisturbed: Rows
) -> None:
    warm.start_paused(machine, READING, "ingest", **GIVES_UP)
    die(own_kafka)
    machine.go_on()
    ended = to_its_end(warm)
    own_kafka.start()
    assert ended.code == 3, ended.output
    host, _, port = str(machine.kafka.bootstrap_servers).rpartition(":")
    assert f"{host} refuses connections: nothing listens on port {port}" in in_words(ended.output)
    assert "What to do: check that the broker is up (`dateline up` starts the local one)" in in_words(ended.output)
    completes(warm, machine, undisturbed)


def test_a_run_whose_prefect_server_is_killed_loads_what_it_can_and_the_next_one_completes(
    warm: Warm, machine: Machine, undisturbed: Rows, other_prefect: LocalPrefect
) -> None:
    with other_prefect.for_now() as running:
        url = api_url(running)
        run = machine.start_paused(STAGED, "ingest", PREFECT_API_URL=url, PREFECT_CLIENT_MAX_RETRIES="1")
        die(other_prefect)
        machine.go_on()
        output, _ = run.communicate(timeout=90)
    assert run.returncode == 3, output
    assert f"Prefect's API at {url} does not answer" in in_words(output)
    assert "Each batch was loaded completely or not at all" in in_words(output)
    completes(warm, machine, undisturbed)
