"""Checks outside of Kafka: settings, home folder, stage, warehouse, Prefect, models and tables."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.checks import Checks, Group
from flows.report import WAITING
from pipelines.phrases import counted
from pipelines.secrets import redact

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse

SETTINGS, HOME, STAGE, WAREHOUSE, PREFECT = "settings", "home folder", "stage", "warehouse", "Prefect"
REGISTRY, MODELS = "schema registry", "models and tables"
LITTLE_ROOM, NO_ROOM = 2_000_000_000, 100_000_000
PATIENCE_S = 3.0
LOADED_WITHIN_S = 60.0  # loading models takes seconds, and longer on a busy machine


def check_settings(settings: Settings, checks: Checks) -> None:
    """Check that everything that the settings name exists: schemas, certificates, models, runner."""
    from pipelines.jobs.names import check_names

    check_names(settings)
    ids = ", ".join(f"{number} is {name}" for number, name in sorted(settings.schema_ids.items())) or "none of your own"
    checks.ok(SETTINGS, f"Everything that they name exists. Schema ids: {ids}.")


def check_home(settings: Settings, checks: Checks) -> None:
    """Check that the folder can be written and that its disk has free space."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.home) as file:
        file.write(b"test")
    free = shutil.disk_usage(settings.home).free
    says = f"{settings.home} can be written; its disk has {free / 1e9:,.1f} GB of free space."
    if free < NO_ROOM:
        raise OSError(28, f"The disk has only {free / 1e6:,.0f} MB of free space", str(settings.home))
    if free < LITTLE_ROOM:
        checks.warn(HOME, says, "free some space, or set DATELINE_HOME to a folder on another disk")
    else:
        checks.ok(HOME, says)


def check_stage(settings: Settings, checks: Checks) -> None:
    """Check that a file can be written to the stage, read and removed."""
    from pipelines.stage import stage_store

    if settings.stage is None:
        checks.ok(STAGE, "It is the home folder.")
        return
    folder, name = stage_store(settings).root, f"check-{uuid.uuid4().hex}"
    folder.write(name, b"test")
    folder.read(name)
    folder.remove_file(name)
    checks.ok(STAGE, f"Files can be written to {redact(str(folder))}, read and removed.")


def check_warehouse(settings: Settings, checks: Checks) -> None:
    """Check that the warehouse can be opened and written and that no run is writing to it. It is opened read-only."""
    from pipelines.iceberg_address import is_iceberg
    from pipelines.warehouse import WarehouseUnavailable, open_warehouse
    from pipelines.warehouse.duckdb import DuckDBWarehouse

    warehouse = open_warehouse(settings.warehouse_url)
    if is_iceberg(settings.warehouse_url):
        _check_catalog(settings, warehouse, checks)
        return
    if not isinstance(warehouse, DuckDBWarehouse):
        _check_server(settings, warehouse, checks)
        return
    path = warehouse.path
    if not path.exists():
        _same_warehouse(settings, warehouse)
        _need_writable_folder(path)
        checks.ok(WAREHOUSE, f"There is none at {path} yet. The first run creates it.")
        return
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise WarehouseUnavailable(
            f"This user may not write to {path} or its folder.\nWhat to do: `chown` them to the user of the run."
        )
    if writer := _writer(path):
        checks.warn(WAREHOUSE, f"{writer} is writing to {path}.", "wait until it has ended before you run another")
        return
    opened = DuckDBWarehouse(path, patience_s=PATIENCE_S)
    _same_warehouse(settings, opened)
    _report_contents(opened, f"{path} can be opened and written.", checks)


def _check_catalog(settings: Settings, warehouse: Warehouse, checks: Checks) -> None:
    """Check that the catalog and the storage of its tables answer. Nothing is written to them."""
    from pipelines.warehouse import warehouse_address

    shown = warehouse_address(settings.warehouse_url)
    is_there = warehouse.identity().warehouse_id is not None
    _same_warehouse(settings, warehouse)
    if is_there:
        _report_contents(warehouse, f"{shown} and its tables can be read.", checks)
    else:
        checks.ok(WAREHOUSE, f"{shown} answers. It has no tables yet; the first run creates them.")


def _check_server(settings: Settings, warehouse: Warehouse, checks: Checks) -> None:
    """Check that the database server answers and that this user may write. Nothing is written."""
    from pipelines.warehouse.postgres import PostgresWarehouse

    assert isinstance(warehouse, PostgresWarehouse)
    is_there = warehouse.need_rights()
    _same_warehouse(settings, warehouse)
    if not is_there:
        checks.ok(WAREHOUSE, f"{warehouse.shown} answers. It has no tables yet; the first run creates them.")
        return
    if writer := warehouse.writer_of(settings.kafka.raw_topic):
        checks.warn(
            WAREHOUSE, f"{writer} is writing to {warehouse.shown}.",
            "wait until it has ended before you start another run on this topic",
        )
        return
    _report_contents(warehouse, f"{warehouse.shown} answers and can be written.", checks)


def _report_contents(warehouse: Warehouse, says: str, checks: Checks) -> None:
    """Report whether the warehouse has tables yet, and whether messages wait in its outboxes."""
    runs = warehouse.query("SELECT count(*) FROM information_schema.tables WHERE table_name = 'runs'").rows[0][0]
    waiting: Counter[str] = Counter()
    for standing in warehouse.outbox_standing():
        waiting[standing.kind] += standing.letters
    if not runs:
        says += " It has none of Dateline's tables yet; the first run creates them."
    if waiting:
        wait = "; ".join(counted(number, *WAITING[kind]) for kind, number in waiting.items())
        checks.warn(WAREHOUSE, f"{says} {wait} in its outbox.", "`dateline status` shows the reason")
    else:
        checks.ok(WAREHOUSE, says)


def _same_warehouse(settings: Settings, warehouse: Warehouse) -> None:
    """Raise the fault that a run would raise if the warehouse is not the one that earlier runs loaded into."""
    from flows.memory import Memory
    from flows.targets import with_broker
    from pipelines.broker import BrokerUnavailable, impatient

    Memory(settings, warehouse).need_same_warehouse(ask_kafka=False)
    with contextlib.suppress(BrokerUnavailable):  # the checks of the broker report this
        kafka = impatient(with_broker(settings).kafka)
        kafka = kafka.model_copy(update={"request_timeout_s": min(PATIENCE_S, kafka.request_timeout_s)})
        Memory(settings.model_copy(update={"kafka": kafka}), warehouse).need_same_warehouse(ask_kafka=True)


def _need_writable_folder(path: Path) -> None:
    """Raise unless the file and its folders can be created."""
    from pipelines.warehouse import WarehouseUnavailable

    there = next(folder for folder in path.parents if folder.exists())
    if not os.access(there, os.W_OK):
        raise WarehouseUnavailable(
            f"{path} cannot be created: this user may not write to {there}."
            "\nWhat to do: create the folder, or name another file in DATELINE_WAREHOUSE=duckdb:////absolute/path.duckdb."
        )


def _writer(path: Path) -> str | None:
    """The run with the writer lock, from the file beside the lock. The lock is not touched: a run may want it now."""
    import psutil

    try:
        report = json.loads(Path(f"{path}.writer.json").read_text())
        holder = f"{report['holder']} (process {report['pid']})"
        return holder if psutil.pid_exists(int(report["pid"])) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_prefect(settings: Settings, checks: Checks) -> None:
    """Check that the Prefect API answers, or that none is named and each run starts one."""
    from flows.local.prefect import LocalPrefect, api_url
    from flows.targets import API_URL

    named = os.environ.get(API_URL)
    running = None if named else LocalPrefect(settings.home).running()
    if named is None and running is None:
        checks.ok(PREFECT, f"{API_URL} names no server, and none runs here: each run starts its own.")
        return
    url = named or api_url(running)  # type: ignore[arg-type]  # one of the two is there
    _answers(url)
    checks.ok(PREFECT, f"{_without_user(url)} answers.")


def _answers(url: str) -> None:
    import httpx

    from flows.faults import PrefectUnavailable
    from flows.targets import API_URL

    try:
        answer = httpx.get(f"{url.rstrip('/')}/health", timeout=PATIENCE_S)
        why = None if answer.status_code < httpx.codes.BAD_REQUEST else f"it answers {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
        why = type(fault).__name__
    if why:
        raise PrefectUnavailable(
            f"Prefect's API at {_without_user(url)} does not answer ({why})."
            f"\nWhat to do: check that the server is running and that {API_URL} is its address, "
            "with /api at its end; or unset it, so that each run starts its own server."
        )


def _without_user(url: str) -> str:
    """The address without user and password.

    >>> _without_user("https://flow:marzipan@prefect.internal/api")
    'https://prefect.internal/api'
    """
    scheme, divider, rest = url.partition("://")
    return f"{scheme}{divider}{rest.rpartition('@')[2]}"


def check_registry(settings: Settings, checks: Checks) -> None:
    """Check that the schema registry answers and accepts the login, and that it has the schemas that a run needs."""
    from pipelines.schema_registry import known_schemas
    from pipelines.schema_registry.comparison import compare

    known = known_schemas(settings.registry, settings.home)
    if known is None:
        checks.ok(REGISTRY, "None is named: ids of schemas are those that are listed.")
        return
    compared = compare(settings, known)
    if compared.problems:
        do = "`dateline schemas check` lists each of them with its remedy"
        checks.warn(REGISTRY, f"{counted(len(compared.problems), 'problem')}: {compared.problems[0]}", do)
    else:
        checks.ok(REGISTRY, f"{settings.registry.url} answers. {' '.join(compared.notes)}")


def check_models(settings: Settings, checks: Checks) -> None:
    """Check that the models that find names and the lookup tables can be loaded."""
    from pipelines.enrich.models import load_models

    models = load_models(settings.models)
    checks.ok(MODELS, f"{', '.join(settings.models)} reads {', '.join(sorted(models.engines))}; the tables load.")


GROUPS = (
    Group((SETTINGS,), check_settings), Group((HOME,), check_home), Group((STAGE,), check_stage),
    Group((WAREHOUSE,), check_warehouse), Group((REGISTRY,), check_registry),
    Group((PREFECT,), check_prefect), Group((MODELS,), check_models, LOADED_WITHIN_S),
)
