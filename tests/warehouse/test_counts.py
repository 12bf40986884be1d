"""Entities and outlets are what a count of the current articles says, however the records were split into batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.records import Entity, Outlet
from pipelines.warehouse import load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.warehouse.batches import FALK, MARROWBY, Carried, carried, later, stage, tombstone
from tests.warehouse.reading import in_order

PORT = Entity("d" * 32, "Reef Port Authority", "ORG", 1, 0.25)
SHORT = Entity("d" * 32, "Reef Port", "ORG", 1, 0.25)

ENTITIES = """
SELECT e.entity_id, count(*), min(a.fetched_at), max(a.last_fetched_at)
FROM article_entities e JOIN articles a USING (article_id) GROUP BY e.entity_id
"""
FORMS = """
SELECT entity_id, name, type, country, geonames_id, latitude, longitude, occupation, count(*)
FROM article_entities
GROUP BY entity_id, name, type, country, geonames_id, latitude, longitude, occupation
"""
OUTLETS = """
SELECT outlet_domain, count(*), min(fetched_at), max(last_fetched_at) FROM articles GROUP BY outlet_domain
"""


def shown(offset: int, article: str, text: str, hour: int, *entities: Entity) -> Carried:
    return carried(
        offset, article_id=article * 32, content_hash=text * 64, fetched_at=later(hour), timestamp=later(hour),
        entities=entities, mentions=(), outlet=Outlet("reef-echo.example", "Reef Echo" if text != "4" else "The Echo"),
    )


EVENTS = [
    shown(0, "1", "1", 0, FALK, PORT),
    shown(1, "2", "2", 1, FALK, MARROWBY, SHORT),
    shown(2, "1", "3", 2, PORT),  # corrected: Falk is no longer named by the article that named her first
    shown(3, "2", "2", 5, FALK, MARROWBY, SHORT),  # seen again
    shown(4, "3", "4", 4, FALK, SHORT),
    tombstone(5, "2" * 32),
    shown(6, "1", "1", 9, FALK, PORT),  # a return to the first text
    tombstone(7, "3" * 32),
]


@pytest.mark.parametrize("at_once", [1, 2, 3, 8])
def test_counts_and_times_are_those_of_the_current_articles(
    warehouse: RelationalWarehouse, tmp_path: Path, at_once: int
) -> None:
    for n in range(0, len(EVENTS), at_once):
        load_batch(warehouse, stage(tmp_path, *EVENTS[n : n + at_once], batch_id=f"batch-{n}"))
        for kept, counted in (
            ("SELECT entity_id, article_count, first_seen_at, last_seen_at FROM entities", ENTITIES),
            ("SELECT * FROM entity_forms", FORMS),
            ("SELECT domain, article_count, first_fetched_at, last_fetched_at FROM outlets", OUTLETS),
        ):
            assert in_order(warehouse.query(kept).rows) == in_order(warehouse.query(counted).rows)
    assert warehouse.query("SELECT * FROM outlets").rows == (
        ("reef-echo.example", "Reef Echo", 1, later(9), later(9)),
    )
