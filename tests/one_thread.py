"""DuckDB with one thread: tests have too few rows for two, and threads that wait cost up to a sixth of the CPU."""

from __future__ import annotations

from typing import Any

import duckdb

_connect = duckdb.connect


def connect_with_one_thread(
    database: Any = ":memory:", read_only: bool = False, config: dict[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    return _connect(database, read_only=read_only, config={"threads": 1} | (config or {}))


def use_one_thread() -> None:
    """From here on, DuckDB has one thread in this process, and in those that are forked from it."""
    duckdb.connect = connect_with_one_thread
