"""What a piece of work costs: CPU of this process, and of a PostgreSQL server of this machine that it works with."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg


@dataclass(frozen=True, slots=True)
class Cost:
    """What was used for a piece of work. ``server_cpu_s`` is the part of ``cpu_s`` that a database server used.

    ``peak_bytes`` is of this process alone.
    """

    cpu_s: float
    wall_s: float
    peak_bytes: int
    server_cpu_s: float = 0.0


@contextmanager
def metered(server: psutil.Process | None = None) -> Iterator[Callable[[], Cost]]:
    """Gives what reports the cost of the block, once that is over."""
    server_before, before, began = cpu_of(server), _own_cpu(), time.monotonic()
    ended: list[float] = []

    def cost() -> Cost:
        wall_s, own, of_server = ended
        return Cost(own + of_server, wall_s, peak_bytes(), of_server)

    yield cost
    ended += [time.monotonic() - began, _own_cpu() - before, cpu_of(server) - server_before]


def server_of(url: str) -> psutil.Process | None:
    """The first process of the PostgreSQL server at the address; None where it is no process of this machine."""
    if not url.startswith("postgresql:"):
        return None
    with psycopg.connect(url) as con:
        row = con.execute("SELECT pg_backend_pid(), current_setting('port')").fetchone()
        assert row is not None
        try:
            backend = psutil.Process(row[0])
            return backend.parent() if "postgres" in backend.name() else None
        except psutil.NoSuchProcess:
            return None


def cpu_of(server: psutil.Process | None) -> float:
    """CPU seconds of all processes of a server, those that ended included."""
    if server is None:
        return 0.0
    ended = server.cpu_times()
    total = ended.user + ended.system + ended.children_user + ended.children_system
    for process in server.children(recursive=True):
        try:
            used = process.cpu_times()
        except psutil.NoSuchProcess:  # it ended just now: its time is found with the next look at the server
            continue
        total += used.user + used.system
    return total


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_bytes() -> int:
    """The most memory this process had; of Linux's two figures the one that no parent process adds to."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert found is not None
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
