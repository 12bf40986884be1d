"""A warehouse in PostgreSQL that several workers load one topic into.

A worker reports that it is alive by moving ``expires_at`` of its row in ``workers``, by the clock of the database.
A load locks the leases of its partitions until it has committed: whoever takes a partition over waits for that, and
sees the offsets that the load moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, LiteralString

from pipelines.warehouse.connection import Connection
from pipelines.warehouse.leases import Peer, Worker
from pipelines.warehouse.postgres.connection import PostgresConnection
from pipelines.warehouse.postgres.faults import faults_in_words
from pipelines.warehouse.postgres.warehouse import PostgresWarehouse
from pipelines.warehouse.sharing import SharingWarehouse

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


class SharedPostgres(SharingWarehouse, PostgresWarehouse):
    """See the module. ``writer`` excludes only runs that do not share the topic."""

    taking: ClassVar[LiteralString] = "SELECT pg_try_advisory_lock_shared(%s, %s)"
    held_now: ClassVar[LiteralString] = """
        SELECT l.partition FROM leases l JOIN workers w ON w.run_id = l.run_id
        WHERE l.topic = ? AND l.run_id = ? AND w.expires_at > clock_timestamp() FOR SHARE OF l
    """

    def __init__(self, warehouse: PostgresWarehouse, worker: Worker) -> None:
        super().__init__(warehouse.url, clock=warehouse.clock, time_zone=warehouse.time_zone)
        self.worker = worker

    def renew(self) -> None:
        with self._settled() as con:
            self._renew(con)

    def peers(self) -> list[Peer]:
        with self._settled() as con:
            return self._peers(con)

    def leave(self) -> None:
        with self._balancing() as con:
            con.execute("DELETE FROM leases WHERE run_id = ?", [self.worker.run_id])
            con.execute("DELETE FROM workers WHERE run_id = ?", [self.worker.run_id])

    def _balanced[T](self, change: Callable[[Connection, list[Peer]], T]) -> T:
        with self._balancing() as con:
            self._renew(con)
            return change(con, self._peers(con))

    def _peers(self, con: Connection) -> list[Peer]:
        return [Peer(*row) for row in con.execute(_LIVE, [self.worker.topic]).fetchall()]

    def _renew(self, con: Connection) -> None:
        own = self.worker
        con.execute(_RENEW, [own.run_id, own.topic, own.host, own.stage, own.lease_s])

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
