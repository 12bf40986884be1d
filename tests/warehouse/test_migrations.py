"""Warehouses of every earlier layout are brought to today's, and keep what they hold."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from pipelines.resolve.layout import layout
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import FALK, FALK_MENTION, MARROWBY, carried, later, refused, stage
from tests.warehouse.test_publish import tables

UNKNOWN = {"reading", "new_reading"}  # nothing that a warehouse of before has tells them
LAYOUTS = sorted((Path(__file__).parent / "layouts").glob("*.sql"))


def columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name = 'old' ORDER BY column_index",
        [table],
    ).fetchall()
    return [row[0] for row in rows]


@pytest.fixture
def today(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path) -> DuckDBWarehouse:
    """A warehouse that was loaded under today's layout."""
    load_batch(duckdb_warehouse, stage(
        tmp_path, refused(0, key=b"page-0.html"),
        carried(1, mentions=(FALK_MENTION,), entities=(FALK, MARROWBY), story_signature=tuple(range(6))),
        carried(2, content_hash="d" * 64, fetched_at=later(2), mentions=(FALK_MENTION,), entities=(FALK,)),
    ))
    return duckdb_warehouse


@pytest.mark.parametrize("written", LAYOUTS, ids=[path.stem for path in LAYOUTS])
def test_a_warehouse_of_an_earlier_layout_keeps_all_rows(
    today: DuckDBWarehouse, tmp_path: Path, written: Path
) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{path}' AS old")
        con.execute("USE old")
        for statement in re.split(r";[ \t]*\n", written.read_text()):
            if statement.strip():
                con.execute(statement)
        con.execute(f"ATTACH '{today.path}' AS today (READ_ONLY)")
        con.execute("DELETE FROM old.layout")
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'old'").fetchall():
            kept = ", ".join(columns(con, table))
            con.execute(f"INSERT INTO old.{table} ({kept}) SELECT {kept} FROM today.{table}")
        con.execute("UPDATE old.layout SET fingerprint = 'former'")
    old = DuckDBWarehouse(path, clock=lambda: FETCHED_AT)
    old.prepare()
    assert {name: sorted(map(repr, rows)) for name, rows in _by_name(old).items() if name != "layout"} == {
        name: sorted(map(repr, rows)) for name, rows in _by_name(today).items() if name != "layout"
    }
    assert old.verify().problems == ()
    assert load_batch(old, stage(tmp_path, carried(3, fetched_at=later(9)), batch_id="batch-2")).outcomes == {
        "new_version": 1
    }
    old.prepare()
    assert old.identity() == today.identity()


def _by_name(warehouse: DuckDBWarehouse) -> dict[str, list[dict[str, object]]]:
    """Rows with their columns by name: an added column stands last in a table of before."""
    return {
        name: [
            {column: row[column] for column in sorted(row) if column not in UNKNOWN}
            for row in warehouse.query(f"SELECT * FROM {name}").records()
        ]
        for name in layout()
        if name in tables(warehouse)
    }


def test_every_table_and_column_of_the_layout_is_there(database: RelationalWarehouse) -> None:
    found = database.query(
        "SELECT c.table_name, array_agg(CAST(c.column_name AS VARCHAR) ORDER BY c.ordinal_position) "
        "FROM information_schema.columns c JOIN information_schema.tables t ON t.table_schema = c.table_schema AND "
        "t.table_name = c.table_name AND t.table_type = 'BASE TABLE' "
        "WHERE c.table_schema = current_schema() GROUP BY c.table_name"
    ).rows
    assert dict(found) == {name: [column.name for column in table.columns] for name, table in layout().items()}


def test_an_optional_column_that_a_contract_gained_is_added(database: RelationalWarehouse) -> None:
    with database._writing() as con:
        con.execute("DROP VIEW marts.syndication")
        con.execute("ALTER TABLE articles DROP COLUMN image_url")
        con.execute("UPDATE layout SET fingerprint = 'former'")
    database.prepare()
    assert database.query("SELECT image_url FROM articles").columns == ("image_url",)
    assert database.query("SELECT count(*) FROM marts.syndication").rows == ((0,),)


def test_a_mart_whose_columns_changed_is_made_anew(database: RelationalWarehouse) -> None:
    with database._writing() as con:
        con.execute("DROP VIEW marts.syndication")
        con.execute("CREATE VIEW marts.syndication AS SELECT 1 AS story_id, 'x' AS former")
        con.execute("UPDATE layout SET fingerprint = 'former'")
    database.prepare()
    assert "spread_hours" in database.query("SELECT * FROM marts.syndication").columns
