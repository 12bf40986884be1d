"""Distinguishes a damaged DuckDB file from one that is only unavailable, and says how to go on without losing data."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.warehouse.interface import WarehouseFault

_DAMAGED = ("Corrupt database file", "not a valid DuckDB database file", "Could not read enough bytes")


class WriteAheadFileCorrupt(WarehouseFault):
    """DuckDB's write-ahead file, which holds the newest commits, is damaged."""


class WarehouseCorrupt(WarehouseFault):
    """The DuckDB file itself is damaged, or is none."""


def damage(path: Path, fault: duckdb.Error) -> WarehouseFault | None:
    """What is damaged, with what to do; None where the fault says nothing of damage."""
    says = str(fault)
    if "WAL file" in says:
        return WriteAheadFileCorrupt(
            f"The write-ahead file {path}.wal is damaged, and DuckDB cannot open the warehouse: {says}\n"
            f"What to do: stop all runs, keep a copy of {path} and {path}.wal, move the .wal file away, and run "
            "`dateline ingest`. The rows and offsets of the commits in it are gone together, so that their records "
            "are read from Kafka again; then run `dateline ledger verify`. The run book says what else the "
            "file may have held."
        )
    if any(sign in says for sign in _DAMAGED):
        return WarehouseCorrupt(
            f"The warehouse {path} is damaged or is no DuckDB file: {says}\n"
            "What to do: stop all runs, put the last backup of it and of its originals in place, and run "
            "`dateline ingest`: what came after the backup is read from Kafka again, as far back as the topic's "
            "retention reaches."
        )
    return None
