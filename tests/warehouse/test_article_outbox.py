"""The outbox of clean articles: what a load enters, in which order, and what a deletion takes out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.resolve.texts import RESTORED
from pipelines.stage.batch import BatchKind
from pipelines.warehouse import Loaded, OutboxStanding, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from schemas import Registry
from tests.builders import FETCHED_AT
from tests.warehouse.batches import (
    FALK,
    FALK_MENTION,
    MARROWBY,
    TOPIC,
    Event,
    carried,
    later,
    refused,
    stage,
    tombstone,
)
from tests.warehouse.test_quarantine import HARBOUR, QUAY, Stream, news

ONE, TWO = "a" * 32, "b" * 32
FIRST_KEY = b"page-1.html"


class Loading:
    """Loads batches of one topic into a warehouse, with the sending of articles on."""

    def __init__(self, warehouse: RelationalWarehouse, folder: Path) -> None:
        self.warehouse, self.folder, self.batches = warehouse, folder, 0

    def load(self, *events: Event, kind: BatchKind = "ingest", sends: bool = True) -> Loaded:
        self.batches += 1
        batch = stage(self.folder, *events, batch_id=f"batch-{self.batches}", kind=kind)
        return load_batch(self.warehouse, batch, sends_articles=sends)

    def ids(self) -> list[str]:
        return self.warehouse.outbox(TOPIC, 100, "articles")

    def waiting(self) -> list[tuple[str, str, int | None, bool]]:
        """What waits, in the order of sending."""
        messages = self.warehouse.outbox_messages(self.ids())
        return [(m.article_id[0], m.outcome, m.version, m.is_current) for m in messages]

    def records(self) -> list[dict[str, Any]]:
        messages = self.warehouse.outbox_messages(self.ids())
        return [Registry.load().decode(m.article) for m in messages if m.article is not None]


@pytest.fixture
def loading(warehouse: RelationalWarehouse, tmp_path: Path) -> Loading:
    return Loading(warehouse, tmp_path)


def test_a_load_enters_new_texts_and_readings_as_they_were_staged(loading: Loading) -> None:
    article = carried(0, mentions=(FALK_MENTION,), entities=(FALK, MARROWBY))
    loading.load(article, refused(1), carried(2, article_id=TWO))
    loading.load(
        carried(3, fetched_at=later(1), mentions=(FALK_MENTION,), entities=(FALK, MARROWBY)),
        carried(4, content_hash="d" * 64, fetched_at=later(2)),
        carried(5, article_id=TWO, section="Harbour", fetched_at=later(1)),
    )
    assert loading.waiting() == [
        ("a", "loaded", 1, True), ("b", "loaded", 1, True),
        ("a", "new_version", 2, True), ("b", "new_reading", 1, True),
    ]
    assert loading.ids() == ["batch-1/1", "batch-1/2", "batch-2/1", "batch-2/2"]
    records = loading.records()
    assert records[0] == article.record | {"version": 1, "story_id": ONE}
    assert [(r["version"], r["section"], r["coordinates"]["offset"]) for r in records] == [
        (1, article.record["section"], 0), (1, article.record["section"], 2), (2, article.record["section"], 4),
        (1, "Harbour", 5),
    ]
    assert loading.warehouse.outbox_standing() == [
        OutboxStanding(TOPIC, 1, FETCHED_AT, None, None), OutboxStanding(TOPIC, 4, FETCHED_AT, None, None, "articles"),
    ]
    assert loading.warehouse.outbox("another", 100, "articles") == []


def test_nothing_enters_unless_it_is_asked_for_and_nothing_enters_twice(loading: Loading) -> None:
    loading.load(carried(0), sends=False)
    assert loading.ids() == []
    loading.load(carried(1, content_hash="d" * 64, fetched_at=later(1)))
    loading.batches -= 1
    assert load_batch(
        loading.warehouse, stage(loading.folder / "again", carried(1), batch_id="batch-2"), sends_articles=True
    ).was_loaded_before
    assert loading.waiting() == [("a", "new_version", 2, True)]


def test_a_text_that_arrives_late_is_not_current(loading: Loading) -> None:
    loading.load(carried(0, fetched_at=later(5)))
    loading.load(carried(1, content_hash="d" * 64, fetched_at=later(1)))
    assert loading.waiting() == [("a", "loaded", 1, True), ("a", "new_version", 2, False)]


def test_a_replayed_article_enters(loading: Loading) -> None:
    loading.load(refused(0))
    loading.load(carried(0), kind="replay")
    assert loading.waiting() == [("a", "loaded", 1, True)]


def test_an_article_in_quarantine_enters_when_it_is_released(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    stream = Stream(warehouse, tmp_path)
    for _ in range(4):
        stream.quiet(QUAY, HARBOUR, size=30)
    waiting = news(stream.offset, word_count=900)
    others = (news(stream.offset + n, word_count=900) for n in range(1, 30))
    batch = stage(tmp_path, waiting, *others, batch_id="batch-anomalous")
    assert load_batch(warehouse, batch, sends_articles=True).outcomes == {"quarantined": 30}
    assert warehouse.outbox(TOPIC, 100, "articles") == []
    batch = stage(tmp_path, waiting, batch_id="batch-released", kind="release")
    assert load_batch(warehouse, batch, sends_articles=True).outcomes == {"loaded": 1}
    assert warehouse.outbox(TOPIC, 100, "articles") == ["batch-released/1"]


def test_a_deletion_is_one_message_and_takes_out_what_waits(loading: Loading) -> None:
    loading.load(carried(0, key=FIRST_KEY), carried(1, article_id=TWO))
    loading.load(tombstone(2, key=FIRST_KEY))
    assert loading.waiting() == [("b", "loaded", 1, True), ("a", "deleted", None, False)]
    (deletion,) = loading.warehouse.outbox_messages(loading.ids()[1:])
    assert (deletion.article_id, deletion.article, deletion.batch_id) == (ONE, None, "batch-2")


def test_a_deletion_takes_out_what_waits_even_if_articles_are_no_longer_sent(loading: Loading) -> None:
    loading.load(carried(0, key=FIRST_KEY))
    loading.load(tombstone(1, key=FIRST_KEY), sends=False)
    assert loading.ids() == []


def test_an_article_that_is_deleted_in_its_own_batch_is_not_sent(loading: Loading) -> None:
    loading.load(carried(0, key=FIRST_KEY), tombstone(1, key=FIRST_KEY))
    assert loading.ids() == []


def test_an_article_that_comes_again_after_its_deletion_follows_it(loading: Loading) -> None:
    loading.load(carried(0, key=FIRST_KEY))
    loading.load(tombstone(1, key=FIRST_KEY), carried(2, key=FIRST_KEY, fetched_at=later(1)))
    assert loading.waiting() == [("a", "deleted", None, False), ("a", "loaded", 1, True)]


def test_what_a_deletion_leaves_of_an_article_is_sent_after_it(loading: Loading) -> None:
    """The request came before the current text in time, and after it in its partition."""
    kept = carried(
        0, key=FIRST_KEY, timestamp=later(5), fetched_at=later(5), mentions=(FALK_MENTION,), entities=(FALK, MARROWBY)
    )
    loading.load(kept, carried(0, partition=1, key=FIRST_KEY, content_hash="d" * 64, fetched_at=later(1)))
    loading.load(tombstone(1, partition=1, key=FIRST_KEY, timestamp=later(3)))
    assert loading.waiting() == [("a", "deleted", None, False), ("a", "restored", 1, True)]
    assert loading.records() == [kept.record | {"version": 1, "story_id": ONE}]


def test_an_earlier_text_that_a_deletion_leaves_is_sent_with_a_warning(loading: Loading) -> None:
    """The warehouse keeps the mentions of current texts only."""
    earlier = carried(0, key=FIRST_KEY, timestamp=later(5), mentions=(FALK_MENTION,), entities=(FALK,))
    loading.load(earlier, carried(0, partition=1, key=FIRST_KEY, content_hash="d" * 64, fetched_at=later(1)))
    loading.load(tombstone(1, partition=1, key=FIRST_KEY, timestamp=later(3)))
    assert loading.waiting() == [("a", "deleted", None, False), ("a", "restored", 1, True)]
    (record,) = loading.records()
    assert (record["warnings"], record["mentions"], record["entities"]) == (RESTORED, [], [])
    assert {name: record[name] for name in ("title", "body", "content_hash", "outlet", "coordinates")} == {
        name: earlier.record[name] for name in ("title", "body", "content_hash", "outlet", "coordinates")
    }


def test_a_refused_message_keeps_its_place_until_a_later_one_of_its_article_was_sent(loading: Loading) -> None:
    loading.load(carried(0), carried(1, article_id=TWO))
    loading.load(carried(2, content_hash="d" * 64, fetched_at=later(1)))
    first, other, second = loading.ids()
    loading.warehouse.settle_outbox([other], {first: "too large"}, "articles")
    assert loading.ids() == [first, second]
    assert {(s.letters, s.why) for s in loading.warehouse.outbox_standing()} == {(1, "too large"), (1, None)}
    loading.warehouse.settle_outbox([second], {}, "articles")
    assert loading.ids() == []


def test_what_keeps_all_messages_of_a_topic_is_noted_and_hides_no_messages_own_fault(loading: Loading) -> None:
    loading.load(carried(0), carried(1, article_id=TWO), refused(2))
    loading.warehouse.settle_outbox([], {loading.ids()[0]: "too large"}, "articles")
    loading.warehouse.block_outbox(TOPIC, "no such topic", "articles")
    loading.warehouse.block_outbox("another", "away", "articles")
    assert {(s.kind, s.letters, s.why) for s in loading.warehouse.outbox_standing()} == {
        ("dead letters", 1, None), ("articles", 1, "too large"), ("articles", 1, "no such topic"),
    }


def test_a_warehouse_without_the_outbox_has_nothing_waiting_and_is_given_one(
    database: RelationalWarehouse, tmp_path: Path
) -> None:
    with database._writing() as con:
        con.execute("DROP TABLE article_outbox")
        con.execute("UPDATE layout SET fingerprint = 'older'")
    assert (database.outbox(TOPIC, 10, "articles"), database.outbox_standing()) == ([], [])
    database.prepare()
    loading = Loading(database, tmp_path)
    loading.load(carried(0))
    assert loading.waiting() == [("a", "loaded", 1, True)]
