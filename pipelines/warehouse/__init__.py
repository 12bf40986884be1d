"""Warehouses: where articles and the books about them lie. ``open_warehouse`` finds the one that an address names."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.secrets import redact
from pipelines.warehouse.books import Blank, KafkaAccount, Part, PartitionBooks, Problem, Verification
from pipelines.warehouse.interface import (
    OUTCOMES,
    DeadLetterFilter,
    DeadLetterGroup,
    Identity,
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

DUCKDB = "duckdb:///"


def open_warehouse(url: str) -> Warehouse:
    """The warehouse at an address: ``duckdb:///relative.duckdb`` or ``duckdb:////absolute.duckdb``."""
    path = warehouse_path(url)
    from pipelines.warehouse.duckdb import DuckDBWarehouse

    return DuckDBWarehouse(path)


def warehouse_path(url: str) -> Path:
    """The absolute path of the file that an address names; raises ``WarehouseFault`` where it names none."""
    path = url.removeprefix(DUCKDB) if url.startswith(DUCKDB) else ""
    if ":memory:" in url:
        raise WarehouseFault(
            f"{redact(url)!r} is a warehouse in memory, which is lost with the process, while the offsets of what was "
            "read would stay committed in Kafka. What to do: give the address of a file, such as "
            "duckdb:////data/news.duckdb (DATELINE_WAREHOUSE)."
        )
    if not path.strip() or "?" in path:
        raise WarehouseFault(
            f"{redact(url)!r} names no warehouse. What to do: give the address of a DuckDB file, without options, such "
            "as duckdb:////data/news.duckdb (DATELINE_WAREHOUSE)."
        )
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100  symbolic links are followed when it is opened


__all__ = [
    "DUCKDB", "OUTCOMES", "Blank", "DeadLetterFilter", "DeadLetterGroup", "Identity", "KafkaAccount", "LedgerOpen",
    "Loaded", "Mart", "NotRead", "OffsetsMoved", "OutboxStanding", "Part", "PartitionBooks", "Problem", "QueryFailed",
    "Run", "RunStatus",
    "SourceStanding", "StoredDeadLetter", "Table", "Verification", "WaitingArticle", "Warehouse", "WarehouseBusy",
    "WarehouseFault", "WarehouseMissing", "WarehouseUnavailable", "ask", "mart_examples", "open_warehouse",
    "warehouse_path",
]
