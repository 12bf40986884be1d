"""Takedowns in the warehouse: what they remove, what they keep out afterwards, and the receipt they leave."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flows.searching import a_phrase_of, copies_of, search_stores
from flows.takedowns import open_takedowns
from pipelines.clean.identity import content_hash
from pipelines.jobs.forget import articles_at, bearer_of, is_named
from pipelines.records import Author, Coordinates, Evidence, Mention, Outlet
from pipelines.resolve.redaction import RedactedName, redacted_name
from pipelines.resolve.takedowns import Forgotten, Takedown
from pipelines.settings import Settings
from pipelines.stage import Folder, StagedBatch, dead_letter_id
from pipelines.validate.contract import contract_violations, load_contract
from pipelines.warehouse import Loaded, load_batch
from pipelines.warehouse.questions import ask
from pipelines.warehouse.relational import RelationalWarehouse
from schemas import Registry
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
        sends_articles: bool = False, name: RedactedName | None = None,
    ) -> Loaded:
        self.count += 1
        batch = StagedBatch(
            f"batch-{self.count}", "run-forget", Folder.at(self.folder) / f"batch-{self.count}", (), (), PROCESSOR,
            FETCHED_AT, "forget",
        )
        loaded = load_batch(
            self.warehouse, batch, forgotten=Forgotten(takedown, article_ids, rejected, name),
            sends_articles=sends_articles,
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


NAME = redacted_name(["Ines Falk", "Falk"], "takedown-1")
PERSON = replace(TAKEDOWN, scope="person")
TEXT = "In Marrowby the office opened.\n\nInes Falk spoke. Falk’s office was named for Marrowby, not for Falkirk."
PEOPLE: dict[str, Any] = {
    "title": "Ines Falk opens an office", "body": TEXT, "word_count": len(TEXT.split()),
    "authors": (Author("INES FALK", "person"), Author("Tom Reed", "person")), "tags": ("falk", "office"),
    "mentions": (
        Mention("Marrowby", "LOC", 3, 11, 0, "e" * 32, False, 0.8),
        Mention("Ines Falk", "PER", 32, 41, 1, "f" * 32, True, 0.9),
        Mention("Falk", "PER", 49, 53, 2, "f" * 32, True, 0.9),
        Mention("Marrowby", "LOC", 77, 85, 2, "e" * 32, False, 0.8),
    ),
    "entities": (replace(FALK, mention_count=2), replace(MARROWBY, mention_count=2)),
    "evidence": {"authors": Evidence("byline line", "By Ines Falk and Tom Reed")}, "story_signature": tuple(range(192)),
}
CLEAN = TEXT.replace("Ines Falk", "[redacted]").replace("Falk’s", "[redacted]’s")


LANTERNS = "The lanterns of the pier were counted twice by Ines Falk."
BYLINED: dict[str, Any] = {
    "url": "https://pier.example/lanterns", "body": LANTERNS, "entities": (replace(FALK, mention_count=1),),
    "mentions": (Mention("Ines Falk", "PER", LANTERNS.index("Ines"), len(LANTERNS) - 1, 0, "f" * 32, False, 0.9),),
}


def all_text(stream: Takedowns) -> str:
    """What the tables have of the article, as one text."""
    tables = (*EMPTY, "quarantined_articles", "dead_letters")
    return "\n".join(str(stream.rows(f"SELECT * FROM {table}")) for table in tables)


def test_a_name_is_redacted_in_every_version_and_nothing_else_is_lost(stream: Takedowns) -> None:
    former = PEOPLE | {"title": "Office of Falk", "body": f"{TEXT} Ines Falk left.", "mentions": (), "entities": ()}
    stream.load(carried(0, content_hash="1" * 64, **former))
    stream.load(carried(1, content_hash="2" * 64, fetched_at=later(2), **PEOPLE))
    stream.load(refused(2, names=(ARTICLE,), value=b"<p>Ines Falk"))
    assert stream.forget(ARTICLE, takedown=PERSON, name=NAME).removed == 1
    left = all_text(stream)
    assert "Falkirk" in left
    assert re.search(r"(?i)\bfalk\b", left) is None
    (row,) = stream.warehouse.query("SELECT * FROM articles WHERE article_id = $1", (ARTICLE,)).records()
    assert (row["title"], row["body"], row["version"]) == ("[redacted] opens an office", CLEAN, 2)
    assert (row["authors"], row["author_types"], row["tags"]) == (["Tom Reed"], ["person"], ["[redacted]", "office"])
    assert row["content_hash"] == content_hash(row["title"], row["body"])
    assert json.loads(row["evidence"])["authors"]["read_from"] == "By [redacted] and Tom Reed"
    assert stream.rows("SELECT version, title FROM article_versions ORDER BY 1") == (
        (1, "Office of [redacted]"), (2, "[redacted] opens an office"),
    )
    spans = stream.rows("SELECT text, start_char, end_char FROM mentions ORDER BY position")
    assert [(text, CLEAN[start:end]) for text, start, end in spans] == [("Marrowby", "Marrowby")] * 2
    named = stream.rows("SELECT name, mention_count, salience FROM article_entities")
    assert named == (("Marrowby", 2, 1.0),)
    receipt = stream.receipt()
    assert (receipt["scope"], receipt["articles"], receipt["versions"]) == ("person", 1, 2)
    assert stream.rows("SELECT * FROM suppressions") == ()


def test_later_texts_of_a_redacted_article_are_redacted_and_the_same_text_is_unchanged(stream: Takedowns) -> None:
    stream.load(carried(0, **PEOPLE))
    stream.forget(ARTICLE, takedown=PERSON, name=NAME)
    again = stream.load(carried(1, fetched_at=later(1), **PEOPLE))
    assert again.outcomes in (Counter(unchanged=1), Counter(new_reading=1))
    longer = PEOPLE | {"body": f"{TEXT} Later Ines Falk resigned.", "word_count": len(TEXT.split()) + 4}
    loaded = stream.load(
        carried(2, fetched_at=later(2), content_hash="9" * 64, **longer), refused(3, names=(ARTICLE,), value=b"Falk"),
        carried(4, article_id=OTHER, content_hash="8" * 64, **PEOPLE),
    )
    assert loaded.outcomes == Counter(new_version=1, rejected=1, loaded=1)
    bodies = dict(stream.rows("SELECT article_id, body FROM articles"))
    assert bodies == {ARTICLE: f"{CLEAN} Later [redacted] resigned.", OTHER: TEXT}
    assert stream.rows("SELECT original FROM dead_letters") == ((None,),)
    ended = stream.rows("SELECT count(*) FROM article_entities WHERE name LIKE '%Falk%'")
    assert ended == ((1,),)


def test_a_redaction_that_has_expired_redacts_no_later_text(stream: Takedowns) -> None:
    stream.load(carried(0, **PEOPLE))
    stream.forget(ARTICLE, takedown=replace(PERSON, expires_at=FETCHED_AT), name=NAME)
    stream.load(carried(1, fetched_at=later(2), **PEOPLE))
    assert stream.rows("SELECT body FROM articles") == ((TEXT,),)


def test_the_topic_of_clean_articles_gets_the_redacted_article(stream: Takedowns) -> None:
    stream.load(carried(0, **PEOPLE))
    stream.forget(ARTICLE, takedown=PERSON, name=NAME, sends_articles=True)
    deleted, restored = stream.warehouse.query("SELECT outcome, article FROM article_outbox ORDER BY position").rows
    assert (deleted, restored[0]) == (("deleted", None), "restored")
    record = Registry.load().decode(bytes(restored[1]))
    assert (record["body"], [each["name"] for each in record["entities"]]) == (CLEAN, ["Marrowby"])
    assert contract_violations(record, load_contract()) == ()


def test_an_article_that_a_delete_request_had_removed_can_be_forgotten_too(stream: Takedowns) -> None:
    stream.load(carried(0), tombstone(1))
    assert stream.forget(ARTICLE).removed == 0
    after: datetime = later(100)
    assert stream.load(carried(2, timestamp=after, fetched_at=after)).outcomes == Counter(suppressed=1)


def test_every_warehouse_answers_what_a_takedown_asks(stream: Takedowns, tmp_path: Path) -> None:
    signature = tuple(range(192))
    stream.load(
        carried(0, outlet=Outlet("pier.example", "Pier"), story_signature=signature, word_count=200, **BYLINED),
        carried(1, article_id=OTHER, content_hash="d" * 64, story_signature=signature, word_count=200),
        refused(2, names=(ARTICLE,), value=b"<p>the lanterns were counted twice"),
    )
    warehouse, pier = stream.warehouse, replace(TAKEDOWN, scope="outlet", outlet_domain="pier.example")
    assert articles_at(warehouse, "https://pier.example/lanterns")[1:] == (ARTICLE,)
    assert ask(warehouse, "articles_of_outlet", ("pier.example", 5)).rows == ((ARTICLE,),)
    assert set(bearer_of(warehouse, ARTICLE, "Ines Falk").forms) == {"Ines Falk", "falk"}
    assert is_named(warehouse, ARTICLE, NAME)
    for takedown, ids in ((TAKEDOWN, (ARTICLE,)), (pier, ())):
        assert a_phrase_of(warehouse, takedown, ids) == LANTERNS
        assert [row["article_id"] for row in copies_of(warehouse, takedown, ids)] == [OTHER]
    assert copies_of(warehouse, replace(pier, outlet_domain="other.example"), ()) == []
    settings = Settings(home=tmp_path / "home", warehouse="duckdb:///nowhere.duckdb")
    found = {(one.place, one.count) for one in search_stores(settings, warehouse, "lanterns were counted twice")}
    assert found == {("dead_letters.original", 1)}
    assert open_takedowns(warehouse) == []
    stream.forget(ARTICLE)
    (left,) = open_takedowns(warehouse)
    assert left == TAKEDOWN
    for question, rows in (
        ("takedown_batches", ((0,),)), ("takedown_letters", ()), ("takedown_records", ()), ("takedown_messages", ()),
    ):
        assert ask(warehouse, question, (TAKEDOWN.takedown_id,)).rows == rows  # its batch has another name here
    assert ask(warehouse, "takedown_batches", ("batch",)).rows == ((1,),)
    assert ask(warehouse, "takedown_letters", ("batch",)).rows == (("articles.raw", 0, 2),)
    assert [row[2:5] for row in ask(warehouse, "takedown_records", ("batch",)).rows] == [(2, 0, 2)]
    assert len(ask(warehouse, "takedown_messages", ("batch",)).rows) == 2
    assert list(search_stores(settings, warehouse, "lanterns were counted twice")) == []
    warehouse.complete_takedown(TAKEDOWN.takedown_id, [{"place": "Kafka"}], FETCHED_AT)
    assert open_takedowns(warehouse) == []
    assert json.loads(stream.receipt()["remains"]) == [{"place": "Kafka"}]
