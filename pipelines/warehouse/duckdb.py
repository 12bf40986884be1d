"""The embedded warehouse: one DuckDB file. Connections are short, because one that writes locks out other processes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import tenacity
from filelock import FileLock, Timeout

from pipelines.settings import BreakerSettings
from pipelines.stage import StagedBatch, check_files
from pipelines.stage.audit import Audit
from pipelines.warehouse import outbox, rejected, sources
from pipelines.warehouse.account import compare_with_kafka
from pipelines.warehouse.asking import answered, check_question
from pipelines.warehouse.books import WHOLE, KafkaAccount, Part, Verification
from pipelines.warehouse.damage import damage
from pipelines.warehouse.dictionary import column_docs
from pipelines.warehouse.interface import (
    Answer,
    DeadLetterFilter,
    DeadLetterGroup,
    Identity,
    Loaded,
    OutboxStanding,
    Run,
    RunStatus,
    SourceStanding,
    StoredDeadLetter,
    Table,
    WaitingArticle,
    WarehouseBusy,
    WarehouseMissing,
    WarehouseUnavailable,
)
from pipelines.warehouse.ledger import verify_ledger
from pipelines.warehouse.publish import Terms, load
from pipelines.warehouse.statements import files, statements, text
from pipelines.warehouse.topics import loaded_topic_id

PATIENCE_S = 30.0
_NOT_WRITTEN = (duckdb.IOException, duckdb.TransactionException)  # the second where the disk fails at the commit


def _now() -> datetime:
    return datetime.now(UTC)


def _ignore(step: str) -> None:
    """Nobody wants to know how far a publication has come."""


class DuckDBWarehouse:
    """See ``Warehouse``. ``on_step`` is told each step of a publication, within its transaction."""

    def __init__(
        self, path: Path, *, patience_s: float = PATIENCE_S, clock: Callable[[], datetime] = _now,
        on_step: Callable[[str], None] = _ignore,
    ) -> None:
        self.path = path.resolve()  # its lock lies beside the file, whichever link leads to it
        self.patience_s = patience_s
        self.clock = clock
        self.on_step = on_step

    def prepare(self) -> None:
        wanted = _fingerprint()
        if self.path.exists():
            with self._reading() as con:
                if _prepared(con) == wanted:
                    return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._writing(makes_it=True) as con:
            for folder in ("tables", "marts"):
                for name in files(folder):
                    for statement in statements(folder, name):
                        con.execute(statement)
                if folder == "tables":
                    _comment_columns(con)
            con.execute(
                "INSERT INTO identity SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM identity)",
                [uuid4().hex, self.clock()],
            )
            con.execute("DELETE FROM layout")
            con.execute("INSERT INTO layout (fingerprint, made_at) VALUES (?, ?)", [wanted, self.clock()])

    def identity(self) -> Identity:
        if not self.path.exists():
            return Identity(None, is_loaded=False)
        with self._reading() as con:
            if _prepared(con) is None:
                return Identity(None, is_loaded=False)
            is_loaded = con.execute("SELECT 1 FROM batches LIMIT 1").fetchone() is not None
            if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'identity'").fetchone():
                return Identity(None, is_loaded)
            row = con.execute("SELECT warehouse_id FROM identity").fetchone()
            return Identity(str(row[0]) if row else None, is_loaded)

    @contextmanager
    def writer(self, holder: str = "a run", wait_s: float = 0.0) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        real = self.path.resolve()  # one lock for a file, by whatever symbolic link it is named
        lock = FileLock(f"{real}.writer.lock", timeout=wait_s, poll_interval=0.2)
        note = Path(f"{real}.writer.json")
        try:
            lock.acquire()
        except Timeout:
            raise WarehouseBusy(
                f"{_holder(note)} is writing to {self.path}; this run changed nothing. "
                "What to do: wait until it has finished, or stop it, and run this again."
            ) from None
        try:
            note.write_text(json.dumps({"pid": os.getpid(), "holder": holder, "since": self.clock().isoformat()}))
            yield
        finally:
            note.unlink(missing_ok=True)
            lock.release()

    def next_offsets(self, topic: str) -> dict[int, int]:
        if not self.path.exists():
            return {}
        with self._reading() as con:
            if _prepared(con) is None:
                return {}
            rows = con.execute(
                "SELECT partition, next_offset FROM partition_offsets WHERE topic = ? ORDER BY partition", [topic]
            ).fetchall()
        return dict(rows)

    def topic_id(self, topic: str) -> str:
        if not self.path.exists():
            return ""
        with self._reading() as con:
            return loaded_topic_id(con, topic)

    def start_run(self, run: Run) -> None:
        with self._writing() as con:
            con.execute(
                "UPDATE runs SET status = 'abandoned', note = $note WHERE status = 'running' AND run_id <> $run",
                {"note": f"killed: found so by run {run.run_id[:8]}", "run": run.run_id},
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

    def finish_run(self, run_id: str, status: RunStatus, finished_at: datetime, note: str | None = None) -> None:
        with self._writing() as con:
            con.execute(
                "UPDATE runs SET status = ?, finished_at = ?, note = ? WHERE run_id = ?",
                [status, finished_at, note, run_id],
            )

    def publish(
        self, batch: StagedBatch, audit: Audit | None = None, breaker: BreakerSettings | None = None
    ) -> Loaded:
        check_files(batch)
        terms = Terms(audit, breaker or BreakerSettings(), self.clock())
        with self._writing() as con:
            loaded = load(con, batch, terms, self.on_step)
            self.on_step("commit")
        self.on_step("committed")
        return loaded

    def verify(
        self, topic: str | None = None, kafka: KafkaAccount | None = None, part: Part = WHOLE
    ) -> Verification:
        with self._reading() as con:
            found = verify_ledger(con, topic, part)
        return found if kafka is None else compare_with_kafka(self, found, kafka)

    def query(self, sql: str, parameters: Sequence[Any] = (), limit: int | None = None) -> Table:
        with self.answer(sql, parameters) as found:
            rows = tuple(found.rows if limit is None else islice(found.rows, limit + 1))
        kept = rows[:limit]
        return Table(found.columns, kept, is_cut=len(kept) < len(rows))

    @contextmanager
    def answer(
        self, sql: str, parameters: Sequence[Any] = (), within_s: float | None = None
    ) -> Iterator[Answer]:
        check_question(sql)
        with self._reading() as con, answered(con, sql, parameters, within_s) as found:
            yield found

    def dead_letter_groups(self, chosen: DeadLetterFilter) -> list[DeadLetterGroup]:
        with self._reading() as con:
            return rejected.groups(con, chosen)

    def dead_letters(self, chosen: DeadLetterFilter, limit: int | None = None) -> list[StoredDeadLetter]:
        with self._reading() as con:
            return rejected.letters(con, chosen, limit)

    def dead_letter(self, dead_letter_id: str) -> StoredDeadLetter | None:
        with self._reading() as con:
            return rejected.letter(con, dead_letter_id)

    def outbox(self, topic: str, limit: int) -> list[str]:
        with self._reading() as con:
            return outbox.waiting_ids(con, topic, limit)

    def outbox_letters(self, ids: Sequence[str]) -> list[StoredDeadLetter]:
        with self._reading() as con:
            return outbox.waiting_letters(con, ids)

    def settle_outbox(self, acknowledged: Sequence[str], refused: Mapping[str, str]) -> None:
        with self._writing() as con:
            outbox.settle(con, acknowledged, refused, self.clock())

    def block_outbox(self, topic: str, why: str) -> None:
        with self._writing() as con:
            outbox.note_blocked(con, topic, why, self.clock())

    def outbox_standing(self) -> list[OutboxStanding]:
        with self._reading() as con:
            return outbox.standing(con)

    def originals_to_remove(self) -> list[str]:
        with self._reading() as con:
            return rejected.originals_to_remove(con)

    def forget_originals(self, paths: Sequence[str]) -> None:
        with self._writing() as con:
            rejected.forget_originals(con, paths)

    def sources(self, breaker: BreakerSettings | None = None) -> list[SourceStanding]:
        with self._reading() as con:
            return sources.standings(con, breaker or BreakerSettings())

    def waiting(self, source: str, limit: int) -> list[WaitingArticle]:
        with self._reading() as con:
            return sources.waiting(con, source, limit)

    def let_flow(self, source: str) -> None:
        with self._writing() as con:
            sources.let_flow(con, source, self.clock())

    @contextmanager
    def _writing(self, *, makes_it: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in a transaction: committed at the end, rolled back by any exception."""
        if not makes_it and not self.path.exists():  # DuckDB would make an empty one beside the one that is away
            raise WarehouseUnavailable(
                f"{self.path} was there and is gone; nothing was changed. "
                "What to do: bring it back (is its disk mounted?) and run this again."
            )
        with closing(self._connected(read_only=False)) as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute("BEGIN")
            try:
                yield con
                con.execute("COMMIT")
            except _NOT_WRITTEN as fault:
                raise WarehouseUnavailable(_advice(self.path, fault)) from fault

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that can change nothing and reach nothing but the warehouse."""
        if not self.path.exists():
            raise WarehouseMissing(f"There is no warehouse at {self.path} yet. What to do: run `dateline ingest`.")
        with closing(self._connected(read_only=True)) as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute("SET enable_external_access = false")
            con.execute("SET lock_configuration = true")
            yield con

    def _connected(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """A connection, waited for while another process has the file."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_locked),
            wait=tenacity.wait_random_exponential(multiplier=0.02, max=0.5),
            stop=tenacity.stop_after_delay(self.patience_s),
            reraise=True,
        )
        try:
            return attempts(duckdb.connect, str(self.path), read_only=read_only)
        except duckdb.Error as fault:
            raise damage(self.path, fault) or WarehouseUnavailable(_advice(self.path, fault)) from fault


def _is_locked(fault: BaseException) -> bool:
    says = str(fault)
    return isinstance(fault, duckdb.Error) and ("Could not set lock" in says or "different configuration" in says)


def _advice(path: Path, fault: duckdb.Error) -> str:
    if _is_locked(fault):
        return f"Another process has {path} open and keeps it: {fault}. What to do: close it there and run this again."
    if "No space left" in str(fault) or "disk is full" in str(fault).lower():
        return f"The disk of {path} is full; nothing was changed: {fault}. What to do: free some space, run this again."
    return f"{path} cannot be read or written; nothing was changed: {fault}. What to do: see to it and run this again."


def _holder(note: Path) -> str:
    try:
        told = json.loads(note.read_text())
        return f"{told['holder']} (process {told['pid']}, since {told['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "Another run"


def _fingerprint() -> str:
    """Changes whenever a table, a mart or a comment does."""
    written = [text(folder, name) for folder in ("tables", "marts") for name in files(folder)]
    return hashlib.sha256(json.dumps([written, sorted(map(list, column_docs().items()))]).encode()).hexdigest()[:16]


def _prepared(con: duckdb.DuckDBPyConnection) -> str | None:
    """Fingerprint of the tables and marts that the file has; None before the first."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'layout' AND NOT temporary").fetchone():
        return None
    row = con.execute("SELECT fingerprint FROM layout").fetchone()
    return str(row[0]) if row else None


def _comment_columns(con: duckdb.DuckDBPyConnection) -> None:
    """Gives columns without a comment of their own that of the contract's field."""
    bare = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND schema_name = 'main' AND comment IS NULL AND database_name = current_database()"
    ).fetchall()
    docs = column_docs()
    for table, column in bare:
        doc = docs.get((table, column))
        if doc is not None:
            con.execute(f"COMMENT ON COLUMN {table}.{column} IS '{doc.replace("'", "''")}'")
