"""Warehouses: where articles and the books about them lie. ``open_warehouse`` finds the one that an address names."""

from __future__ import annotations

from pathlib import Path

from pipelines.warehouse.books import Blank, KafkaAccount, Part, PartitionBooks, Problem, Verification
from pipelines.warehouse.interface import (
    OUTCOMES,
    DeadLetterFilter,
    DeadLetterGroup,
    LedgerOpen,
    Loaded,
    NotRead,
    OffsetsMoved,
    OutboxStanding,
    QueryFailed,
    Run,
    RunStatus,
    SourceStanding,
    StoredDeadLetter,
    Table,
    WaitingArticle,
    Warehouse,
    WarehouseBusy,
    WarehouseFault,
    WarehouseMissing,
    WarehouseUnavailable,
)
from pipelines.warehouse.questions import Mart, ask, mart_examples

_DUCKDB = "duckdb:///"


def open_warehouse(url: str) -> Warehouse:
    """The warehouse at an address: ``duckdb:///relative.duckdb`` or ``duckdb:////absolute.duckdb``."""
    if url.startswith(_DUCKDB) and len(url) > len(_DUCKDB):
        from pipelines.warehouse.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(Path(url.removeprefix(_DUCKDB)))
    raise WarehouseFault(
        f"{url!r} names no warehouse. What to do: give an address such as duckdb:///news.duckdb (DATELINE_WAREHOUSE)."
    )


__all__ = [
    "OUTCOMES", "Blank", "DeadLetterFilter", "DeadLetterGroup", "KafkaAccount", "LedgerOpen", "Loaded", "Mart",
    "NotRead", "OffsetsMoved", "OutboxStanding", "Part", "PartitionBooks", "Problem", "QueryFailed", "Run", "RunStatus",
    "SourceStanding", "StoredDeadLetter", "Table", "Verification", "WaitingArticle", "Warehouse", "WarehouseBusy",
    "WarehouseFault", "WarehouseMissing", "WarehouseUnavailable", "ask", "mart_examples", "open_warehouse",
]
