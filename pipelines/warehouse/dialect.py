"""Generates the SQL of the tables in ``pipelines.resolve.layout`` for a database: types, keys, indexes and comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines.resolve.layout import TableLayout
from pipelines.stage.columns import Column, ColumnType


@dataclass(frozen=True, slots=True)
class Dialect:
    """The column types of a database, and whether its tables have keys and indexes."""

    name: str
    types: Mapping[ColumnType, str]
    has_indexes: bool
    row_id: str = ""
    """The column that addresses a row of a table without indexes: few rows are found by reading one column."""
    one_state: str = ""
    """Statement that begins a transaction all of whose statements are to see the same state of the database."""
    collation: str = ""
    """SQL clause of text columns: they sort by bytes, whatever the locale of the server."""


DUCKDB = Dialect(
    "duckdb",
    {
        "text": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "bool": "BOOLEAN", "double": "DOUBLE",
        "timestamp": "TIMESTAMPTZ", "json": "JSON", "bytes": "BLOB", "text[]": "VARCHAR[]", "bigint[]": "BIGINT[]",
        "bytes[]": "BLOB[]",
    },
    has_indexes=False,  # loading into a table with a primary key took three to five times as long
    row_id="rowid",
)
POSTGRES = Dialect(
    "postgres",
    {
        "text": "text", "int": "integer", "bigint": "bigint", "bool": "boolean", "double": "double precision",
        "timestamp": "timestamptz", "json": "jsonb", "bytes": "bytea", "text[]": "text[]", "bigint[]": "bigint[]",
        "bytes[]": "bytea[]",
    },
    has_indexes=True,
    one_state="SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    collation=' COLLATE "C"',
)


def table_statements(table: TableLayout, dialect: Dialect) -> Iterator[str]:
    """Statements that create the table with its key and indexes, unless they exist already."""
    parts = [f"    {definition(column, dialect)}" for column in table.columns]
    if dialect.has_indexes and table.key:
        parts.append(f"    PRIMARY KEY ({', '.join(table.key)})")
    yield f"CREATE TABLE IF NOT EXISTS {table.name} (\n{',\n'.join(parts)}\n)"
    if dialect.has_indexes:
        for columns in table.indexes:
            name = f"{table.name}_by_{'_'.join(columns)}"
            yield f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({', '.join(columns)})"


def comment_statements(table: TableLayout) -> Iterator[str]:
    """Statements that give the table and its columns their comments."""
    yield f"COMMENT ON TABLE {table.name} IS {quoted(table.comment)}"
    for column in table.columns:
        yield f"COMMENT ON COLUMN {table.name}.{column.name} IS {quoted(column.comment)}"


def definition(column: Column, dialect: Dialect) -> str:
    """The SQL definition of a column.

    >>> definition(Column("body", "text", False, "The text."), DUCKDB)
    'body VARCHAR NOT NULL'
    >>> definition(Column("body", "text", False, "The text."), POSTGRES)
    'body text COLLATE "C" NOT NULL'
    """
    collation = dialect.collation if column.type in {"text", "text[]"} else ""
    return f"{column.name} {dialect.types[column.type]}{collation}{'' if column.is_nullable else ' NOT NULL'}"


def quoted(text: str) -> str:
    """A text as an SQL string literal.

    >>> quoted("the outlet's name")
    "'the outlet''s name'"
    """
    return f"'{text.replace("'", "''")}'"
