"""A real PostgreSQL on this machine, without Docker, root or an installed server.

Its data and log are under ``home/postgres``. It listens on loopback only and requires a password, which is generated
with the data. With ``stays`` it keeps running after the process that started it; without, it ends with that process,
even after kill -9.

PostgreSQL refuses to run as root. If root starts it, the server runs as ``nobody``. If ``nobody`` cannot access the
home folder or the programs, the data and a copy of the programs are in a separate folder under ``/var/tmp``, whose path
is in the file ``home/postgres/place``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.local.faults import PostgresDied, need_room
from flows.local.postgres_programs import Programs, find_postgres
from flows.local.processes import Running, choose_ports, spawn
from flows.local.server import LocalServer, quiet
from flows.local.system_user import SystemUser, server_user

READY_WITHIN_S = 60.0
STOP_PATIENCE_S = 30.0  # a shutdown first writes a checkpoint
ROOM_BYTES = 200_000_000  # an empty cluster with its write-ahead log, and room for a small warehouse
USER = "dateline"
DATABASE = "postgres"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their default folder is not writable for every user, and they are not needed
    "timezone": "UTC",
    "log_timezone": "UTC",
}
UNSAFE_AND_FAST: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "5s",
}
"""Only for tests: a crash of the machine may destroy the data. A killed server keeps all committed data, except for the
last moments, because of ``synchronous_commit = off``."""


@dataclass(frozen=True, slots=True)
class LocalPostgres(LocalServer):
    """The PostgreSQL of one home folder; ``overrides`` are server settings in addition to ``SETTINGS``.

    ``start`` also raises ``NoPostgres`` and ``NoSystemUser``. ``stop`` closes the connections of clients.
    """

    name = "postgres"
    title = "PostgreSQL"
    ready_within_s = READY_WITHIN_S
    died = PostgresDied
    stop_signal = signal.SIGINT
    stop_patience_s = STOP_PATIENCE_S
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def _place_note(self) -> Path:
        return self.folder / "place"

    @property
    def _password(self) -> Path:
        return self.folder / "password"

    def url(self, running: Running, database: str = DATABASE) -> str:
        """The address of a database of this server, with its password."""
        return f"postgresql://{USER}:{self._password.read_text('utf-8')}@{running.address}/{database}"

    def remove(self) -> None:
        """Stop the server and remove its data and all its other files."""
        self.stop()
        self._remove_place()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def for_now(self, notify: Callable[[str], None] = quiet) -> Iterator[Running]:
        """Like ``LocalServer.for_now``, but also removes a data folder that was created outside of the home."""
        had_place = self._place_note.exists()
        try:
            with LocalServer.for_now(self, notify) as running:
                yield running
        finally:
            if not had_place:
                self._remove_place()

    def _is_ready(self, running: Running) -> bool:
        return answers(running.port)

    def _launched(self, stays: bool, notify: Callable[[str], None]) -> Running:
        user = server_user()
        place = self._place(user)
        need_room(place, ROOM_BYTES)
        programs = find_postgres(_major_of(place / "data")).reachable_by(user, place)
        self._make_data(programs, user, place)
        (port,) = choose_ports(self.folder / "ports", 1, self.port)
        notify("Starting PostgreSQL …")
        settings = {**SETTINGS, "port": str(port), **self.overrides}
        command = [str(programs.postgres), "-D", str(place / "data")]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        process = spawn(command if user is None else user.command(command), self.log, stays=stays)
        return Running(self.name, process.pid, process.create_time(), port, stays)

    def _place(self, user: SystemUser | None) -> Path:
        """The folder that contains ``data``: in the home, unless the server's user cannot access the home."""
        if user is None or user.can_reach(self.folder):
            return self.folder
        with contextlib.suppress(OSError):
            place = Path(self._place_note.read_text("utf-8"))
            if place.is_dir():
                return place
        place = user.own_folder()
        self._place_note.write_text(str(place), "utf-8")
        return place

    def _remove_place(self) -> None:
        with contextlib.suppress(OSError):
            shutil.rmtree(self._place_note.read_text("utf-8"), ignore_errors=True)
            self._place_note.unlink()

    def _make_data(self, programs: Programs, user: SystemUser | None, place: Path) -> None:
        """Create the data folder and the password of its user unless they exist; an incomplete folder is replaced."""
        if _major_of(place / "data") is not None:
            return
        unfinished = place / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password, passed = secrets.token_urlsafe(24), place / "initdb.password"
        for path in (self._password, passed):
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(password, "utf-8")
        if user is not None:
            user.give(unfinished)
            user.give(passed)
        command = [str(programs.initdb), "--pgdata", str(unfinished), "--username", USER, "--pwfile", str(passed),
                   "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        if self.overrides.get("fsync") == "off":
            command.append("--no-sync")
        try:
            ran = _run(command, user)
        finally:
            passed.unlink()
        if ran.returncode != 0:
            raise self._death("PostgreSQL could not create its data folder.", (ran.stdout + ran.stderr)[-2_000:])
        unfinished.replace(place / "data")


def _major_of(data: Path) -> int | None:
    """The major version of PostgreSQL that wrote a data folder; None if there is no data."""
    try:
        return int((data / "PG_VERSION").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _run(command: list[str], user: SystemUser | None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as the user, without environment variables that would make libpq use another server."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.run(
        command if user is None else user.command(command), env=plain, capture_output=True, text=True,
        timeout=READY_WITHIN_S, check=False,
    )


def answers(port: int) -> bool:
    """Whether PostgreSQL accepts connections on the port, that is, asks a client for its password."""
    parameters = b"user\0" + USER.encode() + b"\0database\0" + DATABASE.encode() + b"\0\0"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(struct.pack("!ii", len(parameters) + 8, 3 << 16) + parameters)
            return connection.recv(1) == b"R"
    except OSError:
        return False
