"""The whole job over a topic in memory: every offset ends once, and a second run says the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.jobs.audit import audit_batch
from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.records import Gap, OffsetRange
from pipelines.runtime import RunFailed
from pipelines.runtime.local import LocalExecutor
from pipelines.runtime.shares import shares_of
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import Folder, StagedBatch, read_manifest
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import a_message, coordinates
from tests.jobs.messages import Topic

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
PAGE = (
    "<html lang=en><head><title>{0} | Harbour News</title><meta property=og:site_name content='Harbour News'></head>"
    "<body><nav><a href=/>Home</a></nav><article><h1>{0}</h1><p>Marrowby (HNA): {1}</p>"
    "<p>Councillor Ines Falk told reporters in Lisbon that the plan would be ready before the summer recess.</p>"
    "<p>The council will vote again in April, after the harbour office has published the cost of each pier.</p>"
    "</article></body></html>"
)


def page(n: int) -> bytes:
    text = f"Pier number {n} will be rebuilt after the storm that broke it two winters ago, the council decided."
    return PAGE.format(f"Pier {n} to be rebuilt", text).encode()


def topic() -> Topic:
    headers = a_message().headers[:1] + a_message().headers[2:]
    messages = [
        a_message(
            coordinates=coordinates(n), key=f"https://harbour-news.example/pier/{n}".encode(), value=page(n),
            headers=(*headers, ("url", f"https://harbour-news.example/pier/{n}".encode())),
        )
        for n in range(6)
    ]
    messages[3] = a_message(coordinates=coordinates(3), value=b"\x00\x00\x00\x27\x0fxyz", headers=())
    messages[4] = a_message(coordinates=coordinates(4), value=None, key=b"https://harbour-news.example/pier/0")
    messages[5] = a_message(coordinates=coordinates(5), value=None, key=None)
    return Topic(messages)


def settings(tmp_path: Path, **batch: Any) -> Settings:
    strict = {"workers": 0, "fault_minimum": 0, "fault_share": 0}
    return Settings(home=tmp_path, batch=BatchSettings(**(strict | batch)))


def plan(tmp_path: Path, name: str = "batch", **changes: Any) -> BatchPlan:
    ranges = (OffsetRange("articles.raw", 0, 0, 8),)
    values: dict[str, Any] = {"batch_id": name, "run_id": "run", "ranges": ranges, "folder": Folder.at(tmp_path / name)}
    return BatchPlan(**(values | {"processed_at": NOW} | changes))


def rows(batch: StagedBatch, kind: Any, *columns: str) -> list[tuple[Any, ...]]:
    tables = batch.tables(kind, columns or None)
    return sorted((tuple(row.values()) for table in tables for row in table.to_pylist()), key=repr)


def run(tmp_path: Path, name: str = "batch", workers: int = 0) -> StagedBatch:
    with LocalExecutor(workers) as standing:
        return transform_batch(plan(tmp_path, name), settings(tmp_path), standing, read=topic()).batch


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> StagedBatch:
    return run(tmp_path_factory.mktemp("job"))


def test_every_offset_ends_once(batch: StagedBatch) -> None:
    assert rows(batch, "outcomes", "offset", "outcome", "reason") == [
        (0, "staged", None), (1, "staged", None), (2, "staged", None), (3, "rejected", "UnknownSchema"),
        (4, "deleted", None), (5, "rejected", "KeyMissing"),
    ]
    assert rows(batch, "gaps", "start", "end", "kind") == [(6, 7, "control_record"), (7, 8, "control_record")]


def test_articles_are_staged_as_the_contract_has_them(batch: StagedBatch) -> None:
    assert rows(batch, "articles", "title", "language", "processed_at") == [
        (f"Pier {n} to be rebuilt", "en", NOW) for n in range(3)
    ]
    for body, mentions in rows(batch, "articles", "body", "mentions"):
        assert [body[m["start"] : m["end"]] for m in mentions] == [m["text"] for m in mentions]
        assert "Ines Falk" in [m["text"] for m in mentions]


def test_a_dead_letter_holds_the_original_whole(batch: StagedBatch) -> None:
    assert rows(batch, "dead_letters", "step", "reason", "original", "scraper") == [
        ("decode", "UnknownSchema", b"\x00\x00\x00\x27\x0fxyz", None),
        ("stage", "KeyMissing", None, "harbour-crawler"),
    ]


def test_the_manifest_reads_back(batch: StagedBatch) -> None:
    assert read_manifest(batch.folder) == batch
    assert batch.ranges == (OffsetRange("articles.raw", 0, 0, 8),)


def test_run_twice_says_the_same(batch: StagedBatch, tmp_path: Path) -> None:
    again = run(tmp_path)
    for kind in ("articles", "outcomes", "gaps"):
        assert rows(again, kind) == rows(batch, kind)


@pytest.mark.slow
def test_two_workers_stage_what_one_does(batch: StagedBatch, tmp_path: Path) -> None:
    with LocalExecutor(2) as workers:
        shown = settings(tmp_path, workers=2, records_worth_a_worker=2)
        done: list[int] = []
        two = transform_batch(plan(tmp_path), shown, workers, done.append, read=topic()).batch
        assert audit_batch(two, shown, workers).verdict == "passed"
    assert done[-1] == 6
    for kind in ("articles", "outcomes", "gaps"):
        assert rows(two, kind) == rows(batch, kind)


def test_a_bug_of_ours_stops_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.jobs import steps

    monkeypatch.setattr(steps, "enrich_article", broken)
    with LocalExecutor(0) as none, pytest.raises(RunFailed, match=r"3 of 6 records .* ZeroDivisionError in broken"):
        transform_batch(plan(tmp_path), settings(tmp_path), none, read=topic())
    with pytest.raises(Exception, match=r"no manifest\.json"):
        read_manifest(Folder.at(tmp_path / "batch"))


def broken(clean: object, models: object) -> object:
    return 1 // 0


def test_gaps_known_beforehand_are_part_of_the_batch(tmp_path: Path) -> None:
    gap = Gap("articles.raw", 0, 0, 3, "retention")
    wanted = plan(tmp_path, ranges=(OffsetRange("articles.raw", 0, 3, 6),), gaps=(gap,))
    with LocalExecutor(0) as none:
        batch = transform_batch(wanted, settings(tmp_path), none, read=topic()).batch
    assert batch.ranges == (OffsetRange("articles.raw", 0, 0, 6),)
    assert rows(batch, "gaps", "start", "end", "kind") == [(0, 3, "retention")]


def test_a_batch_of_nothing_but_skipped_offsets_moves_past_them(tmp_path: Path) -> None:
    wanted = plan(tmp_path, ranges=(), gaps=(Gap("articles.raw", 0, 0, 3, "skipped"),))
    with LocalExecutor(0) as none:
        batch = transform_batch(wanted, settings(tmp_path), none, read=topic()).batch
    assert batch.ranges == (OffsetRange("articles.raw", 0, 0, 3),)
    assert rows(batch, "gaps", "start", "end", "kind") == [(0, 3, "skipped")]
    warehouse = DuckDBWarehouse(tmp_path / "news.duckdb")
    warehouse.prepare()
    load_batch(warehouse, batch)
    assert warehouse.loaded_topic("articles.raw").next_offsets == {0: 3}
    assert warehouse.verify().problems == ()


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        (1, ((("a", 0, 100), ("b", 0, 60)),)),
        (2, ((("a", 0, 50), ("b", 30, 60)), (("a", 50, 100), ("b", 0, 30)))),
    ],
)
def test_ranges_are_shared_out_evenly(
    workers: int, expected: tuple[Any, ...], tmp_path: Path
) -> None:
    ranges = (OffsetRange("a", 0, 0, 100), OffsetRange("b", 0, 0, 60))
    shares = shares_of(ranges, settings(tmp_path, records_worth_a_worker=20), workers)
    assert tuple(tuple((r.topic, r.start, r.end) for r in share) for share in shares) == expected


@pytest.mark.parametrize("wild", [
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), NOW + timedelta(days=2), datetime(1970, 1, 21, tzinfo=UTC),
])
def test_a_message_or_tombstone_with_a_wild_timestamp_is_rejected(tmp_path: Path, wild: datetime) -> None:
    messages = [
        a_message(coordinates=coordinates(0), timestamp=wild),
        a_message(coordinates=coordinates(1), timestamp=wild, value=None),
        a_message(coordinates=coordinates(2), timestamp=NOW),
    ]
    shown = settings(tmp_path, workers=0)
    with LocalExecutor(0) as workers:
        wanted = plan(tmp_path, ranges=(OffsetRange("articles.raw", 0, 0, 3),))
        batch = transform_batch(wanted, shown, workers, read=Topic(messages)).batch
    assert rows(batch, "outcomes", "offset", "reason")[:2] == [(0, "ImplausibleTime"), (1, "ImplausibleTime")]
    assert rows(batch, "outcomes", "offset", "reason")[2][1] != "ImplausibleTime"
