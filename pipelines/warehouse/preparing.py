"""Brings a relational warehouse to the current layout: tables, migrations, new columns, comments and marts.

Tables and their comments are generated from ``pipelines.resolve.layout``. On a warehouse that already exists, the
numbered migrations under ``sql/migrations`` that were not run yet are run; then columns are added for optional fields
that are new in a contract. The marts are written for days in UTC; another time zone is put in its place.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from uuid import uuid4

from pipelines.resolve.layout import layout
from pipelines.warehouse.attention import mark_all
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.dialect import Dialect, comment_statements, definition, table_statements
from pipelines.warehouse.interface import WarehouseFault
from pipelines.warehouse.statements import files, in_time_zone, statements, text

_VIEW = re.compile(r"CREATE OR REPLACE VIEW (\S+)")


def wanted_fingerprint(dialect: Dialect, time_zone: str) -> str:
    """Fingerprint of the current layout: it changes if a table, a migration, a mart or a comment changes."""
    tables = [[*table_statements(table, dialect), *comment_statements(table)] for table in layout().values()]
    written = [text("migrations", name) for name in files("migrations")]
    written += [in_time_zone(text("marts", name), time_zone) for name in files("marts")]
    return hashlib.sha256(json.dumps([dialect.name, tables, written]).encode()).hexdigest()[:16]


def stored_fingerprint(con: Connection) -> str | None:
    """Fingerprint of the layout that the warehouse has; None if it has no layout yet."""
    if not con.has_table("layout"):
        return None
    row = con.execute("SELECT fingerprint FROM layout").fetchone()
    return str(row[0]) if row else None


def make_layout(con: Connection, dialect: Dialect, at: datetime, time_zone: str = "UTC") -> None:
    """Creates or updates the layout in the open transaction; existing rows are kept.

    The days of marts are days in the time zone. Raises ``WarehouseFault`` if the database does not know it.
    """
    is_new = not con.has_table("layout")
    for table in layout().values():
        con.execute(next(table_statements(table, dialect)))
    last = _numbers()[-1]
    if not is_new:
        con.execute("ALTER TABLE layout ADD COLUMN IF NOT EXISTS migration INTEGER")
        _migrate(con)
    _add_columns(con, dialect)
    for table in layout().values():  # after the migrations, since an index may cover a column that one renamed
        for statement in (*table_statements(table, dialect), *comment_statements(table)):
            con.execute(statement)
    _make_marts(con, time_zone)
    if not is_new:
        mark_all(con)  # counts may have been stored under other rules, or for days of another time zone
    if con.execute("SELECT 1 FROM identity").fetchone() is None:
        con.execute("INSERT INTO identity (warehouse_id, made_at, revision) VALUES (?, ?, 0)", [uuid4().hex, at])
    con.execute("DELETE FROM layout")
    con.execute(
        "INSERT INTO layout (fingerprint, made_at, migration) VALUES (?, ?, ?)",
        [wanted_fingerprint(dialect, time_zone), at, last],
    )


def _make_marts(con: Connection, time_zone: str) -> None:
    if con.execute("SELECT 1 FROM pg_timezone_names() WHERE name = ?", [time_zone]).fetchone() is None:
        raise WarehouseFault(
            f"The database does not know the time zone {time_zone}. Nothing was changed. What to do: set "
            "DATELINE_MARTS__TIME_ZONE to a zone that it knows, such as UTC or Europe/London."
        )
    for name in files("marts"):
        for statement in statements("marts", name):
            rendered = in_time_zone(statement, time_zone)
            if view := _VIEW.match(rendered):
                con.make_view(view[1], rendered)
            else:
                con.execute(rendered)


def _migrate(con: Connection) -> None:
    row = con.execute("SELECT migration FROM layout").fetchone()
    done = (row[0] or 0) if row else 0
    if done > _numbers()[-1]:
        raise WarehouseFault(
            f"A newer version of Dateline has brought the warehouse to layout {done}; this version knows layout "
            f"{_numbers()[-1]}. Nothing was changed. What to do: use the newer version for all runs on this warehouse."
        )
    for number, name in zip(_numbers(), files("migrations"), strict=True):
        if number > done:
            for statement in statements("migrations", name):
                con.execute(statement)


def _numbers() -> list[int]:
    return [int(name.partition("_")[0]) for name in files("migrations")]


def _add_columns(con: Connection, dialect: Dialect) -> None:
    """Adds optional columns that a table lacks. Raises ``WarehouseFault`` if it lacks a column that is not nullable."""
    there = _columns(con)
    for table in layout().values():
        for column in table.columns:
            if column.name in there[table.name]:
                continue
            if not column.is_nullable:
                raise WarehouseFault(
                    f"The table {table.name} lacks the column {column.name}, which may not be null, and no migration "
                    "adds it. Nothing was changed. What to do: this is a bug in Dateline, report it."
                )
            con.execute(f"ALTER TABLE {table.name} ADD COLUMN {definition(column, dialect)}")


def _columns(con: Connection) -> dict[str, set[str]]:
    """The columns of each table."""
    found: dict[str, set[str]] = {}
    for table, column in con.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_catalog = current_database()"
    ).fetchall():
        found.setdefault(table, set()).add(column)
    return found
