"""Runs Dateline as its user does, in a process group of its own, with a home of its own.

Runs are forked from a process that has loaded their libraries (``warm.py``). A machine that ``is_cold`` starts each one
as a shell does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from pipelines.settings import KafkaSettings
from tests.certificates import the_only_certificate

ROOT = Path(__file__).parents[2]
PAUSING = Path(__file__).parent / "pausing"
PATIENCE_S = 180
LOADED_WITHIN_S = 180.0
STARTS_WARM = """
from tests.integration.clock import replace_clock
replace_clock()  # before anything is loaded that asks for the time
from tests.integration.warm import main
main()
"""


@dataclass(slots=True, eq=False)
class Forked:
    """A run that was forked from a warm process: what tests use of ``subprocess.Popen``."""

    arguments: tuple[str, ...]
    printed_to: Path
    pid: int = 0
    returncode: int | None = None
    said: SimpleQueue[int] = field(default_factory=SimpleQueue)
    """The pid, then the exit code, once the warm process has said them."""

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            try:
                self.returncode = self.said.get(block=timeout != 0, timeout=timeout or None)
            except Empty:
                raise subprocess.TimeoutExpired(self.arguments, timeout or 0) from None
        return self.returncode

    def communicate(self, *, timeout: float | None = None) -> tuple[str, None]:
        """All that it printed, once it has ended."""
        self.wait(timeout)
        return self.printed(), None

    def printed(self) -> str:
        return self.printed_to.read_text("utf-8", "replace") if self.printed_to.exists() else ""


type Started = subprocess.Popen[str] | Forked


class WarmProcess:
    """The process that runs are forked from; ``close`` ends it with all of them."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self._is_warm = threading.Event()
        self._runs: list[Forked] = []
        nowhere = {"DATELINE_HOME": self._folder.name, "PREFECT_API_URL": "http://127.0.0.1:9/api"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", STARTS_WARM], text=True,
            env=environment_of_none() | nowhere, cwd=self._folder.name, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(
        self, arguments: tuple[str, ...], environment: dict[str, str], folder: Path, step: Path | None = None
    ) -> Forked:
        """A run of ``dateline``; the file ``step`` is to hold the step that it has come to."""
        if not self._is_warm.wait(LOADED_WITHIN_S) or self._process.poll() is not None:
            raise RuntimeError("the warm process did not load")
        number = len(self._runs)
        run = Forked(arguments, Path(self._folder.name) / f"{number}.out")
        self._runs.append(run)
        asked = {
            "run": number, "arguments": arguments, "environment": environment, "folder": str(folder),
            "output": str(run.printed_to), "step": str(step or ""),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        run.pid = run.said.get(timeout=60)
        return run

    def close(self) -> None:
        for run in self._runs:
            if run.poll() is None:
                kill_group(run)
        kill_group(self._process)
        self._reader.join()
        self._folder.cleanup()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):  # closed
            for line in self._process.stdout:
                run, _, number = line.partition(" ")
                if number:
                    self._runs[int(run)].said.put(int(number))
                else:
                    self._is_warm.set()
        self._is_warm.set()


_warm: list[WarmProcess] = []


def warm_process() -> WarmProcess:
    """The one of this process, which is started where it is first needed; ``close_warm`` ends it."""
    if not _warm:
        _warm.append(WarmProcess())
    return _warm[0]


def close_warm() -> None:
    while _warm:
        _warm.pop().close()


def environment_of_none() -> dict[str, str]:
    """This process's environment without what is of Dateline or Prefect."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DATELINE_", "PREFECT_"))}
    return own | {"PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run finds around it: home, broker, Prefect server and warehouse (a file in home, unless one is named).

    Without ``workers`` the steps run in the run's own process, which saves two CPU seconds a run and suits tests that
    are not about workers. With None runs have as many worker processes as a user's, who sets nothing.
    """

    home: Path
    kafka: KafkaSettings
    prefect_api: str
    max_records: int = 40
    is_cold: bool = False
    warehouse: str | None = None
    workers: int | None = 0

    @property
    def warehouse_url(self) -> str:
        return self.warehouse or f"duckdb:///{self.home / 'warehouse.duckdb'}"

    def environment(self, **changes: str) -> dict[str, str]:
        return environment_of_none() | {
            "DATELINE_HOME": str(self.home),
            "DATELINE_KAFKA__BOOTSTRAP_SERVERS": str(self.kafka.bootstrap_servers),
            "DATELINE_KAFKA__RAW_TOPIC": self.kafka.raw_topic,
            "DATELINE_KAFKA__REJECTED_TOPIC": self.kafka.rejected_topic,
            "DATELINE_KAFKA__GROUP_ID": self.kafka.group_id,
            "DATELINE_BATCH__MAX_RECORDS": str(self.max_records),
            "DATELINE_PATIENCE__RETRY_DELAYS_S": "0.2,0.8,2,6",  # a fault that a test stages lasts seconds
            "DATELINE_PATIENCE__WAREHOUSE_S": "6",
            "PREFECT_API_URL": self.prefect_api,
            "PREFECT_API_SSL_CERT_FILE": the_only_certificate(),
            **({"DATELINE_WAREHOUSE": self.warehouse} if self.warehouse else {}),
            **({} if self.workers is None else {"DATELINE_BATCH__WORKERS": str(self.workers)}),
        } | changes

    def start(self, *arguments: str, **environment: str) -> Started:
        """``dateline`` with these arguments, leading a process group that ``kill_group`` ends."""
        if not self.is_cold:
            return warm_process().start(arguments, self.environment(**environment), self.home.parent)
        return subprocess.Popen(
            [sys.executable, "-c", "from flows.cli.app import main; main()", *arguments],
            env=self.environment(**environment), cwd=self.home.parent, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``dateline`` with these arguments, to its end."""
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(arguments, process.returncode, output)

    @property
    def paused(self) -> Path:
        """Holds the pid of the process that ``start_paused`` stopped."""
        return self.home.parent / f"{self.home.name}.paused"

    def pausing(self, pause: str) -> dict[str, str]:
        """Environment of a run that stops at ``pause``: a failpoint, and which time it is reached (``sealing:2``)."""
        self.paused.unlink(missing_ok=True)
        shown = {"DATELINE_TEST_PAUSE": pause, "DATELINE_TEST_PAUSED": str(self.paused)}
        return shown | {"PYTHONPATH": f"{PAUSING}:{ROOT}"}

    def start_paused(self, pause: str, *arguments: str, **environment: str) -> Started:
        """``dateline`` stopped at ``pause``, once it is there."""
        process = self.start(*arguments, **self.pausing(pause), **environment)
        self.wait_paused(pause, lambda: process.poll() is not None, lambda: kill_group(process))
        return process

    def wait_paused(self, pause: str, has_ended: Callable[[], bool], output: Callable[[], str]) -> None:
        """Until a run has come to its pause; one that does not is told of with what it had printed."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.paused.exists() or not self.paused.read_text():
            assert not has_ended(), f"the run ended before it came to its pause: {pause}\n{output()}"
            assert time.monotonic() < deadline, f"the run never came to its pause: {pause}\n{output()}"
            time.sleep(0.05)

    def go_on(self) -> None:
        """Let the run that is paused go on."""
        self.paused.unlink()


def json_of(output: str) -> Any:
    """The JSON document that a command printed, after what it noted on its error stream."""
    lines = output.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(("{", "[")))
    return json.loads("\n".join(lines[start:]))


def kill_group(process: Started) -> str:
    """SIGKILL to the whole process group: the power goes out. What it had printed."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate()
    return output
