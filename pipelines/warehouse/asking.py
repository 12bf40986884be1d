"""Runs users' SQL queries on DuckDB: a single statement that only reads, within a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from pipelines.warehouse.connection import Parameters
from pipelines.warehouse.interface import Answer, QueryFailed, QueryStopped

PAGE = 1_000
AGAIN_S = 0.1  # an interrupt is repeated, since DuckDB forgets one that arrives before the query has started

_READING = frozenset({"SELECT", "EXPLAIN", "PRAGMA", "CALL", "MULTI"})
"""DuckDB's types of statements that only read; it reports a PIVOT as MULTI."""


def check_question(sql: str) -> None:
    """Raises ``QueryFailed`` unless the SQL is a single statement that only reads."""
    try:
        found = duckdb.extract_statements(sql)
    except duckdb.Error as fault:
        raise QueryFailed(f"{fault}\nWhat to do: correct the query. It may only read.") from fault
    if not found:
        raise QueryFailed("The query is empty or holds only comments.\nWhat to do: give one SELECT.")
    if len(found) > 1:
        raise QueryFailed(f"The query holds {len(found)} statements.\nWhat to do: give one SELECT at a time.")
    kind = str(found[0].type).rpartition(".")[2]
    if kind not in _READING:
        raise QueryFailed(f"{kind} is refused: a query may only read.\nWhat to do: give one SELECT.")


@contextmanager
def answered(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters, within_s: float | None
) -> Iterator[Answer]:
    """Runs a query and yields its rows. The block may last ``within_s`` seconds; None sets no limit."""
    until = None if within_s is None else time.monotonic() + within_s
    with _interrupted_at(con, until):
        with _query_faults(within_s):
            found = con.execute(sql, parameters or None)
            columns = tuple(column[0] for column in found.description or ())
        yield Answer(columns, _rows(found, until, within_s))


def _rows(
    found: duckdb.DuckDBPyConnection, until: float | None, within_s: float | None
) -> Iterator[tuple[Any, ...]]:
    while True:
        with _query_faults(within_s):
            if until is not None and time.monotonic() > until:
                raise duckdb.InterruptException("the time limit passed while the rows were read")
            page = found.fetchmany(PAGE)
        if not page:
            return
        yield from page


@contextmanager
def _interrupted_at(con: duckdb.DuckDBPyConnection, until: float | None) -> Iterator[None]:
    """Interrupts every statement of the connection from that time (of the monotonic clock) to the end of the block."""
    if until is None:
        yield
        return
    ended = threading.Event()

    def interrupt() -> None:
        wait_s = until - time.monotonic()
        while not ended.wait(max(0.0, wait_s)):
            con.interrupt()
            wait_s = AGAIN_S

    watcher = threading.Thread(target=interrupt, name="query time limit", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


@contextmanager
def _query_faults(within_s: float | None) -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException as fault:
        limit = "" if within_s is None else f" after {within_s:g} s"
        raise QueryStopped(
            f"The query was stopped{limit}: no run can load while a query is running.\n"
            "What to do: narrow the query (a condition for every join, WHERE, LIMIT), or allow more time with "
            "DATELINE_QUERY__TIMEOUT_S."
        ) from fault
    except duckdb.OutOfMemoryException as fault:
        raise QueryStopped(
            f"The query needs more memory or temporary disk space than is available: {fault}\n"
            "What to do: narrow the query (a condition for every join, WHERE, LIMIT)."
        ) from fault
    except (duckdb.Error, OverflowError, ValueError) as fault:  # the last two: values that no Python type can hold
        raise QueryFailed(f"{fault}\nWhat to do: correct the query. It may only read.") from fault
