"""A run that holds the writer lock lets one that asks for it have it, and gets it back; nobody else comes between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from pipelines.warehouse import WarehouseBusy
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.interface import Run
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT

TOPIC = "articles.raw"
WAITED_S = 30


@pytest.fixture(params=["duckdb", "postgres"])
def held(request: pytest.FixtureRequest) -> RelationalWarehouse:
    made: RelationalWarehouse = request.getfixturevalue(f"{request.param}_warehouse")
    return made


class Asks(threading.Thread):
    """Another run: it asks for the lock, holds it until it may go, and then releases it."""

    def __init__(self, warehouse: RelationalWarehouse, *, asks: bool = True, wait_s: float = WAITED_S) -> None:
        super().__init__()
        self.warehouse, self.asks, self.wait_s = warehouse, asks, wait_s
        self.has_it, self.may_go, self.fault = threading.Event(), threading.Event(), None

    def run(self) -> None:
        try:
            with self.warehouse.writer("another", self.wait_s, TOPIC, asks=self.asks):
                self.has_it.set()
                assert self.may_go.wait(WAITED_S)
        except WarehouseBusy as fault:
            self.fault = fault


@pytest.fixture
def running() -> Iterator[Callable[[Asks], Asks]]:
    started: list[Asks] = []

    def start(run: Asks) -> Asks:
        started.append(run)
        run.start()
        return run

    yield start
    for run in started:
        run.may_go.set()
        run.join()


def until(is_so: Callable[[], bool]) -> None:
    waiting = threading.Event()
    assert any(is_so() or waiting.wait(0.02) for _ in range(1500))


def test_a_run_that_asks_gets_the_lock_and_the_first_gets_it_back(
    held: RelationalWarehouse, running: Callable[[Asks], Asks]
) -> None:
    with held.writer("a follower", topic=TOPIC) as turn:
        assert (turn.is_held, turn.is_wanted()) == (True, False)
        other = running(Asks(held))
        until(turn.is_wanted)
        assert not other.has_it.is_set()
        threading.Thread(target=lambda: (other.has_it.wait(WAITED_S), other.may_go.set())).start()
        assert turn.hand_over(lambda: False)
        assert (other.has_it.is_set(), turn.is_held, turn.is_wanted()) == (True, True, False)
        with pytest.raises(WarehouseBusy, match="a follower"), held.writer("a third", topic=TOPIC):
            pass
    with held.writer("a third", topic=TOPIC):
        pass


def test_a_run_that_only_looks_does_not_ask(held: RelationalWarehouse) -> None:
    def start_in_vain() -> None:
        for _ in range(50):
            with pytest.raises(WarehouseBusy, match="a follower"), held.writer("another", topic=TOPIC, asks=False):
                pass

    with held.writer("a follower", topic=TOPIC) as turn, ThreadPoolExecutor(1) as other:
        starts = other.submit(start_in_vain)
        while not starts.done():
            assert not turn.is_wanted()
        starts.result()


def test_one_that_does_not_ask_waits_for_the_end(
    held: RelationalWarehouse, running: Callable[[Asks], Asks]
) -> None:
    with held.writer("a follower", topic=TOPIC) as turn:
        passive = running(Asks(held, asks=False))
        other = running(Asks(held))
        until(turn.is_wanted)
        threading.Thread(target=lambda: (other.has_it.wait(WAITED_S), other.may_go.set())).start()
        assert turn.hand_over(lambda: False)
        assert not turn.is_wanted()
        assert not passive.has_it.is_set()
    assert passive.has_it.wait(WAITED_S)


def test_one_that_is_stopped_meanwhile_is_without_the_lock(
    held: RelationalWarehouse, running: Callable[[Asks], Asks]
) -> None:
    with held.writer("a follower", topic=TOPIC) as turn:
        other = running(Asks(held))
        until(turn.is_wanted)
        assert not turn.hand_over(other.has_it.is_set)
        assert not turn.is_held
    assert other.is_alive()


def test_a_request_ends_with_the_patience_of_who_asks(
    held: RelationalWarehouse, running: Callable[[Asks], Asks]
) -> None:
    with held.writer("a follower", topic=TOPIC) as turn:
        other = running(Asks(held, wait_s=0.3))
        other.join()
        assert "a follower" in str(other.fault)
        assert not turn.is_wanted()


def test_a_session_that_was_lost_is_replaced(postgres_warehouse: PostgresWarehouse) -> None:
    with postgres_warehouse.writer("a follower", topic=TOPIC) as turn:
        with psycopg.connect(postgres_warehouse.url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'a follower'"
            )
        until(turn.is_wanted)
        assert turn.hand_over(lambda: False)
        assert (turn.is_held, turn.is_wanted()) == (True, False)
        with pytest.raises(WarehouseBusy, match="a follower"), postgres_warehouse.writer("a third", topic=TOPIC):
            pass


def test_a_disk_that_is_away_is_no_request(duckdb_warehouse: DuckDBWarehouse) -> None:
    folder = duckdb_warehouse.path.parent
    with duckdb_warehouse.writer("a follower") as turn:
        away = folder.rename(folder.with_name("away"))
        assert not turn.is_wanted()
        away.rename(folder)
        assert not turn.is_wanted()


def test_a_run_that_waits_is_not_taken_for_killed(held: RelationalWarehouse) -> None:
    def standing() -> list[tuple[str, str, str | None]]:
        return list(held.query("SELECT run_id, status, note FROM runs ORDER BY run_id").rows)

    follower, other = Run("a", TOPIC, "p", FETCHED_AT), Run("b", TOPIC, "p", FETCHED_AT, "reprocess")
    held.start_run(follower)
    held.pause_run("a")
    held.start_run(other)
    waits = "waits: another run has the writer lock"
    assert standing() == [("a", "running", waits), ("b", "running", None)]
    held.finish_run("b", "completed", FETCHED_AT)
    held.start_run(follower)
    assert standing() == [("a", "running", None), ("b", "completed", None)]
    held.pause_run("a")
    held.start_run(Run("c", TOPIC, "p", FETCHED_AT))
    assert standing()[0][:2] == ("a", "abandoned")


def test_a_copy_that_a_killed_run_left_goes_when_the_lock_comes_back(
    duckdb_warehouse: DuckDBWarehouse, running: Callable[[Asks], Asks]
) -> None:
    left = Path(f"{duckdb_warehouse.path}.beside")
    with duckdb_warehouse.writer("a follower") as turn:
        other = running(Asks(duckdb_warehouse))
        until(turn.is_wanted)
        threading.Thread(target=lambda: (other.has_it.wait(WAITED_S), left.touch(), other.may_go.set())).start()
        assert turn.hand_over(lambda: False)
        assert not left.exists()
