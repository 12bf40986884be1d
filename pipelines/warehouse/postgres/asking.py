"""Runs users' SQL queries on PostgreSQL: a single statement that only reads, within a time limit."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, cast

import psycopg
from psycopg import capabilities, errors

from pipelines.warehouse.connection import Parameters
from pipelines.warehouse.interface import Answer, QueryFailed, QueryStopped
from pipelines.warehouse.postgres.connection import Psycopg, translated

PAGE = 1_000
_COMMENTS = re.compile(r"\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\(", re.DOTALL)
_READING = ("SELECT", "WITH", "VALUES", "TABLE", "EXPLAIN", "SHOW")
_UNAVAILABLE = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow)


def check_question(sql: str) -> None:
    """Raises ``QueryFailed`` if the first word of the SQL is not that of a statement that reads.

    The server itself refuses several statements in one query, and any change.
    """
    at = 0
    while found := _COMMENTS.match(sql, at):
        at = found.end()
    word = re.match(r"\w*", sql[at:])
    kind = word[0].upper() if word else ""
    if not sql[at:].strip(" \t\n;"):
        raise QueryFailed("The query is empty or holds only comments.\nWhat to do: give one SELECT.")
    if kind not in _READING:
        raise QueryFailed(
            f"{kind or sql[at : at + 20]} is refused: a query may only read.\nWhat to do: give one SELECT."
        )


@contextmanager
def answered(con: Psycopg, sql: str, parameters: Parameters, within_s: float | None) -> Iterator[Answer]:
    """Runs a query and yields its rows. The block may last ``within_s`` seconds; None sets no limit."""
    until = None if within_s is None else time.monotonic() + within_s
    text, values = translated(sql, parameters)
    with psycopg.ClientCursor(con) as cursor:
        with _query_faults(within_s):
            _limit(con, within_s)
            size = PAGE if capabilities.has_stream_chunked() else 1
            found = cast("Generator[tuple[Any, ...]]", cursor.stream(text.encode(), values or None, size=size))
            first = next(found, None)
            columns = tuple(column.name for column in cursor.description or ())
            if first is None:  # psycopg gives no columns for a result without rows
                columns = _columns(con, cursor.mogrify(text.encode(), values) if values else text)
        rows = found if first is None else chain((first,), found)
        try:
            yield Answer(columns, _rows(rows, until, within_s))
        finally:
            found.close()


def _columns(con: Psycopg, sql: str) -> tuple[str, ...]:
    con.pgconn.prepare(b"", sql.encode())
    described = con.pgconn.describe_prepared(b"")
    return tuple((described.fname(n) or b"").decode() for n in range(described.nfields))


def _limit(con: Psycopg, within_s: float | None) -> None:
    """Sets the statement timeout, and reduces a superuser's rights to reading the database."""
    if within_s is not None:
        con.execute(f"SET LOCAL statement_timeout = {max(1, round(within_s * 1000))}".encode())
    row = con.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if row and row[0]:
        con.execute("SET LOCAL ROLE pg_read_all_data")


def _rows(
    found: Iterator[tuple[Any, ...]], until: float | None, within_s: float | None
) -> Iterator[tuple[Any, ...]]:
    with _query_faults(within_s):
        for n, row in enumerate(found):
            if until is not None and n % PAGE == 0 and time.monotonic() > until:
                raise errors.QueryCanceled("the time limit passed while the rows were read")
            yield row


@contextmanager
def _query_faults(within_s: float | None) -> Iterator[None]:
    try:
        yield
    except errors.QueryCanceled as fault:
        limit = "" if within_s is None else f" after {within_s:g} s"
        raise QueryStopped(
            f"The query was stopped{limit}.\nWhat to do: narrow the query (a condition for every join, WHERE, LIMIT), "
            "or allow more time with DATELINE_QUERY__TIMEOUT_S."
        ) from fault
    except (errors.OutOfMemory, errors.DiskFull, errors.ConfigurationLimitExceeded) as fault:
        raise QueryStopped(
            f"The query needs more memory or temporary disk space than is available: {fault}\n"
            "What to do: narrow the query (a condition for every join, WHERE, LIMIT)."
        ) from fault
    except psycopg.Error as fault:
        if isinstance(fault, _UNAVAILABLE) or (isinstance(fault, psycopg.OperationalError) and fault.sqlstate is None):
            raise
        raise QueryFailed(f"{fault}\nWhat to do: correct the query. It may only read.") from fault
