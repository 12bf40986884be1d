"""What analysts read a warehouse with gets the rows that Dateline's own query gives, without any help."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy

from flows.local.postgres_programs import find_postgres
from pipelines.warehouse import load_batch

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.stage import StagedBatch
    from pipelines.warehouse.duckdb import DuckDBWarehouse
    from pipelines.warehouse.postgres.warehouse import PostgresWarehouse

VOLUME = (
    "SELECT day, outlet_domain, outlet_name, articles, mean_words FROM marts.daily_outlet_volume "
    "ORDER BY day, outlet_domain"
)
type Rows = list[tuple[Any, ...]]


def with_psql(url: str) -> Rows:
    command = [find_postgres().initdb.with_name("psql"), url, "--csv", "--tuples-only", "--command", VOLUME]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [
        (date.fromisoformat(day), domain or None, name or None, int(articles), float(words) if words else None)
        for day, domain, name, articles, words in csv.reader(io.StringIO(answer))
    ]


def engine(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1), poolclass=sqlalchemy.NullPool)


def with_sqlalchemy(url: str) -> Rows:
    with engine(url).connect() as con:
        return [tuple(row) for row in con.execute(sqlalchemy.text(VOLUME))]


def with_pandas(url: str) -> Rows:
    with engine(url).connect() as con:
        frame = pd.read_sql(sqlalchemy.text(VOLUME), con)
    return list(frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None))


def with_polars(url: str) -> Rows:
    import polars

    return polars.read_database_uri(VOLUME, url, engine="adbc").rows()


def with_adbc(url: str) -> Rows:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url) as con, con.cursor() as cursor:
        cursor.execute(VOLUME)
        table = cursor.fetch_arrow_table()
    return [tuple(row.values()) for row in table.to_pylist()]


READERS: Mapping[str, Callable[[str], Rows]] = {
    "psql": with_psql, "sqlalchemy": with_sqlalchemy, "pandas": with_pandas, "polars": with_polars, "adbc": with_adbc,
}


def test_readers_of_postgresql_get_the_same_rows(
    postgres_warehouse: PostgresWarehouse, samples: StagedBatch
) -> None:
    load_batch(postgres_warehouse, samples)
    expected = list(postgres_warehouse.query(VOLUME).rows)
    assert len(expected) > 10
    for name, read in READERS.items():
        assert (name, read(postgres_warehouse.url)) == (name, expected)


def test_readers_of_a_copy_of_the_duckdb_file_get_the_same_rows(
    duckdb_warehouse: DuckDBWarehouse, samples: StagedBatch, tmp_path: Path
) -> None:
    import duckdb
    import polars

    load_batch(duckdb_warehouse, samples)
    expected = list(duckdb_warehouse.query(VOLUME).rows)
    copy = tmp_path / "readers.duckdb"
    duckdb_warehouse.copy_to(copy)
    with duckdb.connect(str(copy), read_only=True) as con:
        assert con.execute(VOLUME).fetchall() == expected
        table = con.sql(VOLUME).to_arrow_table()
        assert [tuple(row.values()) for row in table.to_pylist()] == expected
        assert polars.DataFrame(table).rows() == expected
        assert list(con.sql(VOLUME).df()["articles"]) == [row[3] for row in expected]
