"""A worker's part in a shared ingest: it reports while it lives, and comes to its fair share between two batches."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.faults import WrongUsage
from pipelines.secrets import redact

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse
    from pipelines.warehouse.sharing import SharingWarehouse

LOG = logging.getLogger("dateline")
REPORTS = 3  # how often a worker reports in the length of a lease
EXCHANGES = 6  # how often it looks whether its share is still fair


@dataclass(slots=True)
class Sharing:
    """The partitions that the worker holds. They are its own until it exchanges some, or does not report for too long.
    """

    warehouse: SharingWarehouse
    held: frozenset[int] = frozenset()
    looked_at: float | None = None
    gone: threading.Event = field(default_factory=threading.Event)

    def share_of(self, partitions: Callable[[], Collection[int]]) -> frozenset[int]:
        """The partitions of the topic that this worker has to load now; ``partitions`` returns all of them."""
        if self.looked_at is None or time.monotonic() - self.looked_at >= self._lease_s / EXCHANGES:
            before, self.held = self.held, self.warehouse.exchange(partitions())
            self.looked_at = time.monotonic()
            if before != self.held:
                names = ", ".join(map(str, sorted(self._partitions))) or "none"
                LOG.info("this worker holds the partitions %s", names)
        return self._partitions

    def look_again(self) -> None:
        """Have the next ``share_of`` ask the warehouse, because what is held has changed."""
        self.looked_at = None

    @property
    def sends(self) -> bool:
        """Whether this worker is the one that sends the outboxes."""
        from pipelines.warehouse.leases import OUTBOXES

        return OUTBOXES in self.held

    def sends_at_end(self) -> bool:
        """Whether this worker sends the outboxes at its end: also if the worker that did it has left by now."""
        return self.sends or self.warehouse.take_outboxes()

    @property
    def _partitions(self) -> frozenset[int]:
        from pipelines.warehouse.leases import OUTBOXES

        return self.held - {OUTBOXES}

    @property
    def _lease_s(self) -> float:
        return self.warehouse.worker.lease_s

    def report(self) -> None:
        """Report until the run ends. What cannot be reported now is reported a little later."""
        while not self.gone.wait(self._lease_s / REPORTS):
            try:
                self.warehouse.renew()
            except Exception:
                LOG.warning("this worker could not report that it is alive; it tries again", exc_info=True)


def sharing_warehouse(settings: Settings, warehouse: Warehouse, run_id: str) -> SharingWarehouse:
    """The warehouse for a worker of a shared ingest. Raises ``WrongUsage`` if it admits one process only."""
    from pipelines.warehouse import SharingRefused
    from pipelines.warehouse.leases import Worker

    host = socket.gethostname()
    stage = settings.stage_url if settings.stage is not None else f"{host}:{settings.home.absolute()}"
    worker = Worker(
        run_id, settings.kafka.raw_topic, f"{host}, process {os.getpid()}", redact(stage), settings.sharing.lease_s
    )
    try:
        return warehouse.shared_by(worker)
    except SharingRefused as fault:
        raise WrongUsage(str(fault)) from fault


@contextmanager
def sharing(warehouse: SharingWarehouse) -> Iterator[Sharing]:
    """Report for the length of the block that the worker is alive, and give its partitions back at the end."""
    warehouse.renew()
    worker = Sharing(warehouse)
    reporting = threading.Thread(target=worker.report, name="reports", daemon=True)
    reporting.start()
    try:
        yield worker
    finally:
        worker.gone.set()
        reporting.join()
        try:
            warehouse.leave()
        except Exception:
            LOG.warning("this worker could not give its partitions back; their leases end by themselves", exc_info=True)
