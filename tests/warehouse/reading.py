"""What tests read from a warehouse, whichever database it is."""

from __future__ import annotations

from typing import Any

from pipelines.warehouse.iceberg import IcebergWarehouse
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.relational import RelationalWarehouse


def url_of(warehouse: RelationalWarehouse) -> str:
    """The address by which another process opens the warehouse."""
    if isinstance(warehouse, IcebergWarehouse):
        return warehouse.address.url()
    return warehouse.url if isinstance(warehouse, PostgresWarehouse) else f"duckdb:///{warehouse.where}"


def in_order(rows: Any) -> list[tuple[Any, ...]]:
    """Rows in an order that is the same for every database."""
    return sorted(map(tuple, rows), key=repr)


def rows_without(warehouse: RelationalWarehouse, sql: str, *left_out: str) -> list[tuple[Any, ...]]:
    """The rows of a query, in order, without some of its columns."""
    table = warehouse.query(sql)
    kept = [n for n, column in enumerate(table.columns) if column not in left_out]
    return in_order([tuple(row[n] for n in kept) for row in table.rows])


def tamper(warehouse: RelationalWarehouse, sql: str) -> None:
    """Changes tables behind the ledger's back; ``TWICE <table> …`` enters rows again, which a key would refuse."""
    with warehouse._writing() as con:
        word, _, rest = sql.partition(" ")
        if word != "TWICE":
            con.execute(sql)
            return
        table = rest.partition(" ")[0]
        if warehouse.dialect.has_indexes:
            con.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
        con.execute(f"INSERT INTO {table} SELECT * FROM {rest}")
