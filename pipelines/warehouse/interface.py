"""The interface of a warehouse, whichever database it is, with its result types and its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pipelines.records import Coordinates
from pipelines.resolve.changes import Changes
from pipelines.resolve.entries import OUTCOMES
from pipelines.resolve.faults import LedgerOpen, OffsetsMoved, StateMoved, WarehouseFault
from pipelines.resolve.loaded import Loaded
from pipelines.resolve.outgoing import WaitingMessage
from pipelines.resolve.scrapers import ScraperStanding, ScraperState
from pipelines.resolve.state import KnownState
from pipelines.stage import BatchKind
from pipelines.warehouse.connection import Parameters
from pipelines.warehouse.topics import LoadedTopic
from pipelines.warehouse.turns import Turn
from pipelines.warehouse.upkeep import Done
from pipelines.warehouse.verification import WHOLE, KafkaTopics, Part, Verification

if TYPE_CHECKING:
    from pipelines.warehouse.leases import Worker
    from pipelines.warehouse.sharing import SharingWarehouse

type OutboxKind = Literal["dead letters", "articles"]
"""Which of the two outboxes: the one of dead letters, or the one of clean articles and deletions."""

type RunStatus = Literal["running", "completed", "failed", "abandoned"]

IF_BUSY = (
    "wait until that run has finished, or stop it, and run this again; "
    "or let this one wait (--wait, or wait_minutes of a deployment)"
)


class WarehouseUnavailable(WarehouseFault):
    """The warehouse cannot be reached at present; a later run may succeed."""


class WarehouseMissing(WarehouseFault):
    """There is no warehouse at the address yet. ``where`` is the address, if it is known."""

    def __init__(self, says: str, where: object = "The warehouse") -> None:
        super().__init__(says)
        self.where = where


def warehouse_gone(where: object) -> WarehouseUnavailable:
    """The fault of a warehouse that existed when the run began and is missing now."""
    return WarehouseUnavailable(
        f"{where} existed when the run began and is now missing; nothing was changed. "
        "What to do: restore it (is its disk mounted?) and run this again."
    )


class WarehouseBusy(WarehouseFault):
    """Another run is writing to the warehouse."""


class ExchangeRefused(WarehouseFault):
    """The warehouse cannot be exchanged for a copy of it in one step."""


class SharingRefused(WarehouseFault):
    """Only one run at a time can load a topic into the warehouse."""


class NotRead(WarehouseFault):
    """The requested offsets or partition were never read by a run."""


class QueryFailed(WarehouseFault):
    """The database refused a query."""


class QueryStopped(QueryFailed):
    """A query exceeded its time limit, or needs more memory or temporary disk space than is available."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a flow, as it is recorded when it starts."""

    run_id: str
    topic: str
    processor: str
    started_at: datetime
    kind: BatchKind = "ingest"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a query. ``is_cut`` is true if there were more rows than the requested limit."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool = False

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries; columns of equal names are distinguished as ``distinct_names`` does."""
        names = distinct_names(self.columns)
        return [dict(zip(names, row, strict=True)) for row in self.rows]


type Ask = Callable[[str, Parameters], Table]


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query as a stream: they can be iterated once, and are not all in memory."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def distinct_names(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns' names made unique: a second column of the same name gets the suffix ``_2``, and so on.

    >>> distinct_names(("a", "a", "a_2", "a"))
    ('a', 'a_3', 'a_2', 'a_4')
    """
    given: list[str] = []
    for column in columns:
        free = (f"{column}_{n}" for n in count(2))
        name = column
        while name in given or (name != column and name in columns):
            name = next(free)
        given.append(name)
    return tuple(given)


@dataclass(frozen=True, slots=True)
class StoredDeadLetter:
    """A dead letter as the warehouse stores it. ``original`` is None if it is in the file ``original_path``.

    Either is encrypted with the key ``original_key_id``, unless that is None.
    """

    dead_letter_id: str
    coordinates: Coordinates
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
    original_key_id: str | None = None

    def record(self) -> dict[str, Any]:
        """The Avro dead letter, as it was staged."""
        return {
            "step": self.step, "reason": self.reason, "details": [dict(d) for d in self.details],
            "fingerprint": self.fingerprint, "processor": self.processor, "rejected_at": self.rejected_at,
            "scraper": self.scraper, "coordinates": asdict(self.coordinates), "timestamp": self.message_at,
            "key": self.key,
            "headers": [{"name": name, "value": value} for name, value in self.headers],
            "original": self.original, "original_path": self.original_path,
            "original_key_id": self.original_key_id, "original_bytes": self.original_bytes,
        }


@dataclass(frozen=True, slots=True)
class Original:
    """The original of a dead letter: inside of it, or in the file at ``path``; encrypted if it has the id of a key."""

    dead_letter_id: str
    inside: bytes | None
    path: str | None
    key_id: str | None


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Selects dead letters: by default all that are still rejected.

    ``after`` selects only letters with a greater id, so that a reader can continue after the last letter it has read.
    """

    reason: str | None = None
    scraper: str | None = None
    since: datetime | None = None
    fingerprint: str | None = None
    resolved: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterGroup:
    """Dead letters with the same reason and fingerprint, with the newest as an example."""

    reason: str
    fingerprint: str
    count: int
    scrapers: tuple[str, ...]
    first_rejected_at: datetime
    last_rejected_at: datetime
    example_id: str
    example: str
    """The expectation that the example violated first."""


@dataclass(frozen=True, slots=True)
class OutboxStanding:
    """Messages of one topic's records that are unsent for the same reason; ``why`` is None before the first attempt."""

    topic: str
    letters: int
    since: datetime
    tried_at: datetime | None
    why: str | None
    kind: OutboxKind = "dead letters"


@dataclass(frozen=True, slots=True)
class WaitingArticle:
    """An article of a quarantined scraper in Avro single-object encoding, with its message's coordinates and time."""

    coordinates: Coordinates
    message_at: datetime
    article: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """The id of a warehouse, and whether anything was loaded into it.

    The id is None if there is no warehouse yet, or if it was created by a version that did not assign ids.
    """

    warehouse_id: str | None
    is_loaded: bool


class Warehouse(Protocol):
    """A database that stores the articles and the ledger. Each call is a short transaction of its own."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Returns the current time in UTC."""

    def prepare(self) -> None:
        """Creates or updates tables, comments and marts; does nothing if they are up to date."""

    def identity(self) -> Identity:
        """The identity of the warehouse; one that does not exist yet has no id and is not loaded."""

    def writer(
        self, holder: str = "a run", wait_s: float = 0.0, topic: str = "", *, asks: bool = True
    ) -> AbstractContextManager[Turn]:
        """Holds the writer lock of a topic for the length of the block; it is released when the process dies.

        Raises ``WarehouseBusy`` if another process still holds it after ``wait_s`` seconds. A warehouse that only one
        process at a time can write to has a single lock for all topics. While it waits, a run that follows a topic lets
        it have the lock between two batches, unless ``asks`` is false.
        """

    def loaded_topic(self, topic: str) -> LoadedTopic:
        """Kafka's id of a topic, and the next offsets to read; nothing before the first batch."""

    def start_run(self, run: Run) -> None:
        """Records the start of a run. Must be called under the writer lock.

        An earlier run that is still recorded as running must have been killed: it is marked as abandoned, unless it is
        paused and this run is no ingest. A run that was paused is recorded as running again.
        """

    def pause_run(self, run_id: str) -> None:
        """Records that a run is about to let another one have the writer lock, and will go on afterwards."""

    def finish_run(self, run_id: str, status: RunStatus, finished_at: datetime, note: str | None = None) -> None: ...

    def known_state(self) -> AbstractContextManager[KnownState]:
        """A consistent snapshot of the warehouse, which answers lookups for the length of the block."""

    def apply(self, changes: Changes) -> Loaded:
        """Makes the changes and advances the offsets in one transaction.

        Raises ``StateMoved`` if the warehouse has changed since the changes were decided, and ``OffsetsMoved`` if the
        next offset of a partition is not the one at which the batch starts.
        """

    def verify(
        self, topic: str | None = None, kafka: KafkaTopics | None = None, part: Part = WHOLE
    ) -> Verification:
        """Checks that the ledger, or a part of it, accounts for every offset once; with ``kafka``, also against Kafka.

        Raises ``NotRead`` if the part includes offsets that were never read.
        """

    def query(self, sql: str, parameters: Parameters = (), limit: int | None = None) -> Table:
        """Runs a query that cannot change anything or access anything outside the warehouse; at most ``limit`` rows."""

    def answer(
        self, sql: str, parameters: Parameters = (), within_s: float | None = None
    ) -> AbstractContextManager[Answer]:
        """Runs a query as ``query`` does, and streams its rows. DuckDB admits no writer until the block has ended.

        Raises ``QueryStopped`` if the block lasts longer than ``within_s`` seconds; None sets no limit.
        """

    def asking_at_once(self, within_s: float, limit: int) -> AbstractContextManager[Ask]:
        """Gives a function that runs queries of this package on one snapshot: each within some seconds, and cut.

        It opens the warehouse once, which takes longer in DuckDB than most queries.
        """

    def dead_letter_groups(self, chosen: DeadLetterFilter) -> list[DeadLetterGroup]: ...

    def dead_letters(self, chosen: DeadLetterFilter, limit: int | None = None) -> list[StoredDeadLetter]:
        """The chosen dead letters with all their fields, in the order of their ids."""

    def dead_letter(self, dead_letter_id: str) -> StoredDeadLetter | None: ...

    def outbox(self, topic: str, limit: int, kind: OutboxKind = "dead letters") -> list[str]:
        """Ids of at most ``limit`` unsent messages of the topic's records, in the order in which to send them.

        Dead letters that Kafka refused before come last, so that they do not block the others. Articles and deletions
        are in the order of their loads.
        """

    def outbox_letters(self, ids: Sequence[str]) -> list[StoredDeadLetter]:
        """The dead letters of these ids, in the same order; letters that were deleted meanwhile are omitted."""

    def outbox_messages(self, ids: Sequence[str]) -> list[WaitingMessage]:
        """The articles and deletions of these ids, in the same order; what was dropped meanwhile is omitted."""

    def settle_outbox(
        self, acknowledged: Sequence[str], refused: Mapping[str, str], kind: OutboxKind = "dead letters"
    ) -> None:
        """Removes acknowledged messages from the outbox, and records why the others were refused.

        A refused article is removed once a later message of the same article was acknowledged.
        """

    def block_outbox(self, topic: str, why: str, kind: OutboxKind = "dead letters") -> None:
        """Records why none of the topic's messages can be sent at present."""

    def outbox_standing(self) -> list[OutboxStanding]:
        """Counts of unsent messages by kind, topic and reason; within a topic, the longest waiting first."""

    def originals_to_remove(self) -> list[str]:
        """Paths of originals, relative to the stage, that a delete request covers and that no dead letter uses."""

    def forget_originals(self, paths: Sequence[str]) -> None:
        """Records that these files have been removed."""

    def replace_originals(self, originals: Sequence[Original]) -> None:
        """Stores these originals in place of those that their dead letters have, whose files are then to be removed."""

    def complete_takedown(self, takedown_id: str, remains: Sequence[Mapping[str, Any]], at: datetime) -> None:
        """Records that every store was cleaned of what a takedown removed, and what is left elsewhere."""

    def waiting(self, scraper: str, limit: int) -> list[WaitingArticle]:
        """The first ``limit`` quarantined articles of a scraper, ordered by the timestamps of their messages."""

    def copy_to(self, path: Path) -> None:
        """Writes a copy of the warehouse to ``path`` and exchanges it in one step for the copy that is there.

        Only a warehouse of one file has copies. Raises ``OSError`` if the copy cannot be written.
        """

    def check_exchange(self) -> None:
        """Raises the fault with which ``exchanged`` would be refused now, if it would be.

        It is ``ExchangeRefused`` if warehouses of this kind are never exchanged, and ``WarehouseUnavailable`` if there
        is no room for a copy.
        """

    def shared_by(self, worker: Worker) -> SharingWarehouse:
        """The warehouse for one of several workers that load a topic at once.

        Raises ``SharingRefused`` if warehouses of this kind admit one run at a time.
        """

    def exchanged(self) -> AbstractContextManager[Warehouse]:
        """A copy of the warehouse to write to, which takes its place in one step at the end of the block.

        If the block raises, or the process dies in it, the warehouse stays as it is and the copy is removed, by the
        next run at the latest. Must be called under the writer lock. Raises as ``check_exchange`` does, and
        ``WarehouseBusy`` if the warehouse was written to meanwhile, by a program that does not know the lock.
        """

    def store_attention(self, least: int = 0) -> bool:
        """Stores counts of the attention to entities, so that marts need not count them anew. No mart changes.

        Does nothing if fewer than ``least`` changes of an article's entities were made since the last time, or if the
        warehouse was prepared by another version or for another time zone. Returns whether counts were stored. Must be
        called under the writer lock.
        """

    def maintain(self, keep: timedelta) -> list[Done]:
        """Frees space and keeps queries fast, and returns what was done. No row is changed.

        States of an Iceberg warehouse that are older than ``keep`` can no longer be read afterwards. Must be called
        under the writer lock.
        """

    def end_quarantine(self, scraper: str) -> None:
        """Ends the quarantine of a scraper, whose earlier batches no longer count in its drift check.

        Does nothing for a scraper that is not quarantined. Raises ``WarehouseFault`` while any of its articles are
        still quarantined: they have to be loaded first.
        """


__all__ = [
    "OUTCOMES", "Answer", "DeadLetterFilter", "DeadLetterGroup", "ExchangeRefused", "Identity", "LedgerOpen", "Loaded",
    "NotRead", "OffsetsMoved", "Original", "OutboxStanding", "QueryFailed", "QueryStopped", "Run", "RunStatus",
    "ScraperStanding", "ScraperState", "StateMoved", "StoredDeadLetter", "Table", "WaitingArticle", "Warehouse",
    "WarehouseBusy", "WarehouseFault", "WarehouseMissing", "WarehouseUnavailable", "distinct_names", "warehouse_gone",
]
