from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.failpoints import Failpoint
from pipelines.failures import Failure, TopicRecreated, Violation
from pipelines.records import Author, Dateline, Evidence, Outlet, Rights
from pipelines.resolve.layout import layout
from pipelines.stage import StagedBatchDamaged, read_dead_letters, reading_digest
from pipelines.stage.audit import Audit, Finding
from pipelines.warehouse import DeadLetterFilter, LedgerOpen, OffsetsMoved, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from pipelines.warehouse.topics import LoadedTopic
from tests.builders import BODY, FETCHED_AT
from tests.warehouse.batches import (
    FALK,
    FALK_MENTION,
    MARROWBY,
    MARROWBY_MENTION,
    PROCESSOR,
    SUPPRESS,
    TOPIC,
    carried,
    gap,
    later,
    offsets,
    refused,
    stage,
    tombstone,
)
from tests.warehouse.failing import failing

OTHER = "c" * 32


def tables(warehouse: RelationalWarehouse) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but ``identity``, which counts the changes, in a fixed order."""
    with warehouse._reading() as con:
        return {
            name: sorted(con.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in sorted(layout()) if name != "identity"
        }


def test_an_article_is_loaded_with_all_that_is_known_of_it(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    article = carried(
        0, authors=(Author("Ines Falk"), Author("Web Desk", "desk")), dateline=Dateline("Marrowby", "HNA"),
        published_at=later(-3), published_zone="+01:00", tags=("harbour", "pier"), section="Local",
        evidence={"title": Evidence("meta", "og:title")}, warnings=("charset: declared latin-1",),
        mentions=(MARROWBY_MENTION, FALK_MENTION), entities=(FALK, MARROWBY), story_signature=(1, 2, 3, 4, 5, 6),
        rights=Rights(("noai",), tdm_reserved=True, license="CC BY", is_accessible_for_free=False),
    )
    loaded = load_batch(warehouse, stage(tmp_path, article))
    assert (loaded.outcomes, loaded.reasons, loaded.gaps) == (Counter(loaded=1), Counter(), Counter())
    assert loaded.offsets == {(TOPIC, 0): 1}
    (row,) = warehouse.query("SELECT * FROM articles").records()
    assert json.loads(row.pop("evidence")) == {"title": {"how": "meta", "read_from": "og:title"}}
    assert row == {
        "article_id": "a" * 32, "version": 1, "content_hash": "b" * 64, "url": "https://harbour-news.example/pier",
        "canonical_url": "https://harbour-news.example/pier", "outlet_domain": "harbour-news.example",
        "outlet_name": "Harbour News", "title": "Pier to be rebuilt", "body": BODY,
        "authors": ["Ines Falk", "Web Desk"], "author_types": ["person", "desk"], "published_at": later(-3),
        "published_zone": "+01:00", "modified_at": None, "dateline_place": "Marrowby", "dateline_agency": "HNA",
        "language": "en", "section": "Local", "tags": ["harbour", "pier"], "image_url": None,
        "word_count": len(BODY.split()), "is_truncated": False,
        "robots": ["noai"], "tdm_reserved": True, "tdm_policy": None, "license": "CC BY", "usage_info": None,
        "acquire_license_page": None, "copyright_notice": None, "is_accessible_for_free": False,
        "body_withheld_for": None, "story_id": "a" * 32,
        "story_signature": [1, 2, 3, 4, 5, 6], "warnings": ["charset: declared latin-1"], "fetched_at": FETCHED_AT,
        "last_fetched_at": FETCHED_AT, "processed_at": FETCHED_AT, "processor": PROCESSOR,
        "scraper": "harbour-crawler", "coordinates_topic": TOPIC, "coordinates_partition": 0, "coordinates_offset": 0,
        "batch_id": "batch-1", "reading": reading_digest(article.record),
    }
    assert warehouse.query("SELECT * FROM mentions ORDER BY position").rows == (
        ("a" * 32, 1, 1, "e" * 32, "Marrowby", "LOC", 0, 8, 0, False, 0.8),
        ("a" * 32, 1, 2, "f" * 32, "Ines Falk", "PER", 143, 152, 1, False, 0.9),
    )
    assert warehouse.query("SELECT * FROM entities ORDER BY name").rows == (
        ("f" * 32, "Ines Falk", "PER", None, None, None, None, None, 1, FETCHED_AT, FETCHED_AT),
        ("e" * 32, "Marrowby", "LOC", "GB", 7, 54.5, -0.5, None, 1, FETCHED_AT, FETCHED_AT),
    )
    assert warehouse.query("SELECT * FROM outlets").rows == (
        ("harbour-news.example", "Harbour News", 1, FETCHED_AT, FETCHED_AT),
    )


def test_the_ledger_has_a_row_for_each_record(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    batch = stage(
        tmp_path, carried(0), refused(1), gap(2, 4, "control_record"), tombstone(4, OTHER),
        carried(5, timestamp=later(1)), carried(6, content_hash="d" * 64, fetched_at=later(2), timestamp=later(2)),
    )
    loaded = load_batch(warehouse, batch)
    assert loaded.outcomes == Counter(loaded=1, rejected=1, nothing_to_delete=1, unchanged=1, new_version=1)
    assert (loaded.reasons, loaded.gaps) == (Counter(ConsentWall=1), Counter(control_record=2))
    fingerprint = refused(1).failure.fingerprint
    assert warehouse.query(
        "SELECT partition, kafka_offset, message_at, outcome, reason, scraper, article_id, version, fingerprint"
        " FROM ledger ORDER BY kafka_offset"
    ).rows == (
        (0, 0, later(0), "loaded", None, "harbour-crawler", "a" * 32, 1, None),
        (0, 1, FETCHED_AT, "rejected", "ConsentWall", "harbour-crawler", None, None, fingerprint),
        (0, 4, later(4 / 60), "nothing_to_delete", None, None, OTHER, None, None),
        (0, 5, later(1), "unchanged", None, "harbour-crawler", "a" * 32, 1, None),
        (0, 6, later(2), "new_version", None, "harbour-crawler", "a" * 32, 2, None),
    )
    assert warehouse.query(
        "SELECT DISTINCT run_id, batch_id, first_outcome = outcome, first_reason IS NOT DISTINCT FROM reason,"
        " replayed_in, removed_in FROM ledger"
    ).rows == (("run-1", "batch-1", True, True, None, None),)
    assert warehouse.query("SELECT * FROM gaps").rows == ((TOPIC, 0, 2, 4, "control_record", "run-1", "batch-1"),)
    assert warehouse.query("SELECT * FROM partition_offsets").rows == ((TOPIC, 0, 0, 7, "batch-1", FETCHED_AT),)
    assert warehouse.query("SELECT * FROM batch_ranges").rows == (("batch-1", TOPIC, 0, 0, 7),)
    assert warehouse.query(
        "SELECT batch_id, run_id, kind, processor, verdict, records, loaded, new_version, unchanged, rejected, deleted,"
        " suppressed, quarantined, gap_offsets, nothing_to_delete, new_reading FROM batches"
    ).rows == (
        ("batch-1", "run-1", "ingest", PROCESSOR, None, 5, 1, 1, 1, 1, 0, 0, 0, 2, 1, 0),
    )
    assert warehouse.query("SELECT version, content_hash FROM article_versions ORDER BY version").rows == (
        (1, "b" * 64), (2, "d" * 64),
    )
    assert warehouse.query("SELECT version, content_hash FROM articles").rows == ((2, "d" * 64),)
    assert warehouse.verify().problems == ()


def test_a_batch_published_again_changes_nothing(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    batch = stage(tmp_path, carried(0, mentions=(FALK_MENTION,), entities=(FALK,)), refused(1))
    first = load_batch(warehouse, batch)
    before = tables(warehouse)
    again = load_batch(warehouse, batch)
    assert again == replace(first, was_loaded_before=True)
    assert tables(warehouse) == before


def test_of_two_batches_from_one_offset_the_second_is_refused(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0), batch_id="batch-1"))
    before = tables(warehouse)
    with pytest.raises(OffsetsMoved, match=r"articles.raw/0 stands at 1, the batch starts at 0.*What to do: run"):
        load_batch(warehouse, stage(tmp_path, carried(0), carried(1), batch_id="batch-2"))
    with pytest.raises(OffsetsMoved, match="stands at 1, the batch starts at 2"):
        load_batch(warehouse, stage(tmp_path, carried(2), batch_id="batch-3"))
    assert tables(warehouse) == before


CUT_AT = (
    Failpoint.COMPARED, "articles", "article_versions", "mentions", "article_entities", "batches", "batch_ranges",
    "dead_letters", "entities", "ledger", "partition_offsets", "scraper_batches", "story_bands", "deletions",
    "entity_forms", "outbox", "people", Failpoint.CHANGED,
)


def test_a_publication_that_is_cut_short_anywhere_moves_nothing(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0, mentions=(FALK_MENTION,), entities=(FALK,))))
    before = tables(warehouse)
    second = stage(
        tmp_path, carried(
            1, content_hash="d" * 64, fetched_at=later(1), story_signature=(1, 2, 3),
            entities=(replace(FALK, occupation="sport"),),
        ),
        refused(2), tombstone(3, OTHER), batch_id="batch-2",
    )

    for at in CUT_AT:
        with pytest.raises(KeyboardInterrupt), failing(at, KeyboardInterrupt()):
            load_batch(warehouse, second)
        assert (at, tables(warehouse)) == (at, before)
    assert load_batch(warehouse, second).outcomes == Counter(new_version=1, rejected=1, nothing_to_delete=1)
    assert warehouse.verify().problems == ()


@pytest.mark.parametrize(("ranges", "says"), [
    ((offsets(0, 4),), "articles.raw/0: offset 3 has no outcome and is in no gap"),
    ((offsets(0, 2),), "articles.raw/0: offset 2 was not handed to the batch"),
    ((offsets(0, 1), offsets(2, 3)), "articles.raw/0 offset 0 and articles.raw/0 offset 2 do not meet"),
    ((offsets(0, 3), offsets(0, 1, partition=1)), "articles.raw/1: offset 0 has no outcome and is in no gap"),
])
def test_a_batch_that_leaves_an_offset_open_is_refused(
    warehouse: RelationalWarehouse, tmp_path: Path, ranges: tuple[object, ...], says: str
) -> None:
    before = tables(warehouse)
    with pytest.raises(LedgerOpen) as refusal:
        load_batch(warehouse, stage(tmp_path, carried(0), refused(1), gap(2, 3), ranges=ranges))  # type: ignore[arg-type]
    assert says in str(refusal.value)
    assert tables(warehouse) == before


def test_a_record_with_two_outcomes_is_refused(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    with pytest.raises(LedgerOpen, match="offset 1 is accounted for twice"):
        load_batch(warehouse, stage(tmp_path, carried(0), refused(1), refused(1), ranges=(offsets(0, 2),)))
    with pytest.raises(LedgerOpen, match="offset 1 is accounted for twice"):
        load_batch(
            warehouse, stage(tmp_path, carried(0), refused(1), gap(1, 2), ranges=(offsets(0, 2),), batch_id="other")
        )


def test_offsets_that_retention_took_are_moved_past(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0)))
    loaded = load_batch(warehouse,
        stage(tmp_path, gap(1, 40, "retention"), refused(40), batch_id="batch-2", ranges=(offsets(40, 41),))
    )
    assert (loaded.gaps, loaded.offsets) == (Counter(retention=39), {(TOPIC, 0): 41})
    assert warehouse.verify().problems == ()


def test_partitions_move_each_on_its_own(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(5), ranges=(offsets(5, 6),)))
    load_batch(warehouse, stage(tmp_path, refused(0, partition=1), carried(6), batch_id="batch-2"))
    assert warehouse.loaded_topic(TOPIC).next_offsets == {0: 7, 1: 1}
    assert warehouse.loaded_topic("elsewhere").next_offsets == {}
    assert warehouse.query("SELECT partition, first_offset FROM partition_offsets ORDER BY 1").rows == ((0, 5), (1, 0))


def test_a_new_version_replaces_mentions_and_entities(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0, mentions=(FALK_MENTION,), entities=(FALK,))))
    load_batch(warehouse, stage(
        tmp_path,
        carried(1, content_hash="d" * 64, fetched_at=later(1), mentions=(MARROWBY_MENTION,), entities=(MARROWBY,)),
        batch_id="batch-2",
    ))
    assert warehouse.query("SELECT version, text FROM mentions").rows == ((2, "Marrowby"),)
    assert warehouse.query("SELECT version, name FROM article_entities").rows == ((2, "Marrowby"),)
    assert warehouse.query("SELECT name, first_seen_at FROM entities").rows == (("Marrowby", later(1)),)


def test_a_late_message_is_a_version_but_not_the_current_one(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    corrected = carried(0, title="Corrected", fetched_at=later(5), mentions=(FALK_MENTION,), entities=(FALK,))
    draft = carried(1, title="First draft", content_hash="d" * 64, fetched_at=later(1))
    load_batch(warehouse, stage(tmp_path, corrected))
    load_batch(warehouse, stage(tmp_path, draft, batch_id="batch-2"))
    assert warehouse.query("SELECT version, title FROM articles").rows == ((1, "Corrected"),)
    assert warehouse.query("SELECT version, title FROM article_versions ORDER BY version").rows == (
        (1, "Corrected"), (2, "First draft"),
    )
    assert warehouse.query("SELECT text FROM mentions").rows == (("Ines Falk",),)
    assert warehouse.verify().problems == ()


def test_a_sighting_moves_when_the_text_was_last_fetched(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    named = {"entities": (FALK,), "mentions": (FALK_MENTION,)}
    load_batch(warehouse, stage(tmp_path, carried(0, **named)))
    load_batch(warehouse, stage(tmp_path, carried(1, fetched_at=later(4), **named), batch_id="batch-2"))
    assert warehouse.query("SELECT fetched_at, last_fetched_at FROM articles").rows == ((FETCHED_AT, later(4)),)
    assert warehouse.query("SELECT last_seen_at FROM entities").rows == ((later(4),),)
    assert warehouse.query("SELECT last_fetched_at FROM outlets").rows == ((later(4),),)


def test_a_delete_request_removes_the_article_everywhere(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(
        tmp_path, carried(0, mentions=(FALK_MENTION,), entities=(FALK,), story_signature=tuple(range(6))),
        carried(1, article_id=OTHER, content_hash="d" * 64, canonical_url="https://harbour-news.example/other"),
    ))
    loaded = load_batch(warehouse, stage(tmp_path, tombstone(2), tombstone(3, "9" * 32), batch_id="batch-2"))
    assert loaded.outcomes == Counter(deleted=1, nothing_to_delete=1)
    for table in ("articles", "article_versions"):
        assert warehouse.query(f"SELECT article_id FROM {table}").rows == ((OTHER,),)
    for table in ("mentions", "article_entities", "entities", "story_bands"):
        assert warehouse.query(f"SELECT * FROM {table}").rows == ()
    assert warehouse.query("SELECT domain, article_count FROM outlets").rows == (("harbour-news.example", 1),)
    assert warehouse.query("SELECT kafka_offset, outcome, removed_in FROM ledger ORDER BY kafka_offset").rows == (
        (0, "loaded", "batch-2"), (1, "loaded", None), (2, "deleted", None), (3, "nothing_to_delete", None),
    )
    assert warehouse.verify().problems == ()


def test_an_article_deleted_and_sent_again_is_loaded_anew(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    loaded = load_batch(warehouse, stage(tmp_path, carried(0), tombstone(1), carried(2, title="Sent again")))
    assert loaded.outcomes == Counter(loaded=2, deleted=1)
    assert warehouse.query("SELECT version, title FROM articles").rows == ((1, "Sent again"),)
    assert warehouse.query("SELECT coordinates_offset FROM article_versions").rows == ((2,),)
    assert warehouse.query("SELECT kafka_offset, removed_in FROM ledger ORDER BY 1").rows == (
        (0, "batch-1"), (1, None), (2, None),
    )
    assert warehouse.verify().problems == ()


def test_a_suppressed_article_is_not_loaded(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    with warehouse._writing() as con:
        con.execute(SUPPRESS, ["a" * 32, FETCHED_AT])
    loaded = load_batch(warehouse, stage(tmp_path, carried(0)))
    assert loaded.outcomes == Counter(suppressed=1)
    assert warehouse.query("SELECT * FROM articles").rows == ()
    assert warehouse.verify().problems == ()


def test_copies_share_a_story_across_batches(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    wire = tuple(range(128))
    copy = (*range(100), *range(500, 528))
    load_batch(warehouse, stage(tmp_path, carried(0, story_signature=wire)))
    load_batch(warehouse, stage(
        tmp_path,
        carried(1, article_id=OTHER, content_hash="d" * 64, story_signature=copy, outlet=Outlet("other.example", None)),
        carried(2, article_id="7" * 32, content_hash="e" * 64, story_signature=tuple(range(900, 1028))),
        batch_id="batch-2",
    ))
    assert warehouse.query("SELECT article_id, story_id FROM articles ORDER BY coordinates_offset").rows == (
        ("a" * 32, "a" * 32), (OTHER, "a" * 32), ("7" * 32, "7" * 32),
    )


def test_a_text_that_comes_back_after_more_than_a_month_is_a_story_of_its_own(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    wire = tuple(range(128))
    for offset, days in enumerate((0, 29, 58, 89)):
        text = carried(
            offset, article_id=f"{days:032}", content_hash=f"{days:064}", story_signature=wire,
            fetched_at=later(24 * days),
        )
        load_batch(warehouse, stage(tmp_path, text, batch_id=f"batch-{days}"))
    rows = warehouse.query("SELECT story_id FROM articles ORDER BY fetched_at").rows
    assert [int(story) for (story,) in rows] == [0, 0, 0, 89]  # each is compared with the one before


def test_a_dead_letter_is_kept_whole(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    whole = bytes(range(256)) * 9
    event = refused(0, value=whole, key=b"\xff\x00", headers=(("x", b"1"), ("x", None), ("y", b"\xfe")))
    batch = stage(tmp_path, event)
    load_batch(warehouse, batch)
    (letter,) = warehouse.dead_letters(DeadLetterFilter())
    assert letter.original == whole
    assert (letter.key, letter.headers) == (b"\xff\x00", (("x", b"1"), ("x", None), ("y", b"\xfe")))
    assert letter.details == ({"field": "body", "expectation": "an article, not a wall", "value": "We value"},)
    assert (letter.attempts, letter.original_bytes, letter.resolved_at) == (1, 2304, None)
    assert warehouse.dead_letter(letter.dead_letter_id) == letter
    assert [letter.record()] == list(read_dead_letters(batch))


def test_a_replay_settles_what_passes_and_counts_what_does_not(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1), refused(2)))
    still = replace(refused(1), failure=Failure("clean", "ListingPage", (Violation("one article"),)))
    replay = stage(tmp_path, carried(0), still, batch_id="replay-1", run_id="run-2", kind="replay")
    loaded = load_batch(warehouse, replay)
    assert (loaded.outcomes, loaded.reasons) == (Counter(loaded=1, rejected=1), Counter(ListingPage=1))
    assert warehouse.query(
        "SELECT kafka_offset, outcome, reason, first_outcome, first_reason, run_id, replayed_in FROM ledger ORDER BY 1"
    ).rows == (
        (0, "loaded", None, "rejected", "ConsentWall", "run-1", "replay-1"),
        (1, "rejected", "ListingPage", "rejected", "ConsentWall", "run-1", "replay-1"),
        (2, "rejected", "ConsentWall", "rejected", "ConsentWall", "run-1", None),
    )
    assert warehouse.query("SELECT kafka_offset, reason, attempts, resolved_in FROM dead_letters ORDER BY 1").rows == (
        (0, "ConsentWall", 1, "replay-1"), (1, "ListingPage", 2, None), (2, "ConsentWall", 1, None),
    )
    assert warehouse.loaded_topic(TOPIC).next_offsets == {0: 3}
    assert warehouse.verify().problems == ()
    assert load_batch(warehouse, replay).was_loaded_before


def test_a_replay_of_what_was_settled_before_changes_nothing(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0)))
    load_batch(warehouse, stage(tmp_path, carried(0), batch_id="replay-1", kind="replay"))
    before = tables(warehouse)
    loaded = load_batch(warehouse, stage(tmp_path, carried(0), batch_id="replay-2", kind="replay"))
    assert (loaded.outcomes, loaded.left_out) == (Counter(), 1)
    after = tables(warehouse)
    assert after.pop("batches")[2:] == [
        ("replay-2", "run-1", "replay", PROCESSOR, FETCHED_AT, FETCHED_AT, None, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ]
    before.pop("batches")
    assert after == before


def test_the_topics_id_is_kept_and_another_is_refused(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    assert warehouse.loaded_topic(TOPIC).topic_id == ""
    load_batch(warehouse, stage(tmp_path, carried(0), topic_id="first"))
    load_batch(warehouse, stage(tmp_path, refused(1), batch_id="batch-2", topic_id="first"))
    assert warehouse.query("SELECT * FROM topics").rows == ((TOPIC, "first", FETCHED_AT, "batch-1"),)
    before = tables(warehouse)
    with pytest.raises(TopicRecreated, match=r"has the id second, .* with the id first.*\nWhat to do: "):
        load_batch(warehouse, stage(tmp_path, refused(2), batch_id="batch-3", topic_id="second"))
    assert tables(warehouse) == before
    load_batch(warehouse, stage(tmp_path, refused(2), batch_id="batch-3"))  # the broker gave none
    load_batch(warehouse, stage(tmp_path, carried(1), batch_id="replay-1", kind="replay"))
    assert (warehouse.loaded_topic(TOPIC).topic_id, warehouse.loaded_topic("elsewhere")) == ("first", LoadedTopic())


def test_ledger_without_the_topics_id_take_it_with_the_next_batch(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0)))
    assert warehouse.loaded_topic(TOPIC) == LoadedTopic({0: 1})
    load_batch(warehouse, stage(tmp_path, refused(1), batch_id="batch-2", topic_id="id"))
    assert warehouse.query("SELECT topic_id, batch_id FROM topics").rows == (("id", "batch-2"),)


def test_a_warehouse_from_before_there_were_ids(database: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(database, stage(tmp_path, carried(0)))
    with database._writing() as con:
        con.execute("DROP TABLE topics")
        con.execute("UPDATE layout SET fingerprint = 'former'")
    assert (database.loaded_topic(TOPIC).topic_id, database.verify().problems) == ("", ())
    database.prepare()
    load_batch(database, stage(tmp_path, refused(1), batch_id="batch-2", topic_id="id"))
    assert database.loaded_topic(TOPIC).topic_id == "id"


def test_the_audit_is_kept(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    audit = Audit((
        Finding("expect_a", "authors_null", "warning", False, "0.9", "bylines missing", ("harbour-crawler",)),
        Finding("expect_b", None, "critical", True, None, "any"),
    ))
    load_batch(warehouse, stage(tmp_path, carried(0)), audit)
    assert warehouse.query("SELECT verdict FROM batches").rows == (("warned",),)
    assert warehouse.query("SELECT * FROM audit_results ORDER BY position").rows == (
        ("batch-1", 1, "expect_a", "authors_null", "warning", False, "0.9", "bylines missing", ["harbour-crawler"]),
        ("batch-1", 2, "expect_b", None, "critical", True, None, "any", []),
    )


def test_a_damaged_batch_is_not_published(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    batch = stage(tmp_path, carried(0))
    path = batch.folder.path / batch.paths("articles")[0]
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(StagedBatchDamaged, match="its sha256 differs"):
        load_batch(warehouse, batch)
    assert warehouse.loaded_topic(TOPIC).next_offsets == {}
