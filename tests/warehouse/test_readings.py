"""A corrected byline, date or entity of the same text reaches the tables, and an older one does not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipelines.records import Author, Rights
from pipelines.warehouse import load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import BODY
from tests.warehouse.batches import (
    FALK,
    FALK_MENTION,
    MARROWBY,
    MARROWBY_MENTION,
    Carried,
    carried,
    later,
    stage,
    tombstone,
)


def first() -> Carried:
    return carried(0, authors=(), mentions=(FALK_MENTION,), entities=(FALK,))


def corrected(offset: int = 1, hours: float = 2) -> Carried:
    return carried(
        offset, fetched_at=later(hours), authors=(Author("Ines Falk"),), published_at=later(-5),
        mentions=(MARROWBY_MENTION,), entities=(MARROWBY,),
    )


ARTICLE = (
    "SELECT version, authors, published_at, fetched_at, last_fetched_at, coordinates_offset, batch_id FROM articles"
)


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_corrected_reading_takes_the_place_of_the_former(
    warehouse: RelationalWarehouse, tmp_path: Path, at_once: int
) -> None:
    events = [first(), corrected()]
    for n in range(0, 2, at_once):
        load_batch(warehouse, stage(tmp_path, *events[n : n + at_once], batch_id=f"batch-{n}"))
    assert warehouse.query("SELECT outcome, version FROM ledger ORDER BY kafka_offset").rows == (
        ("loaded", 1), ("new_reading", 1),
    )
    batch = f"batch-{0 if at_once == 2 else 1}"
    expected = (1, ["Ines Falk"], later(-5), later(0), later(2), 1, batch)
    assert warehouse.query(ARTICLE).rows == (expected,)
    assert warehouse.query("SELECT version, authors, published_at, fetched_at FROM article_versions").rows == (
        (1, ["Ines Falk"], later(-5), later(0)),
    )
    assert warehouse.query("SELECT text FROM mentions").rows == (("Marrowby",),)
    assert warehouse.query("SELECT name, article_count FROM entities").rows == (("Marrowby", 1),)
    assert warehouse.verify().problems == ()


def test_a_late_reading_changes_nothing(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, corrected(0)))
    before = warehouse.query(ARTICLE).rows
    late = carried(1, fetched_at=later(1), authors=())
    assert load_batch(warehouse, stage(tmp_path, late, batch_id="batch-2")).outcomes == Counter(unchanged=1)
    assert warehouse.query(ARTICLE).rows == before
    assert warehouse.verify().problems == ()


def test_a_reading_is_replaced_beside_earlier_versions(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    changed = {"content_hash": "d" * 64, "title": "Pier rebuilt"}
    load_batch(warehouse, stage(tmp_path, first(), carried(1, fetched_at=later(1), **changed)))
    again = carried(2, fetched_at=later(2), language="fr", **changed)
    loaded = load_batch(warehouse, stage(tmp_path, again, batch_id="batch-2"))
    assert loaded.outcomes == Counter(new_reading=1)
    assert warehouse.query("SELECT version, language, fetched_at FROM article_versions ORDER BY version").rows == (
        (1, "en", later(0)), (2, "fr", later(1)),
    )
    assert warehouse.query("SELECT records, new_reading FROM batches ORDER BY batch_id").rows == ((2, 0), (1, 1))
    assert warehouse.verify().problems == ()


def test_an_article_with_two_readings_is_deleted_whole(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, first()))
    load_batch(warehouse, stage(tmp_path, corrected(), batch_id="batch-2"))
    loaded = load_batch(warehouse, stage(tmp_path, tombstone(2, timestamp=later(9)), batch_id="batch-3"))
    assert (loaded.outcomes, loaded.removed) == (Counter(deleted=1), 2)
    for table in ("articles", "article_versions", "mentions", "article_entities", "entities"):
        assert warehouse.query(f"SELECT * FROM {table}").rows == ()
    assert warehouse.verify().problems == ()


def test_a_body_that_is_withheld_later_is_removed_from_its_version(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(warehouse, stage(tmp_path, first()))
    withheld = carried(
        1, fetched_at=later(1), body="", word_count=0, dateline=None, body_withheld_for="tdm_reservation",
        rights=Rights(("noai",), tdm_reserved=True), mentions=(), entities=(),
    )
    assert load_batch(warehouse, stage(tmp_path, withheld, batch_id="batch-2")).outcomes == Counter(new_reading=1)
    for table in ("articles", "article_versions"):
        assert warehouse.query(f"SELECT version, body, body_withheld_for FROM {table}").rows == (
            (1, "", "tdm_reservation"),
        )
    assert warehouse.query("SELECT robots, tdm_reserved, license FROM articles").rows == ((["noai"], True, None),)
    assert warehouse.query("SELECT * FROM mentions").rows == ()
    again = carried(2, fetched_at=later(2))
    load_batch(warehouse, stage(tmp_path, again, batch_id="batch-3"))
    for table in ("articles", "article_versions"):
        assert warehouse.query(f"SELECT body, body_withheld_for FROM {table}").rows == ((BODY, None),)
    assert warehouse.verify().problems == ()
