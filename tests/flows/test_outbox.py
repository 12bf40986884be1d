"""What a run does about dead letters that cannot be sent: it goes on, says why once, and tries again later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flows import outbox
from flows.outbox import AWAY_S, REFUSED_S, GroupOffsets, Outbox
from pipelines.broker import BrokerRefused, BrokerUnavailable
from pipelines.settings import KafkaSettings, Settings
from pipelines.sinks import clean_articles, dead_letters
from pipelines.sinks.dead_letters import Sent
from pipelines.sources import groups
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.batches import carried, later, refused, stage


class Topic:
    """Stands in for the topic of dead letters; ``opening`` and ``stopped`` are faults, ``large`` offsets it refuses."""

    opening: Exception | None = None
    stopped: BrokerUnavailable | None = None
    large: frozenset[int] = frozenset()
    opened = 0

    def __init__(self) -> None:
        self.taken: list[int] = []

    def __call__(self, _kafka: object) -> Topic:
        self.opened += 1
        if self.opening is not None:
            raise self.opening
        return self

    def __enter__(self) -> Topic:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send(self, letters: Mapping[str, Mapping[str, Any]]) -> Sent:
        sent = Sent(stopped=self.stopped)
        for letter_id, letter in letters.items():
            offset = letter["coordinates"]["offset"]
            if offset in self.large:
                sent.refused[letter_id] = "too large"
            elif self.stopped is None or not self.taken:
                self.taken.append(offset)
                sent.acknowledged.append(letter_id)
        return sent


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    made = Topic()
    monkeypatch.setattr(dead_letters, "DeadLetterTopic", made)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock on."""
    now = [1_000.0]
    monkeypatch.setattr(outbox.time, "monotonic", lambda: now[0])

    def on(seconds: float) -> None:
        now[0] += seconds

    return on


@pytest.fixture
def warehouse(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path) -> DuckDBWarehouse:
    return make_warehouse(tmp_path / "news.duckdb")


def reject(warehouse: DuckDBWarehouse, folder: Path, *offsets: int) -> None:
    load_batch(warehouse, stage(folder, *(refused(offset) for offset in offsets), batch_id=f"batch-{offsets[0]}"))


def whys(warehouse: DuckDBWarehouse) -> list[tuple[int, str | None]]:
    return [(standing.letters, standing.why) for standing in warehouse.outbox_standing()]


def test_what_a_killed_run_left_is_sent_by_the_next_one_in_order(
    topic: Topic, warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    reject(warehouse, tmp_path, 2, 3)
    reject(warehouse, tmp_path, 4)
    Outbox(Settings(), warehouse).send()
    assert (topic.taken, whys(warehouse)) == ([2, 3, 4], [])


def test_an_empty_outbox_opens_no_topic(topic: Topic, warehouse: DuckDBWarehouse) -> None:
    sending = Outbox(Settings(), warehouse)
    sending.send()
    sending.send(more=True)
    sending.finish()
    assert topic.opened == 0


def test_a_topic_that_refuses_is_asked_again_after_a_while_and_by_the_next_run(
    topic: Topic, warehouse: DuckDBWarehouse, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    reject(warehouse, tmp_path, 1)
    topic.opening = BrokerRefused("no right. What to do: grant Write.")
    sending = Outbox(Settings(), warehouse)
    sending.send()
    reject(warehouse, tmp_path, 2)
    sending.send(more=True)
    sending.finish()
    assert topic.opened == 1
    assert whys(warehouse) == [(2, "no right. What to do: grant Write.")]
    clock(REFUSED_S)
    sending.send()
    assert topic.opened == 2
    topic.opening = None
    Outbox(Settings(), warehouse).send()
    assert (topic.taken, whys(warehouse)) == ([1, 2], [])


def test_a_broker_that_is_away_is_asked_again_soon_and_at_the_end_of_the_run(
    topic: Topic, warehouse: DuckDBWarehouse, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    reject(warehouse, tmp_path, 1, 2, 3)
    topic.stopped = BrokerUnavailable("away")
    sending = Outbox(Settings(), warehouse)
    sending.send()
    assert (topic.taken, whys(warehouse)) == ([1], [(2, "away")])
    sending.send(more=True)
    assert topic.opened == 1
    clock(AWAY_S)
    sending.send()
    assert topic.opened == 2
    topic.stopped = None
    sending.finish()
    assert (topic.taken, whys(warehouse)) == ([1, 2, 3], [])


def test_a_letter_that_is_refused_is_tried_once_a_run_and_keeps_no_other_back(
    topic: Topic, warehouse: DuckDBWarehouse, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    reject(warehouse, tmp_path, 1, 2)
    topic.large = frozenset({1})
    sending = Outbox(Settings(), warehouse)
    sending.send()
    reject(warehouse, tmp_path, 3)
    sending.send(more=True)
    sending.finish()
    assert (topic.taken, topic.opened) == ([2, 3], 2)
    assert whys(warehouse) == [(1, "too large")]
    clock(outbox.REFUSED_LETTERS_S + 1)  # a run that follows goes on for weeks
    sending.send()
    assert topic.opened == 3
    topic.large = frozenset()
    Outbox(Settings(), warehouse).send()
    assert (topic.taken, whys(warehouse)) == ([2, 3, 1], [])


def test_a_pass_is_bounded_and_the_next_goes_on(
    topic: Topic, warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reject(warehouse, tmp_path, *range(5))
    monkeypatch.setattr(outbox, "PASS_LETTERS", 3)
    sending = Outbox(Settings(), warehouse)
    sending.send()
    assert topic.taken == [0, 1, 2]
    sending.send()
    assert topic.taken == [0, 1, 2, 3, 4]


class CleanTopic(Topic):
    """Stands in for the topic of clean articles; ``large`` are versions that it refuses."""

    def __call__(self, _kafka: object, _registry: object = None, _known: object = None) -> CleanTopic:
        super().__call__(_kafka)
        return self

    def send(self, letters: Mapping[str, Any]) -> Sent:
        as_letters = {each: {"coordinates": {"offset": message.version}} for each, message in letters.items()}
        return super().send(as_letters)


@pytest.fixture
def clean_topic(monkeypatch: pytest.MonkeyPatch) -> CleanTopic:
    made = CleanTopic()
    monkeypatch.setattr(clean_articles, "CleanTopic", made)
    return made


CLEAN = Settings(kafka=KafkaSettings(clean_topic="articles.clean"))


def change(warehouse: DuckDBWarehouse, folder: Path, *versions: int) -> None:
    """Loads these versions of one article."""
    events = [carried(n, content_hash=f"{n:064x}", fetched_at=later(n)) for n in versions]
    load_batch(warehouse, stage(folder, *events, batch_id=f"batch-{versions[0]}"), sends_articles=True)


def test_clean_articles_are_sent_only_if_their_topic_is_named(
    clean_topic: CleanTopic, topic: Topic, warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    change(warehouse, tmp_path, 1, 2)
    Outbox(Settings(), warehouse, "articles").send(more=True)
    Outbox(Settings(), warehouse).send(more=True)
    assert (clean_topic.opened, topic.opened) == (0, 0)
    Outbox(CLEAN, warehouse, "articles").send()
    assert (clean_topic.taken, whys(warehouse), topic.opened) == ([1, 2], [], 0)


def test_a_broker_that_is_away_keeps_clean_articles_waiting_with_the_reason(
    clean_topic: CleanTopic, warehouse: DuckDBWarehouse, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    change(warehouse, tmp_path, 1, 2)
    clean_topic.opening = BrokerUnavailable("away")
    sending = Outbox(CLEAN, warehouse, "articles")
    sending.send()
    change(warehouse, tmp_path, 3)
    sending.send(more=True)
    assert (clean_topic.opened, whys(warehouse)) == (1, [(3, "away")])
    clock(AWAY_S)
    clean_topic.opening = None
    sending.send()
    assert (clean_topic.taken, whys(warehouse)) == ([1, 2, 3], [])


def test_a_version_that_is_refused_is_given_up_once_a_later_one_was_sent(
    clean_topic: CleanTopic, warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    change(warehouse, tmp_path, 1)
    clean_topic.large = frozenset({1})
    sending = Outbox(CLEAN, warehouse, "articles")
    sending.send()
    assert (clean_topic.taken, whys(warehouse)) == ([], [(1, "too large")])
    change(warehouse, tmp_path, 2)
    sending.send(more=True)
    assert (clean_topic.taken, whys(warehouse)) == ([2], [])


def test_group_offsets_that_are_refused_warn_once_and_go_with_the_next_that_are_taken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, clock: Callable[[float], None]
) -> None:
    committed: list[dict[int, int]] = []

    def refuse(*_: object) -> None:
        raise BrokerRefused("no right to the group")

    monkeypatch.setattr(groups, "commit_group_offsets", refuse)
    group = GroupOffsets(Settings())
    for offset in (1, 2):
        group.commit({0: offset})
    group.finish()
    assert caplog.text.count("no right to the group") == 1
    monkeypatch.setattr(groups, "commit_group_offsets", lambda *found: committed.append(dict(found[2])))
    clock(REFUSED_S)
    group.commit({1: 7})
    group.finish()
    assert committed == [{0: 2, 1: 7}]
