"""The marts that say how the pipeline does, to the number, on every database."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.stage.audit import Audit, Finding
from pipelines.warehouse import Run, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import MARROWBY, MARROWBY_MENTION, carried, gap, later, refused, stage

WARNED = Audit((
    Finding("expect_column_values_to_not_be_null", "title", "critical", True, "0 of 3", None, ()),
    Finding("expect_column_mean_to_be_between", "word_count", "warning", False, "3.5", "Too short.", ("careless",)),
))


@pytest.fixture
def loaded(database: RelationalWarehouse, tmp_path: Path) -> RelationalWarehouse:
    """One run of two batches, the first with a warning of the audit: an article, two rejected records, a gap."""
    database.start_run(Run("run-1", "articles.raw", "dateline test", FETCHED_AT))
    load_batch(database, stage(
        tmp_path, carried(0, mentions=(MARROWBY_MENTION,), entities=(MARROWBY,)), refused(1), gap(2, 4),
    ), WARNED)
    load_batch(database, stage(tmp_path, refused(4, timestamp=later(2)), batch_id="batch-2"))
    database.finish_run("run-1", "completed", later(1))
    return database


def rows(warehouse: RelationalWarehouse, sql: str) -> list[tuple[object, ...]]:
    return list(warehouse.query(sql).rows)


def test_the_ledger_of_each_partition_closes(loaded: RelationalWarehouse) -> None:
    assert rows(loaded, (
        "SELECT topic, partition, first_offset, next_offset, records, gap_offsets, open_offsets "
        "FROM marts.ledger_standing"
    )) == [("articles.raw", 0, 0, 5, 3, 2, 0)]


def test_an_offset_without_an_outcome_is_open(loaded: RelationalWarehouse) -> None:
    with loaded._writing() as con:
        con.execute("DELETE FROM ledger WHERE kafka_offset = ?", [4])
    assert rows(loaded, "SELECT records, open_offsets FROM marts.ledger_standing") == [(2, 1)]


def test_rejections_have_the_newest_record_as_example(loaded: RelationalWarehouse) -> None:
    found = rows(loaded, (
        "SELECT r.topic, r.reason, r.scraper, r.records, d.kafka_offset, r.example_step, "
        "r.first_message_at = r.last_message_at "
        "FROM marts.rejections r JOIN dead_letters d ON d.dead_letter_id = r.example_id"
    ))
    (letter,) = rows(loaded, "SELECT reason, scraper, step FROM dead_letters WHERE kafka_offset = 4")
    assert found == [("articles.raw", letter[0], letter[1] or "(unknown)", 2, 4, letter[2], False)]


def test_a_record_whose_replay_passed_is_no_rejection(loaded: RelationalWarehouse) -> None:
    with loaded._writing() as con:
        con.execute("UPDATE dead_letters SET resolved_at = ? WHERE kafka_offset = 4", [later(2)])
        con.execute("UPDATE dead_letters SET removed_in = ? WHERE kafka_offset = 1", ["batch-3"])
    assert rows(loaded, "SELECT * FROM marts.rejections") == []


def test_audit_findings_name_their_batch(loaded: RelationalWarehouse) -> None:
    found = rows(
        loaded, "SELECT batch_id, run_id, verdict, position, success FROM marts.audit_findings ORDER BY position"
    )
    stored = rows(loaded, "SELECT batch_id, position, success FROM audit_results ORDER BY position")
    assert found
    assert [(row[0], *row[3:]) for row in found] == stored
    assert {(row[1], row[2]) for row in found} == {("run-1", "warned")}


def test_a_run_has_the_sums_of_its_batches(loaded: RelationalWarehouse) -> None:
    loaded.start_run(Run("run-2", "articles.raw", "dateline test", FETCHED_AT + timedelta(hours=2)))
    assert rows(loaded, (
        "SELECT run_id, kind, status, records, loaded, new_version, new_reading, unchanged, rejected, audit "
        "FROM marts.pipeline_runs ORDER BY run_id"
    )) == [
        ("run-1", "ingest", "completed", 3, 1, 0, 0, 0, 2, "warned"),
        ("run-2", "ingest", "running", 0, 0, 0, 0, 0, 0, None),
    ]


def test_entities_are_those_of_the_current_articles(loaded: RelationalWarehouse) -> None:
    assert rows(loaded, "SELECT name, type, country, articles FROM marts.entity_overview") == [
        (MARROWBY.name, MARROWBY.type, MARROWBY.country, 1)
    ]
