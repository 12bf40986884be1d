"""Servers that tests of several folders share, and the order in which shards take the files."""

from __future__ import annotations

import gc
import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import psycopg
import pytest
from moto.server import ThreadedMotoServer

from flows.local.postgres import UNSAFE_AND_FAST, LocalPostgres
from flows.local.prefect import LocalPrefect, api_url
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT
from tests.certificates import the_only_certificate
from tests.kafka_sockets import close_sockets_of_failed_connects
from tests.one_thread import use_one_thread
from tests.shared import SHARED, common_folder

NUMBERS = itertools.count(1)
HERE = Path(__file__).parent
LONGEST = (
    "test_exactly_once.py", "test_faults.py", "test_soak.py", "test_servers_away.py", "test_flink.py",
    "test_many_writers.py", "test_dashboard.py", "test_deployment.py", "test_forget.py", "test_poison.py",
)
"""Files of ``integration`` that take about a minute or more, the longest first: the last one keeps a shard at work."""
LONG = {"integration": 0, "jobs": 1, "flows": 2, "warehouse": 3}
"""Folders whose files take longest, in this order: shards that begin with them end together."""
UNUSED_SERVICES = (
    "CANCELLATION_CLEANUP", "CLEANUP_RECONCILER", "FOREMAN", "LATE_RUNS", "PAUSE_EXPIRATIONS", "REPOSSESSOR",
)
"""Services of the session's Prefect server that no test waits for. They look into its database every few seconds."""


use_one_thread()
close_sockets_of_failed_connects()


def pytest_configure() -> None:
    gc.disable()  # until all is imported: nothing of it can be freed, and looking takes seconds


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shards (``make test``) take long files first; a run in one process keeps pytest's order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _turn(item.path.relative_to(HERE.parent)))


def pytest_sessionfinish() -> None:
    """Servers end once all shards are done: not in a fixture, whose wait for the others would count as a test's."""
    SHARED.release()


def _turn(path: Path) -> tuple[int, int]:
    """When the file's turn is: its folder's, then its own."""
    folder = LONG.get(path.parts[1], len(LONG))
    longest = LONGEST if path.parts[1] == "integration" else ()
    return folder, longest.index(path.name) if path.name in longest else len(longest)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty DuckDB warehouse with all its tables. A copy of it is ready far sooner than one that is made."""
    path = tmp_path_factory.mktemp("prepared") / "news.duckdb"
    DuckDBWarehouse(path, clock=lambda: FETCHED_AT).prepare()
    return path


@pytest.fixture(scope="session")
def make_warehouse(prepared: Path) -> Callable[[Path], DuckDBWarehouse]:
    """Makes an empty warehouse at a path, with all its tables. All of them have one identity."""

    def make(path: Path) -> DuckDBWarehouse:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(prepared, path)
        return DuckDBWarehouse(path)

    return make


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


@pytest.fixture(scope="session")
def local_prefect(tmp_path_factory: pytest.TempPathFactory) -> LocalPrefect:
    """A real Prefect server, which shards share: it has flow runs of others, too."""
    server = LocalPrefect(common_folder(tmp_path_factory, "prefect"))
    with pytest.MonkeyPatch.context() as environment:
        for name in UNUSED_SERVICES:
            environment.setenv(f"PREFECT_SERVER_SERVICES_{name}_ENABLED", "false")
        SHARED.start(server)
    return server


@pytest.fixture(scope="session")
def prefect_server(local_prefect: LocalPrefect) -> str:
    """The URL of its API."""
    running = local_prefect.running()
    assert running is not None, f"the Prefect server is gone: see {local_prefect.log}"
    return api_url(running)


@pytest.fixture
def prefect_api(prefect_server: str) -> Iterator[str]:
    """This process's flows run against the session's Prefect server while the test lasts."""
    from prefect.settings import PREFECT_API_SSL_CERT_FILE, PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_server, PREFECT_API_SSL_CERT_FILE: the_only_certificate()}):
        yield prefect_server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The endpoint of an S3-compatible server on this machine, which S3 clients of the session use."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            environment.setenv(name, value)
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str) -> str:
    """The URL of an empty bucket of this test alone."""
    del s3_server
    name = f"stage-{next(NUMBERS)}"
    fsspec.filesystem("s3", use_listings_cache=False).mkdir(name)
    return f"s3://{name}"


@pytest.fixture(params=["file", "memory", "s3"])
def stage_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty folder in each kind of storage."""
    match request.param:
        case "file":
            return f"file://{tmp_path / 'stage'}"
        case "memory":
            return f"memory://stage-{next(NUMBERS)}"
        case _:
            return f"{request.getfixturevalue('bucket')}/dateline"
