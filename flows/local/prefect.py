"""A Prefect server on this machine: its database and logs lie under ``home/prefect``, and it listens on loopback."""

from __future__ import annotations

import contextlib
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from flows.local.faults import PrefectDied, need_room
from flows.local.processes import Running, StateFile, choose_ports, listens, spawn, stop, tail, wait_until

READY_WITHIN_S = 180.0
ROOM_BYTES = 50_000_000
KEPT_RUNS_S = 30 * 24 * 3600  # of runs that ended longer ago, Prefect's database keeps nothing
ENVIRONMENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_SERVER_UI_ENABLED": "true",
    "PREFECT_API_URL": "",  # a client's setting: the server is to use its own
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs,orphans",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(KEPT_RUNS_S),
}


def _quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class LocalPrefect:
    """The Prefect server of one home folder: at most one runs, whoever started it."""

    home: Path
    port: int | None = None

    @property
    def folder(self) -> Path:
        return self.home.absolute() / "prefect"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def _state(self) -> StateFile:
        return StateFile(self.folder / "running.json")

    def running(self) -> Running | None:
        """The server that runs on this home's database, also one that a killed process left behind."""
        state = self._state.read()
        return state if state is not None and state.process() is not None else None

    def start(self, *, stays: bool = False, tell: Callable[[str], None] = _quiet) -> Running:
        """Start the server and wait until it is healthy; one that runs already is used as it is.

        Raises ``PortTaken``, ``DiskFull`` or ``PrefectDied``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "start.lock"):
            running = self.running()
            if running is None:
                need_room(self.folder, ROOM_BYTES)
                (port,) = choose_ports(self.folder / "ports", 1, self.port)
                tell("Starting Prefect's server …")
                command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1",
                           "--port", str(port), "--log-level", "WARNING"]
                own = {"PREFECT_HOME": str(self.folder), "PREFECT_PROFILES_PATH": str(self.folder / "profiles.toml")}
                process = spawn(command, self.log, stays=stays, environment=ENVIRONMENT | own)
                running = Running("prefect", process.pid, process.create_time(), port, stays)
                self._state.write(running)
            self._wait(running)
            return running

    def stop(self) -> bool:
        """Stop the server; whether one ran."""
        running = self.running()
        process = running.process() if running is not None else None
        if process is not None:
            stop(process)
        self._state.remove()
        return process is not None

    @contextlib.contextmanager
    def for_now(self, tell: Callable[[str], None] = _quiet) -> Iterator[Running]:
        """A server for the length of a block: stopped after it, unless it ran before."""
        ran_before = self.running() is not None
        running = self.start(tell=tell)
        try:
            yield running
        finally:
            if not ran_before:
                self.stop()

    def _wait(self, running: Running) -> None:
        ready = wait_until(lambda: is_healthy(running.port), lambda: running.process() is not None, READY_WITHIN_S)
        if ready:
            return
        process = running.process()
        if process is not None:
            stop(process)
        self._state.remove()
        raise PrefectDied(
            "Prefect's server ended while it started." if process is None
            else f"Prefect's server was not healthy within {READY_WITHIN_S:.0f} s.",
            f"See {self.log}. If its database is broken and may go, remove {self.folder}.",
            tail(self.log),
        )


def api_url(running: Running) -> str:
    """What PREFECT_API_URL is to be for this server."""
    return f"http://{running.address}/api"


def is_healthy(port: int) -> bool:
    if not listens(port):
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
