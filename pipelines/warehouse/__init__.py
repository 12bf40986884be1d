"""Warehouses: databases that hold the articles and the ledger. ``open_warehouse`` opens the one at an address."""

from __future__ import annotations

import os
import stat
from importlib.util import find_spec
from pathlib import Path

from pipelines.iceberg_address import IcebergAddress, iceberg_address, is_iceberg
from pipelines.postgres_address import database_address, is_postgres
from pipelines.secrets import redact
from pipelines.warehouse.connection import Parameters
from pipelines.warehouse.interface import (
    OUTCOMES,
    Answer,
    DeadLetterFilter,
    DeadLetterGroup,
    Identity,
    LedgerOpen,
    Loaded,
    NotRead,
    OffsetsMoved,
    Original,
    OutboxKind,
    OutboxStanding,
    QueryFailed,
    QueryStopped,
    Run,
    RunStatus,
    ScraperStanding,
    SharingRefused,
    StateMoved,
    StoredDeadLetter,
    Table,
    WaitingArticle,
    Warehouse,
    WarehouseBusy,
    WarehouseFault,
    WarehouseMissing,
    WarehouseUnavailable,
    distinct_names,
)
from pipelines.warehouse.load import load_batch
from pipelines.warehouse.questions import Mart, ask, mart_examples
from pipelines.warehouse.saved import SavedQuery, saved_queries
from pipelines.warehouse.turns import Turn
from pipelines.warehouse.upkeep import Done
from pipelines.warehouse.verification import Blank, KafkaTopics, Part, PartitionLedger, Problem, Verification

DUCKDB = "duckdb:///"


def open_warehouse(url: str, time_zone: str = "UTC") -> Warehouse:
    """The warehouse at an address: ``duckdb:////absolute.duckdb``, ``postgresql://user:password@host/database``, or
    ``iceberg+sqlite:////absolute.db``, which is ``iceberg+`` and the URL of a catalog.

    ``prepare`` makes its marts with the days of the time zone.

    Does not connect to a PostgreSQL server yet. Raises ``WarehouseFault`` if the address is not one of a warehouse.
    """
    if is_postgres(url):
        from pipelines.warehouse.postgres import PostgresWarehouse

        return PostgresWarehouse(url, time_zone=time_zone)
    if is_iceberg(url):
        return _iceberg(_catalog_address(url), time_zone)
    path = warehouse_path(url)
    _need_place_for_file(path)
    from pipelines.warehouse.duckdb import DuckDBWarehouse

    return DuckDBWarehouse(path, time_zone=time_zone)


def warehouse_address(url: str) -> str:
    """A canonical address, equal for all addresses of the same warehouse, without a password.

    Raises ``WarehouseFault`` if the address is not one of a warehouse.
    """
    if is_iceberg(url):
        return _catalog_address(url).shown
    if not is_postgres(url):
        return str(warehouse_path(url))
    from pipelines.warehouse.postgres import check_address

    check_address(url)
    return database_address(url)


def warehouse_path(url: str) -> Path:
    """The absolute path of the DuckDB file in an address. Raises ``WarehouseFault`` if the address has none."""
    path = url.removeprefix(DUCKDB) if url.startswith(DUCKDB) else ""
    if ":memory:" in url:
        raise WarehouseFault(
            f"{redact(url)!r} is a warehouse in memory. It would be lost when the process ends, while its offsets "
            "would stay committed in Kafka. What to do: give the address of a file, such as "
            "duckdb:////data/news.duckdb (DATELINE_WAREHOUSE)."
        )
    if path.strip() and path.endswith("/"):
        raise _no_file(f"{redact(url)!r} names a folder, but a warehouse is one file.", Path(path))
    if not path.strip() or "?" in path:
        raise WarehouseFault(
            f"{redact(url)!r} is not the address of a warehouse. What to do: give the address of a DuckDB file, "
            "without options, such as duckdb:////data/news.duckdb, or of a PostgreSQL database, such as "
            "postgresql://user:password@host/news (DATELINE_WAREHOUSE)."
        )
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100  symbolic links are resolved when it is opened


def _catalog_address(url: str) -> IcebergAddress:
    try:
        address = iceberg_address(url)
    except ValueError as fault:
        raise WarehouseFault(
            f"{redact(url)!r} is not the address of a warehouse: {fault}. What to do: write iceberg+ and the URL of a "
            "catalog, such as iceberg+sqlite:////data/news.db, or of a REST catalog, such as "
            "iceberg+https://catalog.example?warehouse=news (DATELINE_WAREHOUSE)."
        ) from None
    if not (address.is_rest or address.warehouse or address.file):
        raise WarehouseFault(
            f"{address.shown} does not say where its tables are. What to do: add the folder to the address, as in "
            f"{address.shown}?warehouse=s3://bucket/news (DATELINE_WAREHOUSE)."
        )
    return address


def _iceberg(address: IcebergAddress, time_zone: str) -> Warehouse:
    if find_spec("pyiceberg") is None:
        raise WarehouseFault(
            "A warehouse in Iceberg tables needs PyIceberg, which is not installed. "
            'What to do: pip install "dateline[iceberg]".'
        )
    from pipelines.warehouse.iceberg import IcebergWarehouse

    replica = address.replica or Path(".dateline") / "iceberg" / f"{address.label}.duckdb"
    return IcebergWarehouse(address, replica, time_zone=time_zone)


def _need_place_for_file(path: Path) -> None:
    """Raises ``WarehouseFault`` if no run could ever create or open a file at this path."""
    mode = _mode(path)
    if mode is not None and stat.S_ISDIR(mode):
        raise _no_file(f"{path} is a folder, but a warehouse is one file.", path)
    if mode is not None and not stat.S_ISREG(mode):
        raise _no_file(f"{path} is not a regular file.", path.parent)
    above, mode_above = next((each, mode) for each in path.parents if (mode := _mode(each)) is not None)
    if not stat.S_ISDIR(mode_above):
        raise _no_file(f"{path} cannot be created: {above} is a file, not a folder.", above.parent)


def _mode(path: Path) -> int | None:
    """The mode bits of the file or folder at a path; None if there is none, or if this user may not read them."""
    try:
        return path.stat().st_mode
    except OSError:
        return None


def _no_file(what: str, folder: Path) -> WarehouseFault:
    example = redact(f"{DUCKDB}{folder.absolute() / 'news.duckdb'}")
    return WarehouseFault(f"{what} What to do: name a file, as in DATELINE_WAREHOUSE={example}.")


__all__ = [
    "DUCKDB",
    "OUTCOMES",
    "Answer",
    "Blank",
    "DeadLetterFilter",
    "DeadLetterGroup",
    "Done",
    "Identity",
    "KafkaTopics",
    "LedgerOpen",
    "Loaded",
    "Mart",
    "NotRead",
    "OffsetsMoved",
    "Original",
    "OutboxKind",
    "OutboxStanding",
    "Parameters",
    "Part",
    "PartitionLedger",
    "Problem",
    "QueryFailed",
    "QueryStopped",
    "Run",
    "RunStatus",
    "SavedQuery",
    "ScraperStanding",
    "SharingRefused",
    "StateMoved",
    "StoredDeadLetter",
    "Table",
    "Turn",
    "Verification",
    "WaitingArticle",
    "Warehouse",
    "WarehouseBusy",
    "WarehouseFault",
    "WarehouseMissing",
    "WarehouseUnavailable",
    "ask",
    "distinct_names",
    "load_batch",
    "mart_examples",
    "open_warehouse",
    "saved_queries",
    "warehouse_address",
    "warehouse_path",
]
