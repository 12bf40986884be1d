"""Every row and column of every mart is what a second computation finds, on the samples and on generated news."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.local.postgres import LocalPostgres
from pipelines.stage import StagedBatch
from pipelines.warehouse import load_batch, mart_examples
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.bench.news import News
from tests.conftest import a_database
from tests.warehouse.reading import tamper
from tests.warehouse.reckoning import Reckoning, Row, read_tables
from tests.warehouse.sampled import LOADED_AT

MARTS = [mart.name for mart in mart_examples()]
BY_DAY = ["daily_outlet_volume", "entity_attention_daily", "country_attention_daily", "pipeline_health",
          "entity_attention_weekly", "country_attention_weekly", "entities_rising"]
QUARANTINED = """
UPDATE scrapers SET state = 'quarantined', since = '2026-02-28 12:00:00+00', why = '[]' WHERE scraper = 'scraper-3'
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A warehouse with news, and the rows of its tables."""

    warehouse: RelationalWarehouse
    tables: Mapping[str, list[Row]]

    @classmethod
    def of(cls, warehouse: RelationalWarehouse, *batches: StagedBatch) -> Filled:
        warehouse.prepare()
        for batch in batches:
            load_batch(warehouse, batch)
        if len(batches) > 1:
            tamper(warehouse, QUARANTINED)
        return cls(warehouse, read_tables(warehouse))


def generated(folder: Path, articles: int) -> tuple[StagedBatch, StagedBatch]:
    """News of sixty days: most of them, then the last fifth with changes of earlier articles."""
    news = News(folder, articles)
    return news.batch(articles - articles // 5, 0), news.batch(articles // 5, articles // 20)


@pytest.fixture(scope="module")
def on_duckdb(samples: StagedBatch, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    path = tmp_path_factory.mktemp("numbers") / "news.duckdb"
    return Filled.of(DuckDBWarehouse(path, clock=lambda: LOADED_AT), samples)


@pytest.fixture(scope="module", params=["samples", "generated"])
def on_postgres(
    request: pytest.FixtureRequest, samples: StagedBatch, postgres_server: LocalPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Filled]:
    with a_database(postgres_server) as url:
        batches = (samples,) if request.param == "samples" else generated(tmp_path_factory.mktemp("numbers"), 2_000)
        yield Filled.of(PostgresWarehouse(url, clock=lambda: LOADED_AT), *batches)


def reckoned(filled: Filled, zone: str, marts: list[str]) -> None:
    """Compares the marts with the second computation, after they were made for days of the zone."""
    filled.warehouse.time_zone = zone
    filled.warehouse.prepare()
    second = Reckoning(filled.tables, ZoneInfo(zone))
    for mart in marts:
        table = filled.warehouse.query(f"SELECT * FROM marts.{mart}")
        wanted: dict[tuple[Any, ...], list[float]] = {}
        for record in getattr(second, mart)():
            assert record.keys() == set(table.columns), mart
            exact, decimals = parts(tuple(record[column] for column in table.columns))
            assert exact not in wanted, (mart, "no two rows agree in everything but decimals")
            wanted[exact] = decimals
        for row in table.rows:
            exact, decimals = parts(row)
            assert exact in wanted, mart
            assert are_close(decimals, wanted.pop(exact)), (mart, row)
        assert wanted == {}, mart


def parts(row: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[float]]:
    """The values of a row that must be equal, and its decimal numbers."""
    return tuple(None if isinstance(v, float) else v for v in row), [v for v in row if isinstance(v, float)]


def are_close(some: list[float], others: list[float]) -> bool:
    return all(isclose(s, o, rel_tol=1e-9, abs_tol=1e-9) for s, o in zip(some, others, strict=True))


def test_the_marts_of_duckdb_are_what_is_reckoned(on_duckdb: Filled) -> None:
    reckoned(on_duckdb, "UTC", MARTS)


@pytest.mark.slow
def test_the_marts_of_ten_thousand_articles_are_what_is_reckoned(tmp_path: Path) -> None:
    made = DuckDBWarehouse(tmp_path / "news.duckdb", clock=lambda: LOADED_AT)
    reckoned(Filled.of(made, *generated(tmp_path, 10_000)), "UTC", MARTS)


def test_days_of_another_zone_are_what_is_reckoned_on_duckdb(on_duckdb: Filled) -> None:
    reckoned(on_duckdb, "Pacific/Auckland", BY_DAY)


def test_the_marts_of_postgres_are_what_is_reckoned(on_postgres: Filled) -> None:
    reckoned(on_postgres, "UTC", MARTS)


def test_days_of_another_zone_are_what_is_reckoned_on_postgres(on_postgres: Filled) -> None:
    reckoned(on_postgres, "Pacific/Auckland", BY_DAY)
