"""Dead letters read back: alike ones as one line, resolved ones not at all, pages in the order of ids."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pipelines.resolve.changes import rows_table
from pipelines.resolve.layout import layout
from pipelines.stage import dead_letter_id
from pipelines.warehouse import DeadLetterFilter, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import coordinates
from tests.warehouse.batches import TOPIC, carried, refused, stage

MANY = 10_000
ALL = DeadLetterFilter()


def multiply(warehouse: RelationalWarehouse, count: int) -> None:
    """Makes of the one dead letter so many alike, at offsets after it."""
    table = layout()["dead_letters"]
    with warehouse._writing() as con:
        one = con.execute(f"SELECT {', '.join(table.schema.names)} FROM dead_letters").fetchall()[0]
        row = dict(zip(table.schema.names, one, strict=True))
        con.add(table, rows_table(table.schema, [
            list((row | {
                "dead_letter_id": dead_letter_id(coordinates(n)), "kafka_offset": n,
                "rejected_at": row["rejected_at"] + timedelta(seconds=n),
            }).values())
            for n in range(1, count)
        ]))


def test_ten_thousand_alike_are_one_line_with_an_example(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0)))
    multiply(warehouse, MANY)
    load_batch(warehouse, stage(tmp_path, refused(0, partition=1, reason="ListingPage"), batch_id="batch-2"))
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
    assert (example.coordinates, example.reason) == (newest, "ConsentWall")
    assert (one.reason, one.count) == ("ListingPage", 1)


def test_what_is_resolved_is_not_listed(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1)))
    load_batch(warehouse, stage(tmp_path, carried(0), batch_id="replay-1", kind="replay"))
    (group,) = warehouse.dead_letter_groups(ALL)
    assert (group.count, group.example_id) == (1, dead_letter_id(coordinates(1)))
    assert [letter.coordinates for letter in warehouse.dead_letters(ALL)] == [coordinates(1)]
    (resolved,) = warehouse.dead_letter_groups(DeadLetterFilter(resolved=True))
    assert (resolved.count, resolved.example_id) == (1, dead_letter_id(coordinates(0)))


def test_pages_follow_each_other_in_the_order_of_ids(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, *(refused(n) for n in range(5))))
    ids = sorted(dead_letter_id(coordinates(n, topic=TOPIC)) for n in range(5))
    first = warehouse.dead_letters(ALL, 2)
    assert [letter.dead_letter_id for letter in first] == ids[:2]
    rest = warehouse.dead_letters(replace(ALL, after=ids[1]))
    assert [letter.dead_letter_id for letter in rest] == ids[2:]
