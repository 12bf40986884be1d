from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty warehouse with all its tables, made once: each test gets a copy."""
    path = tmp_path_factory.mktemp("prepared") / "news.duckdb"
    DuckDBWarehouse(path, clock=lambda: FETCHED_AT).prepare()
    return path


@pytest.fixture
def warehouse(prepared: Path, tmp_path: Path) -> DuckDBWarehouse:
    path = tmp_path / "news.duckdb"
    shutil.copy(prepared, path)
    return DuckDBWarehouse(path, patience_s=0.2, clock=lambda: FETCHED_AT)
