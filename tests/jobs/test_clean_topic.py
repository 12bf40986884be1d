"""A second warehouse is filled from the topic of clean articles alone, and has the same articles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.records import OffsetRange, RawMessage
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import Settings
from pipelines.stage import stage_store
from pipelines.warehouse import Loaded, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from schemas import Registry
from tests.builders import FETCHED_AT, a_message, coordinates
from tests.jobs.messages import Topic
from tests.jobs.test_ingest import NOW, page, settings

TOPIC = "articles.raw"
OTHER = ("coordinates_topic", "coordinates_partition", "coordinates_offset", "batch_id")
"""Columns that say where an article came from, which is another place in each warehouse."""


def raw_messages() -> list[RawMessage]:
    """Three pages, one of them again with another text, and the deletion of one."""
    shown = a_message().headers[:1] + a_message().headers[2:]

    def sent(offset: int, url: bytes, value: bytes | None) -> RawMessage:
        return a_message(
            coordinates=coordinates(offset), key=url, value=value, headers=(*shown, ("url", url)),
            timestamp=FETCHED_AT + timedelta(minutes=offset),
        )

    urls = [b"https://harbour-news.example/pier/%d" % n for n in range(3)]
    again = page(1).replace(b"two winters", b"three winters")
    return [*(sent(n, url, page(n)) for n, url in enumerate(urls)), sent(3, urls[1], again), sent(4, urls[2], None)]


def load(
    messages: list[RawMessage], warehouse: DuckDBWarehouse, how: Settings, batch_id: str = "run-00001",
    first: int = 0, **terms: Any,
) -> Loaded:
    ranges = (OffsetRange(TOPIC, 0, first, first + len(messages)),)
    plan = BatchPlan(batch_id, "run", ranges, stage_store(how).batches / batch_id, NOW)
    with LocalExecutor(0) as here:
        return load_batch(warehouse, transform_batch(plan, how, here, read=Topic(messages)).batch, **terms)


def clean_messages(warehouse: DuckDBWarehouse, first: int = 0) -> list[RawMessage]:
    """What waits to be sent, as it would lie in a topic of clean articles."""
    waiting = warehouse.outbox_messages(warehouse.outbox(TOPIC, 100, "articles"))
    return [
        RawMessage(
            coordinates(first + n), FETCHED_AT + timedelta(hours=1, minutes=n), each.article_id.encode(), each.article,
            (("outcome", each.outcome.encode()),),
        )
        for n, each in enumerate(waiting)
    ]


def rows(warehouse: DuckDBWarehouse, table: str) -> list[dict[str, Any]]:
    found = warehouse.query(f"SELECT * FROM {table}").records()
    return sorted(({k: v for k, v in row.items() if k not in OTHER} for row in found), key=repr)


@pytest.fixture
def two(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path) -> list[DuckDBWarehouse]:
    return [DuckDBWarehouse(make_warehouse(tmp_path / f"{n}.duckdb").path, clock=lambda: NOW) for n in range(2)]


def accepting(folder: Path) -> Settings:
    how = settings(folder)
    return how.model_copy(update={"kafka": how.kafka.model_copy(update={"accepts_articles": True})})


def test_the_second_warehouse_has_the_same_articles(two: list[DuckDBWarehouse], tmp_path: Path) -> None:
    first, second = two
    raw = raw_messages()
    load(raw[:4], first, settings(tmp_path / "a"), sends_articles=True)
    load(raw[4:], first, settings(tmp_path / "a"), "run-00002", 4, sends_articles=True)
    sent = clean_messages(first)
    assert [message.value is None for message in sent] == [False, False, False, True]
    load(sent, second, accepting(tmp_path / "b"))
    for table in ("articles", "article_versions", "mentions", "article_entities", "entities", "outlets"):
        assert rows(first, table) == rows(second, table), table
    assert len(rows(second, "articles")) == 2
    assert second.verify().problems == ()


def test_a_deletion_reaches_the_second_warehouse(two: list[DuckDBWarehouse], tmp_path: Path) -> None:
    first, second = two
    raw = raw_messages()
    load(raw[:4], first, settings(tmp_path / "a"), sends_articles=True)
    sent = clean_messages(first)
    load(sent, second, accepting(tmp_path / "b"))
    first.settle_outbox(first.outbox(TOPIC, 9, "articles"), {}, "articles")
    load(raw[4:], first, settings(tmp_path / "a"), "run-00002", 4, sends_articles=True)
    (deletion,) = clean_messages(first, len(sent))
    assert deletion.value is None
    deletion = replace(deletion, timestamp=FETCHED_AT + timedelta(hours=2))
    loaded = load([deletion], second, accepting(tmp_path / "b"), "run-00002", len(sent))
    assert loaded.outcomes == {"deleted": 1}
    assert rows(first, "articles") == rows(second, "articles")


def test_articles_are_rejected_unless_the_settings_accept_them(two: list[DuckDBWarehouse], tmp_path: Path) -> None:
    first, second = two
    load(raw_messages()[:1], first, settings(tmp_path / "a"), sends_articles=True)
    assert load(clean_messages(first), second, settings(tmp_path / "b")).reasons == {"UnknownSchema": 1}


def test_an_article_that_breaks_the_contract_is_rejected(two: list[DuckDBWarehouse], tmp_path: Path) -> None:
    first, second = two
    load(raw_messages()[:1], first, settings(tmp_path / "a"), sends_articles=True)
    (sent,) = clean_messages(first)
    registry = Registry.load()
    record = registry.decode(sent.value or b"")
    changes: list[dict[str, Any]] = [
        {"title": " "}, {"word_count": 1}, {"article_id": "pier"}, {"fetched_at": NOW + timedelta(days=40)},
    ]
    broken = [
        replace(sent, coordinates=coordinates(n), value=registry.encode("article", record | change))
        for n, change in enumerate(changes)
    ]
    cut = replace(sent, coordinates=coordinates(len(broken)), value=(sent.value or b"")[:-5])
    loaded = load([*broken, cut], second, accepting(tmp_path / "b"))
    assert loaded.reasons == {"ContractViolated": 3, "ImplausibleTime": 1, "MalformedAvro": 1}
