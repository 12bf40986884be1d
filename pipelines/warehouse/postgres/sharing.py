"""A warehouse in PostgreSQL that several workers load one topic into, each the partitions that it has leases of.

A worker reports that it is alive by moving ``expires_at`` of its row in ``workers``, by the clock of the database.
Leases are rows of their own, which change only when a partition changes hands. A load locks those of its partitions
until it has committed: whoever takes a partition over waits for that, and sees the offsets that the load moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, LiteralString

from pipelines.resolve.changes import Changes
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.leases import OUTBOXES, LeaseLost, WorkersDiffer, fair_exchange
from pipelines.warehouse.postgres.connection import PostgresConnection
from pipelines.warehouse.postgres.faults import faults_in_words
from pipelines.warehouse.postgres.warehouse import PostgresWarehouse

BALANCE_LOCK = 0x6C656173
"""The first number of the lock under which workers exchange partitions; the second is the topic's."""

_RENEW = """
INSERT INTO workers (run_id, topic, host, stage, started_at, expires_at)
VALUES (?, ?, ?, ?, clock_timestamp(), clock_timestamp() + make_interval(secs => ?))
ON CONFLICT (run_id) DO UPDATE SET expires_at = excluded.expires_at
"""
_LIVE = """
SELECT run_id, host, stage FROM workers WHERE topic = ? AND expires_at > clock_timestamp() ORDER BY started_at, run_id
"""
_TAKE = """
INSERT INTO leases (topic, partition, run_id, taken_at) VALUES (?, ?, ?, clock_timestamp())
ON CONFLICT (topic, partition) DO UPDATE SET run_id = excluded.run_id, taken_at = excluded.taken_at
"""
_HELD_NOW = """
SELECT l.partition FROM leases l JOIN workers w ON w.run_id = l.run_id
WHERE l.topic = ? AND l.run_id = ? AND w.expires_at > clock_timestamp() FOR SHARE OF l
"""


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the runs that share a topic: its run id, the machine and process, its stage, and how long a lease is."""

    run_id: str
    topic: str
    host: str
    stage: str
    lease_s: float


class SharingWarehouse(PostgresWarehouse):
    """See the module. ``writer`` excludes only runs that do not share the topic."""

    taking: ClassVar[LiteralString] = "SELECT pg_try_advisory_lock_shared(%s, %s)"

    def __init__(self, warehouse: PostgresWarehouse, worker: Worker) -> None:
        super().__init__(warehouse.url, clock=warehouse.clock, time_zone=warehouse.time_zone)
        self.worker = worker

    def renew(self) -> None:
        """Reports that the worker is alive. Its leases then last for ``lease_s`` seconds from now."""
        with self._settled() as con:
            self._renew(con)

    def exchange(self, partitions: Collection[int]) -> frozenset[int]:
        """The partitions that the worker holds from now on, after it has taken and given back some for its fair share.

        Call it between two batches. Raises ``WorkersDiffer`` if another worker stages its batches elsewhere.
        """
        own = self.worker
        with self._balancing() as con:
            self._renew(con)
            live = con.execute(_LIVE, [own.topic]).fetchall()
            _need_same_stage(own, live)
            held = self._held(con)
            exchanged = fair_exchange({OUTBOXES, *partitions}, held, [row[0] for row in live], own.run_id)
            self._take(con, exchanged.taken)
            for partition in exchanged.released:
                con.execute(
                    "DELETE FROM leases WHERE topic = ? AND partition = ? AND run_id = ?",
                    [own.topic, partition, own.run_id],
                )
            mine = {partition for partition, holder in held.items() if holder == own.run_id}
        return frozenset((mine | set(exchanged.taken)) - set(exchanged.released))

    def take_outboxes(self) -> bool:
        """Whether the worker may send the outboxes: it takes them if no worker that is alive holds them."""
        own = self.worker
        with self._balancing() as con:
            self._renew(con)
            holder = self._held(con).get(OUTBOXES)
            if holder not in {row[0] for row in con.execute(_LIVE, [own.topic]).fetchall()} - {own.run_id}:
                self._take(con, (OUTBOXES,))
                return True
        return False

    def leave(self) -> None:
        """Gives back all partitions, so that others need not wait until the leases end."""
        with self._balancing() as con:
            con.execute("DELETE FROM leases WHERE run_id = ?", [self.worker.run_id])
            con.execute("DELETE FROM workers WHERE run_id = ?", [self.worker.run_id])

    def live_workers(self) -> frozenset[str]:
        """The run ids of the topic's workers that are alive."""
        with self._settled() as con:
            return frozenset(row[0] for row in con.execute(_LIVE, [self.worker.topic]).fetchall())

    def _check_before(self, con: Connection, changes: Changes) -> None:
        """Raises ``LeaseLost`` if the worker does not hold all partitions of the batch any more."""
        self._need_leases(con, {partition for _, partition in changes.expected})

    def _need_leases(self, con: Connection, partitions: set[int]) -> None:
        held = {row[0] for row in con.execute(_HELD_NOW, [self.worker.topic, self.worker.run_id]).fetchall()}
        if lost := sorted(partitions - held):
            raise LeaseLost(
                f"This worker does not hold {', '.join(f'{self.worker.topic}/{p}' for p in lost)} any more: it did not "
                "report for too long, and another worker reads on from there. Nothing of the batch was loaded, and "
                "nothing is lost. What to do: nothing. If it happens often, raise DATELINE_SHARING__LEASE_S."
            )

    def _renew(self, con: Connection) -> None:
        own = self.worker
        con.execute(_RENEW, [own.run_id, own.topic, own.host, own.stage, own.lease_s])

    def _held(self, con: Connection) -> dict[int, str]:
        rows = con.execute("SELECT partition, run_id FROM leases WHERE topic = ?", [self.worker.topic]).fetchall()
        return dict(rows)

    def _take(self, con: Connection, partitions: Collection[int]) -> None:
        for partition in partitions:
            con.execute(_TAKE, [self.worker.topic, partition, self.worker.run_id])

    @contextmanager
    def _settled(self) -> Iterator[Connection]:
        """A connection whose transaction is committed at the end; it waits for no load."""
        with self._connected() as raw, faults_in_words(self.shown), raw.transaction():
            yield PostgresConnection(raw)

    @contextmanager
    def _balancing(self) -> Iterator[Connection]:
        """A transaction in which no other worker of the topic exchanges partitions. It forgets dead workers."""
        with self._writing() as con:
            con.execute("SELECT pg_advisory_xact_lock(?, hashtext(?))", [BALANCE_LOCK, self.worker.topic])
            con.execute(
                "DELETE FROM workers WHERE topic = ? AND expires_at <= clock_timestamp() AND run_id <> ?",
                [self.worker.topic, self.worker.run_id],
            )
            yield con


def _need_same_stage(own: Worker, live: list[tuple[str, ...]]) -> None:
    for run_id, host, stage in live:
        if stage != own.stage:
            raise WorkersDiffer(
                f"The worker {run_id[:8]} ({host}) stages its batches in {stage}, and this one in {own.stage}. Workers "
                "of one topic have to find each other's files. Nothing was loaded.\nWhat to do: set DATELINE_STAGE to "
                "the same folder in object storage, or on a disk that all of them share."
            )
