"""Finds settings, broker, warehouse and Prefect's API for a command or flow: those that are named, or local ones."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from flows.faults import PrefectUnavailable, SecretInParameter, WrongUsage, names
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
    """The settings, with the local broker if they name none; raises ``BrokerUnavailable`` if that does not run."""
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
    """Within the block, flows in this process use these settings instead of those of the environment."""
    token = _given.set(settings)
    try:
        yield
    finally:
        _given.reset(token)


def the_settings(**changes: object) -> Settings:
    """Settings of a flow: those of the command line, or else those of the environment, with ``changes`` applied."""
    from pipelines.environment import read_settings

    given = _given.get()
    wanted = {key: value for key, value in changes.items() if value is not None}
    learn_environment(os.environ)
    learn_secrets(wanted)
    if secrets_in(wanted):
        raise SecretInParameter(
            "A parameter of this run contains a password or a token. Prefect stores parameters unencrypted and shows "
            "them to everyone who can see the run. Nothing was read or loaded.\n"
            "What to do: change that password, because it was shown. Set DATELINE_WAREHOUSE to the address where "
            "`dateline deploy` is called, which stores it as a Secret block, and leave the parameter empty."
        )
    settings = given.model_copy(update=wanted) if given else read_settings(**wanted)
    learn_secrets(settings)
    if given is None:  # a run of a worker, in a folder that is removed afterwards
        from flows.paths import need_absolute_paths
        from pipelines.settings import Settings

        need_absolute_paths(
            Settings(**wanted),  # type: ignore[arg-type]  # as given: the home was made absolute above
            "Prefect started this run in a temporary folder, so relative paths cannot be used. Nothing was read or "
            "loaded.",
        )
    make_home(settings)
    return settings


def the_warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings name, with their limit on waiting while another process has its file open."""
    from pipelines.warehouse import open_warehouse
    from pipelines.warehouse.duckdb import DuckDBWarehouse

    warehouse = open_warehouse(settings.warehouse_url, settings.marts.time_zone)
    if isinstance(warehouse, DuckDBWarehouse):
        warehouse.patience_s = settings.patience.warehouse_s
    return warehouse


def make_home(settings: Settings) -> None:
    """Create the home folder; raise ``SettingsWrong`` if its path cannot be a folder, ``OSError`` if the disk fails."""
    try:
        (settings.home / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        if fault.errno not in NO_PLACE:
            raise
        from pipelines.settings import SettingsWrong

        raise SettingsWrong(
            f"DATELINE_HOME names {settings.home}, where no folder can be created: {fault.strerror}.\n"
            "What to do: set DATELINE_HOME to a folder that can be created and written."
        ) from fault


def at_broker(settings: Settings, address: str) -> Settings:
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"bootstrap_servers": address})})


def with_registry(settings: Settings, url: str | None) -> Settings:
    """The settings, with the schema registry at ``url`` if that is given. Raises ``WrongUsage`` if it is no URL."""
    if url is None:
        return settings
    from pipelines.settings import registry_url

    try:
        checked = registry_url(url)
    except ValueError as fault:
        raise WrongUsage(f"--registry {fault}.\nWhat to do: correct the URL. A login is set by variables.") from None
    return settings.model_copy(update={"registry": settings.registry.model_copy(update={"url": checked})})


def describe_prefect(home: Path, *, verbose: bool) -> None:
    """Configure Prefect before it is imported: its home folder and log level. Variables that are set are kept."""
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
    """The address of Prefect's API: the named one, that of ``dateline up``, or a server that runs during the block."""
    describe_prefect(home, verbose=verbose)
    if os.environ.get(API_URL):
        yield os.environ[API_URL]
        return
    from flows.local.prefect import LocalPrefect, api_url

    with LocalPrefect(home).for_now(notify=notify) as running, _in_environment(api_url(running)) as url:
        yield url


@contextmanager
def prefect_faults(url: str) -> Iterator[None]:
    """Turn the exceptions of Prefect's client for an unavailable API into ``PrefectUnavailable``."""
    try:
        yield
    except Exception as fault:
        if "TransportError" not in names(fault) and not str(fault).startswith("Failed to reach API"):
            raise
        raise PrefectUnavailable(
            f"Prefect's API at {url} does not answer ({in_words(fault)}). Each batch was loaded completely or not at "
            "all; nothing else was changed.\n"
            f"What to do: check that the server is running, name another one in {API_URL}, or unset the variable so "
            "that the run starts a server; then run again."
        ) from fault


@contextmanager
def a_running_prefect_api(home: Path, *, verbose: bool = False) -> Iterator[str]:
    """The address of the named Prefect API or that of ``dateline up``; raises ``PrefectUnavailable`` without one."""
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
        _send_pending()
        del os.environ[API_URL]


def _send_pending() -> None:
    """Wait until Prefect's threads have sent their logs and events, because the server may be stopped afterwards."""
    if "prefect" not in sys.modules:
        return
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        worker.drain_all(timeout=PATIENCE_S)
