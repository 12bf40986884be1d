"""Runs Dateline as its user does, in a process group of its own, with a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
PAUSING = Path(__file__).parent / "pausing"
PATIENCE_S = 180


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run finds around it: a home, a broker, a Prefect server."""

    home: Path
    kafka: KafkaSettings
    prefect_api: str
    max_records: int = 40

    def environment(self, **changes: str) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("DATELINE_", "PREFECT_"))}
        return own | {
            "DATELINE_HOME": str(self.home),
            "DATELINE_KAFKA__BOOTSTRAP_SERVERS": str(self.kafka.bootstrap_servers),
            "DATELINE_KAFKA__RAW_TOPIC": self.kafka.raw_topic,
            "DATELINE_KAFKA__REJECTED_TOPIC": self.kafka.rejected_topic,
            "DATELINE_KAFKA__GROUP_ID": self.kafka.group_id,
            "DATELINE_BATCH__MAX_RECORDS": str(self.max_records),
            "PREFECT_API_URL": self.prefect_api,
            "PYTHONPATH": str(ROOT),
        } | changes

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """``dateline`` with these arguments, leading a process group that ``kill_group`` ends."""
        return subprocess.Popen(
            [sys.executable, "-c", "from flows.command import main; main()", *arguments],
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
        """Environment of a run that stops at ``pause`` (``module:function:before|after[:call]``)."""
        self.paused.unlink(missing_ok=True)
        told = {"DATELINE_TEST_PAUSE": pause, "DATELINE_TEST_PAUSED": str(self.paused)}
        return told | {"PYTHONPATH": f"{PAUSING}:{ROOT}"}

    def start_paused(self, pause: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
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


def kill_group(process: subprocess.Popen[str]) -> str:
    """SIGKILL to the whole process group: the power goes out. What it had printed."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate()
    return output
