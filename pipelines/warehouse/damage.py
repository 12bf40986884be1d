"""Distinguishes a damaged DuckDB file from one that is only unavailable, and says how to recover without data loss."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.warehouse.interface import WarehouseFault

_DAMAGED = ("Corrupt database file", "not a valid DuckDB database file", "Could not read enough bytes")


class WriteAheadFileCorrupt(WarehouseFault):
    """DuckDB's write-ahead log, which holds the newest commits, is damaged."""


class WarehouseCorrupt(WarehouseFault):
    """The DuckDB file itself is damaged, or is not a DuckDB file."""


def damage(path: Path, fault: duckdb.Error) -> WarehouseFault | None:
    """The damage that a DuckDB error reports, with advice; None if the error does not report damage."""
    says = str(fault)
    if "WAL file" in says:
        return WriteAheadFileCorrupt(
            f"The write-ahead file {path}.wal is damaged, and DuckDB cannot open the warehouse: {says}\n"
            f"What to do: stop all runs, keep a copy of {path} and {path}.wal, move the .wal file away, and run "
            "`dateline ingest`. The commits in the .wal file lost their rows and their offsets together, so that "
            "their records are read from Kafka again; then run `dateline ledger verify`. docs/operations.md says what "
            "else the file may have held."
        )
    if any(sign in says for sign in _DAMAGED):
        return WarehouseCorrupt(
            f"The warehouse {path} is damaged or is not a DuckDB file: {says}\n"
            "What to do: stop all runs, restore the last backup of it and of its originals, and run `dateline ingest`: "
            "records that were loaded after the backup are read from Kafka again, as far back as the topic's retention "
            "reaches."
        )
    return None
