"""The benchmark's made-up batches are what the contract and the warehouse expect, and what they are meant to be."""

from __future__ import annotations

from pathlib import Path

from pipelines.stage.parts import schema_of
from pipelines.warehouse import Warehouse, load_batch
from tests.bench.news import News


def test_made_news_is_loaded_as_it_is_meant(warehouse: Warehouse, tmp_path: Path) -> None:
    news = News(tmp_path / "staged", expected=54)
    first, second = news.batch(36, 0), news.batch(18, 4)
    assert next(first.tables("articles")).schema.equals(schema_of("articles"))
    assert load_batch(warehouse, first).outcomes == {"loaded": 36}
    assert load_batch(warehouse, second).outcomes == {"loaded": 18, "new_version": 4}
    counted = warehouse.query("SELECT count(*), count(DISTINCT story_id), max(version) FROM articles").rows
    assert counted == ((54, 51, 2),)  # of 18 articles, the last is a copy of an earlier one
    assert warehouse.verify().closes


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    one, other = (News(tmp_path / name, expected=20).batch(20, 0) for name in ("one", "other"))
    assert one.files == other.files
    assert one.files != News(tmp_path / "third", expected=20, seed=21).batch(20, 0).files
