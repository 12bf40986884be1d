"""Three workers share a topic; whichever is killed, others take over what it held, and the ledger closes.

``make many-writers TAKEOVERS=20`` kills more often than the suite does. ``IN=iceberg`` shares Iceberg tables, and those
of a catalog that runs already if DATELINE_TEST_ICEBERG_CATALOG names one (``iceberg+http://…``).
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from flows.faults import OTHER_WRITER, USAGE
from pipelines.failpoints import Failpoint
from pipelines.iceberg_address import iceberg_address, is_iceberg
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics
from pipelines.warehouse import Warehouse, open_warehouse
from pipelines.warehouse.leases import Worker
from pipelines.warehouse.postgres import PostgresWarehouse
from tests.conftest import a_database
from tests.integration.running import Machine, Started, kill_group
from tests.soak.killing import producing
from tests.soak.messages import PARTITIONS, messages

KILLS = int(os.environ.get("DATELINE_TEST_TAKEOVERS", "2"))
WORKERS = 3
MORE = 24  # messages that are published before each kill
LEASE_S = 4.0
WITHIN_S = 60.0  # how soon a dead worker's partitions have to be in other hands
PATIENCE_S = 240.0

KIND = os.environ.get("DATELINE_TEST_SHARED", "postgres")
POLL_S = 0.2  # each look connects to the database
LEDGER = "SELECT partition, kafka_offset, outcome, reason FROM ledger ORDER BY partition, kafka_offset"
ARTICLES = "SELECT article_id, version, title, content_hash, fetched_at FROM articles ORDER BY article_id"
LETTERS = "SELECT partition, kafka_offset, reason FROM dead_letters ORDER BY partition, kafka_offset"


def until(holds: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
    """Seconds until something held; raises after the patience."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < patience_s, f"it never came to pass: {what}"
        time.sleep(POLL_S)
    return time.monotonic() - began


class Shared:
    """The warehouse that the workers share, as the test sees it. Its workers are counted as a worker counts them."""

    def __init__(self, database: str, folder: Path, topic: str) -> None:
        self.url = database if KIND == "postgres" else in_catalog(database, folder / "tables")
        self.warehouse = open_at(self.url, folder / "observer.duckdb")
        self.warehouse.prepare()
        watching = Worker("observer", topic, "the test", "", LEASE_S)
        self.shared = self.warehouse.shared_by(watching)

    def loaded(self) -> int:
        return int(self.warehouse.query("SELECT count(*) FROM ledger").rows[0][0])

    def orphans(self) -> int:
        """The partitions that a dead worker holds."""
        live = self.shared.live_workers()
        return sum(run_id not in live for run_id, in self.warehouse.query("SELECT run_id FROM leases").rows)


def in_catalog(database: str, tables: Path) -> str:
    """The address of Iceberg tables: in the catalog that the environment names, or in a PostgreSQL database."""
    if (catalog := os.environ.get("DATELINE_TEST_ICEBERG_CATALOG")) is not None:
        return replace(iceberg_address(catalog), namespace=f"test_{uuid4().hex}").url()
    return f"iceberg+{database.replace('postgresql://', 'postgresql+psycopg://', 1)}?warehouse=file://{tables}"


def open_at(url: str, replica: Path) -> Warehouse:
    if not is_iceberg(url):
        return open_warehouse(url)
    return open_warehouse(iceberg_address(url).with_replica(replica).url())


class Workers:
    """Runs that share a topic, each with a home of its own and one stage."""

    def __init__(self, folder: Path, kafka: KafkaSettings, prefect_api: str, url: str) -> None:
        self.folder, self.kafka, self.prefect_api, self.url = folder, kafka, prefect_api, url
        self.running: list[Started] = []
        self.started = 0

    def machine(self, name: str, url: str | None = None) -> Machine:
        home = self.folder / name / "home"
        home.mkdir(parents=True, exist_ok=True)
        return Machine(home, self.kafka, self.prefect_api, max_records=10, warehouse=url or self.url)

    def start(self) -> None:
        self.started += 1
        self.running.append(self.machine(f"worker-{self.started}").start(
            "ingest", "--follow", "--shared", "--json", DATELINE_STAGE=f"file://{self.folder / 'stage'}",
            DATELINE_SHARING__LEASE_S=str(LEASE_S), DATELINE_DRIFT__QUARANTINE="false",
        ))

    def need_alive(self) -> None:
        for process in self.running:
            assert process.poll() is None, kill_group(process)

    def all_hold(self, warehouse: Warehouse) -> bool:
        """Whether each worker holds a share. One that has ended fails the test with what it printed."""
        self.need_alive()
        return holders(warehouse) == len(self.running)

    def kill(self, victim: int) -> None:
        kill_group(self.running.pop(victim))

    def stop(self) -> list[int]:
        """The exit codes of all workers, asked to stop."""
        for process in self.running:
            os.kill(process.pid, signal.SIGTERM)
        return [process.wait(PATIENCE_S) for process in self.running]

    def kill_all(self) -> None:
        while self.running:
            self.kill(0)


@pytest.mark.slow
@pytest.mark.timeout(600 + 60 * KILLS)
def test_whichever_worker_is_killed_others_take_over_and_the_ledger_closes(
    kafka: KafkaSettings, prefect_server: str, postgres: str, postgres_server: object, tmp_path: Path
) -> None:
    seed = time.time_ns() % 1_000_000
    print(f"seed {seed}")
    chance, shared = random.Random(seed), Shared(postgres, tmp_path, kafka.raw_topic)
    own, loaded, orphans = shared.warehouse, shared.loaded, shared.orphans
    workers = Workers(tmp_path, kafka, prefect_server, shared.url)
    expected, took = 0, list[float]()

    make_topics(kafka.model_copy(update={"partitions": PARTITIONS}))
    with producing(kafka, messages(seed)) as publish:
        try:
            for _ in range(WORKERS):
                workers.start()
            until(lambda: workers.all_hold(own), "each worker holds a share")
            for _ in range(KILLS):
                publish(MORE)
                expected += MORE
                some = loaded() + chance.randrange(MORE // 2)
                until(lambda some=some: loaded() >= some, f"{some} records are loaded")  # type: ignore[misc]
                time.sleep(chance.uniform(0, 0.5))  # a random moment
                workers.need_alive()
                workers.kill(chance.randrange(WORKERS))
                workers.start()
                everything = expected
                until(lambda everything=everything: orphans() or loaded() == everything, "the worker is missed")  # type: ignore[misc]
                took.append(LEASE_S + until(lambda: orphans() == 0, "its partitions are taken over", WITHIN_S))
            publish(MORE)
            expected += MORE
            until(lambda: loaded() == expected, "everything is loaded")
            until(lambda: workers.all_hold(own), "each worker holds a share again")
            workers.need_alive()
            assert workers.stop() == [0] * WORKERS
        finally:
            workers.kill_all()
    assert own.verify(kafka.raw_topic).problems == ()
    assert own.query("SELECT count(*) FROM leases").rows == ((0,),)
    if KIND == "postgres":
        assert own.query("SELECT count(*) FROM workers").rows == ((0,),)
    assert shared.shared.live_workers() == frozenset()
    assert [waiting.kind for waiting in own.outbox_standing()] == []
    with a_database(postgres_server) as url:  # type: ignore[arg-type]
        machine = replace(workers.machine("alone", url), max_records=500)
        alone = machine.run("ingest", DATELINE_DRIFT__QUARANTINE="false")
        assert alone.returncode == 0, alone.stdout
        undisturbed = PostgresWarehouse(url)
        for query in (LEDGER, LETTERS, ARTICLES):
            assert own.query(query).rows == undisturbed.query(query).rows, f"seed {seed}: {query}"
    print(f"kills {KILLS} · records {expected} · taken over within {max(took):.1f} s · seed {seed}")


def holders(warehouse: Warehouse) -> int:
    return int(warehouse.query("SELECT count(DISTINCT run_id) FROM leases").rows[0][0])


@pytest.mark.timeout(300)
def test_workers_give_way_to_a_takedown_and_finish_one_that_was_killed(
    kafka: KafkaSettings, prefect_server: str, postgres: str, tmp_path: Path
) -> None:
    workers = Workers(tmp_path, kafka, prefect_server, postgres)
    own = PostgresWarehouse(postgres)
    own.prepare()
    make_topics(kafka.model_copy(update={"partitions": PARTITIONS}))
    takedowns = "SELECT count(completed_at), count(*) FROM takedowns"
    with producing(kafka, messages(1)) as publish:
        publish(20)
        try:
            workers.start()
            workers.start()
            until(lambda: own.query("SELECT count(*) FROM ledger").rows == ((20,),), "all is loaded")
            ids = [row[0] for row in own.query("SELECT article_id FROM articles ORDER BY 1 LIMIT 2").rows]
            operator, stage = workers.machine("operator"), {"DATELINE_STAGE": f"file://{tmp_path / 'stage'}"}
            kill_group(operator.start_paused(f"{Failpoint.FORGETTING}:1", "forget", "--article", ids[0], **stage))
            until(lambda: own.query(takedowns).rows == ((1, 1),), "the workers finish the takedown")
            forgotten = operator.run("forget", "--article", ids[1], **stage)
            assert forgotten.returncode == 0, forgotten.stdout
            publish(4)
            until(lambda: own.query("SELECT count(*) FROM ledger").rows == ((24,),), "the workers go on")
            workers.need_alive()
            assert workers.stop() == [0, 0]
        finally:
            workers.kill_all()
    assert own.query(takedowns).rows == ((2, 2),)
    assert own.verify(kafka.raw_topic).problems == ()


@pytest.mark.timeout(300)
def test_a_run_that_does_not_share_waits_for_workers_and_duckdb_admits_one(
    kafka: KafkaSettings, prefect_server: str, postgres: str, tmp_path: Path
) -> None:
    workers = Workers(tmp_path, kafka, prefect_server, postgres)
    own = PostgresWarehouse(postgres)
    own.prepare()
    make_topics(kafka)
    with producing(kafka, messages(1)) as publish:
        publish(1)
        try:
            workers.start()
            until(lambda: workers.all_hold(own), "the worker holds the topic")
            alone = workers.machine("alone").run("ingest")
            assert alone.returncode == OTHER_WRITER, alone.stdout
        finally:
            workers.kill_all()
        refused = Machine(tmp_path / "duck" / "home", kafka, prefect_server)
        refused.home.mkdir(parents=True)
        said = refused.run("ingest", "--follow", "--shared")
        assert said.returncode == USAGE, said.stdout
        assert "admits one run that writes" in " ".join(said.stdout.replace("│", " ").split())
        assert refused.run("ingest", "--shared").returncode == USAGE
