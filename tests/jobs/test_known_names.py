"""A text that the warehouse has is not searched for names again, and everything else comes out as if it had been."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pipelines.enrich import article as enriching
from pipelines.enrich import recent
from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.jobs.known_names import names_loader
from pipelines.records import CleanArticle, Coordinates, KnownNames, OffsetRange, RawMessage
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import Folder, StagedBatch
from pipelines.warehouse import Warehouse, load_batch, open_warehouse
from tests.jobs.messages import Topic
from tests.soak.messages import FIRST, messages

NOW = datetime(2026, 8, 1, tzinfo=UTC)
BATCHES, SIZE = 3, 30


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies that a model has searched for names."""
    bodies: list[str] = []
    find = enriching.find_names

    def spy(body: str, *arguments: Any) -> Any:
        bodies.append(body)
        return find(body, *arguments)

    monkeypatch.setattr(enriching, "find_names", spy)
    return bodies


class Stream:
    """Batches of a topic, each transformed with and without the names that the warehouse has, and then loaded."""

    def __init__(self, home: Path, sent: Sequence[RawMessage], searched: list[str]) -> None:
        self.settings = Settings(home=home, batch=BatchSettings(workers=0, fault_share=1))
        self.warehouse: Warehouse = open_warehouse(self.settings.warehouse_url)
        self.warehouse.prepare()
        self.topic, self.searched, self.count, self.at = Topic(sent), searched, 0, 0

    def stage(self, name: str, size: int, *, knows: bool) -> tuple[StagedBatch, int]:
        """The batch, and how many texts were searched for it."""
        batch_id = f"{name}-{self.count:05d}"
        ranges = (OffsetRange("articles.raw", 0, self.at, self.at + size),)
        plan = BatchPlan(batch_id, name, ranges, Folder.at(self.settings.home / "staged" / batch_id), NOW)
        names = names_loader(self.settings) if knows else None
        self.searched.clear()
        with LocalExecutor(0) as here, pytest.MonkeyPatch.context() as patched:
            if not knows:
                patched.setattr(recent.RecentNames, "remember", lambda *_: None)
            batch = transform_batch(plan, self.settings, here, read=self.topic, names=names).batch
        return batch, len(self.searched)

    def take(self, size: int) -> tuple[int, int]:
        """Loads a batch. Returns how many texts were searched without and with the names in the warehouse."""
        plain, all_texts = self.stage("plain", size, knows=False)
        batch, texts = self.stage("batch", size, knows=True)
        assert rows(batch, "articles") == rows(plain, "articles")
        assert rows(batch, "outcomes") == rows(plain, "outcomes")
        assert rows(batch, "dead_letters") == rows(plain, "dead_letters")
        load_batch(self.warehouse, batch)
        self.count, self.at = self.count + 1, self.at + size
        return all_texts, texts


def rows(batch: StagedBatch, kind: Any) -> list[Any]:
    return sorted((row for table in batch.tables(kind) for row in table.to_pylist()), key=repr)


def sent(seed: int, count: int) -> list[RawMessage]:
    """The messages of the soak, each with more re-scrapes of earlier ones between them."""
    chance = random.Random(seed)
    made: list[RawMessage] = []
    for each in islice(messages(seed), count):
        source = chance.choice(made) if made and chance.random() < 0.5 else each
        at = FIRST + timedelta(minutes=len(made))
        headers = tuple((name, value) for name, value in source.headers if name != "fetched-at")
        stamp = ("fetched-at", at.isoformat().encode())
        coordinates = Coordinates("articles.raw", 0, len(made))
        made.append(RawMessage(coordinates, at, source.key, source.value, (*headers, stamp)))
    return made


@pytest.mark.slow
def test_articles_are_the_same_and_known_texts_are_not_searched(tmp_path: Path, searched: list[str]) -> None:
    stream = Stream(tmp_path, sent(1, BATCHES * SIZE), searched)
    counts = [stream.take(SIZE) for _ in range(BATCHES)]
    assert counts[0] == (18, 9)  # half of them come again in the batch
    assert sum(without - with_known for without, with_known in counts[1:]) >= 8


PAGE = (
    "<html lang={lang}><head><title>Pier to be rebuilt</title></head><body><article><h1>Pier to be rebuilt</h1>"
    "<p>Marrowby: The pier will be rebuilt after the storm that broke it two winters ago, the council decided.</p>"
    "<p>Councillor Ines Falk told reporters in Lisbon that the plan would be ready before the summer{more}.</p>"
    "</article></body></html>"
)


def page(offset: int, number: int = 0, lang: str = "en", more: str = "", delete: bool = False) -> RawMessage:
    url = f"https://harbour-news.example/pier/{number}".encode()
    value = None if delete else PAGE.format(lang=lang, more=more).encode()
    headers = (("content-type", b"text/html; charset=utf-8"), ("url", url), ("source", b"harbour-crawler"))
    return RawMessage(Coordinates("articles.raw", 0, offset), FIRST + timedelta(hours=offset), url, value, headers)


def test_what_the_names_depend_on_has_to_be_the_same(tmp_path: Path, searched: list[str]) -> None:
    pages = [page(0), page(1), page(2, number=1), page(3, more=" recess"), page(4, delete=True), page(5, number=1)]
    stream = Stream(tmp_path, pages, searched)
    assert stream.take(1) == (1, 1)
    assert stream.take(1) == (1, 0)  # a re-scrape
    assert stream.take(1) == (1, 0)  # the same text at another address
    assert stream.take(1) == (1, 1)  # another text
    assert stream.take(1) == (0, 0)
    assert stream.take(1) == (1, 0)  # the other article is still there


def test_a_text_that_comes_twice_in_a_batch_is_searched_once(tmp_path: Path, searched: list[str]) -> None:
    pages = [page(0), page(1), page(2, number=1), page(3, more=" recess"), page(4)]
    assert Stream(tmp_path, pages, searched).take(5) == (5, 2)


def test_the_first_texts_are_forgotten_when_there_are_too_many(
    tmp_path: Path, searched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "REMEMBERED", 1)
    pages = [page(0), page(1, more=" recess"), page(2), page(3)]
    assert Stream(tmp_path, pages, searched).take(4) == (4, 3)


def test_nothing_of_an_article_that_was_removed_is_used(tmp_path: Path, searched: list[str]) -> None:
    stream = Stream(tmp_path, [page(0), page(1, delete=True), page(2)], searched)
    assert [stream.take(1) for _ in range(3)] == [(1, 1), (0, 0), (1, 1)]


def broken(articles: Sequence[CleanArticle]) -> list[KnownNames | None]:
    raise OSError(f"the warehouse is away, and {len(articles)} articles wait")


def load_broken(home: Path) -> Any:
    del home
    return broken


def test_a_lookup_that_fails_costs_only_time(tmp_path: Path, searched: list[str]) -> None:
    stream = Stream(tmp_path, [page(0)], searched)
    plan = BatchPlan(
        "batch", "run", (OffsetRange("articles.raw", 0, 0, 1),), Folder.at(tmp_path / "staged" / "failing"), NOW
    )
    with LocalExecutor(0) as here:
        names = partial(load_broken, tmp_path)
        batch = transform_batch(plan, stream.settings, here, read=stream.topic, names=names).batch
    plain, _ = stream.stage("plain", 1, knows=False)
    assert rows(batch, "articles") == rows(plain, "articles")
