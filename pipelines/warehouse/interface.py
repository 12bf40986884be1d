"""What a warehouse does for the pipeline, whichever database it is; and what can keep it from doing so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from typing import Any, Literal, Protocol

from pipelines.records import Coordinates
from pipelines.resolve.changes import Changes
from pipelines.resolve.entries import OUTCOMES
from pipelines.resolve.faults import LedgerOpen, OffsetsMoved, StateMoved, WarehouseFault
from pipelines.resolve.loaded import Loaded
from pipelines.resolve.scrapers import ScraperStanding, ScraperState
from pipelines.resolve.state import KnownState
from pipelines.stage import BatchKind
from pipelines.warehouse.verification import WHOLE, KafkaTopics, Part, Verification

type RunStatus = Literal["running", "completed", "failed", "abandoned"]


class WarehouseUnavailable(WarehouseFault):
    """The warehouse cannot be reached now; it may be later."""


class WarehouseMissing(WarehouseFault):
    """There is no warehouse there yet. ``where`` is its address, where that is known."""

    def __init__(self, says: str, where: object = "The warehouse") -> None:
        super().__init__(says)
        self.where = where


def warehouse_gone(where: object) -> WarehouseUnavailable:
    """The fault of a warehouse that was there when the run began."""
    return WarehouseUnavailable(
        f"{where} was there and is gone; nothing was changed. "
        "What to do: bring it back (is its disk mounted?) and run this again."
    )


class WarehouseBusy(WarehouseFault):
    """Another run is writing to the warehouse."""


class NotRead(WarehouseFault):
    """Offsets or a partition were asked for that no run was ever handed."""


class QueryFailed(WarehouseFault):
    """The database refused a query."""


class QueryStopped(QueryFailed):
    """A query took longer than it may, or needs more memory or temporary files than there is room for."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a flow, as it starts."""

    run_id: str
    topic: str
    processor: str
    started_at: datetime
    kind: BatchKind = "ingest"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a query. ``is_cut`` says that there were more than asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool = False

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries; columns of equal names are distinguished as ``distinct_names`` does."""
        names = distinct_names(self.columns)
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query while they are read: they come once, and are not all in memory."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def distinct_names(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns' names, each once: of equal ones the second is numbered 2, and so on.

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
    """A dead letter as the warehouse keeps it. ``original`` is None where it lies in ``original_path``."""

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

    def record(self) -> dict[str, Any]:
        """The Avro dead letter, as it was staged."""
        return {
            "step": self.step, "reason": self.reason, "details": [dict(d) for d in self.details],
            "fingerprint": self.fingerprint, "processor": self.processor, "rejected_at": self.rejected_at,
            "scraper": self.scraper, "coordinates": asdict(self.coordinates), "timestamp": self.message_at,
            "key": self.key,
            "headers": [{"name": name, "value": value} for name, value in self.headers],
            "original": self.original, "original_path": self.original_path, "original_bytes": self.original_bytes,
        }


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant: all that are still rejected, unless narrowed.

    ``after`` leaves out all up to that id: a reader goes on behind the last one it has.
    """

    reason: str | None = None
    scraper: str | None = None
    since: datetime | None = None
    fingerprint: str | None = None
    resolved: bool = False
    after: str | None = None


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


@dataclass(frozen=True, slots=True)
class OutboxStanding:
    """Dead letters of one topic that wait to be sent for the same reason; ``why`` is None before the first try."""

    topic: str
    letters: int
    since: datetime
    tried_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True)
class WaitingArticle:
    """An article of a quarantined scraper in Avro single-object encoding, with its message's coordinates and time."""

    coordinates: Coordinates
    message_at: datetime
    article: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """Which warehouse it is, and whether anything was loaded into it.

    The id is None where there is no warehouse yet, or one from before there were ids.
    """

    warehouse_id: str | None
    is_loaded: bool


class Warehouse(Protocol):
    """Where articles go, with the ledger. Each call is a short transaction of its own."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """What the time is, in UTC."""

    def prepare(self) -> None:
        """Makes tables, comments and marts; does nothing when they are as they should be."""

    def identity(self) -> Identity:
        """Which warehouse this is; one that is missing has no id and is not loaded."""

    def writer(self, holder: str = "a run", wait_s: float = 0.0, topic: str = "") -> AbstractContextManager[None]:
        """The right to load what comes from a topic, held by one process at a time and gone with it.

        Raises ``WarehouseBusy`` after ``wait_s``. A warehouse that one process alone can write to gives one right for
        all topics.
        """

    def next_offsets(self, topic: str) -> dict[int, int]:
        """Offset to read on from, by partition; empty before the first batch."""

    def topic_id(self, topic: str) -> str:
        """Id of the topic that was loaded from; empty before the first batch, or where the broker gives none."""

    def start_run(self, run: Run) -> None:
        """Writes the run down, by the one writer: a run before it that is still down as running was killed."""

    def finish_run(self, run_id: str, status: RunStatus, finished_at: datetime, note: str | None = None) -> None: ...

    def known_state(self) -> AbstractContextManager[KnownState]:
        """What the warehouse knows, at one moment: it answers lookups for the length of the block."""

    def apply(self, changes: Changes) -> Loaded:
        """Makes the changes and moves the offsets, all together or not at all.

        Raises ``StateMoved`` when the warehouse was changed since the changes were decided, ``OffsetsMoved`` when a
        partition does not stand where the batch starts.
        """

    def verify(
        self, topic: str | None = None, kafka: KafkaTopics | None = None, part: Part = WHOLE
    ) -> Verification:
        """Whether the ledger closes, or a part of it; with ``kafka``, also whether it agrees with Kafka.

        Raises ``NotRead`` when the part lies outside of what was read.
        """

    def query(self, sql: str, parameters: Sequence[Any] = (), limit: int | None = None) -> Table:
        """Rows of a query that cannot change anything or reach outside the warehouse."""

    def answer(
        self, sql: str, parameters: Sequence[Any] = (), within_s: float | None = None
    ) -> AbstractContextManager[Answer]:
        """The same, row by row. Nothing is written to the warehouse until the block has ended.

        Raises ``QueryStopped`` where the block lasts longer than ``within_s``.
        """

    def dead_letter_groups(self, chosen: DeadLetterFilter) -> list[DeadLetterGroup]: ...

    def dead_letters(self, chosen: DeadLetterFilter, limit: int | None = None) -> list[StoredDeadLetter]:
        """Dead letters, whole, in the order of their ids."""

    def dead_letter(self, dead_letter_id: str) -> StoredDeadLetter | None: ...

    def outbox(self, topic: str, limit: int) -> list[str]:
        """Ids of the next dead letters of the topic's records that still have to be sent, at most ``limit``.

        Letters that were refused before come last, so that they keep no other from being sent.
        """

    def outbox_letters(self, ids: Sequence[str]) -> list[StoredDeadLetter]:
        """These dead letters, whole, in the same order; one that was deleted meanwhile is left out."""

    def settle_outbox(self, acknowledged: Sequence[str], refused: Mapping[str, str]) -> None:
        """Takes acknowledged dead letters out of the outbox, and notes why the refused ones wait on."""

    def block_outbox(self, topic: str, why: str) -> None:
        """Notes why none of the topic's dead letters can be sent now."""

    def outbox_standing(self) -> list[OutboxStanding]:
        """How many dead letters wait to be sent, by topic and reason, those that wait longest first."""

    def originals_to_remove(self) -> list[str]:
        """Files of originals that a delete request covers and that no dead letter has besides, relative to the home."""

    def forget_originals(self, paths: Sequence[str]) -> None:
        """Notes that these files have been removed."""

    def waiting(self, scraper: str, limit: int) -> list[WaitingArticle]:
        """The first ``limit`` waiting articles of a scraper, in the order of their messages' times."""

    def end_quarantine(self, scraper: str) -> None:
        """Ends a quarantine; the scraper's past begins anew. Raises while articles of it wait: load them first.

        One that is not quarantined is left as it is.
        """


__all__ = [
    "OUTCOMES", "Answer", "DeadLetterFilter", "DeadLetterGroup", "Identity", "LedgerOpen", "Loaded",
    "NotRead", "OffsetsMoved", "OutboxStanding", "QueryFailed", "QueryStopped", "Run", "RunStatus", "ScraperStanding",
    "ScraperState", "StateMoved", "StoredDeadLetter", "Table", "WaitingArticle", "Warehouse",
    "WarehouseBusy", "WarehouseFault", "WarehouseMissing", "WarehouseUnavailable", "distinct_names", "warehouse_gone",
]
