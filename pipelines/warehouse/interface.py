"""What a warehouse does for the pipeline, whichever database it is; and what can keep it from doing so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from pipelines.records import Coordinates
from pipelines.stage import BatchKind, StagedBatch
from pipelines.stage.audit import Audit
from pipelines.warehouse.books import KafkaAccount, Verification

type RunStatus = Literal["running", "completed", "failed", "abandoned"]

OUTCOMES = ("loaded", "new_version", "unchanged", "rejected", "deleted", "suppressed", "held")


class WarehouseFault(Exception):
    """What keeps the warehouse from doing what was asked; its message says what to do."""


class WarehouseUnavailable(WarehouseFault):
    """The warehouse cannot be reached now; it may be later."""


class WarehouseMissing(WarehouseFault):
    """There is no warehouse there yet."""


class WarehouseBusy(WarehouseFault):
    """Another run is writing to the warehouse."""


class OffsetsMoved(WarehouseFault):
    """Another run has read on since this batch was planned: nothing of the batch was loaded."""


class LedgerOpen(WarehouseFault):
    """The batch does not account for each of its offsets once: our bug, nothing of it was loaded."""


class QueryFailed(WarehouseFault):
    """The database refused a query."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a flow, as it starts."""

    run_id: str
    topic: str
    processor: str
    started_at: datetime
    kind: BatchKind = "ingest"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a publication did. ``was_loaded_before`` says that it did nothing: the batch was already there."""

    batch_id: str
    outcomes: Counter[str]
    reasons: Counter[str]
    gaps: Counter[str]
    """Offsets without a record, by kind of gap."""
    offsets: Mapping[tuple[str, int], int]
    """Next offset by topic and partition, of the partitions that the batch moved."""
    was_loaded_before: bool = False
    left_out: int = 0
    """Replayed records that were resolved before and were not touched."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a query. ``is_cut`` says that there were more than asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool = False

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class StoredDeadLetter:
    """A dead letter as the warehouse keeps it. ``original`` is None where it lies in ``original_path``."""

    dead_letter_id: str
    source: Coordinates
    message_at: datetime
    step: str
    reason: str
    details: tuple[Mapping[str, Any], ...]
    fingerprint: str
    processor: str
    rejected_at: datetime
    scraper: str | None
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    original: bytes | None
    original_path: str | None
    original_bytes: int
    attempts: int
    run_id: str
    resolved_at: datetime | None

    def record(self) -> dict[str, Any]:
        """The Avro dead letter, as it was staged."""
        return {
            "step": self.step, "reason": self.reason, "details": [dict(d) for d in self.details],
            "fingerprint": self.fingerprint, "processor": self.processor, "rejected_at": self.rejected_at,
            "scraper": self.scraper, "source": asdict(self.source), "timestamp": self.message_at, "key": self.key,
            "headers": [{"name": name, "value": value} for name, value in self.headers],
            "original": self.original, "original_path": self.original_path, "original_bytes": self.original_bytes,
        }


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant: all that are still rejected, unless narrowed."""

    reason: str | None = None
    scraper: str | None = None
    since: datetime | None = None
    fingerprint: str | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetterGroup:
    """Dead letters that are alike, with the newest as an example."""

    reason: str
    fingerprint: str
    count: int
    scrapers: tuple[str, ...]
    first_rejected_at: datetime
    last_rejected_at: datetime
    example_id: str
    example: str
    """The first violation of the example, in words."""


class Warehouse(Protocol):
    """Where articles go, with the books. Each call is a short transaction of its own."""

    def prepare(self) -> None:
        """Makes tables, comments and marts; does nothing when they are as they should be."""

    def writer(self, holder: str = "a run") -> AbstractContextManager[None]:
        """The right to write, held by one process at a time and gone with it; else ``WarehouseBusy``."""

    def next_offsets(self, topic: str) -> dict[int, int]:
        """Offset to read on from, by partition; empty before the first batch."""

    def start_run(self, run: Run) -> None:
        """Writes the run down, by the one writer: a run before it that is still down as running was killed."""

    def finish_run(self, run_id: str, status: RunStatus, finished_at: datetime, note: str | None = None) -> None: ...

    def publish(self, batch: StagedBatch, audit: Audit | None = None) -> Loaded:
        """Loads a staged batch, closes its ledger and moves the offsets, in one transaction or not at all.

        Raises ``OffsetsMoved`` when another run has read on, ``LedgerOpen`` when an offset has no outcome or two.
        Publishing a batch again does nothing and says so.
        """

    def verify(self, topic: str | None = None, kafka: KafkaAccount | None = None) -> Verification:
        """Whether the ledger closes; with ``kafka``, also whether it tells what Kafka holds."""

    def query(self, sql: str, parameters: Sequence[Any] = (), limit: int | None = None) -> Table:
        """Rows of a query that cannot change anything or reach outside the warehouse."""

    def dead_letter_groups(self, chosen: DeadLetterFilter) -> list[DeadLetterGroup]: ...

    def dead_letters(self, chosen: DeadLetterFilter, limit: int | None = None) -> list[StoredDeadLetter]: ...

    def dead_letter(self, dead_letter_id: str) -> StoredDeadLetter | None: ...


__all__ = [
    "OUTCOMES", "DeadLetterFilter", "DeadLetterGroup", "LedgerOpen", "Loaded",
    "OffsetsMoved", "QueryFailed", "Run", "RunStatus", "StoredDeadLetter", "Table", "Warehouse",
    "WarehouseBusy", "WarehouseFault", "WarehouseMissing", "WarehouseUnavailable",
]
