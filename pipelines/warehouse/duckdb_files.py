"""Opens DuckDB files for the length of a block, with one DuckDB instance for the whole process.

To make an instance costs 40 ms of CPU, and to attach a file to one costs 10; a run opens its warehouse thirty times.
Questions of users have an instance of their own, which can reach nothing but the file, and which the next question
about the same file has too.
DuckDB's file locks are those of the process, so that two instances of one process do not exclude each other: the files
that are open are recorded here, and who comes in a way that does not go together with another is refused as another
process would be.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb

type Use = Literal["read", "write", "question"]
"""To read, to write, or to answer a question of a user, whose SQL must reach nothing but the file."""


NONE = '"no warehouse"'
"""The empty database of an instance that has no file attached."""


class FileInUse(duckdb.ConnectionException):
    """This process has the file open in a way that does not go together with the one that is asked for."""


@dataclass(slots=True)
class _Open:
    name: str
    use: Use
    count: int = 1


@dataclass(frozen=True, slots=True)
class _Asked:
    """An instance for questions about one file. Whatever a question says, it reaches nothing else and changes nothing.

    ``name`` is the name of the database in SQL, which DuckDB gives it by the file's.
    """

    path: Path
    instance: duckdb.DuckDBPyConnection
    name: str

    @classmethod
    def of(cls, path: Path) -> _Asked:
        """A new instance, which has the file attached: files that come later are out of its reach."""
        con = duckdb.connect(":memory:")
        con.execute(f"ATTACH ':memory:' AS {NONE}; USE {NONE}; DETACH memory")  # a file may have that name
        _attach(con, path)
        ((name,),) = con.execute("SELECT database_name FROM duckdb_databases() WHERE path IS NOT NULL").fetchall()
        con.execute(f"SET GLOBAL temp_directory = '{_quoted(path)}.tmp'")
        con.execute("SET GLOBAL TimeZone = 'UTC'")
        con.execute("SET GLOBAL enable_external_access = false")
        con.execute("SET GLOBAL lock_configuration = true")
        return cls(path, con, f'"{name.replace('"', '""')}"')


@dataclass(slots=True)
class _Process:
    """The instance of this process, the files that are open, and the instance of the last question."""

    files: dict[Path, _Open] = field(default_factory=dict)
    instance: duckdb.DuckDBPyConnection | None = None
    asked: _Asked | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def attach(self, path: Path, use: Use) -> tuple[duckdb.DuckDBPyConnection, str]:
        with self.lock:
            if (opened := self._joined(path, use)) is None:
                opened = _Open(f"warehouse_{next(self.numbers)}", use)
                mode = "READ_ONLY" if use == "read" else "READ_WRITE"
                self._root().execute(f"ATTACH '{_quoted(path)}' AS {opened.name} ({mode})")
                self.files[path] = opened
            return self._root().cursor(), opened.name

    def detach(self, path: Path) -> None:
        with self.lock:
            if (closed := self._left(path)) is None:
                return
            try:
                self._root().execute(f"DETACH {closed.name}")
            except duckdb.Error:  # a fault that ended the whole instance: the next block makes a new one
                self._drop()

    def ask(self, path: Path) -> _Asked:
        """An instance for a question about the file, which has it attached: the last question's, or a new one."""
        with self.lock:
            if self._joined(path, "question") is None:
                self.files[path] = _Open("", "question")
            kept, self.asked = self.asked, None
        try:
            if kept is None or kept.path != path:
                return _Asked.of(path)
            _attach(kept.instance, path)
        except BaseException:
            self.leave(path)
            raise
        return kept

    def answered(self, asked: _Asked) -> None:
        """Detaches the file, and keeps the instance for the next question."""
        try:
            asked.instance.execute(f"DETACH {asked.name}")
        except duckdb.Error:  # as above: the next question has a new one
            return
        finally:
            self.leave(asked.path)
        self.asked = asked

    def leave(self, path: Path) -> None:
        with self.lock:
            self._left(path)

    def _root(self) -> duckdb.DuckDBPyConnection:
        if self.instance is None:
            self.instance = duckdb.connect(":memory:")
        return self.instance

    def _joined(self, path: Path, use: Use) -> _Open | None:
        """The file, if it is open in the same way and may be shared; None if it is not open."""
        opened = self.files.get(path)
        if opened is None:
            return None
        if opened.use != use or use != "read":
            raise FileInUse(f"this process has {path} open to {opened.use}, which excludes to {use}")
        opened.count += 1
        return opened

    def _left(self, path: Path) -> _Open | None:
        """The file, if nobody has it open any more."""
        opened = self.files.get(path)
        if opened is None:
            return None
        opened.count -= 1
        return None if opened.count else self.files.pop(path)

    def _drop(self) -> None:
        with contextlib.suppress(duckdb.Error):
            self._root().close()
        self.instance = None
        self.files.clear()


_process = _Process()


def _forget() -> None:
    """In a forked process: the threads of the parent's instance are not there, and its files are the parent's."""
    global _process  # noqa: PLW0603  one per process
    _process = _Process()


os.register_at_fork(after_in_child=_forget)


@contextmanager
def attached(path: Path, use: Use) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file, which is created if it is not there. What is not committed is rolled back.

    Raises ``FileInUse``, and the errors with which DuckDB refuses to open a file.
    """
    process = _process
    con, name = process.attach(path, use)
    try:
        with closing(con):
            con.execute(f"USE {name}")
            con.execute("SET TimeZone = 'UTC'")
            yield con
    finally:
        process.detach(path)


@contextmanager
def asked(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection of an instance that can reach nothing but the file."""
    process = _process
    about = process.ask(path)
    try:
        with closing(about.instance.cursor()) as con:
            con.execute(f"USE {about.name}")
            yield con
    finally:
        process.answered(about)


def _attach(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    con.execute(f"ATTACH '{_quoted(path)}' (READ_ONLY)")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
