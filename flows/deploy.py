"""Registers the deployments of ``prefect.yaml`` on a Prefect server, through Prefect's Python API."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from prefect import Flow, get_client
from prefect.blocks.system import Secret
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Interval
from prefect.types.entrypoint import EntrypointType

from flows.paths import need_absolute_paths
from pipelines.secrets import secrets_in
from pipelines.warehouse import warehouse_address

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

    from pipelines.settings import Settings

PREFIX = "DATELINE_"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment after it was registered."""

    name: str
    is_new: bool
    is_paused: bool


def description() -> dict[str, Any]:
    """Contents of ``prefect.yaml``, which is beside this module in the wheel and under ``infra/`` in a checkout."""
    shipped = files("flows").joinpath("prefect.yaml")
    text = (
        shipped.read_text("utf-8")
        if shipped.is_file()
        else (Path(__file__).parent.parent / "infra" / "prefect.yaml").read_text("utf-8")
    )
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def deploy_all(settings: Settings, work_pool: str, *, reset: bool = False) -> list[Deployed]:
    """Register every deployment on ``work_pool``; create the pool, with type process, if it does not exist.

    Changes that a person made to a registered deployment in Prefect are kept unless ``reset``: a pause, the schedules,
    parameters, tags and work queue, and job variables other than ``DATELINE_…``.

    Raises ``RelativePath`` and ``WarehouseFault`` before anything is registered.
    """
    warehouse_address(settings.warehouse_url)
    need_absolute_paths(
        settings,
        "Nothing was deployed. A worker starts each run in its own temporary folder, so a relative path would name "
        "another place in each run, and the files written there would be lost.",
    )
    _need_work_pool(work_pool)
    environment = deployed_environment(os.environ, settings)
    _save_secrets(environment)
    with get_client(sync_client=True) as client:
        return [_deploy(client, wanted, work_pool, environment, reset=reset) for wanted in description()["deployments"]]


def deployed_environment(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The ``DATELINE_…`` variables for runs: those that are set here, with references to Secret blocks for secrets.

    The home is an absolute path, because a worker starts each run in its own folder.
    """
    passed_on = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    passed_on |= {name: _reference(name) for name, value in passed_on.items() if secrets_in({name: value})}
    return passed_on | {"DATELINE_HOME": str(settings.home)}


def block_name(name: str) -> str:
    """Name of the Secret block for a variable.

    >>> block_name("DATELINE_KAFKA__SASL_PASSWORD")
    'dateline-kafka-sasl-password'
    """
    return "-".join(part for part in name.lower().split("_") if part)


def _reference(name: str) -> str:
    return f"{{{{ prefect.blocks.secret.{block_name(name)} }}}}"


def _save_secrets(environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if value == _reference(name):
            Secret(value=os.environ[name]).save(block_name(name), overwrite=True)


def _deploy(
    client: SyncPrefectClient, wanted: Mapping[str, Any], work_pool: str, environment: Mapping[str, str], *, reset: bool
) -> Deployed:
    flow = load_flow(wanted["entrypoint"])
    existing = None if reset else _existing(client, f"{flow.name}/{wanted['name']}")
    given = dict(wanted.get("work_pool", {}).get("job_variables") or {})
    kept = {} if existing is None else dict(existing.job_variables or {})
    own = {name: value for name, value in (kept.get("env") or {}).items() if not name.startswith(PREFIX)}
    deployment = flow.to_deployment(
        name=wanted["name"],
        description=wanted.get("description"),
        tags=sorted({*wanted.get("tags", ()), *(existing.tags if existing else ())}),
        parameters={**(wanted.get("parameters") or {}), **(existing.parameters if existing else {})},
        schedules=[] if existing else [
            Interval(schedule["interval"], timezone=schedule.get("timezone"), active=schedule.get("active", True))
            for schedule in wanted.get("schedules", [])
        ],
        paused=existing.paused if existing else False,
        concurrency_limit=ConcurrencyLimitConfig(**wanted["concurrency_limit"]),
        work_pool_name=work_pool,
        work_queue_name=existing.work_queue_name if existing and existing.work_pool_name == work_pool else None,
        job_variables=given | kept | {"env": {**given.get("env", {}), **own, **environment}},
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    assert isinstance(deployment, RunnerDeployment)  # it is a coroutine only inside an event loop
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of leaving the schedules unchanged, which is intended here
        deployment.apply(schedules=[] if existing else None)
    is_paused = existing is not None and (
        existing.paused or (bool(existing.schedules) and not any(schedule.active for schedule in existing.schedules))
    )
    return Deployed(f"{flow.name}/{wanted['name']}", is_new=existing is None, is_paused=is_paused)


def _existing(client: SyncPrefectClient, name: str) -> DeploymentResponse | None:
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


def load_flow(entrypoint: str) -> Flow[..., Any]:
    module, _, name = entrypoint.rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    assert isinstance(flow, Flow)
    return flow


def _need_work_pool(name: str) -> None:
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=name, type="process"))
