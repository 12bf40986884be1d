from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from flows.local.postgres import LocalPostgres
from pipelines.iceberg_address import iceberg_address
from pipelines.resolve.layout import layout
from pipelines.stage import StagedBatch
from pipelines.warehouse.attention import TABLES
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.iceberg import IcebergWarehouse
from pipelines.warehouse.iceberg.sharing import LEASES
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.forking import Forking
from tests.warehouse.fake import FakeWarehouse
from tests.warehouse.sampled import sample_batch

KINDS = ("duckdb", "postgres", "fake", "iceberg")
DATABASES = ("duckdb", "postgres", "iceberg")
ICEBERG_ALWAYS = frozenset({"test_exactly_once", "test_outbox", "test_readings"})
"""Modules that run on Iceberg in every run: a load takes a second there. DATELINE_TEST_ICEBERG=all runs all of them."""
SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT a.attrelid::regclass || '.' || a.attname || a.attnum || a.attnotnull AS part
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace IN ('public'::regnamespace, 'marts'::regnamespace) AND a.attnum > 0
    UNION ALL SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
) parts
"""
"""Changes with every table, column, view and constraint."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out tests on Iceberg of modules that are not about what differs there."""
    runs_all = os.environ.get("DATELINE_TEST_ICEBERG") == "all"

    def is_wanted(item: pytest.Item) -> bool:
        if not isinstance(item, pytest.Function) or "iceberg_warehouse" not in _kinds(item):
            return True
        return runs_all or item.path.stem in ICEBERG_ALWAYS

    items[:] = [item for item in items if is_wanted(item)]


def _kinds(item: pytest.Function) -> set[str]:
    """The fixtures of warehouses that a test is run with."""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    return {f"{given[name]}_warehouse" for name in ("warehouse", "database") if name in given}


class PreparedPostgres:
    """One database of the session with all tables, which each test gets empty."""

    def __init__(self, server: LocalPostgres) -> None:
        running = server.running()
        assert running is not None, f"the session's PostgreSQL is gone: see {server.log}"
        self._admin, self.url = server.url(running), server.url(running, "warehouse")
        self._shape = self._made()

    def emptied(self) -> str:
        """The address of the database, after its rows were removed, and it was made anew if its shape was changed."""
        with psycopg.connect(self.url, autocommit=True) as con:
            (shape,) = con.execute(SHAPE).fetchone() or (None,)
            if shape == self._shape:
                filled = [table for table in (*layout(), *TABLES) if table not in {"layout", "identity"}]
                con.execute("; ".join(f"DELETE FROM {table}" for table in filled))
                con.execute("UPDATE identity SET revision = 0")
                return self.url
        self._made()
        return self.url

    def _made(self) -> str:
        with psycopg.connect(self._admin, autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS warehouse WITH (FORCE)")
            admin.execute("CREATE DATABASE warehouse")
        PostgresWarehouse(self.url, clock=lambda: FETCHED_AT).prepare()
        with psycopg.connect(self.url) as con:
            (shape,) = con.execute(SHAPE).fetchone() or ("",)
        return str(shape)


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> StagedBatch:
    """The samples as a staged batch, made once."""
    return sample_batch(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def prepared_postgres(postgres_server: LocalPostgres) -> PreparedPostgres:
    return PreparedPostgres(postgres_server)


@pytest.fixture
def duckdb_warehouse(prepared: Path, tmp_path: Path) -> DuckDBWarehouse:
    path = tmp_path / "news.duckdb"
    shutil.copy(prepared, path)
    return DuckDBWarehouse(path, patience_s=0.2, clock=lambda: FETCHED_AT)


@pytest.fixture
def postgres_warehouse(prepared_postgres: PreparedPostgres) -> PostgresWarehouse:
    return PostgresWarehouse(prepared_postgres.emptied(), clock=lambda: FETCHED_AT)


@pytest.fixture(scope="session")
def prepared_iceberg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a catalog with all tables, without rows, and its replica."""
    folder = tmp_path_factory.mktemp("iceberg")
    address = iceberg_address(f"iceberg+sqlite:///{folder}/catalog.db?warehouse=file://{folder}/tables")
    warehouse = IcebergWarehouse(address, folder / "replica.duckdb", clock=lambda: FETCHED_AT)
    warehouse.prepare()
    with warehouse.commits.tables.need(LEASES).transaction() as kept:  # a copy must not remove files of the others
        kept.set_properties({"write.metadata.delete-after-commit.enabled": "false"})
    return folder


@pytest.fixture
def iceberg_warehouse(prepared_iceberg: Path, tmp_path: Path) -> IcebergWarehouse:
    """An empty warehouse: files of Iceberg tables never change, so that a copy of the catalog is a new warehouse.

    If DATELINE_TEST_ICEBERG_CATALOG names a catalog (``iceberg+http://…``), it is a new namespace there.
    """
    if (catalog := os.environ.get("DATELINE_TEST_ICEBERG_CATALOG")) is not None:
        given = replace(iceberg_address(catalog), namespace=f"test_{uuid4().hex}")
        made = IcebergWarehouse(given, tmp_path / "replica.duckdb", patience_s=0.2, clock=lambda: FETCHED_AT)
        made.prepare()
        return made
    for name in ("catalog.db", "replica.duckdb"):
        shutil.copy(prepared_iceberg / name, tmp_path / name)
    address = iceberg_address(
        f"iceberg+sqlite:///{tmp_path}/catalog.db?warehouse=file://{prepared_iceberg}/tables"
        f"&replica={tmp_path}/replica.duckdb"
    )
    return IcebergWarehouse(address, tmp_path / "replica.duckdb", patience_s=0.2, clock=lambda: FETCHED_AT)


@pytest.fixture(scope="session")
def forking() -> Iterator[Forking]:
    """Forks processes that may be killed while they write to a warehouse."""
    with Forking() as started:
        yield started


@pytest.fixture
def fake_warehouse() -> FakeWarehouse:
    return FakeWarehouse(clock=lambda: FETCHED_AT)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> RelationalWarehouse:
    """An empty warehouse in each database, for tests of what the fake has not: tables that change, other processes."""
    made: Any = request.getfixturevalue(f"{request.param}_warehouse")
    assert isinstance(made, RelationalWarehouse)
    return made


@pytest.fixture(params=KINDS)
def warehouse(request: pytest.FixtureRequest) -> RelationalWarehouse:
    """An empty warehouse of each kind: every test of what warehouses do alike runs on all of them."""
    made: Any = request.getfixturevalue(f"{request.param}_warehouse")
    assert isinstance(made, RelationalWarehouse)
    return made
