"""Warehouses of every earlier layout are brought to today's, and keep what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from pipelines.resolve.layout import layout
from pipelines.warehouse import WarehouseFault, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.warehouse.batches import FALK, FALK_MENTION, MARROWBY, carried, gap, later, refused, stage
from tests.warehouse.test_quarantine import HARBOUR, QUAY, Stream, news

LAYOUTS = Path(__file__).parent / "layouts"
UNKNOWN = {"0000": {"reading", "new_reading", "revision", "withdrawn"}, "0001": {"withdrawn"}}
"""Columns whose values no warehouse of that layout can have."""
FORMER_TABLES = {
    "scrapers": "sources", "scraper_batches": "source_batches", "quarantined_articles": "held_articles",
}
FORMER_COLUMNS = {
    "source": "scraper", "is_held": "is_quarantined", "published_at": "loaded_at", "held": "quarantined",
    "source_topic": "coordinates_topic", "source_partition": "coordinates_partition",
    "source_offset": "coordinates_offset",
}
FORMER_VALUES = (
    "UPDATE sources SET state = CASE state WHEN 'quarantined' THEN 'held' ELSE 'flowing' END",
    "UPDATE ledger SET outcome = 'held' WHERE outcome = 'quarantined'",
    "UPDATE ledger SET first_outcome = 'held' WHERE first_outcome = 'quarantined'",
    "UPDATE gaps SET kind = 'transaction_marker' WHERE kind = 'control_record'",
    "UPDATE layout SET fingerprint = 'former'",
)


@pytest.fixture
def today(database: RelationalWarehouse, tmp_path: Path) -> RelationalWarehouse:
    """A warehouse that was loaded under today's layout: a scraper of it is quarantined."""
    stream = Stream(database, tmp_path)
    for _ in range(4):
        stream.quiet(QUAY, HARBOUR, size=30)
    stream.load(*(news(stream.offset + n, word_count=900) for n in range(30)))
    stream.load(
        refused(stream.offset, key=b"page-0.html"),
        carried(
            stream.offset + 1, mentions=(FALK_MENTION,), entities=(FALK, MARROWBY), story_signature=tuple(range(6))
        ),
        carried(
            stream.offset + 2, content_hash="d" * 64, fetched_at=later(2), mentions=(FALK_MENTION,), entities=(FALK,)
        ),
    )
    stream.load(gap(stream.offset, stream.offset + 3, "control_record"))
    return database


@contextmanager
def sql_of(warehouse: RelationalWarehouse) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Executes statements in the database as they are, each in a transaction of its own."""
    if isinstance(warehouse, DuckDBWarehouse):
        with duckdb.connect(str(warehouse.path)) as con:
            yield lambda sql: con.execute(sql).fetchall()
        return
    assert isinstance(warehouse, PostgresWarehouse)
    with psycopg.connect(warehouse.url, autocommit=True) as pg:
        def execute(sql: str) -> list[tuple[Any, ...]]:
            cursor = pg.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

        yield execute


def columns(execute: Callable[[str], list[tuple[Any, ...]]], schema: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        f"WHERE table_schema = '{schema}' ORDER BY table_name, ordinal_position"
    ):
        found.setdefault(table, []).append(column)
    return found


def bring_back(warehouse: RelationalWarehouse, number: str) -> None:
    """Gives the warehouse an earlier layout, in which it has the same rows."""
    name = warehouse.dialect.name
    written = LAYOUTS / f"{number}.{name}.sql"
    home = "public" if name == "postgres" else "main"
    with sql_of(warehouse) as execute:
        execute("DROP SCHEMA marts CASCADE")
        if home == "public":
            execute("ALTER SCHEMA public RENAME TO today")
            execute("CREATE SCHEMA public")
        else:
            execute("CREATE SCHEMA today")
            for table in columns(execute, home):
                execute(f"CREATE TABLE today.{table} AS FROM main.{table}")
                execute(f"DROP TABLE main.{table}")
        for statement in re.split(r";[ \t]*\n", written.read_text()):
            if statement.strip():
                execute(statement)
        has, had = columns(execute, "today"), columns(execute, home)
        for table, now in has.items():
            former = FORMER_TABLES.get(table, table)
            kept = {
                column: column if column in now else FORMER_COLUMNS[column]
                for column in had.get(former, ())
                if column in now or FORMER_COLUMNS.get(column) in now
            }
            if kept:
                execute(
                    f"INSERT INTO {home}.{former} ({', '.join(kept)}) "
                    f"SELECT {', '.join(kept.values())} FROM today.{table}"
                )
        execute("DROP SCHEMA today CASCADE")
        for statement in FORMER_VALUES:
            execute(statement)
        if "migration" in had["layout"]:
            execute(f"UPDATE layout SET migration = {int(number)}")


@pytest.mark.parametrize("number", sorted(UNKNOWN))
def test_a_warehouse_of_an_earlier_layout_keeps_all_rows(
    today: RelationalWarehouse, tmp_path: Path, number: str
) -> None:
    if not (LAYOUTS / f"{number}.{today.dialect.name}.sql").exists():
        pytest.skip(f"there were no warehouses of layout {number} in {today.dialect.name}")
    before, identity = by_name(today, UNKNOWN[number]), today.identity()
    bring_back(today, number)
    today.prepare()
    assert by_name(today, UNKNOWN[number]) == before
    assert today.verify().problems == ()
    assert today.identity() == identity
    offset = today.loaded_topic("articles.raw").next_offsets[0]
    batch = stage(tmp_path, carried(offset, fetched_at=later(9)), batch_id="batch-after")
    assert load_batch(today, batch).outcomes == {"new_version": 1}


def by_name(warehouse: RelationalWarehouse, unknown: set[str]) -> dict[str, list[str]]:
    """Rows with their columns by name: an added column stands last in a table of before."""
    return {
        name: sorted(
            repr([(column, row[column]) for column in sorted(row) if column not in unknown])
            for row in warehouse.query(f"SELECT * FROM {name}").records()
        )
        for name in layout()
        if name not in {"layout", "version_changes"}  # what changed was not recorded
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


def test_a_layout_of_a_newer_version_is_left_alone(today: RelationalWarehouse) -> None:
    with sql_of(today) as execute:
        ((fingerprint, migration),) = execute("SELECT fingerprint, migration FROM layout")
        execute("UPDATE layout SET fingerprint = 'newer', migration = 9999")
    try:
        with pytest.raises(WarehouseFault, match="newer version of Dateline has brought the warehouse to layout 9999"):
            today.prepare()
        with sql_of(today) as execute:
            assert execute("SELECT fingerprint, migration FROM layout") == [("newer", 9999)]
    finally:  # the tests of a session share PostgreSQL's database
        with sql_of(today) as execute:
            execute(f"UPDATE layout SET fingerprint = '{fingerprint}', migration = {migration}")
