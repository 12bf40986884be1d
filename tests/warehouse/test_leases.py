"""Workers that share a topic: fair shares, leases that end by the database's clock, and loads that need one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.failpoints import Failpoint, armed
from pipelines.warehouse import Run, WarehouseBusy, load_batch
from pipelines.warehouse.leases import OUTBOXES, LeaseLost, WorkersDiffer, fair_exchange
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.postgres.sharing import SharingWarehouse, Worker
from tests.builders import FETCHED_AT
from tests.warehouse.batches import PROCESSOR, TOPIC, carried, stage

LONG_S = 600.0


@pytest.fixture
def shared(postgres: str) -> PostgresWarehouse:
    warehouse = PostgresWarehouse(postgres)
    warehouse.prepare()
    return warehouse


def a_worker(shared: PostgresWarehouse, run_id: str, stage: str = "s3://stage") -> SharingWarehouse:
    return SharingWarehouse(shared, Worker(run_id, TOPIC, f"host of {run_id}", stage, LONG_S))


def expire(shared: PostgresWarehouse, run_id: str) -> None:
    """The worker has not reported for the length of a lease."""
    with psycopg.connect(shared.url) as con:
        con.execute("UPDATE workers SET expires_at = clock_timestamp() WHERE run_id = %s", [run_id])


@given(st.integers(1, 12), st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_shares_are_fair_after_two_rounds_whoever_held_what(partitions: int, events: list[int]) -> None:
    """Workers come and go in any order; then each of those that are left has its turn twice."""
    wanted, held, live = range(-1, partitions), dict[int, str](), list[str]()

    def turn(worker: str) -> None:
        exchange = fair_exchange(wanted, held, live, worker)
        for partition in exchange.released:
            assert held.pop(partition) == worker
        for partition in exchange.taken:
            assert held.get(partition) not in live
            held[partition] = worker

    for event in events:
        name = f"w{event}"
        if name in live:
            live.remove(name)
        else:
            live.append(name)
            turn(name)
    live = live or ["w0"]
    for worker in (*live, *live):
        turn(worker)
    counts = [list(held.values()).count(worker) for worker in live]
    assert sum(counts) == len(wanted)
    assert max(counts) - min(counts) <= 1


def test_workers_come_to_fair_shares_between_their_batches(shared: PostgresWarehouse) -> None:
    one, two = a_worker(shared, "one"), a_worker(shared, "two")
    assert one.exchange(range(5)) == {OUTBOXES, 0, 1, 2, 3, 4}
    assert two.exchange(range(5)) == frozenset()
    assert one.exchange(range(5)) == {OUTBOXES, 0, 1}
    assert two.exchange(range(5)) == {2, 3, 4}
    assert one.live_workers() == {"one", "two"}
    two.leave()
    assert one.exchange(range(5)) == {OUTBOXES, 0, 1, 2, 3, 4}


def test_workers_that_start_at_the_same_time_all_get_the_lock(shared: PostgresWarehouse) -> None:
    at_once = threading.Barrier(3)

    def start(run_id: str) -> list[bool]:
        held = []
        for _ in range(20):
            at_once.wait(30)
            with a_worker(shared, run_id).writer(run_id, topic=TOPIC, asks=False) as turn:
                held.append(turn.is_held)
        return held

    with ThreadPoolExecutor(3) as workers:
        assert list(workers.map(start, ("one", "two", "three"))) == [[True] * 20] * 3


def test_a_dead_worker_s_partitions_are_taken_over(shared: PostgresWarehouse) -> None:
    one, two = a_worker(shared, "one"), a_worker(shared, "two")
    one.exchange(range(3))
    two.exchange(range(3))
    assert not two.take_outboxes()
    expire(shared, "one")
    assert two.exchange(range(3)) == {OUTBOXES, 0, 1, 2}
    assert two.take_outboxes()
    assert two.live_workers() == {"two"}


def test_a_load_needs_leases_of_its_partitions(shared: PostgresWarehouse, tmp_path: Path) -> None:
    one, two = a_worker(shared, "one"), a_worker(shared, "two")
    one.exchange([0])
    batch = stage(tmp_path, carried(0), batch_id="one-1")
    with pytest.raises(LeaseLost, match=rf"does not hold {TOPIC}/0 any more"):
        load_batch(two, batch)
    expire(shared, "one")
    with pytest.raises(LeaseLost):
        load_batch(one, batch)
    one.renew()  # nobody has taken it yet
    assert load_batch(one, batch).outcomes == {"loaded": 1}
    assert shared.next_offsets(TOPIC) == {0: 1}


def test_whoever_takes_over_waits_for_a_load_that_has_begun(shared: PostgresWarehouse, tmp_path: Path) -> None:
    one, two = a_worker(shared, "one"), a_worker(shared, "two")
    one.exchange([0])

    def meanwhile(point: Failpoint, _: str) -> None:
        if point is Failpoint.CHANGED:
            expire(shared, "one")
            with psycopg.connect(shared.url) as con, pytest.raises(psycopg.errors.LockNotAvailable):
                con.execute("SELECT 1 FROM leases WHERE partition = 0 FOR UPDATE NOWAIT")

    with armed(meanwhile):
        load_batch(one, stage(tmp_path, carried(0), batch_id="one-1"))
    assert two.exchange([0]) == {OUTBOXES, 0}
    assert two.next_offsets(TOPIC) == {0: 1}


def test_workers_exclude_runs_that_load_the_topic_alone_and_not_each_other(shared: PostgresWarehouse) -> None:
    one, two = a_worker(shared, "one"), a_worker(shared, "two")
    with (
        one.writer("one", topic=TOPIC), two.writer("two", topic=TOPIC),
        pytest.raises(WarehouseBusy, match="is writing to"), shared.writer("alone", topic=TOPIC),
    ):
        pass
    with shared.writer("alone", topic=TOPIC), pytest.raises(WarehouseBusy, match="alone"), one.writer(topic=TOPIC):
        pass


def test_only_runs_of_dead_workers_are_abandoned(shared: PostgresWarehouse) -> None:
    one, two, three = (a_worker(shared, name) for name in ("one", "two", "three"))
    for worker in (one, two, three):
        worker.renew()
        worker.start_run(Run(worker.worker.run_id, TOPIC, PROCESSOR, FETCHED_AT, "ingest"))
        expire(shared, "one")
    found = shared.query("SELECT run_id, status FROM runs ORDER BY run_id").rows
    assert found == (("one", "abandoned"), ("three", "running"), ("two", "running"))


def test_workers_need_one_stage(shared: PostgresWarehouse) -> None:
    a_worker(shared, "one").exchange([0])
    with pytest.raises(WorkersDiffer, match=r"stages its batches in s3://stage, and this one in /home"):
        a_worker(shared, "two", "/home").exchange([0])
