"""A local Prefect server. Its database and logs are under ``home/prefect``, and it listens on loopback only."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from flows.local.faults import PrefectDied, need_room
from flows.local.processes import Running, choose_ports, listens, spawn
from flows.local.server import LocalServer

READY_WITHIN_S = 180.0
ROOM_BYTES = 50_000_000
KEPT_RUNS_S = 30 * 24 * 3600  # Prefect removes runs that ended longer ago from its database
ENVIRONMENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_SERVER_UI_ENABLED": "true",
    "PREFECT_API_URL": "",  # a setting for clients, which the server must not use
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs,orphans",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(KEPT_RUNS_S),
}


@dataclass(frozen=True, slots=True)
class LocalPrefect(LocalServer):
    """The Prefect server of one home folder."""

    name = "prefect"
    title = "Prefect's server"
    ready_within_s = READY_WITHIN_S
    died = PrefectDied

    def _launched(self, stays: bool, notify: Callable[[str], None]) -> Running:
        need_room(self.folder, ROOM_BYTES)
        (port,) = choose_ports(self.folder / "ports", 1, self.port)
        notify("Starting Prefect's server …")
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1",
                   "--port", str(port), "--log-level", "WARNING"]
        own = {"PREFECT_HOME": str(self.folder), "PREFECT_PROFILES_PATH": str(self.folder / "profiles.toml")}
        process = spawn(command, self.log, stays=stays, environment=ENVIRONMENT | own)
        return Running(self.name, process.pid, process.create_time(), port, stays)

    def _is_ready(self, running: Running) -> bool:
        return is_healthy(running.port)


def api_url(running: Running) -> str:
    """The value of PREFECT_API_URL for this server."""
    return f"http://{running.address}/api"


def is_healthy(port: int) -> bool:
    if not listens(port):
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
