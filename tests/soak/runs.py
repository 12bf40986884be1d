"""Starts ``dateline`` warm (forked from a process that has all loaded) or cold, and kills it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from tests.integration.running import PATIENCE_S, Forked, Machine, Started, warm_process


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, or minus the signal; after how long; in which step it was."""

    code: int
    seconds: float
    step: str
    output: str


@dataclass(slots=True, eq=False)
class Warm:
    """Runs that are forked from this process's warm one, one after another, with the job in the run's own process.

    A context manager: a run that is left is killed at its end.
    """

    folder: Path
    _run: Forked | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, machine: Machine, *arguments: str, **environment: str) -> None:
        self._step.unlink(missing_ok=True)
        shown = machine.environment(DATELINE_BATCH__WORKERS="0", **environment)
        self._run = warm_process().start(arguments, shown, machine.home.parent, self._step)

    def start_paused(self, machine: Machine, pause: str, *arguments: str, **environment: str) -> int:
        """A run stopped at ``pause``, once it is there: its pid."""
        self.start(machine, *arguments, **machine.pausing(pause), **environment)
        machine.wait_paused(pause, lambda: self.wait(0) is not None, lambda: self.shown(0, 0).output)
        assert self._run is not None
        return self._run.pid

    def wait(self, patience_s: float) -> int | None:
        """The run's exit code; None where it still runs after the patience."""
        assert self._run is not None
        try:
            return self._run.wait(max(patience_s, 0))
        except subprocess.TimeoutExpired:
            return None

    def until_it_waits(self) -> None:
        """Until the run has said that a step waits for what is away, which it must do before it ends."""
        deadline = time.monotonic() + PATIENCE_S
        while "waits:" not in (output := self.shown(0, 0).output):
            assert self.wait(0.05) is None, output
            assert time.monotonic() < deadline, output

    def kill(self) -> int:
        """SIGKILL to the run's whole process group, unless it has just ended by itself; how it ended."""
        if self._run is None:
            return 0
        if self._run.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._run.pid, signal.SIGKILL)
        return self._run.wait(30)

    def shown(self, code: int, seconds: float) -> Ended:
        step = self._step.read_text() if self._step.exists() else "start"
        return Ended(code, seconds, step, self._run.printed() if self._run else "")

    @property
    def _step(self) -> Path:
        return self.folder / "step"


@dataclass(slots=True, eq=False)
class Cold:
    """Whole starts of ``dateline``, with standing workers: what a shell does."""

    _process: Started | None = None

    def start(self, machine: Machine, *arguments: str) -> None:
        both_at_work = {"DATELINE_BATCH__WORKERS": "2", "DATELINE_BATCH__RECORDS_WORTH_A_WORKER": "4"}
        self._process = replace(machine, is_cold=True).start(*arguments, **both_at_work)

    def wait(self, patience_s: float) -> int | None:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(max(patience_s, 0.001))
        return None

    def kill(self) -> int:
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait(30)

    def shown(self, code: int, seconds: float) -> Ended:
        assert self._process is not None
        output, _ = self._process.communicate(timeout=30)
        self._process = None
        return Ended(code, seconds, "cold", output)


def run_to_its_end(runs: Warm | Cold, machine: Machine, *arguments: str, patience_s: float = 3_600) -> Ended:
    runs.start(machine, *arguments)
    return to_its_end(runs, patience_s)


def to_its_end(runs: Warm | Cold, patience_s: float = 3_600) -> Ended:
    began = time.monotonic()
    code = runs.wait(patience_s)
    if code is None:
        runs.kill()
        code = -signal.SIGKILL
    return runs.shown(code, time.monotonic() - began)
