"""The warehouse in one PostgreSQL database: each call opens a connection and runs one transaction."""

from __future__ import annotations

import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar, LiteralString

import psycopg
from psycopg import IsolationLevel
from psycopg import sql as composed
from psycopg.conninfo import conninfo_to_dict

from pipelines.postgres_address import database_address
from pipelines.resolve.layout import layout
from pipelines.secrets import redact
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.dialect import POSTGRES
from pipelines.warehouse.interface import WarehouseBusy, WarehouseFault
from pipelines.warehouse.postgres import asking
from pipelines.warehouse.postgres.connection import PostgresConnection, Psycopg
from pipelines.warehouse.postgres.faults import GRANTS, WarehouseRefused, connect_fault, faults_in_words
from pipelines.warehouse.preparing import has_table
from pipelines.warehouse.relational import Asking, RelationalWarehouse, now
from pipelines.warehouse.upkeep import Done

SPACE = 0x64617465
"""The first of the two numbers of every advisory lock that Dateline takes."""
LAYOUT_LOCK = 0
CONNECT_S = 10
LOCK_S = 120
"""Seconds that a statement waits for a lock, while another run commits its batch."""
POLL_S = 0.2

_RIGHTS = """
SELECT to_regclass('layout') IS NOT NULL,
    has_database_privilege(current_database(), 'CREATE') AND has_schema_privilege(current_schema(), 'CREATE'),
    CASE WHEN to_regclass('ledger') IS NOT NULL THEN has_table_privilege('ledger', 'INSERT, UPDATE') END
"""
_SIZE = "SELECT pg_total_relation_size(%s::regclass)"
_SESSION = f"SET LOCAL TimeZone = 'UTC'; SET LOCAL jit = off; SET LOCAL lock_timeout = '{LOCK_S}s'"
"""JIT compilation is off: the statements are short, and compiling one would take longer than running it."""


class PostgresWarehouse(RelationalWarehouse):
    """A warehouse in one database. ``url`` is a libpq URL; libpq takes what it omits from the environment."""

    dialect = POSTGRES
    asking: ClassVar[Asking] = asking
    has_writers_by_topic = True
    no_exchange: ClassVar[str] = (
        "cannot be exchanged for a copy in one step: PostgreSQL would need a second set of all tables, and runs on "
        "other topics load into the first one meanwhile. Nothing was changed.\n"
        "What to do: run it without --swap, which loads each batch in one transaction; --dry-run shows beforehand "
        "what will change. If readers must not see a part of the change, let them read a standby server and pause it "
        "meanwhile (SELECT pg_wal_replay_pause())."
    )
    taking: ClassVar[LiteralString] = "SELECT pg_try_advisory_lock(%s, %s)"
    """The statement that takes the writer lock."""

    def __init__(self, url: str, *, clock: Callable[[], datetime] = now, time_zone: str = "UTC") -> None:
        check_address(url)
        super().__init__(clock=clock, time_zone=time_zone)
        self.url = url

    @property
    def shown(self) -> str:
        """The address for display, without user and password."""
        return database_address(self.url)

    @property
    def where(self) -> str:
        return self.shown

    @contextmanager
    def writer(self, holder: str = "a run", wait_s: float = 0.0, topic: str = "") -> Iterator[None]:
        """Holds a session-level advisory lock of the topic; the server releases it when the process dies."""
        name = f"{holder} (process {os.getpid()} on {socket.gethostname()})"
        key, until = (SPACE, _number(topic)), time.monotonic() + wait_s
        with self._connected(autocommit=True, application_name=name.encode()[:63].decode("utf-8", "ignore")) as con:
            with faults_in_words(self.shown):
                while not _row(con.execute(self.taking, key))[0]:
                    if time.monotonic() >= until:
                        raise WarehouseBusy(
                            f"{_holder(con, topic) or 'Another run'} is writing to {self.shown}; this run changed "
                            "nothing. What to do: wait until that run has finished, or stop it, and run this again."
                        )
                    time.sleep(POLL_S)
            yield

    def writer_of(self, topic: str) -> str | None:
        """Describes the run that holds the writer lock of a topic; None if no run does."""
        with self._connected(autocommit=True) as con, faults_in_words(self.shown):
            return _holder(con, topic)

    def need_rights(self) -> bool:
        """Whether the tables exist. Raises ``WarehouseRefused`` unless this user may create or write them."""
        with self._connected(autocommit=True) as con, faults_in_words(self.shown):
            has_tables, may_make, may_write = _row(con.execute(_RIGHTS))
        if not (may_write if has_tables else may_make):
            raise WarehouseRefused(
                f"{self.shown} answers, but the user may not {'write to' if has_tables else 'create'} its tables."
                f"\nWhat to do: {GRANTS}"
            )
        return bool(has_tables)

    def maintain(self, keep: timedelta) -> list[Done]:
        del keep  # older states of rows are what VACUUM removes
        self.need_rights()
        done = []
        with self._connected(autocommit=True) as con, faults_in_words(self.shown):
            for name in layout():
                before = _row(con.execute(_SIZE, (name,)))[0]
                con.execute(composed.SQL("VACUUM (ANALYZE) {}").format(composed.Identifier(name)))
                done.append(Done("vacuum", name, before, _row(con.execute(_SIZE, (name,)))[0], "bytes"))
        return done

    @contextmanager
    def _writing(self, *, makes_it: bool = False) -> Iterator[Connection]:
        with self._connected() as raw, faults_in_words(self.shown), raw.transaction():
            raw.execute(_SESSION)
            if makes_it:  # creating the same table in two runs at once would fail
                raw.execute("SELECT pg_advisory_xact_lock(%s, %s)", (SPACE, LAYOUT_LOCK))
            yield PostgresConnection(raw)

    @contextmanager
    def _reading_if_there(self) -> Iterator[PostgresConnection | None]:
        with self._connected() as raw, faults_in_words(self.shown):
            raw.isolation_level, raw.read_only = IsolationLevel.REPEATABLE_READ, True
            raw.execute(_SESSION)
            con = PostgresConnection(raw)
            yield con if has_table(con, "layout") else None
            raw.rollback()

    @contextmanager
    def _connected(self, *, autocommit: bool = False, application_name: str = "dateline") -> Iterator[Psycopg]:
        defaults = {
            "application_name": application_name, "connect_timeout": str(CONNECT_S), "keepalives_idle": "30",
            "keepalives_interval": "10", "keepalives_count": "3",
        }
        try:
            given = {name: value for name, value in conninfo_to_dict(self.url).items() if value is not None}
            con: Psycopg = psycopg.connect(
                autocommit=autocommit, cursor_factory=psycopg.ClientCursor, **(defaults | given)  # type: ignore[arg-type]
            )
        except psycopg.Error as fault:
            raise connect_fault(self.shown, fault) from None  # libpq's message is quoted, and never the password
        try:
            yield con
        finally:
            con.close()


def check_address(url: str) -> None:
    """Raises ``WarehouseFault`` if libpq cannot parse an address. Does not connect to the server."""
    try:
        conninfo_to_dict(url)
    except psycopg.Error as fault:
        raise WarehouseFault(
            f"{redact(url)!r} is not the address of a warehouse: {redact(str(fault).strip())}. What to do: write the "
            "address as postgresql://user:password@host:5432/database, with special characters of the password "
            "percent-encoded (DATELINE_WAREHOUSE)."
        ) from None


def _row(cursor: psycopg.Cursor[tuple[Any, ...]]) -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None
    return row


def _number(topic: str) -> int:
    """The second number of the topic's lock. Two topics with the same number exclude each other needlessly."""
    return zlib.crc32(topic.encode()) - (1 << 31)


def _holder(con: Psycopg, topic: str) -> str | None:
    """Describes the run that holds the topic's lock, by the application name of its session; None if no run does."""
    row = con.execute(
        "SELECT a.application_name, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
        "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND l.classid = %s::bigint::oid AND l.objid = %s::bigint::oid",
        (SPACE, _number(topic) % (1 << 32)),
    ).fetchone()
    return f"{row[0] or 'A run'}, since {row[1]} UTC," if row else None
