"""Dead letters read back: alike ones as one line, resolved ones not at all, pages in the order of ids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipelines.stage import dead_letter_id
from pipelines.warehouse import DeadLetterFilter, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import coordinates
from tests.warehouse.batches import TOPIC, carried, refused, stage

MANY = 10_000
ALL = DeadLetterFilter()


def multiply(warehouse: DuckDBWarehouse, count: int) -> None:
    """Makes of the one dead letter so many alike, at offsets after it."""
    with warehouse._writing() as con:
        con.execute("""
            INSERT INTO dead_letters
            SELECT d.* REPLACE (
                left(sha256(d.topic || '/' || d.partition || '@' || (d.kafka_offset + n)), 16) AS dead_letter_id,
                d.kafka_offset + n AS kafka_offset, d.rejected_at + n * INTERVAL 1 SECOND AS rejected_at)
            FROM dead_letters d, range(1, ?) r(n)
        """, [count])


def test_ten_thousand_alike_are_one_line_with_an_example(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0)))
    multiply(warehouse, MANY)
    load_batch(warehouse, stage(tmp_path, refused(1, reason="ListingPage"), batch_id="batch-2"))
    many, one = warehouse.dead_letter_groups(ALL)
    assert (many.reason, many.count, many.scrapers, many.example) == (
        "ConsentWall", MANY, ("harbour-crawler",), "an article, not a wall",
    )
    newest = coordinates(MANY - 1)
    assert (many.example_id, (many.last_rejected_at - many.first_rejected_at).seconds) == (
        dead_letter_id(newest), MANY - 1,
    )
    example = warehouse.dead_letter(many.example_id)
    assert example is not None
    assert (example.source, example.reason) == (newest, "ConsentWall")
    assert (one.reason, one.count) == ("ListingPage", 1)


def test_what_is_resolved_is_not_listed(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1)))
    load_batch(warehouse, stage(tmp_path, carried(0), batch_id="replay-1", kind="replay"))
    (group,) = warehouse.dead_letter_groups(ALL)
    assert (group.count, group.example_id) == (1, dead_letter_id(coordinates(1)))
    assert [letter.source for letter in warehouse.dead_letters(ALL)] == [coordinates(1)]
    (resolved,) = warehouse.dead_letter_groups(DeadLetterFilter(resolved=True))
    assert (resolved.count, resolved.example_id) == (1, dead_letter_id(coordinates(0)))


def test_pages_follow_each_other_in_the_order_of_ids(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, *(refused(n) for n in range(5))))
    ids = sorted(dead_letter_id(coordinates(n, topic=TOPIC)) for n in range(5))
    first = warehouse.dead_letters(ALL, 2)
    assert [letter.dead_letter_id for letter in first] == ids[:2]
    rest = warehouse.dead_letters(replace(ALL, after=ids[1]))
    assert [letter.dead_letter_id for letter in rest] == ids[2:]
