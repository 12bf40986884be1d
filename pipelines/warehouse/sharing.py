"""A warehouse that several workers load one topic into, each the partitions that it has leases of.

A lease is a row of its own, which changes only when a partition changes hands. A load is refused unless the worker
holds all partitions of the batch. How workers see of each other who is alive depends on the warehouse.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection
from functools import partial
from typing import ClassVar, LiteralString

from pipelines.resolve.changes import Changes
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.leases import OUTBOXES, LeaseLost, Peer, Worker, WorkersDiffer, fair_exchange
from pipelines.warehouse.relational import RelationalWarehouse


class SharingWarehouse(RelationalWarehouse):
    """See the module."""

    worker: Worker
    held_now: ClassVar[LiteralString] = "SELECT partition FROM leases WHERE topic = ? AND run_id = ?"
    """The partitions that a worker holds, for a topic and a run id, in the transaction of a load."""

    @abstractmethod
    def renew(self) -> None:
        """Reports that the worker is alive. Its leases then last for ``lease_s`` seconds from now."""

    @abstractmethod
    def peers(self) -> list[Peer]:
        """The topic's workers that are alive, this one among them, the oldest first."""

    @abstractmethod
    def _balanced[T](self, change: Callable[[Connection, list[Peer]], T]) -> T:
        """Reports, forgets dead workers, and then makes a change of leases while no other worker makes one.

        ``change`` gets a connection in a transaction, and the workers that are alive. It may be called several times.
        """

    @abstractmethod
    def leave(self) -> None:
        """Gives back all partitions, so that others need not wait until the leases end."""

    def exchange(self, partitions: Collection[int]) -> frozenset[int]:
        """The partitions that the worker holds from now on, after it has taken and given back some for its fair share.

        Call it between two batches. Raises ``WorkersDiffer`` if another worker stages its batches elsewhere.
        """
        return self._balanced(partial(self._exchange, {OUTBOXES, *partitions}))

    def take_outboxes(self) -> bool:
        """Whether the worker may send the outboxes: it takes them if no worker that is alive holds them."""
        return self._balanced(self._take_outboxes)

    def live_workers(self) -> frozenset[str]:
        """The run ids of the topic's workers that are alive."""
        return frozenset(peer.run_id for peer in self.peers())

    def _exchange(self, partitions: set[int], con: Connection, live: list[Peer]) -> frozenset[int]:
        own = self.worker
        _need_same_stage(own, live)
        held = self._held(con)
        exchanged = fair_exchange(partitions, held, [peer.run_id for peer in live], own.run_id)
        self._take(con, exchanged.taken)
        for partition in exchanged.released:
            con.execute(
                "DELETE FROM leases WHERE topic = ? AND partition = ? AND run_id = ?",
                [own.topic, partition, own.run_id],
            )
        mine = {partition for partition, holder in held.items() if holder == own.run_id}
        return frozenset((mine | set(exchanged.taken)) - set(exchanged.released))

    def _take_outboxes(self, con: Connection, live: list[Peer]) -> bool:
        holder = self._held(con).get(OUTBOXES)
        if holder in {peer.run_id for peer in live} - {self.worker.run_id}:
            return False
        self._take(con, (OUTBOXES,))
        return True

    def _check_before(self, con: Connection, changes: Changes) -> None:
        """Raises ``LeaseLost`` if the worker does not hold all partitions of the batch any more."""
        super()._check_before(con, changes)
        own = self.worker
        held = {row[0] for row in con.execute(self.held_now, [own.topic, own.run_id]).fetchall()}
        if lost := sorted({partition for _, partition in changes.expected} - held):
            raise LeaseLost(
                f"This worker does not hold {', '.join(f'{own.topic}/{p}' for p in lost)} any more: it did not report "
                "for too long, and another worker reads on from there. Nothing of the batch was loaded, and nothing is "
                "lost. What to do: nothing. If it happens often, raise DATELINE_SHARING__LEASE_S."
            )

    def _held(self, con: Connection) -> dict[int, str]:
        rows = con.execute("SELECT partition, run_id FROM leases WHERE topic = ?", [self.worker.topic]).fetchall()
        return dict(rows)

    def _take(self, con: Connection, partitions: Collection[int]) -> None:
        own = self.worker
        for partition in partitions:
            con.execute("DELETE FROM leases WHERE topic = ? AND partition = ?", [own.topic, partition])
            con.execute(
                "INSERT INTO leases (topic, partition, run_id, taken_at) VALUES (?, ?, ?, now())",
                [own.topic, partition, own.run_id],
            )


def _need_same_stage(own: Worker, live: list[Peer]) -> None:
    for peer in live:
        if peer.stage != own.stage:
            raise WorkersDiffer(
                f"The worker {peer.run_id[:8]} ({peer.host}) stages its batches in {peer.stage}, and this one in "
                f"{own.stage}. Workers of one topic have to find each other's files. Nothing was loaded.\nWhat to do: "
                "set DATELINE_STAGE to the same folder in object storage, or on a disk that all of them share."
            )
