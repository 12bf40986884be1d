"""The embedded warehouse: one DuckDB file. Connections are short, because a writing one locks out other processes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pyarrow as pa
import tenacity
from filelock import FileLock, Timeout

from pipelines.failpoints import Failpoint, reach
from pipelines.resolve.layout import TableLayout
from pipelines.warehouse import asking
from pipelines.warehouse.connection import Connection, Parameters, Rows
from pipelines.warehouse.damage import damage
from pipelines.warehouse.dialect import DUCKDB
from pipelines.warehouse.duckdb_files import FileInUse, asked, attached
from pipelines.warehouse.interface import (
    IF_BUSY,
    WarehouseBusy,
    WarehouseUnavailable,
    warehouse_gone,
)
from pipelines.warehouse.relational import Asking, RelationalWarehouse, now
from pipelines.warehouse.turns import Turn
from pipelines.warehouse.upkeep import Done

type Opening = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]

_HAS_TABLE = """
SELECT 1 FROM duckdb_tables()
WHERE table_name = ? AND schema_name = current_schema() AND database_name = current_database()
"""
PATIENCE_S = 30.0
_NOT_WRITTEN = (  # the second is raised if the disk fails at the commit
    duckdb.IOException, duckdb.TransactionException, duckdb.OutOfMemoryException,
)


class _Answer:
    """See ``Rows``. DuckDB requires a result to be read to its end before it runs the next statement."""

    def __init__(self, answer: duckdb.DuckDBPyConnection) -> None:
        self._answer = answer

    def fetchone(self) -> tuple[Any, ...] | None:
        rows = self._answer.fetchall()
        return rows[0] if rows else None

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        return self._answer.fetchmany(size)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._answer.fetchall()


class DuckDBConnection:
    """See ``Connection``."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.raw = con

    def execute(self, sql: str, parameters: Parameters = ()) -> Rows:
        return _Answer(self.raw.execute(sql, parameters or None))

    def has_table(self, name: str) -> bool:
        return self.raw.execute(_HAS_TABLE, [name]).fetchone() is not None

    def table(self, sql: str, schema: pa.Schema) -> pa.Table:
        return self.raw.sql(sql).to_arrow_table().cast(schema)

    def relation(self, name: str, rows: pa.Table, types: Mapping[str, str]) -> None:
        self.raw.register(name, rows)

    def make_view(self, name: str, statement: str) -> None:
        self.raw.execute(statement)

    def add(self, table: TableLayout, rows: pa.Table) -> None:
        added_rows = rows  # DuckDB finds it by its name, in half the time that it takes to register and unregister it
        columns = ", ".join(added_rows.schema.names)
        self.raw.execute(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM added_rows")  # noqa: S608  ours


class _FileTurn(Turn):
    """The lock of a DuckDB file: one for a file, even if it is reached by a symbolic link."""

    def __init__(self, file: Path, holder: str, clock: Callable[[], datetime]) -> None:
        self.file, self.holder, self.clock = file, holder, clock
        self.note = Path(f"{file}.writer.json")
        self._writing = FileLock(f"{file}.writer.lock", timeout=0)
        self._queue = FileLock(f"{file}.queue.lock", timeout=0)

    def _lock(self) -> bool:
        if not _is_acquired(self._writing):
            return False
        try:
            _remove(_beside(self.file))  # left by a killed run
            who = {"pid": os.getpid(), "holder": self.holder, "since": self.clock().isoformat()}
            self.note.write_text(json.dumps(who))
        except OSError:
            self._writing.release()
            raise
        return True

    def _unlock(self) -> None:
        self.note.unlink(missing_ok=True)
        self._writing.release()

    def _enter_queue(self) -> bool:
        if not self.file.parent.is_dir():  # a lock would create it
            raise FileNotFoundError(self.file.parent)
        return _is_acquired(self._queue)

    def _leave_queue(self) -> None:
        self._queue.release()

    def _is_queue_held(self) -> bool:
        """The shared lock ends with its file. Whoever enters the queue meanwhile has to try again."""
        try:
            with Path(self._queue.lock_file).open("rb") as queue:
                fcntl.flock(queue, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:  # nobody has asked yet
            return False
        return False


def _is_acquired(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    return True


class DuckDBWarehouse(RelationalWarehouse):
    """A warehouse in one file. A connection waits up to ``patience_s`` seconds while another process has it open."""

    dialect = DUCKDB
    asking: ClassVar[Asking] = asking
    has_writers_by_topic = False

    def __init__(
        self, path: Path, *, patience_s: float = PATIENCE_S, clock: Callable[[], datetime] = now, time_zone: str = "UTC"
    ) -> None:
        super().__init__(clock=clock, time_zone=time_zone)
        self.path = path.resolve()  # the lock is beside the file itself, not beside a link to it
        self.patience_s = patience_s

    @contextmanager
    def writer(
        self, holder: str = "a run", wait_s: float = 0.0, topic: str = "", *, asks: bool = True
    ) -> Iterator[Turn]:
        del topic  # only one process at a time can open the file for writing
        self.path.parent.mkdir(parents=True, exist_ok=True)
        turn = _FileTurn(self.path.resolve(), holder, self.clock)
        if not turn.take(wait_s, asks=asks):
            raise WarehouseBusy(
                f"{_holder(turn.note)} is writing to {self.where}; this run changed nothing. "
                f"What to do: {IF_BUSY}."
            )
        try:
            yield turn
        finally:
            turn.release()

    @property
    def where(self) -> Path | str:
        return self.path

    def copy_to(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = path.with_name(f"{path.name}.new")
        self._write_log()
        with self._opened(partial(attached, self.path, "read")):  # no other process can write meanwhile
            shutil.copyfile(self.path, copy)
        with copy.open("rb+") as written:
            os.fsync(written.fileno())
        copy.replace(path)

    def _write_log(self) -> None:
        """Writes to the file what its write-ahead log holds, if a killed run left one."""
        if _log(self.path).exists():
            with self._opened(partial(attached, self.path, "write")):
                pass

    def check_exchange(self) -> None:
        if not self.path.exists():
            raise warehouse_gone(self.path)
        wanted, free = 2 * self._bytes(), shutil.disk_usage(self.path.parent).free
        if free < wanted:
            raise WarehouseUnavailable(
                f"A copy of {self.path} and what is loaded into it may need {wanted:,} bytes, and {free:,} are free on "
                "its disk. Nothing was changed.\nWhat to do: free some space and run this again, or run without --swap."
            )

    @contextmanager
    def exchanged(self) -> Iterator[DuckDBWarehouse]:
        self.check_exchange()
        path = self.path.resolve()  # behind a symbolic link, which stays
        copy, *_ = files = _beside(path)
        try:
            self._write_log()
            before = _state(path)
            self.copy_to(copy)
            shutil.copymode(path, copy)
            beside = DuckDBWarehouse(copy, patience_s=self.patience_s, clock=self.clock, time_zone=self.time_zone)
            yield beside
            with beside._opened(partial(attached, copy, "write")) as con:
                con.execute("FORCE CHECKPOINT")
            with copy.open("rb+") as written:
                os.fsync(written.fileno())
            with self._opened(partial(attached, path, "read")):  # no other process can write meanwhile
                if _state(path) != before:
                    raise WarehouseBusy(
                        f"Another program wrote to {path} while its copy was loaded. The copy was removed, and this "
                        "run changed nothing.\nWhat to do: find out which program writes to the file besides Dateline, "
                        "end it, and run this again."
                    )
                reach(Failpoint.EXCHANGING)
                copy.replace(path)
            reach(Failpoint.EXCHANGED)
        except duckdb.Error as fault:
            raise WarehouseUnavailable(_advice(path, fault)) from fault
        finally:
            _remove(files)

    def maintain(self, keep: timedelta) -> list[Done]:
        del keep  # a DuckDB file has one state
        if not self.path.exists():
            raise warehouse_gone(self.path)
        self.store_attention()
        before = self._bytes()
        self._rewrite()
        return [Done("rewrite", str(self.path), before, self._bytes(), "bytes")]

    def _rewrite(self) -> None:
        """Writes all tables and views to a new file and exchanges it, since DuckDB keeps removed rows in free blocks.

        A process that reads the former file goes on reading that one. The disk needs room for both.
        """
        path = self.path.resolve()  # behind a symbolic link, which stays
        new = path.with_name(f"{path.name}.rewritten")
        files = (new, _log(new))
        try:
            with self._opened(partial(attached, self.path, "write")) as con:
                _remove(files)  # left by a killed process
                ((name,),) = con.execute("SELECT current_database()").fetchall()
                place = str(new).replace("'", "''")
                con.execute(f"ATTACH '{place}' AS rewritten")
                try:
                    con.execute(f"COPY FROM DATABASE {name} TO rewritten")
                    con.execute("ANALYZE")
                    con.execute("FORCE CHECKPOINT rewritten")
                finally:
                    con.execute("DETACH rewritten")
                con.execute("FORCE CHECKPOINT")  # the former file has no write-ahead log that would be left behind
                with new.open("rb+") as written:
                    os.fsync(written.fileno())  # it may take long: other processes are kept out meanwhile
                shutil.copymode(path, new)
            new.replace(path)
        except duckdb.Error as fault:
            raise WarehouseUnavailable(_advice(self.path, fault)) from fault
        finally:
            _remove(files)

    def _bytes(self) -> int:
        files = (self.path, _log(self.path))
        return sum(file.stat().st_size for file in files if file.exists())

    @contextmanager
    def _writing(self, *, makes_it: bool = False) -> Iterator[Connection]:
        if not makes_it and not self.path.exists():  # DuckDB would create an empty file
            raise warehouse_gone(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened(partial(attached, self.path, "write")) as con:
            con.execute("BEGIN")
            try:
                yield DuckDBConnection(con)
                con.execute("COMMIT")
            except _NOT_WRITTEN as fault:
                raise WarehouseUnavailable(_advice(self.path, fault)) from fault

    @contextmanager
    def _reading_if_there(self) -> Iterator[DuckDBConnection | None]:
        if not self.path.exists():
            yield None
            return
        with self._opened(partial(attached, self.path, "read")) as con:
            yield DuckDBConnection(con)

    @contextmanager
    def _asked_if_there(self) -> Iterator[DuckDBConnection | None]:
        if not self.path.exists():
            yield None
            return
        with self._opened(partial(asked, self.path)) as con:
            yield DuckDBConnection(con)

    @contextmanager
    def _opened(self, opening: Opening) -> Iterator[duckdb.DuckDBPyConnection]:
        """Opens the file, and retries for ``patience_s`` while it is open elsewhere."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_locked),
            wait=tenacity.wait_random_exponential(multiplier=0.02, max=0.5),
            stop=tenacity.stop_after_delay(self.patience_s),
            reraise=True,
        )
        with ExitStack() as stack:
            try:
                con = attempts(lambda: stack.enter_context(opening()))
            except duckdb.Error as fault:
                raise damage(self.path, fault) or WarehouseUnavailable(_advice(self.path, fault)) from fault
            yield con


def _log(path: Path) -> Path:
    """The write-ahead log of a DuckDB file."""
    return path.with_name(f"{path.name}.wal")


def _beside(path: Path) -> tuple[Path, ...]:
    """The copy with which a warehouse is to be exchanged, and the files that go with it."""
    copy = path.with_name(f"{path.name}.beside")
    return copy, _log(copy), copy.with_name(f"{copy.name}.new")


def _state(path: Path) -> tuple[int, int, int, bool]:
    """What differs after each writing to the file."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, _log(path).exists()


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _is_locked(fault: BaseException) -> bool:
    says = str(fault)
    return isinstance(fault, FileInUse) or (isinstance(fault, duckdb.Error) and "Could not set lock" in says)


def _advice(path: Path, fault: duckdb.Error) -> str:
    if _is_locked(fault):
        return f"Another process keeps {path} open: {fault}. What to do: close it there and run this again."
    if "No space left" in str(fault) or "disk is full" in str(fault).lower():
        return f"The disk of {path} is full; nothing was changed: {fault}. What to do: free some space, run this again."
    if isinstance(fault, duckdb.OutOfMemoryException):
        return (
            f"Writing to {path} needs more memory or temporary disk space than is available; nothing was changed: "
            f"{fault}\nWhat to do: end other programs or give the machine more memory, lower "
            "DATELINE_BATCH__MAX_RECORDS, and run this again."
        )
    return f"{path} cannot be read or written; nothing was changed: {fault}. What to do: fix this and run it again."


def _holder(note: Path) -> str:
    try:
        found = json.loads(note.read_text())
        return f"{found['holder']} (process {found['pid']}, since {found['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "Another run"
