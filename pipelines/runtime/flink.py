"""Runs jobs on a Flink cluster, through Beam's portable runner and a job server.

The workers are Python processes that Flink's TaskManagers start: from a Python environment that exists on each of their
machines (``dateline-worker``), or from a container image. They must have the same Dateline, models and settings as the
run; each compares the processor before it touches a record.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from pipelines.phrases import in_words
from pipelines.runtime.beam import BeamExecutor
from pipelines.runtime.executor import RunFailed
from pipelines.runtime.shares import Share, ShareDone, run_share
from pipelines.settings import FlinkSettings

WORKER = "dateline-worker"
IMAGE = "docker://"
PATIENCE_S = 10.0
KEPT_MS = 600_000  # a worker process that is idle for ten minutes ends: batches of one run find it warm


class FlinkUnavailable(Exception):
    """The Flink cluster does not answer, or has no free slot."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Flink cluster: the names of its TaskManagers, and how many parts of jobs they can run at once."""

    task_managers: tuple[str, ...]
    slots: int


def describe_cluster(master: str) -> Cluster:
    """The cluster whose REST interface is at ``master`` (host:port). Raises ``FlinkUnavailable``."""
    try:
        with urllib.request.urlopen(f"http://{master}/taskmanagers", timeout=PATIENCE_S) as answer:
            listed = json.load(answer)["taskmanagers"]
        return Cluster(tuple(sorted(each["id"] for each in listed)), sum(each["slotsNumber"] for each in listed))
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise FlinkUnavailable(
            f"No Flink answers at {master} ({in_words(fault)}). Nothing was read or loaded.\n"
            "What to do: check that its JobManager runs and that this is the address of its REST interface, or start a "
            "local one with `dateline up --flink`."
        ) from fault


@dataclass(frozen=True, slots=True)
class FlinkExecutor(BeamExecutor):
    """Runs one job per batch on a Flink cluster. The settings name the cluster and a job server that runs."""

    runner: str = field(default="PortableRunner", init=False)
    settings: FlinkSettings

    def run(self, whole: Share, allowed: int, report: Callable[[int], None] | None = None) -> list[ShareDone]:
        del allowed  # without guards, no message is rejected for ending its process
        from pipelines.transforms.processor import processor_of

        cluster = self._cluster()
        ranges = tuple(piece for share in whole.split(cluster.slots) for piece in share.ranges)
        staging = replace(whole.staging, processor=processor_of(whole.settings))
        try:
            done = run_share(replace(whole, ranges=ranges, staging=staging), self.runner, self._options(cluster))
        except RuntimeError as fault:
            if isinstance(fault, RunFailed):
                raise
            raise RunFailed(
                f"the Flink job failed: {cause_in(str(fault))}. Nothing was loaded, and no offset advanced. What to "
                "do: run this again if a TaskManager was lost; otherwise look into the logs of Flink's TaskManagers."
            ) from fault
        if report:
            report(sum(file.rows for file in done.files if file.kind == "outcomes"))
        return [done]

    def __enter__(self) -> Self:
        self._cluster()
        return self

    def _cluster(self) -> Cluster:
        assert self.settings.master is not None
        found = describe_cluster(self.settings.master)
        if found.slots:
            return found
        raise FlinkUnavailable(
            f"The Flink at {self.settings.master} has no TaskManager. Nothing was read or loaded.\n"
            "What to do: start TaskManagers, or look into their logs if they were started."
        )

    def _options(self, cluster: Cluster) -> tuple[str, ...]:
        kind, configuration = environment_of(self.settings.workers)
        return (
            f"--job_endpoint={self.settings.job_endpoint}", f"--environment_type={kind}",
            f"--environment_config={configuration}", f"--environment_cache_millis={KEPT_MS}",
            f"--parallelism={cluster.slots}",
            f"--sdk_worker_parallelism={-(-cluster.slots // len(cluster.task_managers))}",
        )


def environment_of(workers: str | None) -> tuple[str, str]:
    """Beam's type and configuration of the environment in which a worker runs.

    >>> environment_of("docker://registry.example/dateline:1")
    ('DOCKER', 'registry.example/dateline:1')
    >>> environment_of("/opt/dateline")
    ('PROCESS', '{"command": "/opt/dateline/bin/dateline-worker"}')
    """
    if workers is not None and workers.startswith(IMAGE):
        return "DOCKER", workers.removeprefix(IMAGE)
    folder = Path(workers or sys.prefix)
    return "PROCESS", json.dumps({"command": str(folder / "bin" / WORKER)})


_PYTHON = re.compile(r"^((?:\w+\.)*[A-Z]\w+): (.+?)(?: \[while running .*)?$", re.MULTILINE)
_JAVA = re.compile(r"^Caused by: (?:[\w.$]+\.)?(\w+(?::.*)?)$", re.MULTILINE)


def cause_in(text: str) -> str:
    """The innermost cause in what a failed job says: a Python exception of a worker, or else Flink's own.

    >>> cause_in("state FAILED: java.lang.RuntimeException: a\\nCaused by: java.io.IOException: b")
    'IOException: b'
    >>> cause_in("failed: x\\nTraceback\\npipelines.failures.Away: no disk [while running 'Stage']\\n\\n\\tat z")
    'Away: no disk'
    """
    python = [found for found in _PYTHON.findall(text) if not found[0].startswith(("java.", "org.", "com."))]
    if python:
        name, says = python[-1]
        return f"{name.rpartition('.')[2]}: {says}"
    java = _JAVA.findall(text)
    return str(java[-1]) if java else (text.strip().splitlines() or ["it gave no reason"])[0][:500]
