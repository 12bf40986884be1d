"""Starts ``dateline`` warm (forked from a process that has all loaded) or cold, and kills it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Self

from tests.integration.running import Machine, kill_group

LOADED_WITHIN_S = 180.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, or minus the signal; after how long; in which step it was."""

    code: int
    seconds: float
    step: str
    output: str


@dataclass(slots=True, eq=False)
class Warm:
    """The process that warm runs are forked from; a context manager."""

    machine: Machine
    folder: Path
    _process: subprocess.Popen[str] | None = None
    _running: int | None = None
    _lines: SimpleQueue[str] = field(default_factory=SimpleQueue)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.warm"], text=True, start_new_session=True,
            env=self.machine.environment(DATELINE_BATCH__WORKERS="0"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        threading.Thread(target=self._read, daemon=True).start()
        if (said := self._line(LOADED_WITHIN_S)) != "warm":
            raise RuntimeError(f"the warm process did not load: {said!r}")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self.kill()
        kill_group(self._process)

    def start(self, machine: Machine, *arguments: str, **environment: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        for path in (self._step, self._output):
            path.unlink(missing_ok=True)
        asked = {
            "arguments": list(arguments),
            "environment": machine.environment(DATELINE_BATCH__WORKERS="0", **environment),
            "output": str(self._output), "step": str(self._step),
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        self._running = int(self._line(30))

    def start_paused(self, machine: Machine, pause: str, *arguments: str, **environment: str) -> int:
        """A run stopped at ``pause``, once it is there: its pid. What it pauses in is named where it is called."""
        self.start(machine, *arguments, **machine.pausing(pause), **environment)
        machine.wait_paused(pause, lambda: self.wait(0) is not None, lambda: self.told(0, 0).output)
        assert self._running is not None
        return self._running

    def wait(self, patience_s: float) -> int | None:
        """The run's exit code; None where it still runs after the patience."""
        try:
            code = int(self._line(patience_s))
        except Empty:
            return None
        self._running = None
        return code

    def kill(self) -> int:
        """SIGKILL to the run's whole process group; how it ended, 0 where it had just ended by itself."""
        if self._running is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._running, signal.SIGKILL)
        return self.wait(30) or 0

    def told(self, code: int, seconds: float) -> Ended:
        step = self._step.read_text() if self._step.exists() else "start"
        return Ended(code, seconds, step, self._output.read_text(errors="replace") if self._output.exists() else "")

    @property
    def _step(self) -> Path:
        return self.folder / "step"

    @property
    def _output(self) -> Path:
        return self.folder / "output"

    def _line(self, patience_s: float) -> str:
        return self._lines.get(timeout=max(patience_s, 0.001))

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put("")


@dataclass(slots=True, eq=False)
class Cold:
    """Whole starts of ``dateline``, with standing workers: what a shell does."""

    _process: subprocess.Popen[str] | None = None

    def start(self, machine: Machine, *arguments: str) -> None:
        both_at_work = {"DATELINE_BATCH__WORKERS": "2", "DATELINE_BATCH__RECORDS_WORTH_A_WORKER": "4"}
        self._process = machine.start(*arguments, **both_at_work)

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

    def told(self, code: int, seconds: float) -> Ended:
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
    return runs.told(code, time.monotonic() - began)
