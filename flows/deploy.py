"""Registers what ``prefect.yaml`` describes on a Prefect server, through Prefect's Python API."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
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

if TYPE_CHECKING:
    from pipelines.settings import Settings

PREFIX = "DATELINE_"


def description() -> dict[str, Any]:
    """``prefect.yaml``: beside this module in the wheel, under ``infra/`` in a checkout."""
    shipped = files("flows").joinpath("prefect.yaml")
    text = (
        shipped.read_text("utf-8")
        if shipped.is_file()
        else (Path(__file__).parent.parent / "infra" / "prefect.yaml").read_text("utf-8")
    )
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def deploy_all(settings: Settings, work_pool: str) -> list[str]:
    """Register every deployment on ``work_pool`` (made, of type process, if missing); their full names."""
    _need_work_pool(work_pool)
    environment = deployed_environment(os.environ, settings)
    return [_deploy(wanted, work_pool, environment) for wanted in description()["deployments"]]


def deployed_environment(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """What runs are told: the ``DATELINE_…`` variables set here, passwords as references to Secret blocks.

    The home is absolute, since a worker's runs start in folders of their own.
    """
    told = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    told |= {name: _reference(name) for name, value in told.items() if is_secret(name, value)}
    return told | {"DATELINE_HOME": str(settings.home)}


def is_secret(name: str, value: str) -> bool:
    """A password, or an address that carries one.

    >>> is_secret("DATELINE_KAFKA__SASL_PASSWORD", "x"), is_secret("DATELINE_WAREHOUSE", "postgresql://me:pw@host/db")
    (True, True)
    >>> is_secret("DATELINE_WAREHOUSE", "duckdb:////data/news.duckdb")
    False
    """
    return "PASSWORD" in name or ("://" in value and "@" in value)


def block_name(name: str) -> str:
    """The Secret block of a variable.

    >>> block_name("DATELINE_KAFKA__SASL_PASSWORD")
    'dateline-kafka-sasl-password'
    """
    return "-".join(part for part in name.lower().split("_") if part)


def _reference(name: str) -> str:
    return f"{{{{ prefect.blocks.secret.{block_name(name)} }}}}"


def _deploy(wanted: dict[str, Any], work_pool: str, environment: dict[str, str]) -> str:
    for name, value in environment.items():
        if value == _reference(name):
            Secret(value=os.environ[name]).save(block_name(name), overwrite=True)
    flow = load_flow(wanted["entrypoint"])
    given = dict(wanted.get("work_pool", {}).get("job_variables") or {})
    deployment = flow.to_deployment(
        name=wanted["name"],
        description=wanted.get("description"),
        tags=wanted.get("tags"),
        parameters=wanted.get("parameters"),
        schedules=[
            Interval(schedule["interval"], timezone=schedule.get("timezone"), active=schedule.get("active", True))
            for schedule in wanted.get("schedules", [])
        ],
        concurrency_limit=ConcurrencyLimitConfig(**wanted["concurrency_limit"]),
        work_pool_name=work_pool,
        job_variables=given | {"env": {**given.get("env", {}), **environment}},
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    assert isinstance(deployment, RunnerDeployment)  # a coroutine only where a loop runs
    deployment.apply()
    return f"{flow.name}/{wanted['name']}"


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
