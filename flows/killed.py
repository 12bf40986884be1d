"""Sets flow runs that were killed to Crashed. Otherwise Prefect would show them as running for ever.

Each run locks a file of its own for as long as its process lives. The operating system releases the lock however the
process ends, so if a later run finds the file unlocked, the process is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from filelock import FileLock, Timeout
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.runtime import deployment, flow_run
from prefect.states import Crashed

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

LOG = logging.getLogger("dateline")
MESSAGE = (
    "The process of this run was killed, as a later run found out. Each of its batches was loaded completely or "
    "not at all."
)
KEPT = timedelta(days=30)  # how long a lock file is kept if this Prefect server does not know its run
UNDER_WAY = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)
PATIENCE = {  # how long a run of the deployment may stay in a state without having a lock file
    StateType.RUNNING: timedelta(minutes=2), StateType.CANCELLING: timedelta(minutes=2),
    StateType.PENDING: timedelta(minutes=10),
}

_locks: list[FileLock] = []  # kept until the process ends or its next run begins


def hold_lock(folder: Path) -> None:
    """Lock a file, which shows later runs that the process of this flow run is alive."""
    own = flow_run.get_id()
    if own is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for lock in _locks:
        lock.release(force=True)
    _locks.clear()
    lock = FileLock(folder / f"{own}.lock", timeout=0, thread_local=False)
    lock.acquire()
    _locks.append(lock)


def end_killed(folder: Path, *, alone: bool = True) -> None:
    """Set flow runs of this warehouse whose process is gone to Crashed; if that fails, only log a warning.

    Unless this run loads its topic ``alone``, runs without a lock file in this home may be at work on other machines.
    """
    try:
        _end_killed(folder, alone=alone)
    except Exception:
        LOG.warning("killed runs could not be set to Crashed in Prefect; the next run tries again", exc_info=True)


def _end_killed(folder: Path, *, alone: bool) -> None:
    own = flow_run.get_id()
    if own is None:
        return
    files = {UUID(path.stem): path for path in folder.glob("*.lock") if path.stem != own}
    gone = {run: path for run, path in files.items() if _is_free(path)}
    with get_client(sync_client=True) as client:
        known = _read(client, {"id": {"any_": list(gone)}}) if gone else []
        killed = [run for run in known if run.state is not None and run.state.type in UNDER_WAY]
        for run in [*killed, *(_without_lock(client, own, set(files)) if alone else ())]:
            client.set_flow_run_state(run.id, Crashed(message=MESSAGE), force=True)
            LOG.warning("flow run %s was killed; it was set to Crashed in Prefect", run.name)
    for run in known:
        gone.pop(run.id).unlink(missing_ok=True)
    for path in gone.values():
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < datetime.now(UTC) - KEPT:
            path.unlink(missing_ok=True)


def _is_free(path: Path) -> bool:
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return False
    lock.release()
    return True


def _without_lock(client: SyncPrefectClient, own: str, with_lock: set[UUID]) -> Iterator[FlowRun]:
    """Runs of the same deployment into the same warehouse that were killed before they had a lock."""
    deployed = deployment.get_id()
    if deployed is None:
        return
    found = _read(client, {
        "deployment_id": {"any_": [deployed]}, "state": {"type": {"any_": [state.value for state in UNDER_WAY]}},
    })
    (into,) = [run.parameters.get("warehouse") for run in found if str(run.id) == own] or [None]
    for run in found:
        if str(run.id) == own or run.id in with_lock or run.parameters.get("warehouse") != into or run.state is None:
            continue
        if datetime.now(UTC) - run.state.timestamp > PATIENCE[run.state.type]:
            yield run


def _read(client: SyncPrefectClient, wanted: dict[str, Any]) -> list[FlowRun]:
    return client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted))
