"""Records that are processed again end as if today's rules had been there when they arrived, in every warehouse."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.jobs.reprocess import Chosen, chosen_messages, condition, count_chosen
from pipelines.records import Author
from pipelines.resolve.layout import layout
from pipelines.warehouse import Loaded, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import (
    FALK,
    FALK_MENTION,
    MARROWBY,
    MARROWBY_MENTION,
    TOPIC,
    Event,
    carried,
    later,
    refused,
    stage,
    tombstone,
)
from tests.warehouse.fake import FakeWarehouse

OTHER = "c" * 32
NEW_TEXT: dict[str, Any] = {"content_hash": "d" * 64, "title": "Pier rebuilt"}
TEXTS = (
    "articles", "article_versions", "version_changes", "mentions", "article_entities", "entities", "entity_forms",
    "outlets", "outlet_names", "people", "story_bands",
)
"""Tables that depend on the texts alone."""


def again(warehouse: RelationalWarehouse, folder: Path, *events: Event, name: str = "again-1") -> Loaded:
    return load_batch(warehouse, stage(folder, *events, batch_id=name, kind="reprocess"))


def newly(offset: int, **changes: Any) -> Event:
    """A record that was processed an hour later than the others."""
    event = carried(offset, **changes)
    event.record["processed_at"] = FETCHED_AT + timedelta(hours=1)
    event.record["processor"] = "dateline newer"
    return event


def ledger(warehouse: RelationalWarehouse) -> list[tuple[Any, ...]]:
    columns = "kafka_offset, first_outcome, outcome, reason, version, replayed_in"
    return list(warehouse.query(f"SELECT {columns} FROM ledger ORDER BY kafka_offset").rows)


def texts(warehouse: RelationalWarehouse) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of tables of texts, without the batch that loaded them and what else tells when they were loaded."""
    left_out = {"batch_id", "processed_at", "processor"}
    return {
        table: sorted(
            (warehouse.query(f"SELECT {', '.join(c.name for c in layout()[table].columns if c.name not in left_out)} "
                             f"FROM {table}").rows), key=repr,
        )
        for table in TEXTS
    }


def test_a_new_reading_of_the_current_text_replaces_the_former(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0, authors=()), carried(1, article_id=OTHER)))
    loaded = again(
        warehouse, tmp_path, newly(0, authors=(Author("Ines Falk"),), mentions=(FALK_MENTION,), entities=(FALK,)),
        newly(1, article_id=OTHER),
    )
    assert loaded.outcomes == Counter(loaded=2)
    assert warehouse.query("SELECT article_id, version, authors, processor FROM articles ORDER BY 1").rows == (
        ("a" * 32, 1, ["Ines Falk"], "dateline newer"), (OTHER, 1, [], "dateline newer"),
    )
    assert warehouse.query("SELECT name, article_count FROM entities").rows == (("Ines Falk", 1),)
    assert ledger(warehouse) == [
        (0, "loaded", "loaded", None, 1, "again-1"), (1, "loaded", "loaded", None, 1, "again-1"),
    ]
    assert warehouse.query("SELECT * FROM version_changes").rows == ()
    assert warehouse.verify().problems == ()


def test_a_text_that_is_read_differently_takes_the_place_of_its_version(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(warehouse, stage(
        tmp_path, carried(0), carried(1, fetched_at=later(1), content_hash="e" * 64, body="Another text."),
        carried(2, fetched_at=later(2), content_hash="e" * 64, body="Another text."),
    ))
    again(warehouse, tmp_path, newly(0), newly(1, fetched_at=later(1), **NEW_TEXT))
    assert warehouse.query("SELECT version, title, last_fetched_at FROM articles").rows == (
        (2, "Pier rebuilt", later(2)),
    )
    assert warehouse.query("SELECT version, content_hash FROM article_versions ORDER BY 1").rows == (
        (1, "b" * 64), (2, "d" * 64),
    )
    assert ledger(warehouse) == [
        (0, "loaded", "loaded", None, 1, "again-1"), (1, "new_version", "new_version", None, 2, "again-1"),
        (2, "unchanged", "unchanged", None, 2, None),
    ]
    assert warehouse.query("SELECT version, previous_version, kind FROM version_changes").rows == ((2, 1, "headline"),)
    assert warehouse.verify().problems == ()


def test_versions_that_differed_by_noise_become_one(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    noise = [
        carried(n, fetched_at=later(n), content_hash=str(n) * 64, body=f"The pier will be rebuilt. Read {n} times.")
        for n in range(3)
    ]
    load_batch(warehouse, stage(tmp_path, *noise))
    assert warehouse.query("SELECT count(*) FROM version_changes").rows == ((2,),)
    again(warehouse, tmp_path, *(newly(n, fetched_at=later(n)) for n in range(3)))
    assert [row[2:5] for row in ledger(warehouse)] == [
        ("loaded", None, 1), ("unchanged", None, 1), ("unchanged", None, 1),
    ]
    assert warehouse.query("SELECT version, fetched_at, last_fetched_at FROM articles").rows == (
        (1, later(0), later(2)),
    )
    assert warehouse.query("SELECT count(*) FROM version_changes").rows == ((0,),)
    assert warehouse.verify().problems == ()


def test_a_rejected_page_that_passes_is_loaded(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1), refused(2)))
    loaded = again(warehouse, tmp_path, newly(0), refused(1), refused(2, reason="ListingPage"))
    assert loaded.outcomes == Counter(loaded=1, rejected=2)
    assert warehouse.query(
        "SELECT kafka_offset, attempts, reason, resolved_in FROM dead_letters ORDER BY kafka_offset"
    ).rows == ((0, 1, "ConsentWall", "again-1"), (1, 1, "ConsentWall", None), (2, 2, "ListingPage", None))
    assert warehouse.query("SELECT batch_id FROM outbox ORDER BY position").rows[-1] == ("batch-1",)
    assert warehouse.verify().problems == ()


def test_an_article_that_is_none_by_todays_rules_is_withdrawn_and_comes_back(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    first = carried(0, mentions=(FALK_MENTION,), entities=(FALK,))
    second = carried(1, fetched_at=later(1), mentions=(FALK_MENTION,), entities=(FALK,))
    load_batch(warehouse, stage(tmp_path, first, second))
    before = texts(warehouse)
    loaded = again(warehouse, tmp_path, refused(0, reason="ListingPage"))
    assert loaded.outcomes == Counter(withdrawn=1)
    assert texts(warehouse) == {table: [] for table in TEXTS}
    assert ledger(warehouse) == [
        (0, "loaded", "withdrawn", "ListingPage", None, "again-1"), (1, "unchanged", "withdrawn", None, None, None),
    ]
    assert warehouse.query("SELECT article_id, version, title, reason, withdrawn_in FROM withdrawn_articles").rows == (
        ("a" * 32, 1, "Pier to be rebuilt", "ListingPage", "again-1"),
    )
    assert warehouse.query("SELECT count(*) FROM dead_letters").rows == ((0,),)
    assert warehouse.query("SELECT kind, withdrawn FROM batches ORDER BY batch_id").rows == (
        ("reprocess", 1), ("ingest", 0),
    )
    assert warehouse.verify().problems == ()
    again(warehouse, tmp_path, first, second, name="again-2")
    assert texts(warehouse) == before
    assert warehouse.query("SELECT count(*) FROM withdrawn_articles").rows == ((0,),)
    assert warehouse.verify().problems == ()


def test_the_version_before_a_withdrawn_one_is_current_again(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    wall = carried(1, fetched_at=later(1), **NEW_TEXT)
    load_batch(warehouse, stage(tmp_path, carried(0, mentions=(MARROWBY_MENTION,), entities=(MARROWBY,)), wall))
    again(warehouse, tmp_path, carried(0, mentions=(MARROWBY_MENTION,), entities=(MARROWBY,)), refused(1))
    assert warehouse.query("SELECT version, title FROM articles").rows == ((1, "Pier to be rebuilt"),)
    assert warehouse.query("SELECT text FROM mentions").rows == (("Marrowby",),)
    assert warehouse.query("SELECT version, title FROM withdrawn_articles").rows == ((2, "Pier rebuilt"),)
    assert warehouse.verify().problems == ()


def test_a_delete_request_removes_what_is_withdrawn(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0)))
    again(warehouse, tmp_path, refused(0))
    loaded = load_batch(warehouse, stage(tmp_path, tombstone(1, timestamp=later(9)), batch_id="batch-2"))
    assert (loaded.outcomes, loaded.removed) == (Counter(deleted=1), 1)
    assert warehouse.query("SELECT count(*) FROM withdrawn_articles").rows == ((0,),)
    assert again(warehouse, tmp_path, carried(0), name="again-2").left_out == 1
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((0,),)
    assert warehouse.verify().problems == ()


def test_an_article_with_another_identity_leaves_the_former(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0), carried(1, fetched_at=later(1), **NEW_TEXT)))
    again(warehouse, tmp_path, newly(0), newly(1, article_id=OTHER, fetched_at=later(1), **NEW_TEXT))
    assert warehouse.query("SELECT article_id, version, title FROM articles ORDER BY 1").rows == (
        ("a" * 32, 1, "Pier to be rebuilt"), (OTHER, 1, "Pier rebuilt"),
    )
    assert [row[2:5] for row in ledger(warehouse)] == [("loaded", None, 1), ("loaded", None, 1)]
    assert warehouse.verify().problems == ()


def test_what_is_processed_again_twice_changes_nothing(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0), carried(1, fetched_at=later(1), **NEW_TEXT), refused(2)))
    before, rows = texts(warehouse), ledger(warehouse)
    again(warehouse, tmp_path, newly(0), newly(1, fetched_at=later(1), **NEW_TEXT), refused(2))
    assert texts(warehouse) == before
    assert [row[:-1] for row in ledger(warehouse)] == [row[:-1] for row in rows]
    assert warehouse.verify().problems == ()


def test_no_offset_moves_and_no_run_is_late(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0)))
    again(warehouse, tmp_path, newly(0, language="fr"))
    load_batch(warehouse, stage(tmp_path, carried(1, fetched_at=later(1), **NEW_TEXT), batch_id="batch-2"))
    assert warehouse.loaded_topic("articles.raw").next_offsets == {0: 2}
    assert [row[2] for row in ledger(warehouse)] == ["loaded", "new_version"]
    assert warehouse.verify().problems == ()


def random_events(seed: int, rules: int) -> list[Event]:
    """The same twelve records of three articles, as other rules read them."""
    fetched, found = random.Random(seed), []
    for offset in range(12):
        chosen = random.Random(f"{seed}/{offset}/{rules}")
        hours, article = fetched.randint(0, 4), fetched.choice("ace")
        if chosen.random() < 0.25:
            found.append(refused(offset, timestamp=later(offset / 60)))
            continue
        found.append((carried if rules == 1 else newly)(
            offset, fetched_at=later(hours), article_id=article * 32, content_hash=chosen.choice("012") * 64,
            language=chosen.choice(["en", "fr"]), mentions=(FALK_MENTION,), entities=(FALK,),
            timestamp=later(offset / 60),
        ))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_all_records_again_are_a_fresh_load_by_todays_rules(seed: int, tmp_path: Path) -> None:
    """In any number of batches, if each has all records of its articles."""
    fresh, made_again = FakeWarehouse(clock=lambda: FETCHED_AT), FakeWarehouse(clock=lambda: FETCHED_AT)
    load_batch(fresh, stage(tmp_path / "fresh", *random_events(seed, 2)))
    load_batch(made_again, stage(tmp_path / "again", *random_events(seed, 1)))
    again(made_again, tmp_path / "again", *random_events(seed, 2))
    assert texts(made_again) == texts(fresh)
    assert made_again.verify().problems == ()
    wanted = [(row[0], row[2], row[4]) for row in ledger(fresh)]
    assert [(row[0], row[2].replace("withdrawn", "rejected"), row[4]) for row in ledger(made_again)] == wanted


@pytest.mark.parametrize("seed", range(8))
def test_any_part_of_the_records_again_leaves_a_ledger_that_closes(seed: int, tmp_path: Path) -> None:
    warehouse = FakeWarehouse(clock=lambda: FETCHED_AT)
    load_batch(warehouse, stage(tmp_path, *random_events(seed, 1)))
    for n in range(3):
        some = random.Random(f"{seed}/{n}").sample(random_events(seed, n + 2), 5)
        again(warehouse, tmp_path, *some, name=f"again-{n}")
        assert warehouse.verify().problems == ()


def test_the_messages_to_process_again_are_as_many_as_are_chosen(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    messages = (carried(0), carried(1, article_id="c" * 32), refused(2), tombstone(3, "9" * 32))
    load_batch(warehouse, stage(tmp_path, *messages))
    for where, offsets in ((None, [0, 1, 2]), ("reason = ConsentWall", [2]), ("outcome = loaded", [0, 1])):
        chosen = Chosen(TOPIC, where=None if where is None else condition(where, ""))
        found = chosen_messages(warehouse, chosen, "today's", None, 10)
        assert [at.offset for at in found] == offsets
        assert count_chosen(warehouse, chosen, "today's") == len(offsets)
