"""Rejected messages under the key of another page: whatever in them names the article, its deletion empties them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.records import OffsetRange, RawMessage
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import Folder
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import BODY, a_message, coordinates
from tests.jobs.messages import Topic

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
URL, FETCHED = "https://harbour-news.example/pier-12", "https://harbour-news.example/?id=12"
KEY = b"https://harbour-news.example/feed"
HTML, JSON = (("content-type", b"text/html"),), (("content-type", b"application/json"),)
HEADERS = (("fetched-at", b"2026-03-04T09:30:00Z"), ("source", b"harbour-crawler"))
LINK = f'<link rel="canonical" href="{URL}">'


def item(**fields: object) -> bytes:
    return json.dumps(fields).encode()


LETTERS: dict[str, tuple[str, bytes, tuple[tuple[str, bytes], ...]]] = {
    "an item without a text": ("BodyMissing", item(url=URL, title="Pier"), JSON),
    "an item whose url is a variant": ("BodyMissing", item(link=f"{URL}?utm_source=feed#top", title="Pier"), JSON),
    "an item with a canonical address": ("BodyMissing", item(url=FETCHED, canonical_url=URL, title="Pier"), JSON),
    "an item with too short a text": ("BodyMissing", item(url=URL, text="Nobody."), JSON),
    "a page with a canonical link": ("BodyMissing", f"<html><head>{LINK}</head><body></body>".encode(), HTML),
    "a page with both": (
        "BodyMissing", f"<html><head>{LINK}</head><body></body>".encode(), (*HTML, ("url", FETCHED.encode()))),
    "an item that is an error page": ("FetchFailed", item(url=URL, status_code=404, text=BODY), JSON),
    "an envelope": (
        "EmptyMessage", item(url=URL, source="pier-bot", fetched_at=1772616600000, body=" "), JSON),
    "an item from another time": ("ImplausibleTime", item(url=URL, text=BODY, scraped_at="1801-01-01"), JSON),
    "an item that breaks off": ("MalformedJson", item(title="Pier", url=URL, text=BODY)[:-30], JSON),
    "an item with escapes": (
        "MalformedJson", b'{"author": {"url": "https://b.example/"}, "url": "%s", "text": ' % (
            URL.replace("/", "\\/").encode()), JSON),
}  # fmt: skip


@dataclass
class Loading:
    """Loads messages into a warehouse, a batch at a time."""

    warehouse: DuckDBWarehouse
    folder: Path
    workers: LocalExecutor
    count: int = 0

    def load(self, *messages: RawMessage) -> None:
        self.count += 1
        settings = Settings(home=self.folder, batch=BatchSettings(workers=0, fault_minimum=0, fault_share=0))
        ranges = tuple(
            OffsetRange("articles.raw", p, min(offsets), max(offsets) + 1)
            for p in sorted({m.coordinates.partition for m in messages})
            if (offsets := [m.coordinates.offset for m in messages if m.coordinates.partition == p])
        )
        name = f"batch-{self.count}"
        plan = BatchPlan(name, "run", ranges, Folder.at(self.folder) / name, NOW)
        batch = transform_batch(plan, settings, self.workers, read=Topic(messages)).batch
        load_batch(self.warehouse, batch)
        assert self.warehouse.verify().problems == ()

    def letters(self) -> dict[int, tuple[Any, ...]]:
        """Reason of each dead letter, and whether it was emptied."""
        rows = self.warehouse.query(
            "SELECT kafka_offset, reason, original IS NULL AND message_key IS NULL AND details = '[]' FROM dead_letters"
        ).rows
        return {row[0]: row[1:] for row in rows}


@pytest.fixture
def loading(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path) -> Iterator[Loading]:
    with LocalExecutor(0) as none:
        yield Loading(make_warehouse(tmp_path / "news.duckdb"), tmp_path, none)


def minutes(n: int) -> datetime:
    return NOW - timedelta(minutes=60 - n)


def letters(minute: int) -> list[RawMessage]:
    return [
        a_message(
            coordinates=coordinates(n), timestamp=minutes(minute), key=KEY, value=value, headers=(*headers, *HEADERS)
        )
        for n, (_, value, headers) in enumerate(LETTERS.values())
    ]


REQUEST = a_message(coordinates=coordinates(0, 1), timestamp=minutes(5), key=URL.encode(), value=None, headers=())
REASONS = [reason for reason, _, _ in LETTERS.values()]


@pytest.mark.parametrize("batches", [
    [[*letters(0), REQUEST]], [letters(0), [REQUEST]], [[REQUEST], letters(0)],
], ids=["one batch", "the letters first", "the request first"])
def test_a_deletion_empties_the_letters_of_its_article_under_another_key(
    batches: list[list[RawMessage]], loading: Loading
) -> None:
    for batch in batches:
        loading.load(*batch)
    assert loading.letters() == {n: (reason, True) for n, reason in enumerate(REASONS)}
    removed = loading.warehouse.query("SELECT kafka_offset FROM ledger WHERE removed_in IS NOT NULL ORDER BY 1").rows
    assert removed == tuple((n,) for n in range(len(LETTERS)))


def test_letters_that_came_later_or_name_another_article_stay(loading: Loading) -> None:
    other = a_message(
        coordinates=coordinates(len(LETTERS)), timestamp=minutes(0), key=KEY, value=item(url=FETCHED, title="Pier"),
        headers=(*JSON, *HEADERS),
    )
    loading.load(*letters(9), other, REQUEST)
    assert loading.letters() == {n: (reason, False) for n, reason in enumerate([*REASONS, "BodyMissing"])}


def test_the_header_and_the_key_name_the_article_as_before(loading: Loading) -> None:
    value = f"<html><head>{LINK}</head><body></body>".encode()
    loading.load(
        a_message(coordinates=coordinates(0), timestamp=minutes(0), key=KEY, value=value,
                  headers=(*HTML, *HEADERS, ("url", FETCHED.encode()))),
        a_message(coordinates=coordinates(1), timestamp=minutes(0), key=f"{FETCHED}#top".encode(), value=value,
                  headers=(*HTML, *HEADERS)),
    )  # fmt: skip
    loading.load(replace(REQUEST, key=FETCHED.encode()))
    assert loading.letters() == {0: ("BodyMissing", True), 1: ("BodyMissing", True)}
