"""Real servers for a session, a topic of its own for each test."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flows.local.kafka import LocalKafka
from flows.local.prefect import LocalPrefect, api_url
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics
from tests.integration.running import close_warm

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
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Kafka for the session: its address."""
    with LocalKafka(tmp_path_factory.mktemp("kafka"), overrides=QUICK).for_now() as running:
        yield running.address


@pytest.fixture
def kafka(broker: str) -> KafkaSettings:
    """Settings of this test alone: topics and group of its own names, which ``make_topics`` makes."""
    number = next(NUMBERS)
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


@pytest.fixture(scope="session")
def local_prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPrefect]:
    """A real Prefect server for the session."""
    server = LocalPrefect(tmp_path_factory.mktemp("prefect"))
    with server.for_now():
        yield server


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


@pytest.fixture(scope="session")
def prefect_server(local_prefect: LocalPrefect) -> str:
    """The URL of its API."""
    running = local_prefect.running()
    assert running is not None
    return api_url(running)


@pytest.fixture
def prefect_api(prefect_server: str) -> Iterator[str]:
    """This process's flows run against the session's Prefect server while the test lasts."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        yield prefect_server
