"""Servers that tests of several folders share, and the order in which shards take the files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from flows.local.postgres import UNSAFE_AND_FAST, LocalPostgres

NUMBERS = itertools.count(1)
HERE = Path(__file__).parent
LONG = {"integration": 0, "jobs": 1, "flows": 2, "warehouse": 3}
"""Folders whose files take longest, in this order: shards that begin with them end together."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shards (``make test``) take long files first; a run in one process keeps pytest's order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONG.get(item.path.relative_to(HERE.parent).parts[1], len(LONG)))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    """A real PostgreSQL for the session."""
    local = LocalPostgres(tmp_path_factory.mktemp("postgres"), overrides=UNSAFE_AND_FAST)
    with local.for_now():
        yield local


@contextmanager
def a_database(server: LocalPostgres) -> Iterator[str]:
    """The URL of an empty database that is removed after the block."""
    running = server.running()
    assert running is not None, f"the session's PostgreSQL is gone: see {server.log}"
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(server.url(running), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield server.url(running, name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(postgres_server: LocalPostgres) -> Iterator[str]:
    """The URL of an empty database of this test alone."""
    with a_database(postgres_server) as url:
        yield url
