"""What may be asked of a warehouse in SQL: one statement, which only reads."""

from __future__ import annotations

import duckdb

from pipelines.warehouse.interface import QueryFailed

_READING = frozenset({"SELECT", "EXPLAIN", "PRAGMA", "CALL", "MULTI"})
"""Kinds of DuckDB's statements that read; the last is what it makes of a PIVOT."""


def check_question(sql: str) -> None:
    """Raise ``QueryFailed`` if the SQL is not one statement that reads."""
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
