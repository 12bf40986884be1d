"""Where the broker and Prefect's API are: the ones that settings name, else those of this machine."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from flows.faults import PrefectUnavailable, SecretInParameter, names
from pipelines.phrases import in_words
from pipelines.secrets import learn_environment, learn_secrets, secrets_in

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse

API_URL = "PREFECT_API_URL"
PATIENCE_S = 5.0
NO_PLACE = frozenset({
    errno.EEXIST, errno.ENOTDIR, errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP,
})


def with_broker(settings: Settings) -> Settings:
    """The settings with the local broker filled in where they name none; ``BrokerUnavailable`` if none runs."""
    if settings.kafka.bootstrap_servers:
        return settings
    from flows.local.kafka import LocalKafka
    from pipelines.sources.kafka import BrokerUnavailable

    running = LocalKafka(settings.home).running()
    if running is None:
        raise BrokerUnavailable(
            f"No Kafka runs under {settings.home}, and DATELINE_KAFKA__BOOTSTRAP_SERVERS names none.\n"
            "What to do: start the local one with `dateline up`, or name yours in DATELINE_KAFKA__BOOTSTRAP_SERVERS."
        )
    return at_broker(settings, running.address)


_given: ContextVar[Settings | None] = ContextVar("given", default=None)


@contextmanager
def with_settings(settings: Settings) -> Iterator[None]:
    """For the length of a block, flows in this process work with these settings and not with the environment's."""
    token = _given.set(settings)
    try:
        yield
    finally:
        _given.reset(token)


def the_settings(**changes: object) -> Settings:
    """What a flow works with: settings given by the command line, else those of the environment; then ``changes``."""
    from pipelines.environment import read_settings

    given = _given.get()
    wanted = {key: value for key, value in changes.items() if value is not None}
    learn_environment(os.environ)
    learn_secrets(wanted)
    if secrets_in(wanted):
        raise SecretInParameter(
            "A parameter of this run holds a password or a token. Prefect stores parameters in the clear and shows "
            "them to everyone who sees the run. Nothing was read or loaded.\n"
            "What to do: change that password, since it was shown; put the address into DATELINE_WAREHOUSE where "
            "`dateline deploy` is called, which keeps it as a Secret block; and leave the parameter empty."
        )
    settings = given.model_copy(update=wanted) if given else read_settings(**wanted)
    learn_secrets(settings)
    if given is None:  # not called by our command line: a worker's run, in a folder that is removed after it
        from flows.paths import need_absolute_paths
        from pipelines.settings import Settings

        need_absolute_paths(
            Settings(**wanted),  # type: ignore[arg-type]  # as given: the home was made absolute above
            "This run was started by Prefect in a temporary folder, so that relative paths lead nowhere. Nothing was "
            "read or loaded.",
        )
    make_home(settings)
    return settings


def the_warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings name, waited for as long as they say while another process has its file."""
    from pipelines.warehouse import open_warehouse
    from pipelines.warehouse.duckdb import DuckDBWarehouse

    warehouse = open_warehouse(settings.warehouse_url)
    if isinstance(warehouse, DuckDBWarehouse):
        warehouse.patience_s = settings.patience.warehouse_s
    return warehouse


def make_home(settings: Settings) -> None:
    """Make the home's folder; raise ``SettingsWrong`` where its path allows none, ``OSError`` where the disk fails."""
    try:
        (settings.home / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        if fault.errno not in NO_PLACE:
            raise
        from pipelines.settings import SettingsWrong

        raise SettingsWrong(
            f"DATELINE_HOME names {settings.home}, where no folder can be made: {fault.strerror}.\n"
            "What to do: set DATELINE_HOME to a folder that may be made and written."
        ) from fault


def at_broker(settings: Settings, address: str) -> Settings:
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"bootstrap_servers": address})})


def describe_prefect(home: Path, *, verbose: bool) -> None:
    """Configure Prefect before it is imported: its home folder and its log level. What the user set stays."""
    ours = API_URL not in os.environ and "PREFECT_HOME" not in os.environ
    if ours:
        os.environ["PREFECT_HOME"] = str(home / "prefect")
    for name, value in {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "dateline",
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_LOGGING_LEVEL": "INFO" if verbose else "WARNING",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # two busy cores take more than its 20 s
        "PREFECT_CLI_COLORS": "false",
    }.items():
        os.environ.setdefault(name, value)


@contextmanager
def a_prefect_api(
    home: Path, *, verbose: bool = False, notify: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """The address of Prefect's API for the length of a block: yours, that of ``dateline up``, or one for now."""
    describe_prefect(home, verbose=verbose)
    if os.environ.get(API_URL):
        yield os.environ[API_URL]
        return
    from flows.local.prefect import LocalPrefect, api_url

    with LocalPrefect(home).for_now(notify=notify) as running, _in_environment(api_url(running)) as url:
        yield url


@contextmanager
def prefect_faults(url: str) -> Iterator[None]:
    """Turn the ways in which Prefect's client says that the API is away into ``PrefectUnavailable``."""
    try:
        yield
    except Exception as fault:
        if "TransportError" not in names(fault) and not str(fault).startswith("Failed to reach API"):
            raise
        raise PrefectUnavailable(
            f"Prefect's API at {url} does not answer ({in_words(fault)}). Batches that were loaded are "
            "loaded whole; nothing else was changed.\n"
            f"What to do: see that the server is up, name another in {API_URL}, or unset it to have one started for "
            "the run; then run again."
        ) from fault


@contextmanager
def a_running_prefect_api(home: Path, *, verbose: bool = False) -> Iterator[str]:
    """The same where one for now would be of no use; ``PrefectUnavailable`` if none runs."""
    describe_prefect(home, verbose=verbose)
    if os.environ.get(API_URL):
        yield os.environ[API_URL]
        return
    from flows.local.prefect import LocalPrefect, api_url

    running = LocalPrefect(home).running()
    if running is None:
        raise PrefectUnavailable(
            f"No Prefect server runs under {home}, and {API_URL} names none.\n"
            f"What to do: start the local one with `dateline up`, or name yours in {API_URL}."
        )
    with _in_environment(api_url(running)) as url:
        yield url


@contextmanager
def _in_environment(url: str) -> Iterator[str]:
    os.environ[API_URL] = url
    try:
        yield url
    finally:
        _send_what_waits()
        del os.environ[API_URL]


def _send_what_waits() -> None:
    """Prefect sends logs and events from threads of its own: they go before the server may be stopped."""
    if "prefect" not in sys.modules:
        return
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        worker.drain_all(timeout=PATIENCE_S)
