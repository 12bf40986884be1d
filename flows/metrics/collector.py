"""The collector that ``prometheus_client`` asks at each scrape. It answers in time, whatever the warehouse does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from flows.faults import exit_code
from flows.metrics.families import families
from flows.metrics.figures import LedgerFigures, Seen, WarehouseReader, check_ledger, read_topic

if TYPE_CHECKING:
    from prometheus_client import Metric

    from pipelines.settings import Settings

LOG = logging.getLogger("dateline")


class Reading[T]:
    """A function that is called in a thread of its own, one call at a time.

    Who asks while a call is under way waits for that call. A call that takes too long goes on, so that the next scrape
    may find it done.
    """

    def __init__(self, name: str, read: Callable[[], T]) -> None:
        self._name, self._read = name, read
        self._lock = threading.Lock()
        self._call: Future[T | None] | None = None

    def start(self) -> Future[T | None]:
        """The call that is under way, or a new one. Its result is None if it fails; the fault is in the log."""
        with self._lock:
            if self._call is None or self._call.done():
                self._call = Future()
                threading.Thread(target=self._run, args=(self._call,), name=self._name, daemon=True).start()
            return self._call

    def _run(self, call: Future[T | None]) -> None:
        try:
            call.set_result(self._read())
        except Exception as fault:  # a scrape is answered whatever happened
            is_bug = exit_code(fault) is None
            LOG.log(logging.ERROR if is_bug else logging.WARNING, "the %s could not be read: %s", self._name, fault,
                    exc_info=fault if is_bug else None)
            call.set_result(None)


class PipelineCollector(Collector):
    """Reads the warehouse and the broker at each scrape, side by side, within ``DATELINE_METRICS__TIMEOUT_S``.

    What has not answered by then is left out, and ``dateline_up`` is 0. The ledger is checked apart, every
    ``DATELINE_METRICS__LEDGER_CHECK_S`` seconds, and a scrape shows the result of the last check.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._warehouse = Reading("warehouse", WarehouseReader(settings))
        self._kafka = Reading("broker", lambda: read_topic(settings))
        self._ledger = Reading("ledger", self._check_ledger)
        self._checked: LedgerFigures | None = None
        self._check_after = time.monotonic()

    def collect(self) -> Iterator[Metric]:
        yield from families(self._see())

    def check_ledger(self) -> None:
        """Check the ledger now, and wait for the result."""
        self._check_after = time.monotonic() + self._settings.metrics.ledger_check_s
        self._ledger.start().result()

    def _see(self) -> Seen:
        began = time.monotonic()
        until = began + self._settings.metrics.timeout_s
        warehouse, kafka = self._warehouse.start(), self._kafka.start()
        self._check_ledger_if_due(began)
        return Seen(
            version("dateline"), self._settings.kafka.raw_topic, self._settings.metrics.scrapers,
            _result(warehouse, until), _result(kafka, until), self._checked, time.monotonic() - began,
        )

    def _check_ledger_if_due(self, now: float) -> None:
        every_s = self._settings.metrics.ledger_check_s
        if every_s and now >= self._check_after:
            self._check_after = now + every_s
            self._ledger.start()

    def _check_ledger(self) -> LedgerFigures:
        self._checked = check_ledger(self._settings)
        return self._checked


def _result[T](call: Future[T | None], until: float) -> T | None:
    try:
        return call.result(max(0.0, until - time.monotonic()))
    except TimeoutError:
        return None


def registry_of(collector: PipelineCollector) -> CollectorRegistry:
    """A registry with the pipeline's metrics alone, without those of this process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return registry
