"""A warehouse in Iceberg tables that several workers load one topic into, each with a replica of its own.

Leases are rows of an Iceberg table: taking one moves the state of the warehouse, so that a load which was decided
before cannot be committed any more. A worker reports that it is alive by a property of that table, whose value it
changes. No clock is compared: another worker is dead if its report has not changed for the length of a lease, by the
clock of the worker that looks.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import tenacity

from pipelines.warehouse.connection import Connection
from pipelines.warehouse.iceberg.faults import faults_in_words
from pipelines.warehouse.iceberg.snapshots import MOVED
from pipelines.warehouse.iceberg.tables import IcebergTables
from pipelines.warehouse.iceberg.warehouse import IcebergWarehouse
from pipelines.warehouse.interface import Run
from pipelines.warehouse.leases import Peer, Worker
from pipelines.warehouse.relational import now
from pipelines.warehouse.sharing import SharingWarehouse

if TYPE_CHECKING:
    from pyiceberg.table import Table

LEASES = "leases"
PREFIX = "dateline.worker."
"""Properties of the table of leases with this prefix are reports of workers: the run id follows."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A report, and when this worker saw it first, in seconds of its monotonic clock."""

    report: str
    at: float


@dataclass
class Reports:
    """The reports of a topic's workers, as one of them sees them."""

    tables: IcebergTables
    worker: Worker
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _started_at: str = field(default_factory=lambda: now().isoformat())
    _count: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def renew(self) -> list[Peer]:
        """Reports, removes the reports of dead workers, and returns those that are alive, the oldest first."""
        own = self.worker
        with self._turn:
            self._count += 1
            report = json.dumps({
                "topic": own.topic, "host": own.host, "stage": own.stage, "started_at": self._started_at,
                "count": self._count,
            })
            self._change({f"{PREFIX}{own.run_id}": report}, lambda: self._gone)
            return self._alive()

    def leave(self) -> None:
        """Removes the worker's own report."""
        with self._turn:
            self._change({}, lambda: [self.worker.run_id])

    def peers(self) -> list[Peer]:
        """The workers that are alive, the oldest first."""
        with self._turn:
            self._look(self.tables.need(LEASES))
            return self._alive()

    def _alive(self) -> list[Peer]:
        gone = set(self._gone)
        reports = {run_id: json.loads(seen.report) for run_id, seen in self._seen.items() if run_id not in gone}
        own = {run_id: each for run_id, each in reports.items() if each["topic"] == self.worker.topic}
        return [
            Peer(run_id, own[run_id]["host"], own[run_id]["stage"])
            for run_id in sorted(own, key=lambda each: (own[each]["started_at"], each))
        ]

    @property
    def _gone(self) -> list[str]:
        """The run ids of the workers that are dead."""
        now_s = self.clock()
        return [
            run_id for run_id, seen in self._seen.items()
            if now_s - seen.at >= self.worker.lease_s and run_id != self.worker.run_id
        ]

    def _look(self, table: Table) -> None:
        reports = {
            name.removeprefix(PREFIX): report for name, report in table.properties.items() if name.startswith(PREFIX)
        }
        self._seen = {
            run_id: seen if (seen := self._seen.get(run_id)) and seen.report == report else _Seen(report, self.clock())
            for run_id, report in reports.items()
        }

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type((*MOVED, KeyError)),  # KeyError: another worker removed a report first
        wait=tenacity.wait_random_exponential(multiplier=0.02, max=1.0), stop=tenacity.stop_after_attempt(30),
        reraise=True,
    )
    def _change(self, new: dict[str, str], gone: Callable[[], list[str]]) -> None:
        table = self.tables.need(LEASES)
        self._look(table)
        removed = [f"{PREFIX}{run_id}" for run_id in gone() if run_id in self._seen]
        if not (new or removed):
            return
        with table.transaction() as changing:
            if removed:
                changing.remove_properties(*removed)
            if new:
                changing.set_properties(new)
        self._look(table)


class SharedIceberg(SharingWarehouse, IcebergWarehouse):
    """See the module. Each worker needs a replica of its own; ``writer`` excludes others that use the same one."""

    def __init__(self, warehouse: IcebergWarehouse, worker: Worker) -> None:
        super().__init__(
            warehouse.address, warehouse.path, patience_s=warehouse.patience_s, clock=warehouse.clock,
            time_zone=warehouse.time_zone,
        )
        self.worker = worker
        self.reports = Reports(IcebergTables(warehouse.address), worker)  # a catalog of its own, for another thread

    def renew(self) -> None:
        with faults_in_words(self.where):
            self.reports.renew()

    def peers(self) -> list[Peer]:
        with faults_in_words(self.where):
            return self.reports.peers()

    def leave(self) -> None:
        self._again(self._give_back)
        with faults_in_words(self.where):
            self.reports.leave()

    def start_run(self, run: Run) -> None:
        self._again(partial(self._note_workers, self.peers()))
        super().start_run(run)

    def _balanced[T](self, change: Callable[[Connection, list[Peer]], T]) -> T:
        with faults_in_words(self.where):
            live = self.reports.renew()
        return self._again(partial(self._changed, change, live))

    def _changed[T](self, change: Callable[[Connection, list[Peer]], T], live: list[Peer]) -> T:
        with self._writing() as con:
            return change(con, live)

    def _give_back(self) -> None:
        with self._writing() as con:
            con.execute("DELETE FROM leases WHERE run_id = ?", [self.worker.run_id])

    def _note_workers(self, live: list[Peer]) -> None:
        """Records in the replica who is alive, for statements that spare the runs of such workers."""
        with self._writing() as con:
            con.execute("DELETE FROM workers")
            for peer in live:
                con.execute(
                    "INSERT INTO workers (run_id, topic, host, stage, started_at, expires_at) "
                    "VALUES (?, ?, ?, ?, now(), now() + to_seconds(?))",
                    [peer.run_id, self.worker.topic, peer.host, peer.stage, self.worker.lease_s],
                )
