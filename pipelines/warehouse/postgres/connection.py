"""Implements ``pipelines.warehouse.connection`` for PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import psycopg
import pyarrow as pa
from psycopg import errors
from psycopg import sql as composed
from psycopg.types.string import TextLoader

from pipelines.resolve.changes import rows_table
from pipelines.resolve.layout import TableLayout
from pipelines.warehouse.connection import Parameters, Rows
from pipelines.warehouse.dialect import POSTGRES
from pipelines.warehouse.postgres.literals import array_literal, storable, to_copy

type Psycopg = psycopg.Connection[tuple[Any, ...]]

_HAS_TABLE = "SELECT 1 WHERE to_regclass(quote_ident(current_schema()) || '.' || quote_ident(?)) IS NOT NULL"
_GRANTED = """
SELECT CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END,
    given.privilege_type, given.is_grantable
FROM pg_class view, aclexplode(view.relacl) given
WHERE view.oid = %s::regclass AND given.grantee <> view.relowner
"""

_TOKENS = re.compile(
    r"""(?P<skipped>'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|::)|(?P<percent>%)|\$(?P<name>\w+)|(?P<mark>\?)""",
    re.DOTALL,
)


class PostgresConnection:
    """See ``Connection``. Relations are added as common table expressions, so that a reader creates no tables."""

    def __init__(self, con: Psycopg) -> None:
        self.raw = con
        self._relations: dict[str, composed.Composed] = {}
        for kind in ("json", "jsonb"):
            con.adapters.register_loader(kind, TextLoader)  # JSON is returned as text, as by every other warehouse

    def execute(self, sql: str, parameters: Parameters = ()) -> Rows:
        read = [name for name in self._relations if re.search(rf"\b{name}\b", sql)]
        text, values = translated(sql, parameters)
        if read:
            relations = composed.SQL(", ").join(self._relations[name] for name in read).as_string(self.raw)
            text = f"WITH {relations.replace('%', '%%') if values else relations} {text}"
        return cast("Rows", self.raw.execute(text.encode(), values or None))

    def has_table(self, name: str) -> bool:
        """Looks into the catalog itself: a new session takes longer over ``information_schema`` than to connect."""
        return self.execute(_HAS_TABLE, [name]).fetchone() is not None

    def table(self, sql: str, schema: pa.Schema) -> pa.Table:
        return rows_table(schema, self.execute(sql).fetchall())

    def relation(self, name: str, rows: pa.Table, types: Mapping[str, str]) -> None:
        self._relations[name] = relation_sql(name, storable(rows, types), types)

    def make_view(self, name: str, statement: str) -> None:
        try:
            with self.raw.transaction():  # a savepoint; replacing a view with the same columns keeps its grants
                self.raw.execute(statement.encode())
        except errors.InvalidTableDefinition:
            granted = self.raw.execute(_GRANTED, [name]).fetchall()
            self.raw.execute(f"DROP VIEW {name}".encode())
            self.raw.execute(statement.encode())
            for grantee, privilege, is_grantable in granted:
                grant_option = " WITH GRANT OPTION" if is_grantable else ""
                self.raw.execute(f"GRANT {privilege} ON {name} TO {grantee}{grant_option}".encode())

    def add(self, table: TableLayout, rows: pa.Table) -> None:
        types = {column.name: POSTGRES.types[column.type] for column in table.columns}
        columns = composed.SQL(", ").join(map(composed.Identifier, rows.schema.names))
        statement = composed.SQL("COPY {} ({}) FROM STDIN").format(composed.Identifier(*table.name.split(".")), columns)
        with self.raw.cursor() as cursor, cursor.copy(statement) as copy:
            for part in to_copy(storable(rows, types)):
                copy.write(part)


def relation_sql(name: str, rows: pa.Table, types: Mapping[str, str]) -> composed.Composed:
    """The rows as a common table expression. Lists are passed as text, since ``unnest`` would flatten them."""
    names = rows.schema.names
    travels = {each: "text" if types[each].endswith("[]") else types[each] for each in names}
    arrays = [
        composed.SQL("{}::{}[]").format(array_literal(rows.column(each)), composed.SQL(travels[each]))
        for each in names
    ]
    columns = [
        composed.SQL("{}::{}").format(composed.Identifier(each), composed.SQL(types[each]))
        for each in names
    ]
    listed = composed.SQL(", ")
    identifiers = listed.join(map(composed.Identifier, names))
    return composed.SQL("{} ({}) AS (SELECT {} FROM unnest({}) AS given ({}))").format(
        composed.Identifier(name), identifiers, listed.join(columns), listed.join(arrays), identifiers
    )


def translated(sql: str, parameters: Parameters = ()) -> tuple[str, list[Any] | dict[str, Any]]:
    """A statement with psycopg's placeholders instead of ``?`` and ``$name``, and its parameters.

    A statement without parameters is returned unchanged.

    >>> translated("SELECT '?' || ? LIKE '5 %'", ["a"])
    ("SELECT '?' || %s LIKE '5 %%'", ['a'])
    >>> translated("SELECT $1, $1::text", ["a"])
    ('SELECT %(p1)s, %(p1)s::text', {'p1': 'a'})
    """
    if not parameters:
        return sql, []
    named = _named(parameters)

    def replaced(found: re.Match[str]) -> str:
        if found["name"]:
            return f"%({_key(found['name'])})s"
        return "%s" if found["mark"] else found[0].replace("%", "%%")

    text = _TOKENS.sub(replaced, sql)
    return text, named if isinstance(parameters, Mapping) or "%(" in text else list(parameters)


def _named(parameters: Parameters) -> dict[str, Any]:
    if isinstance(parameters, Mapping):
        return {_key(name): value for name, value in parameters.items()}
    return {f"p{n}": value for n, value in enumerate(parameters, start=1)}


def _key(name: str) -> str:
    return f"p{name}"
