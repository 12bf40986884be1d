"""Which partitions each of several workers holds, so that all are held and the numbers are as equal as can be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipelines.warehouse.interface import WarehouseFault

OUTBOXES = -1
"""Stands for the outboxes among the partitions: the worker that holds it sends what all of them have loaded."""


class LeaseLost(WarehouseFault):
    """The worker does not hold a partition of its batch any more; another worker loads it. Nothing was loaded."""


class WorkersDiffer(WarehouseFault):
    """The workers of a topic do not use the same stage, so that they would not find each other's files."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the runs that share a topic: its run id, the machine and process, its stage, and how long a lease is."""

    run_id: str
    topic: str
    host: str
    stage: str
    lease_s: float


@dataclass(frozen=True, slots=True)
class Peer:
    """A worker that is alive, as the others see it."""

    run_id: str
    host: str
    stage: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a worker takes and gives back, to come to its fair share."""

    taken: tuple[int, ...]
    released: tuple[int, ...]


def fair_exchange(
    partitions: Collection[int], held: Mapping[int, str], live: Sequence[str], worker: str
) -> Exchange:
    """What ``worker`` has to exchange. ``held`` has the holder of each partition; ``live`` are the workers in order.

    What a dead worker holds is free. The shares of the workers differ by one at most, and add up to all partitions, so
    that a worker which has more gives back what another one lacks.

    >>> fair_exchange([0, 1, 2], {0: "a", 1: "a", 2: "a"}, ["a", "b"], "a")
    Exchange(taken=(), released=(2,))
    >>> fair_exchange([0, 1, 2], {0: "a", 1: "a", 2: "gone"}, ["a", "b"], "b")
    Exchange(taken=(2,), released=())
    """
    each, more = divmod(len(partitions), len(live))
    share = each + (live.index(worker) < more)
    mine = [partition for partition in sorted(partitions) if held.get(partition) == worker]
    free = [partition for partition in sorted(partitions) if held.get(partition) not in live]
    return Exchange(tuple(free[:max(0, share - len(mine))]), tuple(mine[share:]))
