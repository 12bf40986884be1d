"""Stored attention is what counting every article anew gives, after every kind of change and in every time zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from flows.attention import ARTICLES, CHANGES, StoredAttention
from pipelines.resolve.loaded import Loaded
from pipelines.warehouse import WarehouseMissing, WarehouseUnavailable, load_batch
from pipelines.warehouse.attention import TABLES
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.iceberg import IcebergWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.bench.news import News
from tests.warehouse.batches import carried, later, stage, tombstone
from tests.warehouse.test_marts_in_time import BOTH, ONLY_FALK
from tests.warehouse.test_namesakes import MARROWBY_TOWN, REEF_STATION, an_article_of_falk

DAYS = """
SELECT CAST(coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC' AS DATE), u.entity_id, count(*),
    count(DISTINCT a.story_id), count(DISTINCT a.outlet_domain), CAST(sum(u.mention_count) AS BIGINT),
    count(CASE WHEN u.in_title THEN 1 END), CAST(1000 * sum(u.salience) AS BIGINT),
    count(CASE WHEN a.published_at IS NULL THEN 1 END)
FROM article_entities u JOIN articles a ON a.article_id = u.article_id GROUP BY 1, 2 ORDER BY 1, 2
"""
WEEKS = """
SELECT CAST(date_trunc('week', coalesce(a.published_at, a.fetched_at) AT TIME ZONE 'UTC') AS DATE), u.entity_id,
    count(*), count(DISTINCT a.story_id)
FROM article_entities u JOIN articles a ON a.article_id = u.article_id GROUP BY 1, 2 ORDER BY 1, 2
"""
SHOWN = (
    "SELECT day, entity_id, articles, stories, outlets, mentions, in_titles, CAST(1000 * salience AS BIGINT), undated "
    "FROM marts.entity_attention_daily ORDER BY day, entity_id",
    "SELECT week, entity_id, articles, stories FROM marts.entity_attention_weekly WHERE articles > 0 "
    "ORDER BY week, entity_id",
)


def agrees(warehouse: RelationalWarehouse, zone: str = "UTC") -> bool:
    """Whether both marts have what counting anew gives, and have anything at all."""
    counted = [warehouse.query(sql.replace("'UTC'", f"'{zone}'")).rows for sql in (DAYS, WEEKS)]
    assert [warehouse.query(sql).rows for sql in SHOWN] == counted
    return all(counted)


def stored(warehouse: RelationalWarehouse) -> tuple[int, int, int]:
    """Rows that are stored by day and by week, and changes since."""
    by_day, by_week, changed = (warehouse.query(f"SELECT count(*) FROM {table}").rows[0][0] for table in TABLES)
    return by_day, by_week, changed


CHANGED: dict[str, Sequence[object]] = {
    "a new article of a stored day": [carried(2, article_id="2" * 32, content_hash="2" * 64, **BOTH)],
    "a version that names fewer": [carried(2, content_hash="e" * 64, fetched_at=later(2), **ONLY_FALK)],
    "a version that names nobody": [carried(2, content_hash="e" * 64, fetched_at=later(2))],
    "another date of the same text": [carried(2, published_at=later(-200), fetched_at=later(2), **BOTH)],
    "no date any more": [carried(2, published_at=None, fetched_at=later(2), **BOTH)],
    "a deletion": [tombstone(2, "a" * 32, timestamp=later(3))],
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_change_of_stored_articles_is_counted_before_it_is_stored_and_after(
    warehouse: RelationalWarehouse, tmp_path: Path, change: Sequence[object]
) -> None:
    load_batch(warehouse, stage(
        tmp_path, carried(0, article_id="a" * 32, content_hash="a" * 64, published_at=later(-24), **BOTH),
        carried(1, article_id="1" * 32, content_hash="1" * 64, published_at=later(-24), **BOTH),
    ))
    assert warehouse.store_attention()
    assert agrees(warehouse)
    load_batch(warehouse, stage(tmp_path, *change, batch_id="batch-2"))
    assert agrees(warehouse)
    assert warehouse.store_attention()
    assert agrees(warehouse)


def test_people_that_are_distinguished_later_are_counted_under_their_own_ids(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(warehouse, stage(
        tmp_path, an_article_of_falk(1, "sport", MARROWBY_TOWN), an_article_of_falk(2, None, MARROWBY_TOWN),
    ))  # fmt: skip
    warehouse.store_attention()
    load_batch(warehouse, stage(
        tmp_path, an_article_of_falk(3, "science", REEF_STATION), an_article_of_falk(4, None, REEF_STATION),
        batch_id="batch-2",
    ))  # fmt: skip
    assert agrees(warehouse)
    company = (an_article_of_falk(n, "science", MARROWBY_TOWN) for n in (5, 6, 7))
    load_batch(warehouse, stage(tmp_path, *company, batch_id="batch-3"))
    assert agrees(warehouse)
    warehouse.store_attention()
    assert agrees(warehouse)


def test_many_batches_of_news_are_counted_whenever_they_are_stored(
    database: RelationalWarehouse, tmp_path: Path
) -> None:
    news = News(tmp_path / "staged", expected=900)
    for number in range(5):
        load_batch(database, news.batch(150, 30 if number else 0))
        if number in {1, 3}:
            assert database.store_attention()
            assert stored(database)[2] == 0
        assert agrees(database)
    assert all(stored(database))


def test_few_changes_are_not_stored(database: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(database, stage(tmp_path, carried(0, **BOTH)))
    assert not database.store_attention(least=3)
    assert stored(database) == (0, 0, 2)
    assert database.store_attention(least=2)
    assert stored(database) == (2, 2, 0)
    assert not database.store_attention()


def test_upkeep_stores_what_is_not_stored(database: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(database, stage(tmp_path, carried(0, **BOTH)))
    database.maintain(timedelta(days=1))
    assert stored(database)[2] == 0
    assert agrees(database)


def test_days_of_another_time_zone_are_counted_anew(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load_batch(duckdb_warehouse, stage(tmp_path, *(
        carried(n, article_id=f"{n:032x}", content_hash=f"{n:064x}", published_at=later(7 * n), **BOTH)
        for n in range(6)
    )))
    duckdb_warehouse.store_attention()
    there = DuckDBWarehouse(duckdb_warehouse.path, time_zone="Pacific/Auckland")
    there.prepare()
    assert agrees(there, "Pacific/Auckland")
    there.store_attention()
    assert agrees(there, "Pacific/Auckland")


def test_upkeep_with_another_time_zone_stores_nothing_of_its_own(
    database: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(database, stage(tmp_path, *(
        carried(n, article_id=f"{n:032x}", content_hash=f"{n:064x}", published_at=later(7 * n), **BOTH)
        for n in range(6)
    )))
    zone, database.time_zone = database.time_zone, "Pacific/Auckland"
    assert not database.store_attention()
    database.maintain(timedelta(days=1))
    database.time_zone = zone
    assert agrees(database)
    assert stored(database)[2] > 0


def test_a_warehouse_from_before_there_were_stored_counts_is_kept_up(
    duckdb_warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    load_batch(duckdb_warehouse, stage(tmp_path, carried(0, **BOTH)))
    with duckdb_warehouse._writing() as con:
        con.execute("DROP SCHEMA marts CASCADE")
        con.execute("DROP SCHEMA attention CASCADE")
        con.execute("UPDATE layout SET fingerprint = 'former'")
    assert not duckdb_warehouse.store_attention()
    duckdb_warehouse.maintain(timedelta(days=1))
    duckdb_warehouse.prepare()
    assert agrees(duckdb_warehouse)


def test_a_replica_that_is_made_anew_counts_anew(iceberg_warehouse: IcebergWarehouse, tmp_path: Path) -> None:
    load_batch(iceberg_warehouse, stage(tmp_path, carried(0, **BOTH)))
    iceberg_warehouse.store_attention()
    iceberg_warehouse.path.unlink()
    assert agrees(iceberg_warehouse)


def test_marts_of_a_missing_warehouse_are_not_stored(tmp_path: Path) -> None:
    with pytest.raises(WarehouseMissing, match="There is no warehouse"):
        DuckDBWarehouse(tmp_path / "none.duckdb").store_attention()


class _Counting:
    """Stands for a warehouse: notes with which least number of changes it was asked to store attention."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[int] = []
        self.fault = fault

    def store_attention(self, least: int = 0) -> bool:
        self.asked.append(least)
        if self.fault:
            raise self.fault
        return True


def _loaded(articles: int) -> Loaded:
    return Loaded("batch-1", Counter(loaded=articles, unchanged=ARTICLES), Counter(), Counter(), {})


def test_a_run_stores_after_many_articles_and_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    warehouse = _Counting()
    attention = StoredAttention(warehouse)  # type: ignore[arg-type]
    attention.finish()
    assert warehouse.asked == []
    attention.batch_loaded(_loaded(ARTICLES - 1))
    assert warehouse.asked == []
    attention.batch_loaded(_loaded(1))
    attention.batch_loaded(_loaded(1))
    assert warehouse.asked == [CHANGES]
    attention.finish()
    attention.finish()
    assert warehouse.asked == [CHANGES, CHANGES]
    failing = StoredAttention(_Counting(WarehouseUnavailable("the disk is full")))  # type: ignore[arg-type]
    failing.batch_loaded(_loaded(ARTICLES))
    assert "the disk is full" in caplog.text
