"""Real servers for a session, a topic of its own for each test."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flows.local.kafka import LocalKafka
from flows.local.prefect import LocalPrefect
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics
from tests.integration.running import close_warm
from tests.shared import SHARD, SHARED, common_folder

HERE = Path(__file__).parent
NUMBERS = itertools.count(1)

QUICK = {  # compaction and retention act within a test, not within minutes
    "log.cleaner.backoff.ms": "200",
    "log.initial.task.delay.ms": "200",
    "log.retention.check.interval.ms": "500",
    "file.delete.delay.ms": "200",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session", autouse=True)
def warm_runs() -> Iterator[None]:
    """The process that runs are forked from, where a test needs it, ends with the session."""
    yield
    close_warm()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a real Kafka, which shards share."""
    return SHARED.start(LocalKafka(common_folder(tmp_path_factory, "kafka"), overrides=QUICK)).address


@pytest.fixture
def kafka(broker: str) -> KafkaSettings:
    """Settings of this test alone: topics and group of its own names, which ``make_topics`` makes."""
    number = f"{SHARD}-{next(NUMBERS)}"
    return KafkaSettings(
        bootstrap_servers=broker, raw_topic=f"raw-{number}", rejected_topic=f"rejected-{number}",
        group_id=f"group-{number}", partitions=2, request_timeout_s=15,
    )


@pytest.fixture
def make_topic(kafka: KafkaSettings) -> Callable[..., str]:
    """Makes the test's raw topic, with so many partitions and such settings (``segment_ms="100"``)."""

    def make(partitions: int = 1, **settings: str) -> str:
        named = {name.replace("_", "."): value for name, value in settings.items()}
        make_topics(kafka.model_copy(update={"partitions": partitions}), {kafka.raw_topic: named})
        return kafka.raw_topic

    return make


@pytest.fixture
def other_prefect(local_prefect: LocalPrefect, tmp_path: Path) -> LocalPrefect:
    """A Prefect server of this test alone, which is not started yet.

    Its database is a copy of the session's: to make the tables takes a server longer than all else of its start.
    """
    own = LocalPrefect(tmp_path / "prefect")
    own.folder.mkdir(parents=True)
    with (
        closing(sqlite3.connect(local_prefect.folder / "prefect.db")) as session,
        closing(sqlite3.connect(own.folder / "prefect.db")) as copy,
    ):
        session.backup(copy)
    return own
