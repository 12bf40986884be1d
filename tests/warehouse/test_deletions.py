"""Deletions in the warehouse: what they remove, what they leave, and that the ledger closes after each."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.records import Outlet
from pipelines.stage import dead_letter_id
from pipelines.warehouse import DeadLetterFilter, Loaded, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import BODY, coordinates
from tests.warehouse.batches import (
    FALK,
    FALK_MENTION,
    MARROWBY,
    MARROWBY_MENTION,
    Event,
    carried,
    later,
    refused,
    stage,
    tombstone,
)
from tests.warehouse.reading import rows_without
from tests.warehouse.test_migrations import bring_back, sql_of

ARTICLE, OTHER, NAMED = "a" * 32, "c" * 32, "9" * 32
FILE, BYTES = b"page-7.html", b"\xff\x00\xfe"


class Stream:
    """Batches one after the other; the ledger are checked after each."""

    def __init__(self, warehouse: RelationalWarehouse, folder: Path) -> None:
        self.warehouse, self.folder, self.count = warehouse, folder, 0

    def load(self, *events: Event, kind: Any = "ingest") -> Loaded:
        self.count += 1
        loaded = load_batch(self.warehouse, stage(self.folder, *events, batch_id=f"batch-{self.count}", kind=kind))
        assert self.warehouse.verify().problems == ()
        return loaded

    def rows(self, sql: str) -> tuple[tuple[Any, ...], ...]:
        return self.warehouse.query(sql).rows

    def articles(self) -> tuple[tuple[Any, ...], ...]:
        return self.rows("SELECT article_id, version, content_hash FROM articles ORDER BY 1")


@pytest.fixture
def ledger(warehouse: RelationalWarehouse, tmp_path: Path) -> Stream:
    return Stream(warehouse, tmp_path)


def minutes(n: float) -> datetime:
    return later(n / 60)


def test_a_key_removes_what_came_under_it(ledger: Stream) -> None:
    ledger.load(
        carried(0, key=FILE, mentions=(FALK_MENTION,), entities=(FALK,), story_signature=tuple(range(6))),
        carried(1, key=BYTES, article_id=OTHER, content_hash="d" * 64),
        carried(2, key=None, content_hash="e" * 64, fetched_at=later(1)),
    )
    assert ledger.load(tombstone(3, NAMED, key=FILE)).outcomes == Counter(deleted=1)
    assert ledger.articles() == ((OTHER, 1, "d" * 64),)
    assert ledger.load(tombstone(4, NAMED, key=BYTES)).outcomes == Counter(deleted=1)
    for table in ("articles", "article_versions", "mentions", "article_entities", "entities", "outlets", "story_bands",
                  "version_changes"):
        assert ledger.rows(f"SELECT * FROM {table}") == ()
    assert ledger.rows("SELECT kafka_offset, outcome, removed_in FROM ledger ORDER BY 1") == (
        (0, "loaded", "batch-2"), (1, "loaded", "batch-3"), (2, "new_version", "batch-2"), (3, "deleted", None),
        (4, "deleted", None),
    )
    assert ledger.rows("SELECT kafka_offset, article_id, batch_id FROM deletions ORDER BY 1, 2") == (
        (3, NAMED, "batch-2"), (3, ARTICLE, "batch-2"), (4, NAMED, "batch-3"), (4, OTHER, "batch-3"),
    )


def test_a_deletion_is_remembered_and_a_later_record_loads_the_article_anew(ledger: Stream) -> None:
    ledger.load(tombstone(0, NAMED, key=FILE, timestamp=minutes(10)))
    assert ledger.load(carried(1, key=FILE, timestamp=minutes(9))).outcomes == Counter(suppressed=1)
    assert ledger.load(carried(0, partition=1, timestamp=minutes(10))).outcomes == Counter(suppressed=1)
    assert ledger.articles() == ()
    assert ledger.load(carried(2, key=FILE, timestamp=minutes(11))).outcomes == Counter(loaded=1)
    assert ledger.articles() == ((ARTICLE, 1, "b" * 64),)


def contents(ledger: Stream) -> list[list[tuple[Any, ...]]]:
    """What the tables say of articles, but for the record and version that it is from; no article here has a date."""
    whence = ("version", "fetched_at", "last_fetched_at", "dated_at", "coordinates_offset", "batch_id")
    tables = ("articles", "mentions", "article_entities", "story_bands")
    return [rows_without(ledger.warehouse, f"SELECT * FROM {table}", *whence) for table in tables]


def test_a_late_deletion_leaves_what_later_records_show_as_it_was(ledger: Stream) -> None:
    whole: dict[str, Any] = {
        "mentions": (MARROWBY_MENTION, FALK_MENTION), "entities": (FALK, MARROWBY), "outlet": Outlet("b.example", "B"),
        "story_signature": tuple(range(6)), "tags": ("pier",),
    }
    ledger.load(carried(0, key=FILE, timestamp=minutes(0), fetched_at=minutes(0), content_hash="0" * 64))
    ledger.load(carried(1, key=FILE, timestamp=minutes(1), fetched_at=minutes(1), **whole))
    ledger.load(carried(2, key=FILE, timestamp=minutes(8), fetched_at=minutes(8), **whole))
    before = contents(ledger)
    loaded = ledger.load(tombstone(0, NAMED, partition=1, key=FILE, timestamp=minutes(4)))
    assert loaded.outcomes == Counter(deleted=1)
    assert contents(ledger) == before
    assert ledger.rows("SELECT version, fetched_at, last_fetched_at, coordinates_offset FROM articles") == (
        (1, minutes(8), minutes(8), 2),
    )
    assert ledger.rows("SELECT version, content_hash, coordinates_offset FROM article_versions") == ((1, "b" * 64, 2),)
    assert ledger.rows("SELECT partition, kafka_offset, outcome, version, removed_in FROM ledger ORDER BY 1, 2") == (
        (0, 0, "loaded", 1, "batch-4"), (0, 1, "new_version", 2, "batch-4"), (0, 2, "loaded", 1, None),
        (1, 0, "deleted", None, None),
    )


def test_an_earlier_version_is_restored_without_what_only_the_current_one_has(ledger: Stream) -> None:
    ledger.load(carried(0, timestamp=minutes(1), fetched_at=minutes(9), mentions=(FALK_MENTION,), entities=(FALK,)))
    ledger.load(carried(1, timestamp=minutes(5), fetched_at=minutes(2), content_hash="d" * 64, title="As it was"))
    ledger.load(tombstone(0, ARTICLE, partition=1, timestamp=minutes(3)))
    assert ledger.rows("SELECT version, title, body, fetched_at, warnings FROM articles") == (
        (1, "As it was", BODY, minutes(2), ["restored: an earlier version, without its mentions and entities"]),
    )
    assert ledger.rows("SELECT * FROM mentions") == ()


@pytest.mark.parametrize("cuts", [[], [1], [2], [3], [1, 2], [1, 2, 3], [1, 2, 3, 4]])
def test_every_split_into_batches_gives_the_same_tables(ledger: Stream, cuts: list[int]) -> None:
    events = [
        carried(0, key=FILE, timestamp=minutes(0), content_hash="0" * 64),
        carried(1, key=FILE, timestamp=minutes(6), content_hash="1" * 64, fetched_at=minutes(6)),
        carried(0, partition=1, key=b"other", timestamp=minutes(1), content_hash="2" * 64, fetched_at=minutes(1)),
        tombstone(1, NAMED, partition=1, key=FILE, timestamp=minutes(3)),
        refused(2, key=FILE, timestamp=minutes(2)),
    ]
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        ledger.load(*events[start:end])
    assert ledger.articles() == ((ARTICLE, 1, "1" * 64),)
    assert ledger.rows("SELECT version, content_hash, coordinates_offset FROM article_versions") == ((1, "1" * 64, 1),)
    assert ledger.rows(
        "SELECT partition, kafka_offset FROM ledger "
        "WHERE outcome = 'suppressed' OR removed_in IS NOT NULL ORDER BY 1, 2"
    ) == ((0, 0), (0, 2), (1, 0))


def test_dead_letters_are_emptied(ledger: Stream) -> None:
    quoting: dict[str, Any] = {"value": b"<p>Named person", "headers": (("url", b"https://harbour-news.example/pier"),)}
    ledger.load(refused(0, key=FILE, **quoting), refused(1, key=b"another", **quoting))
    assert ledger.load(tombstone(2, NAMED, key=FILE)).outcomes == Counter(deleted=1)
    letter = ledger.warehouse.dead_letter(dead_letter_id(coordinates(0)))
    assert letter is not None
    assert (letter.key, letter.headers, letter.details, letter.original, letter.original_bytes, letter.reason) == (
        None, (), (), None, 15, "ConsentWall",
    )
    assert ledger.rows("SELECT kafka_offset, resolved_at IS NULL, removed_in FROM dead_letters ORDER BY 1") == (
        (0, False, "batch-2"), (1, True, None),
    )
    assert ledger.rows("SELECT kafka_offset, outcome, reason, removed_in FROM ledger ORDER BY 1") == (
        (0, "rejected", "ConsentWall", "batch-2"), (1, "rejected", "ConsentWall", None), (2, "deleted", None, None),
    )
    assert [found.coordinates.offset for found in ledger.warehouse.dead_letters(DeadLetterFilter())] == [1]
    replayed = ledger.load(carried(0, key=FILE), kind="replay")
    assert (replayed.outcomes, replayed.left_out) == (Counter(), 1)


def test_what_is_rejected_after_the_deletion_that_covers_it_is_not_kept(ledger: Stream) -> None:
    ledger.load(tombstone(0, NAMED, key=FILE, timestamp=minutes(5)))
    ledger.load(refused(1, key=FILE, timestamp=minutes(4)), refused(2, key=FILE, timestamp=minutes(6)))
    assert ledger.rows("SELECT kafka_offset, original IS NULL, message_key FROM dead_letters ORDER BY 1") == (
        (1, True, None), (2, False, FILE),
    )


@pytest.mark.parametrize("names", [(NAMED,), (OTHER, NAMED), (OTHER, ARTICLE, NAMED)])
@pytest.mark.parametrize("batches", ["both at once", "letters first", "request first"])
def test_a_dead_letter_goes_by_any_article_that_it_names(
    ledger: Stream, names: tuple[str, ...], batches: str
) -> None:
    letters = [
        refused(0, key=b"elsewhere", timestamp=minutes(0), names=names),
        refused(1, key=b"elsewhere", timestamp=minutes(9), names=names),
        refused(2, key=b"elsewhere", timestamp=minutes(0), names=(OTHER, ARTICLE)),
    ]
    request = tombstone(0, NAMED, partition=1, key=FILE, timestamp=minutes(5))
    match batches:
        case "both at once":
            ledger.load(*letters, request)
        case "letters first":
            ledger.load(*letters)
            ledger.load(request)
        case _:
            ledger.load(request)
            ledger.load(*letters)
    assert ledger.rows("SELECT kafka_offset, original IS NULL, removed_in IS NULL FROM dead_letters ORDER BY 1") == (
        (0, True, False), (1, False, True), (2, False, True),
    )


def test_a_letter_that_is_rejected_again_goes_by_what_either_try_found(ledger: Stream) -> None:
    ledger.load(refused(0, key=b"elsewhere", names=(NAMED,)), refused(1, key=b"elsewhere", names=(ARTICLE, OTHER)))
    ledger.load(refused(0, names=(ARTICLE,)), refused(1, reason="WorkerCrashed"), kind="replay")
    ledger.load(tombstone(2, NAMED, key=FILE), tombstone(3, OTHER, key=BYTES))
    assert ledger.rows("SELECT kafka_offset, original IS NULL FROM dead_letters ORDER BY 1") == ((0, True), (1, True))


def test_a_letter_that_was_loaded_after_all_goes_by_its_article_alone(ledger: Stream) -> None:
    ledger.load(refused(0, key=b"elsewhere", names=(NAMED, OTHER)))
    ledger.load(carried(0), kind="replay")
    assert ledger.load(tombstone(1, OTHER, key=FILE)).outcomes == Counter(nothing_to_delete=1)
    assert ledger.articles() == ((ARTICLE, 1, "b" * 64),)
    assert ledger.load(tombstone(2, ARTICLE, key=FILE)).outcomes == Counter(deleted=1)
    assert ledger.rows("SELECT original FROM dead_letters") == ((None,),)


def test_a_replay_of_what_was_deleted_meanwhile_is_suppressed_and_its_letter_emptied(ledger: Stream) -> None:
    ledger.load(refused(0, key=b"elsewhere", value=b"named"), tombstone(1, ARTICLE, key=FILE))
    assert ledger.rows("SELECT original FROM dead_letters") == ((b"named",),)
    assert ledger.load(carried(0), kind="replay").outcomes == Counter(suppressed=1)
    assert ledger.articles() == ()
    assert ledger.rows("SELECT original, removed_in FROM dead_letters") == ((None, "batch-2"),)


def test_the_letter_of_a_replayed_article_is_emptied_with_it(ledger: Stream) -> None:
    ledger.load(refused(0, key=FILE, value=b"named"))
    ledger.load(carried(0), kind="replay")
    assert ledger.load(tombstone(1, NAMED, key=FILE)).outcomes == Counter(deleted=1)
    assert ledger.articles() == ()
    assert ledger.rows("SELECT original, message_key, resolved_in, removed_in FROM dead_letters") == (
        (None, None, "batch-2", "batch-3"),
    )


def test_files_of_originals_are_named_for_removal_unless_another_letter_has_them(ledger: Stream) -> None:
    ledger.load(refused(0, key=FILE), refused(1, key=b"other"), refused(2, key=FILE))
    with ledger.warehouse._writing() as con:
        con.execute("UPDATE dead_letters SET original_path = 'originals/00/shared' WHERE kafka_offset < 2")
        con.execute("UPDATE dead_letters SET original_path = 'originals/11/own' WHERE kafka_offset = 2")
    ledger.load(tombstone(3, NAMED, key=FILE))
    assert ledger.warehouse.originals_to_remove() == ["originals/11/own"]
    ledger.warehouse.forget_originals(["originals/11/own"])
    assert ledger.warehouse.originals_to_remove() == []
    ledger.load(tombstone(4, NAMED, key=b"other"))
    assert ledger.warehouse.originals_to_remove() == ["originals/00/shared"]


def test_a_warehouse_from_before_keys_were_noted(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    ledger = Stream(duckdb_warehouse, tmp_path)
    ledger.load(carried(0), refused(1, key=FILE), tombstone(2, OTHER))
    with ledger.warehouse._writing() as con:
        con.execute("UPDATE ledger SET outcome = 'deleted', first_outcome = 'deleted' WHERE kafka_offset = 2")
        con.execute("UPDATE batches SET deleted = 1")
    bring_back(ledger.warehouse, "0000")
    with sql_of(ledger.warehouse) as execute:
        execute("DROP TABLE deletions")
        for table, column in (
            ("ledger", "key_id"), ("ledger", "fetched_at"),
            ("dead_letters", "removed_in"), ("batches", "nothing_to_delete"),
        ):
            execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column}")
    ledger.warehouse.prepare()
    late = replace(carried(0, partition=1, article_id=OTHER), timestamp=minutes(1))
    assert ledger.load(late).outcomes == Counter(suppressed=1)
    assert ledger.load(tombstone(3, ARTICLE, key=FILE)).outcomes == Counter(deleted=1)
    assert ledger.articles() == ()
    assert ledger.rows("SELECT original FROM dead_letters") == ((None,),)
