"""Finds the Flink cluster of a run and starts Beam's job server for it, where the settings ask for Flink."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.settings import Settings


def at_flink(settings: Settings, master: str | None) -> Settings:
    """The settings with another address of the Flink cluster; None changes nothing. Raises ``WrongUsage``."""
    if master is None:
        return settings
    from flows.faults import WrongUsage
    from pipelines.settings import server_list

    try:
        return _with(settings, master=server_list(master))
    except ValueError as fault:
        raise WrongUsage(f"--flink-master is {master!r}; it {fault}.\nWhat to do: correct --flink-master.") from None


@contextmanager
def flink_ready(settings: Settings) -> Iterator[Settings]:
    """The settings with the cluster that is used and a job server that runs for the block; unchanged without Flink.

    Raises ``FlinkUnavailable`` if there is no cluster, before Java is started for the job server.
    """
    from pipelines.runtime import FLINK

    if settings.runner != FLINK:
        yield settings
        return
    from flows.local.flink import JobServer, LocalFlink
    from pipelines.runtime.flink import FlinkUnavailable, describe_cluster

    running = None if settings.flink.master else LocalFlink(settings.home).running()
    master = settings.flink.master or (running and running.address)
    if not master:
        raise FlinkUnavailable(
            f"No Flink runs under {settings.home}, and DATELINE_FLINK__MASTER names none.\n"
            "What to do: start the local one with `dateline up --flink`, or name yours with --flink-master or "
            "DATELINE_FLINK__MASTER."
        )
    describe_cluster(master)
    if settings.flink.job_endpoint:
        yield _with(settings, master=master)
        return
    with JobServer(settings.home, master=master, run=os.getpid()).for_run() as server:
        yield _with(settings, master=master, job_endpoint=server.address)


def _with(settings: Settings, **changes: str) -> Settings:
    return settings.model_copy(update={"flink": settings.flink.model_copy(update=changes)})
