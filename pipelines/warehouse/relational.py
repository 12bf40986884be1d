"""The part of the warehouse that all relational databases share: portable SQL in short transactions."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pipelines.failpoints import Failpoint, reach
from pipelines.resolve.changes import Changes
from pipelines.resolve.loaded import Loaded
from pipelines.resolve.outgoing import WaitingMessage
from pipelines.resolve.state import KnownState
from pipelines.warehouse import article_outbox, attention, outbox, rejected, scrapers
from pipelines.warehouse.applying import apply_changes
from pipelines.warehouse.connection import Connection, Parameters
from pipelines.warehouse.dialect import Dialect
from pipelines.warehouse.interface import (
    Answer,
    Ask,
    DeadLetterFilter,
    DeadLetterGroup,
    ExchangeRefused,
    Identity,
    Original,
    OutboxKind,
    OutboxStanding,
    Run,
    RunStatus,
    SharingRefused,
    StoredDeadLetter,
    Table,
    WaitingArticle,
    WarehouseMissing,
)
from pipelines.warehouse.kafka_comparison import compare_with_kafka
from pipelines.warehouse.ledger import verify_ledger
from pipelines.warehouse.lookups import RelationalState
from pipelines.warehouse.preparing import make_layout, stored_fingerprint, wanted_fingerprint
from pipelines.warehouse.topics import LoadedTopic, read_topic
from pipelines.warehouse.turns import Turn
from pipelines.warehouse.upkeep import Done
from pipelines.warehouse.verification import WHOLE, KafkaTopics, Part, Verification

if TYPE_CHECKING:
    from pipelines.warehouse.leases import Worker
    from pipelines.warehouse.sharing import SharingWarehouse

_OUTBOXES: dict[OutboxKind, Any] = {"dead letters": outbox, "articles": article_outbox}


WAITS = "waits: another run has the writer lock"
"""The note of a run that has let another one have the writer lock."""


def now() -> datetime:
    return datetime.now(UTC)


class Asking(Protocol):
    """Runs users' SQL queries; implemented by one module for each database."""

    def check_question(self, sql: str) -> None:
        """Raises ``QueryFailed`` if the SQL is recognisably not a single statement that only reads."""

    def answered(
        self, con: Any, sql: str, parameters: Parameters, within_s: float | None
    ) -> AbstractContextManager[Answer]:
        """Runs a query and yields its rows. The block may last ``within_s`` seconds; None sets no limit."""


class RelationalWarehouse(ABC):
    """See ``Warehouse``."""

    dialect: ClassVar[Dialect]
    asking: ClassVar[Asking]
    has_writers_by_topic: ClassVar[bool]
    """Whether ``writer`` excludes only other runs on the same topic; if not, it excludes all other runs."""

    no_exchange: ClassVar[str] = "cannot be exchanged for a copy of it. What to do: change it batch by batch."
    """Why the warehouse is never exchanged for a copy of it, and what to do instead: the end of a sentence about it."""

    def __init__(self, *, clock: Callable[[], datetime] = now, time_zone: str = "UTC") -> None:
        self.clock = clock
        self.time_zone = time_zone

    @abstractmethod
    def _writing(self, *, makes_it: bool = False) -> AbstractContextManager[Connection]:
        """A connection in a transaction: committed at the end of the block, rolled back on any exception.

        Only with ``makes_it`` may the warehouse be missing: it is created then.
        """

    @abstractmethod
    def _reading_if_there(self) -> AbstractContextManager[Connection | None]:
        """A read-only connection with a consistent snapshot; None if there is no warehouse yet."""

    @property
    @abstractmethod
    def where(self) -> Path | str:
        """The address of the warehouse for display, without a password."""

    def _asked_if_there(self) -> AbstractContextManager[Connection | None]:
        """As ``_reading_if_there``, for the SQL of users: the connection must not reach anything but the warehouse."""
        return self._reading_if_there()

    def _reading(self) -> AbstractContextManager[Connection]:
        """A read-only connection with a consistent snapshot. Raises ``WarehouseMissing`` if there is no warehouse."""
        return self._present(self._reading_if_there())

    @contextmanager
    def _present(self, reading: AbstractContextManager[Connection | None]) -> Iterator[Connection]:
        with reading as con:
            if con is None:
                raise WarehouseMissing(
                    f"There is no warehouse at {self.where} yet. What to do: run `dateline ingest`.", self.where
                )
            yield con

    @abstractmethod
    def writer(
        self, holder: str = "a run", wait_s: float = 0.0, topic: str = "", *, asks: bool = True
    ) -> AbstractContextManager[Turn]: ...

    @contextmanager
    def answer(
        self, sql: str, parameters: Parameters = (), within_s: float | None = None
    ) -> Iterator[Answer]:
        self.asking.check_question(sql)
        with (
            self._present(self._asked_if_there()) as con,
            self.asking.answered(con.raw, sql, parameters, within_s) as found,
        ):
            yield found

    def prepare(self) -> None:
        with self._reading_if_there() as con:
            if con is not None and stored_fingerprint(con) == wanted_fingerprint(self.dialect, self.time_zone):
                return
        with self._writing(makes_it=True) as con:
            make_layout(con, self.dialect, self.clock(), self.time_zone)

    def identity(self) -> Identity:
        with self._reading_if_there() as con:
            if con is None or stored_fingerprint(con) is None:
                return Identity(None, is_loaded=False)
            is_loaded = con.execute("SELECT 1 FROM batches LIMIT 1").fetchone() is not None
            if not con.has_table("identity"):
                return Identity(None, is_loaded)
            row = con.execute("SELECT warehouse_id FROM identity").fetchone()
            return Identity(str(row[0]) if row else None, is_loaded)

    def loaded_topic(self, topic: str) -> LoadedTopic:
        with self._reading_if_there() as con:
            return LoadedTopic() if con is None else read_topic(con, topic)

    def start_run(self, run: Run) -> None:
        with self._writing() as con:
            con.execute(
                "UPDATE runs SET status = 'abandoned', note = $note "
                "WHERE status = 'running' AND run_id <> $run AND topic = coalesce($topic, topic) AND NOT EXISTS "
                "(SELECT 1 FROM workers w WHERE w.run_id = runs.run_id AND w.expires_at > now()) "
                "AND ($kind = 'ingest' OR coalesce(note, '') <> $waits)",
                {"note": f"killed: found so by run {run.run_id[:8]}", "run": run.run_id, "kind": run.kind,
                 "waits": WAITS, "topic": run.topic if self.has_writers_by_topic else None},
            )
            con.execute(
                "UPDATE runs SET status = 'running', note = NULL WHERE run_id = $run AND finished_at IS NULL "
                "AND note IS NOT NULL", {"run": run.run_id},
            )
            con.execute(
                "INSERT INTO runs (run_id, kind, topic, processor, started_at, status) "
                "SELECT $run, $kind, $topic, $processor, $at, 'running' "
                "WHERE NOT EXISTS (SELECT 1 FROM runs WHERE run_id = $run)",
                {
                    "run": run.run_id, "kind": run.kind, "topic": run.topic, "processor": run.processor,
                    "at": run.started_at,
                },
            )

    def pause_run(self, run_id: str) -> None:
        with self._writing() as con:
            con.execute("UPDATE runs SET note = ? WHERE run_id = ?", [WAITS, run_id])

    def finish_run(self, run_id: str, status: RunStatus, finished_at: datetime, note: str | None = None) -> None:
        with self._writing() as con:
            con.execute(
                "UPDATE runs SET status = ?, finished_at = ?, note = ? WHERE run_id = ?",
                [status, finished_at, note, run_id],
            )

    @contextmanager
    def known_state(self) -> Iterator[KnownState]:
        with self._reading() as con:
            row = con.execute("SELECT revision FROM identity").fetchone()
            yield RelationalState(con, self.dialect, row[0] if row else 0)

    def _check_before(self, con: Connection, changes: Changes) -> None:
        """Raises, in the transaction of a load, if this run may not make the changes."""
        del con, changes

    def apply(self, changes: Changes) -> Loaded:
        with self._writing() as con:
            self._check_before(con, changes)
            apply_changes(con, self.dialect, changes)
            reach(Failpoint.CHANGED)
        reach(Failpoint.COMMITTED)
        return changes.loaded

    def verify(
        self, topic: str | None = None, kafka: KafkaTopics | None = None, part: Part = WHOLE
    ) -> Verification:
        with self._reading() as con:
            found = verify_ledger(con, topic, part)
        return found if kafka is None else compare_with_kafka(self, found, kafka)

    def query(self, sql: str, parameters: Parameters = (), limit: int | None = None) -> Table:
        with self.answer(sql, parameters) as found:
            rows = tuple(found.rows if limit is None else islice(found.rows, limit + 1))
        kept = rows[:limit]
        return Table(found.columns, kept, is_cut=len(kept) < len(rows))

    @contextmanager
    def asking_at_once(self, within_s: float, limit: int) -> Iterator[Ask]:
        with self._reading() as con:
            yield partial(self._ask, con.raw, within_s, limit)

    def _ask(self, raw: Any, within_s: float, limit: int, sql: str, parameters: Parameters) -> Table:
        with self.asking.answered(raw, sql, parameters, within_s) as found:
            rows = tuple(islice(found.rows, limit + 1))
        return Table(found.columns, rows[:limit], is_cut=len(rows) > limit)

    def dead_letter_groups(self, chosen: DeadLetterFilter) -> list[DeadLetterGroup]:
        with self._reading() as con:
            return rejected.groups(con, chosen)

    def dead_letters(self, chosen: DeadLetterFilter, limit: int | None = None) -> list[StoredDeadLetter]:
        with self._reading() as con:
            return rejected.letters(con, chosen, limit)

    def dead_letter(self, dead_letter_id: str) -> StoredDeadLetter | None:
        with self._reading() as con:
            return rejected.letter(con, dead_letter_id)

    def outbox(self, topic: str, limit: int, kind: OutboxKind = "dead letters") -> list[str]:
        with self._reading() as con:
            ids: list[str] = _OUTBOXES[kind].waiting_ids(con, topic, limit)
        return ids

    def outbox_letters(self, ids: Sequence[str]) -> list[StoredDeadLetter]:
        with self._reading() as con:
            return outbox.waiting_letters(con, ids)

    def outbox_messages(self, ids: Sequence[str]) -> list[WaitingMessage]:
        with self._reading() as con:
            return article_outbox.waiting_messages(con, ids)

    def settle_outbox(
        self, acknowledged: Sequence[str], refused: Mapping[str, str], kind: OutboxKind = "dead letters"
    ) -> None:
        with self._writing() as con:
            _OUTBOXES[kind].settle(con, acknowledged, refused, self.clock())

    def block_outbox(self, topic: str, why: str, kind: OutboxKind = "dead letters") -> None:
        with self._writing() as con:
            _OUTBOXES[kind].note_blocked(con, topic, why, self.clock())

    def outbox_standing(self) -> list[OutboxStanding]:
        with self._reading() as con:
            return [*outbox.standing(con), *article_outbox.standing(con)]

    def originals_to_remove(self) -> list[str]:
        with self._reading() as con:
            return rejected.originals_to_remove(con)

    def forget_originals(self, paths: Sequence[str]) -> None:
        with self._writing() as con:
            rejected.forget_originals(con, paths)

    def replace_originals(self, originals: Sequence[Original]) -> None:
        with self._writing() as con:
            rejected.replace_originals(con, originals)

    def complete_takedown(self, takedown_id: str, remains: Sequence[Mapping[str, Any]], at: datetime) -> None:
        with self._writing() as con:
            con.execute(
                "UPDATE takedowns SET remains = ?, completed_at = ? WHERE takedown_id = ?",
                [json.dumps(remains), at, takedown_id],
            )

    def waiting(self, scraper: str, limit: int) -> list[WaitingArticle]:
        with self._reading() as con:
            return scrapers.waiting(con, scraper, limit)

    def copy_to(self, path: Path) -> None:
        raise NotImplementedError(f"{self.where} is not one file, and its readers need no copy")

    def shared_by(self, worker: Worker) -> SharingWarehouse:
        raise SharingRefused(
            f"{self.where} admits one run that writes, so {worker.topic} has one run at a time. Nothing was loaded.\n"
            "What to do: run without --shared, or name a PostgreSQL database or an Iceberg catalog in "
            "DATELINE_WAREHOUSE."
        )

    def check_exchange(self) -> None:
        raise ExchangeRefused(f"{self.where} {self.no_exchange}")

    @contextmanager
    def exchanged(self) -> Iterator[RelationalWarehouse]:
        self.check_exchange()
        yield self

    def store_attention(self, least: int = 0) -> bool:
        with self._reading() as con:
            if not self._has_own_layout(con) or attention.marks(con) < max(least, 1):
                return False
        with self._writing() as con:
            if self.dialect.one_state:
                con.execute(self.dialect.one_state)
            if not self._has_own_layout(con):  # its days are of another time zone: they would be stored as ours
                return False
            attention.store(con, self.time_zone)
        return True

    def _has_own_layout(self, con: Connection) -> bool:
        """Whether the warehouse has the layout of this version, and days of this time zone."""
        return stored_fingerprint(con) == wanted_fingerprint(self.dialect, self.time_zone)

    @abstractmethod
    def maintain(self, keep: timedelta) -> list[Done]: ...

    def end_quarantine(self, scraper: str) -> None:
        with self._writing() as con:
            scrapers.end_quarantine(con, scraper, self.clock())
