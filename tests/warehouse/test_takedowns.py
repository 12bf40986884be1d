"""Takedowns in the warehouse: what they remove, what they keep out afterwards, and the receipt they leave."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.records import Coordinates, Outlet
from pipelines.resolve.takedowns import Forgotten, Takedown
from pipelines.stage import Folder, StagedBatch, dead_letter_id
from pipelines.warehouse import Loaded, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT, coordinates
from tests.warehouse.batches import FALK, FALK_MENTION, MARROWBY, PROCESSOR, carried, later, refused, tombstone
from tests.warehouse.test_deletions import ARTICLE, OTHER, Stream

EMPTY = (
    "articles", "article_versions", "mentions", "article_entities", "entities", "entity_forms", "people", "outlets",
    "story_bands", "version_changes",
)
TAKEDOWN = Takedown("takedown-1", "article", "a court order", "editor", FETCHED_AT)


class Takedowns(Stream):
    """A stream of batches, from which articles are taken down."""

    def forget(
        self, *article_ids: str, takedown: Takedown = TAKEDOWN, rejected: tuple[Coordinates, ...] = (),
        sends_articles: bool = False,
    ) -> Loaded:
        self.count += 1
        batch = StagedBatch(
            f"batch-{self.count}", "run-forget", Folder.at(self.folder) / f"batch-{self.count}", (), (), PROCESSOR,
            FETCHED_AT, "forget",
        )
        loaded = load_batch(
            self.warehouse, batch, forgotten=Forgotten(takedown, article_ids, rejected), sends_articles=sends_articles
        )
        assert self.warehouse.verify().problems == ()
        return loaded

    def receipt(self) -> dict[str, Any]:
        (row,) = self.warehouse.query("SELECT * FROM takedowns").records()
        return row


@pytest.fixture
def stream(warehouse: RelationalWarehouse, tmp_path: Path) -> Takedowns:
    return Takedowns(warehouse, tmp_path)


def digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def test_nothing_of_a_forgotten_article_is_left_and_its_receipt_tells_what_was_removed(stream: Takedowns) -> None:
    stream.load(carried(0, content_hash="1" * 64, mentions=(FALK_MENTION,), entities=(FALK, MARROWBY),
                        story_signature=tuple(range(192))))
    stream.load(carried(1, content_hash="2" * 64, fetched_at=later(2)), carried(2, content_hash="2" * 64),
                refused(3, names=(ARTICLE,), value=b"<p>the same page, behind a wall"))
    forgotten = stream.forget(ARTICLE)
    assert forgotten.removed == 4
    for table in EMPTY:
        assert stream.rows(f"SELECT * FROM {table}") == (), table
    assert stream.rows("SELECT original, details, message_key FROM dead_letters") == ((None, "[]", None),)
    assert stream.rows("SELECT count(*) FROM ledger WHERE removed_in = 'batch-3'") == ((4,),)
    receipt = stream.receipt()
    assert (receipt["articles"], receipt["versions"], receipt["records"]) == (1, 2, 4)
    assert (receipt["reason"], receipt["requested_by"], receipt["completed_at"]) == ("a court order", "editor", None)
    of_both = digest("1" * 64, "2" * 64)
    assert receipt["removed_sha256"] == of_both
    assert stream.rows("SELECT article_id, reason, takedown_id, removed_sha256 FROM suppressions") == (
        (ARTICLE, "a court order", "takedown-1", of_both),
    )


def test_later_records_of_a_forgotten_article_are_kept_out_whatever_their_time(stream: Takedowns) -> None:
    stream.load(carried(0), carried(1, article_id=OTHER))
    stream.forget(ARTICLE)
    loaded = stream.load(
        carried(2, timestamp=later(100), fetched_at=later(100)), carried(3, article_id=OTHER, content_hash="d" * 64),
        refused(4, names=("b" * 32, ARTICLE), value=b"a page of it"), refused(5, names=(OTHER,), value=b"another"),
    )
    assert loaded.outcomes == Counter(suppressed=1, new_version=1, rejected=2)
    assert stream.rows("SELECT DISTINCT article_id FROM article_versions") == ((OTHER,),)
    assert stream.rows("SELECT kafka_offset, original FROM dead_letters ORDER BY 1") == ((4, None), (5, b"another"))


def test_a_replay_of_what_was_forgotten_loads_nothing(stream: Takedowns) -> None:
    stream.load(refused(0, value=b"unreadable"))
    stream.forget(ARTICLE)
    assert stream.load(carried(0), kind="replay").outcomes == Counter(suppressed=1)
    assert stream.rows("SELECT * FROM articles") == ()
    assert stream.rows("SELECT original FROM dead_letters") == ((None,),)


def test_a_suppression_that_has_expired_keeps_nothing_out(stream: Takedowns) -> None:
    stream.forget(ARTICLE, takedown=replace(TAKEDOWN, expires_at=FETCHED_AT))
    stream.forget(OTHER, takedown=replace(TAKEDOWN, takedown_id="takedown-2", expires_at=later(1)))
    loaded = stream.load(carried(0), carried(1, article_id=OTHER))
    assert loaded.outcomes == Counter(loaded=1, suppressed=1)


def test_an_outlet_is_forgotten_batch_by_batch_and_its_later_articles_are_kept_out(stream: Takedowns) -> None:
    pier = replace(TAKEDOWN, scope="outlet", outlet_domain="pier.example")
    ids = tuple(f"{n}" * 32 for n in range(1, 4))
    stream.load(*(
        carried(n, article_id=each, content_hash=f"{n}" * 64, outlet=Outlet("pier.example", "Pier"))
        for n, each in enumerate(ids)
    ), carried(3, article_id=OTHER, content_hash="d" * 64))
    stream.forget(*ids[:2], takedown=pier)
    first = stream.receipt()
    assert (first["articles"], first["removed_sha256"]) == (2, digest("0" * 64, "1" * 64))
    stream.forget(ids[2], takedown=pier)
    assert (stream.receipt()["articles"], stream.receipt()["versions"]) == (3, 3)
    assert stream.receipt()["removed_sha256"] == digest(first["removed_sha256"], "2" * 64)
    loaded = stream.load(
        carried(4, article_id="7" * 32, outlet=Outlet("pier.example", "Pier"), content_hash="e" * 64),
        carried(5, article_id="8" * 32, content_hash="f" * 64),
        refused(6, outlet_domain="pier.example", value=b"a page of it"), refused(7, value=b"another"),
    )
    assert loaded.outcomes == Counter(suppressed=1, loaded=1, rejected=2)
    assert stream.rows("SELECT kafka_offset, original FROM dead_letters ORDER BY 1") == ((6, None), (7, b"another"))


def test_rejected_records_are_forgotten_by_their_coordinates(stream: Takedowns) -> None:
    stream.load(refused(0, value=b"one"), refused(1, value=b"two"), carried(2))
    assert stream.forget(rejected=(coordinates(0), coordinates(2))).removed == 1
    assert stream.rows("SELECT kafka_offset, original FROM dead_letters ORDER BY 1") == ((0, None), (1, b"two"))
    assert stream.rows("SELECT dead_letter_id FROM outbox") == ((dead_letter_id(coordinates(1)),),)
    assert len(stream.articles()) == 1


def test_forgetting_again_changes_nothing_and_keeps_the_first_digest(stream: Takedowns) -> None:
    stream.load(carried(0))
    stream.forget(ARTICLE)
    before = stream.receipt()
    assert stream.forget(ARTICLE).removed == 0
    assert stream.receipt() == before


def test_the_topic_of_clean_articles_is_told(stream: Takedowns) -> None:
    stream.load(carried(0))
    stream.forget(ARTICLE, sends_articles=True)
    assert stream.rows("SELECT topic, article_id, outcome, article FROM article_outbox") == (
        ("articles.raw", ARTICLE, "deleted", None),
    )


def test_an_article_that_a_delete_request_had_removed_can_be_forgotten_too(stream: Takedowns) -> None:
    stream.load(carried(0), tombstone(1))
    assert stream.forget(ARTICLE).removed == 0
    after: datetime = later(100)
    assert stream.load(carried(2, timestamp=after, fetched_at=after)).outcomes == Counter(suppressed=1)
