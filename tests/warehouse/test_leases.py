"""Workers that share a topic: fair shares, leases that end unless they are renewed, and loads that need one."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.table import Table

from pipelines.failpoints import Failpoint, armed
from pipelines.warehouse import Run, WarehouseBusy, load_batch
from pipelines.warehouse.iceberg import IcebergWarehouse
from pipelines.warehouse.iceberg.sharing import LEASES, SharedIceberg
from pipelines.warehouse.iceberg.tables import IcebergTables
from pipelines.warehouse.leases import OUTBOXES, LeaseLost, Worker, WorkersDiffer, fair_exchange
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from pipelines.warehouse.sharing import SharingWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import PROCESSOR, TOPIC, carried, stage

LONG_S = 600.0


class Shared(ABC):
    """A warehouse that workers share, in a database or a catalog."""

    def __init__(self, warehouse: RelationalWarehouse) -> None:
        self.warehouse = warehouse
        warehouse.prepare()

    def worker(self, run_id: str, stage: str = "s3://stage") -> SharingWarehouse:
        return self.seen_by(run_id).shared_by(Worker(run_id, TOPIC, f"host of {run_id}", stage, LONG_S))

    def seen_by(self, run_id: str) -> RelationalWarehouse:
        """The warehouse as the machine of a worker has it."""
        del run_id
        return self.warehouse

    @abstractmethod
    def expire(self, run_id: str) -> None:
        """A worker has not reported for the length of a lease; all others have."""


class SharedInPostgres(Shared):
    def expire(self, run_id: str) -> None:
        assert isinstance(self.warehouse, PostgresWarehouse)
        with psycopg.connect(self.warehouse.url) as con:
            con.execute("UPDATE workers SET expires_at = clock_timestamp() WHERE run_id = %s", [run_id])


class SharedInIceberg(Shared):
    """Each worker has a replica of its own. The workers' clock moves only in ``expire``."""

    def __init__(self, warehouse: IcebergWarehouse) -> None:
        super().__init__(warehouse)
        self.iceberg, self.seconds, self.workers = warehouse, 0.0, list[SharedIceberg]()

    def seen_by(self, run_id: str) -> IcebergWarehouse:
        path = self.iceberg.path.with_name(f"{run_id}.duckdb")
        return IcebergWarehouse(self.iceberg.address, path, clock=lambda: FETCHED_AT)

    def worker(self, run_id: str, stage: str = "s3://stage") -> SharedIceberg:
        made = super().worker(run_id, stage)
        assert isinstance(made, SharedIceberg)
        made.reports.clock = lambda: self.seconds
        self.workers.append(made)
        return made

    def expire(self, run_id: str, *, forgets: bool = True) -> None:
        others = [worker for worker in self.workers if worker.worker.run_id != run_id]
        for _ in range(2):  # the first round shows the others what was last reported
            for worker in others:
                worker.renew()
            self.seconds += LONG_S / 2
        for worker in others if forgets else ():
            worker.renew()


@pytest.fixture
def in_postgres(postgres: str) -> SharedInPostgres:
    return SharedInPostgres(PostgresWarehouse(postgres))


@pytest.fixture
def in_iceberg(iceberg_warehouse: IcebergWarehouse) -> SharedInIceberg:
    return SharedInIceberg(iceberg_warehouse)


@pytest.fixture(params=["in_postgres", "in_iceberg"])
def shared(request: pytest.FixtureRequest) -> Shared:
    made = request.getfixturevalue(request.param)
    assert isinstance(made, Shared)
    return made


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


def test_workers_come_to_fair_shares_between_their_batches(shared: Shared) -> None:
    one, two = shared.worker("one"), shared.worker("two")
    assert one.exchange(range(5)) == {OUTBOXES, 0, 1, 2, 3, 4}
    assert two.exchange(range(5)) == frozenset()
    assert one.exchange(range(5)) == {OUTBOXES, 0, 1}
    assert two.exchange(range(5)) == {2, 3, 4}
    assert one.live_workers() == {"one", "two"}
    two.leave()
    assert one.exchange(range(5)) == {OUTBOXES, 0, 1, 2, 3, 4}


def test_workers_that_start_at_the_same_time_all_get_the_lock(in_postgres: SharedInPostgres) -> None:
    at_once = threading.Barrier(3)

    def start(run_id: str) -> list[bool]:
        held = []
        for _ in range(20):
            at_once.wait(30)
            with in_postgres.worker(run_id).writer(run_id, topic=TOPIC, asks=False) as turn:
                held.append(turn.is_held)
        return held

    with ThreadPoolExecutor(3) as workers:
        assert list(workers.map(start, ("one", "two", "three"))) == [[True] * 20] * 3


def test_a_dead_worker_s_partitions_are_taken_over(shared: Shared) -> None:
    one, two = shared.worker("one"), shared.worker("two")
    one.exchange(range(3))
    two.exchange(range(3))
    assert not two.take_outboxes()
    shared.expire("one")
    assert two.exchange(range(3)) == {OUTBOXES, 0, 1, 2}
    assert two.take_outboxes()
    assert two.live_workers() == {"two"}


def test_a_load_needs_leases_of_its_partitions(shared: Shared, tmp_path: Path) -> None:
    one, two = shared.worker("one"), shared.worker("two")
    one.exchange([0])
    batch = stage(tmp_path, carried(0), batch_id="one-1")
    with pytest.raises(LeaseLost, match=rf"does not hold {TOPIC}/0 any more"):
        load_batch(two, batch)
    shared.expire("one")
    if isinstance(shared, SharedInPostgres):  # where the database says who is late
        with pytest.raises(LeaseLost):
            load_batch(one, batch)
    one.renew()  # nobody has taken it yet
    assert load_batch(one, batch).outcomes == {"loaded": 1}
    assert shared.warehouse.loaded_topic(TOPIC).next_offsets == {0: 1}


def test_whoever_takes_over_waits_for_a_load_that_has_begun(in_postgres: SharedInPostgres, tmp_path: Path) -> None:
    one, two = in_postgres.worker("one"), in_postgres.worker("two")
    one.exchange([0])

    def meanwhile(point: Failpoint, _: str) -> None:
        if point is Failpoint.CHANGED:
            in_postgres.expire("one")
            url = one.url if isinstance(one, PostgresWarehouse) else ""
            with psycopg.connect(url) as con, pytest.raises(psycopg.errors.LockNotAvailable):
                con.execute("SELECT 1 FROM leases WHERE partition = 0 FOR UPDATE NOWAIT")

    with armed(meanwhile):
        load_batch(one, stage(tmp_path, carried(0), batch_id="one-1"))
    assert two.exchange([0]) == {OUTBOXES, 0}
    assert two.loaded_topic(TOPIC).next_offsets == {0: 1}


def test_a_load_that_is_overtaken_before_its_commit_is_not_committed(
    in_iceberg: SharedInIceberg, tmp_path: Path
) -> None:
    one, two = in_iceberg.worker("one"), in_iceberg.worker("two")
    one.exchange([0])
    overtaken = iter([0])

    def meanwhile(point: Failpoint, _: str) -> None:
        if point is Failpoint.CHANGES_STORED and next(overtaken, None) is not None:
            in_iceberg.expire("one")
            assert two.exchange([0]) == {OUTBOXES, 0}

    with armed(meanwhile), pytest.raises(LeaseLost):
        load_batch(one, stage(tmp_path, carried(0), batch_id="one-1"))
    assert two.loaded_topic(TOPIC).next_offsets == {}
    assert load_batch(two, stage(tmp_path, carried(0), batch_id="two-1")).outcomes == {"loaded": 1}
    assert one.loaded_topic(TOPIC).next_offsets == {0: 1}


def test_two_workers_forget_a_dead_one_at_the_same_moment(
    in_iceberg: SharedInIceberg, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = in_iceberg.worker("one"), in_iceberg.worker("two")
    in_iceberg.worker("dead").renew()
    need = IcebergTables.need
    rivals = iter([two])

    def overtaken(tables: IcebergTables, name: str) -> Table:
        found = need(tables, name)
        if name == LEASES and tables is one.reports.tables and (rival := next(rivals, None)):
            rival.renew()  # which removes the report that this table still has
        return found

    in_iceberg.expire("dead", forgets=False)
    monkeypatch.setattr(IcebergTables, "need", overtaken)
    one.renew()
    assert one.live_workers() == two.live_workers() == {"one", "two"}
    assert "dead" not in str(need(two.reports.tables, LEASES).properties)


def test_a_worker_that_was_taken_for_dead_joins_again(shared: Shared) -> None:
    one, two = shared.worker("one"), shared.worker("two")
    one.exchange(range(3))
    two.renew()
    shared.expire("one")
    assert two.exchange(range(3)) == {OUTBOXES, 0, 1, 2}
    assert one.exchange(range(3)) == frozenset()
    assert len(two.exchange(range(3))) == len(one.exchange(range(3))) == 2


def test_workers_exclude_runs_that_load_the_topic_alone_and_not_each_other(in_postgres: SharedInPostgres) -> None:
    one, two, shared = in_postgres.worker("one"), in_postgres.worker("two"), in_postgres.warehouse
    with (
        one.writer("one", topic=TOPIC), two.writer("two", topic=TOPIC),
        pytest.raises(WarehouseBusy, match="is writing to"), shared.writer("alone", topic=TOPIC),
    ):
        pass
    with shared.writer("alone", topic=TOPIC), pytest.raises(WarehouseBusy, match="alone"), one.writer(topic=TOPIC):
        pass


def test_only_runs_of_dead_workers_are_abandoned(shared: Shared) -> None:
    one, two, three = (shared.worker(name) for name in ("one", "two", "three"))
    for worker in (one, two, three):
        worker.renew()
        worker.start_run(Run(worker.worker.run_id, TOPIC, PROCESSOR, FETCHED_AT, "ingest"))
        shared.expire("one")
    found = shared.warehouse.query("SELECT run_id, status FROM runs ORDER BY run_id").rows
    assert found == (("one", "abandoned"), ("three", "running"), ("two", "running"))


def test_workers_need_one_stage(shared: Shared) -> None:
    shared.worker("one").exchange([0])
    with pytest.raises(WorkersDiffer, match=r"stages its batches in s3://stage, and this one in /home"):
        shared.worker("two", "/home").exchange([0])
