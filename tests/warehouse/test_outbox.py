"""The outbox: a dead letter waits in it from its commit until it was acknowledged, whatever becomes of others."""

from __future__ import annotations

from pathlib import Path

from pipelines.stage import read_dead_letters
from pipelines.warehouse import OutboxStanding, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import TOPIC, carried, refused, stage


def offsets_of(warehouse: RelationalWarehouse) -> list[int]:
    """Offsets of the letters that wait, in the order of sending."""
    ids = warehouse.outbox(TOPIC, 100)
    return [letter.coordinates.offset for letter in warehouse.outbox_letters(ids)]


def test_a_batch_enters_its_dead_letters_in_the_order_of_their_records(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    batch = stage(tmp_path, carried(0), refused(1), refused(2), refused(0, partition=1))
    load_batch(warehouse, batch)
    ids = warehouse.outbox(TOPIC, 100)
    letters = warehouse.outbox_letters(ids)
    assert [str(letter.coordinates) for letter in letters] == [f"{TOPIC}/0@1", f"{TOPIC}/0@2", f"{TOPIC}/1@0"]
    assert sorted((letter.record() for letter in letters), key=str) == sorted(read_dead_letters(batch), key=str)
    assert warehouse.outbox(TOPIC, 2) == ids[:2]
    assert warehouse.outbox("another", 100) == []
    assert warehouse.outbox_standing() == [OutboxStanding(TOPIC, 3, FETCHED_AT, None, None)]


def test_a_batch_that_is_published_again_enters_nothing(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    batch = stage(tmp_path, refused(0))
    load_batch(warehouse, batch)
    warehouse.settle_outbox(warehouse.outbox(TOPIC, 100), {})
    load_batch(warehouse, batch)
    assert warehouse.outbox_standing() == []


def test_a_refused_letter_waits_behind_all_others(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1), refused(2)))
    first, second, _ = warehouse.outbox(TOPIC, 100)
    warehouse.settle_outbox([second], {first: "too large"})
    assert offsets_of(warehouse) == [2, 0]
    load_batch(warehouse, stage(tmp_path, refused(3), batch_id="batch-2"))
    assert offsets_of(warehouse) == [2, 3, 0]
    assert warehouse.query("SELECT attempts, fault, tried_at FROM outbox WHERE attempts > 0").rows == (
        (1, "too large", FETCHED_AT),
    )


def test_what_keeps_all_letters_of_a_topic_is_noted_and_hides_no_letters_own_fault(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1), refused(2)))
    first, *_ = warehouse.outbox(TOPIC, 100)
    warehouse.settle_outbox([], {first: "too large"})
    warehouse.block_outbox(TOPIC, "no such topic")
    warehouse.block_outbox("another", "away")
    assert {(s.letters, s.why) for s in warehouse.outbox_standing()} == {(1, "too large"), (2, "no such topic")}


def test_a_letter_that_is_rejected_again_while_it_waits_is_sent_once_as_it_is_now(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1)))
    again = stage(tmp_path, refused(0, reason="ListingPage"), batch_id="batch-2", kind="replay")
    load_batch(warehouse, again)
    letters = warehouse.outbox_letters(warehouse.outbox(TOPIC, 100))
    assert [(letter.coordinates.offset, letter.reason) for letter in letters] == [
        (0, "ListingPage"), (1, "ConsentWall"),
    ]


def test_a_letter_that_was_sent_and_is_rejected_again_waits_again(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1)))
    warehouse.settle_outbox(warehouse.outbox(TOPIC, 100), {})
    load_batch(warehouse, stage(tmp_path, refused(1, reason="ListingPage"), batch_id="batch-2", kind="replay"))
    assert offsets_of(warehouse) == [1]


def test_a_letter_that_is_deleted_is_not_sent_and_leaves_no_row(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1)))
    ids = warehouse.outbox(TOPIC, 100)
    with warehouse._writing() as con:
        con.execute("DELETE FROM dead_letters WHERE kafka_offset = 0")
    assert [letter.coordinates.offset for letter in warehouse.outbox_letters(ids)] == [1]
    warehouse.settle_outbox([], {})
    assert warehouse.query("SELECT dead_letter_id FROM outbox").rows == ((ids[1],),)


def test_a_warehouse_without_an_outbox_has_nothing_waiting_and_is_given_one(
    database: RelationalWarehouse, tmp_path: Path
) -> None:
    with database._writing() as con:
        con.execute("DROP TABLE outbox")
        con.execute("UPDATE layout SET fingerprint = 'older'")
    assert (database.outbox(TOPIC, 10), database.outbox_standing()) == ([], [])
    database.prepare()
    load_batch(database, stage(tmp_path, refused(0)))
    assert offsets_of(database) == [0]
