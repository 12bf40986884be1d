"""The warehouse in one PostgreSQL database: each call opens a connection and runs one transaction."""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, LiteralString

import psycopg
from psycopg import IsolationLevel
from psycopg import sql as composed
from psycopg.conninfo import conninfo_to_dict

from pipelines.postgres_address import database_address
from pipelines.resolve.layout import layout
from pipelines.secrets import redact
from pipelines.warehouse import attention
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.dialect import POSTGRES
from pipelines.warehouse.interface import IF_BUSY, WarehouseBusy, WarehouseFault
from pipelines.warehouse.postgres import asking
from pipelines.warehouse.postgres.connection import PostgresConnection, Psycopg
from pipelines.warehouse.postgres.faults import GRANTS, WarehouseRefused, connect_fault, faults_in_words
from pipelines.warehouse.relational import Asking, RelationalWarehouse, now
from pipelines.warehouse.turns import Turn
from pipelines.warehouse.upkeep import Done

if TYPE_CHECKING:
    from pipelines.warehouse.leases import Worker
    from pipelines.warehouse.postgres.sharing import SharedPostgres

SPACE = 0x64617465
"""The first of the two numbers of the writer locks and of the lock on the layout."""
LAYOUT_LOCK = 0
QUEUE = SPACE + 1
"""The first number of the lock that a run holds while it asks for the writer lock; the second is the topic's."""
CONNECT_S = 10
LOCK_S = 120
"""Seconds that a statement waits for a lock, while another run commits its batch."""

_RIGHTS = """
SELECT to_regclass('layout') IS NOT NULL,
    has_database_privilege(current_database(), 'CREATE') AND has_schema_privilege(current_schema(), 'CREATE'),
    CASE WHEN to_regclass('ledger') IS NOT NULL THEN has_table_privilege('ledger', 'INSERT, UPDATE') END
"""
_SIZE = "SELECT pg_total_relation_size(%s::regclass)"
_SESSION = f"SET LOCAL TimeZone = 'UTC'; SET LOCAL jit = off; SET LOCAL lock_timeout = '{LOCK_S}s'"
"""JIT compilation is off: the statements are short, and compiling one would take longer than running it."""


class _SessionTurn(Turn):
    """The advisory lock of a topic, held by a session of its own. A session that was lost is replaced."""

    def __init__(
        self, warehouse: PostgresWarehouse, connect: Callable[[], AbstractContextManager[Psycopg]], topic: str
    ) -> None:
        self._warehouse, self._connect, self._number = warehouse, connect, _number(topic)
        self._session = ExitStack()
        self._con: Psycopg | None = None

    @property
    def con(self) -> Psycopg:
        if self._con is None or self._con.closed:
            self.close()
            self._con = self._session.enter_context(self._connect())
        return self._con

    def close(self) -> None:
        """Ends the session, and with it all of its locks."""
        self.is_held = False
        self._session.close()

    def take(self, wait_s: float = 0.0, *, asks: bool = True, is_given_up: Callable[[], bool] = lambda: False) -> bool:
        with faults_in_words(self._warehouse.shown):
            return super().take(wait_s, asks=asks, is_given_up=is_given_up)

    def is_wanted(self) -> bool:
        """Whether another run asks for the lock, or the session that holds it was lost."""
        if self.is_held and (self._con is None or self._con.closed):
            return True
        try:
            return super().is_wanted()
        except psycopg.OperationalError:
            return self.is_held

    def _lock(self) -> bool:
        return bool(_row(self.con.execute(self._warehouse.taking, (SPACE, self._number)))[0])

    def _unlock(self) -> None:
        self.close()

    def _enter_queue(self) -> bool:
        return bool(_row(self.con.execute("SELECT pg_try_advisory_lock(%s, %s)", (QUEUE, self._number)))[0])

    def _leave_queue(self) -> None:
        with suppress(psycopg.OperationalError):  # a session that was lost has left it
            self.con.execute("SELECT pg_advisory_unlock(%s, %s)", (QUEUE, self._number))

    def _is_queue_held(self) -> bool:
        """The shared lock ends with its statement. Whoever enters the queue meanwhile has to try again."""
        free = self.con.execute("SELECT pg_try_advisory_xact_lock_shared(%s, %s)", (QUEUE, self._number))
        return not _row(free)[0]


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

    def shared_by(self, worker: Worker) -> SharedPostgres:
        from pipelines.warehouse.postgres.sharing import SharedPostgres

        return SharedPostgres(self, worker)

    @property
    def where(self) -> str:
        return self.shown

    @contextmanager
    def writer(
        self, holder: str = "a run", wait_s: float = 0.0, topic: str = "", *, asks: bool = True
    ) -> Iterator[Turn]:
        """Holds a session-level advisory lock of the topic; the server releases it when the process dies."""
        name = f"{holder} (process {os.getpid()} on {socket.gethostname()})"
        shown = name.encode()[:63].decode("utf-8", "ignore")
        turn = _SessionTurn(self, partial(self._connected, autocommit=True, application_name=shown), topic)
        try:
            if not turn.take(wait_s, asks=asks):
                raise WarehouseBusy(
                    f"{self.writer_of(topic) or 'Another run'} is writing to {self.shown}; this run changed nothing. "
                    f"What to do: {IF_BUSY}."
                )
            yield turn
        finally:
            turn.close()

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
        self.store_attention()
        done = []
        with self._connected(autocommit=True) as con, faults_in_words(self.shown):
            for name in (*layout(), *attention.TABLES):
                before = _row(con.execute(_SIZE, (name,)))[0]
                con.execute(composed.SQL("VACUUM (ANALYZE) {}").format(composed.Identifier(*name.split("."))))
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
            yield con if con.has_table("layout") else None
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
