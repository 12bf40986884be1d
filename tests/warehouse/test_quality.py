"""The quality of a run is read from each database: to the number, within bounds, and also of runs without records."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.failures import Failure, Violation
from pipelines.settings import DriftSettings
from pipelines.stage import StagedBatch
from pipelines.stage.audit import Audit, Finding
from pipelines.warehouse import Run, load_batch, quality
from pipelines.warehouse.quality import (
    Check,
    Example,
    Rejection,
    RunQuality,
    ScraperDrift,
    TrendPoint,
    find_run,
    read_quality,
)
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import PROCESSOR, TOPIC, Refused, carried, gap, later, refused, stage, tombstone

DRIFT = DriftSettings()
SHORT = "The body has fewer than 40 characters, which is too short for any article, even a teaser."
BAR = "The headline contains a bar, which usually separates it from the name of the outlet or section."
WARNING = f"expect_column_values_to_not_match_regex: title: {BAR}"
DATES = Finding(
    "expect_column_values_to_be_between", "share_dates_ahead", "warning", False, "0.5", "Dates.", ("north",)
)
RECORDS = Finding("expect_column_sum_to_be_between", "records", "warning", True, "6", "Records.")


def too_short(offset: int) -> Refused:
    rule = f"expect_column_values_to_be_between: {SHORT} (critical)"
    failure = Failure("validate", "ExpectationFailed", (Violation(rule, "body_length", "21"),))
    return replace(refused(offset), failure=failure)


def a_run(warehouse: RelationalWarehouse, number: int, batch: StagedBatch | None, status: str = "completed") -> str:
    """A run with one batch, or none; each begins an hour after the one before."""
    run_id, started = f"{number:032x}", FETCHED_AT + timedelta(hours=number)
    warehouse.start_run(Run(run_id, TOPIC, PROCESSOR, started))
    if batch is not None:
        load_batch(warehouse, replace(batch, run_id=run_id), Audit((RECORDS, DATES)))
    note = "BrokerUnavailable: gone" if status == "failed" else None
    warehouse.finish_run(run_id, status, started + timedelta(seconds=9), note)  # type: ignore[arg-type]
    return run_id


@pytest.fixture
def run(database: RelationalWarehouse, tmp_path: Path) -> str:
    """A failed run, and one with two articles (one warned), five rejected records, a deletion and a gap."""
    a_run(database, 1, None, "failed")
    return a_run(database, 2, stage(
        tmp_path, carried(0, title="Pier vote | Gazette", warnings=(WARNING, "published_at: other")),
        carried(1, article_id="1" * 32, content_hash="1" * 64, scraper="north"),
        *(refused(n) for n in range(2, 6)), too_short(6), tombstone(7, "f" * 32), gap(8, 10),
    ))


def test_a_run_is_read_to_the_number(database: RelationalWarehouse, run: str) -> None:
    found = read_quality(database, run, DRIFT, 10)
    assert found is not None
    assert (found.status, found.kind, found.topic, found.note) == ("completed", "ingest", TOPIC, None)
    assert (found.batches, found.audited, found.audit, found.records) == (1, 1, "warned", 8)
    assert (found.offsets, found.gap_offsets, found.open_offsets, found.read_records) == (10, 2, 0, 8)
    assert found.outcomes == {"loaded": 2, "rejected": 5, "nothing_to_delete": 1}
    assert found.started_at == FETCHED_AT + timedelta(hours=2)
    assert found.trend == (
        TrendPoint(f"{1:032x}", "failed", later(1), 0, 0, 0, None),
        TrendPoint(run, "completed", later(2), 8, 2, 5, "warned"),
    )


def test_what_failed_is_counted_and_has_examples(database: RelationalWarehouse, run: str) -> None:
    found = read_quality(database, run, DRIFT, 10)
    assert found is not None
    failed = [check for check in found.checks if check.failed]
    assert [replace(check, examples=()) for check in failed] == [
        Check("articles", "expect_column_values_to_be_between", "body_length", "critical", SHORT, 3, 1),
        Check("articles", "expect_column_values_to_not_match_regex", "title", "warning", BAR, 3, 1),
        Check("batches", DATES.expectation, "share_dates_ahead", "warning", "Dates.", 1, 1),
    ]
    short, bar, dates = (check.examples for check in failed)
    assert [replace(example, dead_letter_id=None) for example in short] == [
        Example(f"{TOPIC}/0@6", "harbour-crawler", "body_length", "21", f"{DATES.expectation}: {SHORT} (critical)")
    ]
    assert bar == (Example(f"{TOPIC}/0@0", "harbour-crawler", "title", "Pier vote | Gazette", BAR),)
    assert dates == (Example("batch 1", "north", "share_dates_ahead", "0.5", "Dates."),)
    assert len(found.checks) == 13 + 2
    assert {check.checked for check in found.checks if check.of == "batches"} == {1}


def test_rejected_records_are_counted_by_reason_with_the_newest_as_examples(
    database: RelationalWarehouse, run: str
) -> None:
    found = read_quality(database, run, DRIFT, 10)
    assert found is not None
    assert [(r.reason, r.records, [e.where for e in r.examples]) for r in found.rejections] == [
        ("ConsentWall", 4, [f"{TOPIC}/0@{offset}" for offset in (5, 4, 3)]), ("ExpectationFailed", 1, [f"{TOPIC}/0@6"]),
    ]
    (wall, *_), _ = (r.examples for r in found.rejections)
    letters = database.query("SELECT dead_letter_id FROM dead_letters WHERE kafka_offset = 5")
    assert wall == Example(
        f"{TOPIC}/0@5", "harbour-crawler", "body", "We value", "an article, not a wall", str(letters.rows[0][0])
    )


def test_what_a_delete_request_emptied_is_no_example(
    database: RelationalWarehouse, tmp_path: Path
) -> None:
    run = a_run(database, 1, stage(tmp_path, refused(0, names=("a" * 32,))))
    a_run(database, 2, stage(tmp_path, tombstone(1), batch_id="batch-2"))
    found = read_quality(database, run, DRIFT, 10)
    assert found is not None
    assert found.rejections == (Rejection("ConsentWall", 1),)


def test_a_scraper_is_shown_beside_its_past(database: RelationalWarehouse, tmp_path: Path) -> None:
    settings = DriftSettings(fewest_records=4, fewest_past_records=8, fewest_past_batches=2)
    for n in range(3):
        first = 8 * n
        events = [
            carried(at, article_id=f"{at:032x}", content_hash=f"{at:064x}") for at in range(first + (n == 2), first + 7)
        ]
        walls = [refused(at) for at in range(first + 7, first + 8)] + [refused(first)] * (n == 2)
        run = a_run(database, n + 1, stage(tmp_path, *walls, *events, batch_id=f"batch-{n}"))
    found = read_quality(database, run, settings, 10)
    assert found is not None
    (scraper,) = found.scrapers
    assert (scraper.scraper, scraper.records, scraper.batches, scraper.standing) == ("harbour-crawler", 8, 2, "usual")
    walls_seen = scraper.comparisons[0]
    assert (walls_seen.kind, walls_seen.seen, walls_seen.usual) == ("consent_walls", 0.25, 0.125)
    assert walls_seen.high > 0.25
    assert [c.kind for c in scraper.comparisons] == ["consent_walls", "rejected", "dates_ahead", "length", "languages"]
    earlier = read_quality(database, f"{2:032x}", settings, 10)
    assert earlier is not None
    assert earlier.scrapers == (ScraperDrift("harbour-crawler", 8, 1, "too few"),)


def test_of_a_long_run_the_newest_batches_are_read(
    database: RelationalWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "READ_RECORDS", 2)
    run = a_run(database, 1, stage(tmp_path, *map(refused, range(3))))
    database.clock = lambda: FETCHED_AT + timedelta(hours=3)
    load_batch(database, replace(stage(tmp_path, *map(refused, range(3, 5)), batch_id="batch-2"), run_id=run), None)
    found = read_quality(database, run, DRIFT, 10)
    assert found is not None
    assert (found.records, found.read_records, found.open_offsets) == (5, 2, 0)
    assert [(r.records, [e.where for e in r.examples]) for r in found.rejections] == [
        (2, [f"{TOPIC}/0@4", f"{TOPIC}/0@3"])
    ]


def test_runs_are_found_by_the_beginning_of_their_id(database: RelationalWarehouse) -> None:
    assert find_run(database) is None
    assert read_quality(database, "f" * 32, DRIFT, 10) is None
    a_run(database, 10, None)
    a_run(database, 11, None)
    assert find_run(database) == f"{11:032x}"
    assert find_run(database, f"{10:032x}") == f"{10:032x}"
    assert find_run(database, "a") is None


def test_a_run_without_records_has_nothing_but_its_status(database: RelationalWarehouse) -> None:
    run = a_run(database, 1, None)
    assert read_quality(database, run, DRIFT, 10) == RunQuality(
        run, "ingest", TOPIC, "completed", later(1), later(1) + timedelta(seconds=9), PROCESSOR
    )


