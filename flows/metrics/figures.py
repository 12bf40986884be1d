"""Reads what a scrape shows: one part from the warehouse, one from Kafka, one from the last check of the ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flows.dead_letters import opened
from flows.metrics.tally import Tally
from pipelines.postgres_address import is_postgres

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.sources.offsets import Topic
    from pipelines.warehouse import OutboxStanding, Warehouse


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Runs of one kind and status: their number, when the last one ended, and how many seconds all of them took."""

    kind: str
    status: str
    runs: int
    last_finished_at: datetime | None
    seconds: float


@dataclass(frozen=True, slots=True)
class WarehouseFigures:
    """What the warehouse knows."""

    tally: Tally
    last_load_at: datetime | None
    runs: tuple[RunFigures, ...]
    quarantined: tuple[tuple[str, int], ...]
    """Quarantined scrapers, each with the number of its articles that wait."""
    outbox: tuple[OutboxStanding, ...]


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """The result of a check of the ledger."""

    problems: int
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that one scrape shows. A part that could not be read in time is None."""

    version: str
    topic: str
    most: int
    """Largest number of partitions with metrics of their own."""
    warehouse: WarehouseFigures | None
    kafka: Topic | None
    ledger: LedgerFigures | None
    seconds: float
    """How long the reading took."""


class WarehouseReader:
    """Reads the warehouse again and again, and remembers what it has counted."""

    def __init__(self, settings: Settings) -> None:
        self._settings = _hurried(settings)
        self._tally = Tally(settings.metrics.scrapers)

    def __call__(self) -> WarehouseFigures:
        with _warehouse(self._settings) as warehouse:
            return self._figures(warehouse)

    def _figures(self, warehouse: Warehouse) -> WarehouseFigures:
        from pipelines.warehouse import ask

        topic = self._settings.kafka.raw_topic
        rows = ask(warehouse, "metrics_partitions", (topic,)).rows
        self._tally = self._tally.at({partition: offset for partition, offset, _ in rows}, warehouse, topic)
        return WarehouseFigures(
            self._tally,
            max((at for *_, at in rows), default=None),
            tuple(RunFigures(*row) for row in ask(warehouse, "metrics_runs", (topic,)).rows),
            tuple((scraper, articles) for scraper, articles in ask(warehouse, "metrics_quarantined").rows),
            tuple(warehouse.outbox_standing()),
        )


def read_topic(settings: Settings) -> Topic:
    """The offsets of the raw topic."""
    from flows.targets import with_broker
    from pipelines.sources import offsets

    kafka = with_broker(_hurried(settings)).kafka
    return offsets.first_contact(kafka, kafka.raw_topic)


def check_ledger(settings: Settings) -> LedgerFigures:
    """Check the ledger of the raw topic, as ``dateline ledger verify`` does."""
    with _warehouse(settings) as warehouse:
        found = warehouse.verify(settings.kafka.raw_topic)
    return LedgerFigures(len(found.problems), datetime.now(UTC))


_one_reader = threading.Lock()


@contextmanager
def _warehouse(settings: Settings) -> Iterator[Warehouse]:
    """The warehouse, for one thread at a time if it is a DuckDB file, which a process can only open once."""
    if is_postgres(settings.warehouse_url):
        yield opened(settings)
        return
    with _one_reader:
        yield opened(settings)


def _hurried(settings: Settings) -> Settings:
    """The settings with waits for the warehouse and the broker that end within the time of a scrape."""
    within_s = settings.metrics.timeout_s

    def at_most(section: Any, name: str) -> Any:
        return section.model_copy(update={name: min(getattr(section, name), within_s)})

    return settings.model_copy(update={
        "patience": at_most(settings.patience, "warehouse_s"),
        "kafka": at_most(settings.kafka, "connect_timeout_s"),
    })
