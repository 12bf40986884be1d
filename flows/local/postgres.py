"""A real PostgreSQL on this machine, without Docker, root or an installed server.

Its data and log lie under ``home/postgres``. It listens on loopback only and asks for a password, which is made with
the data. With ``stays`` it outlives its starter; without, it ends with it, kill -9 included.

PostgreSQL refuses to run as root. Started by root, the server runs as ``nobody``; if ``nobody`` cannot reach the home
folder or the programs, the data and a copy of the programs lie in a folder of their own under ``/var/tmp``, which the
file ``home/postgres/place`` names.
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

from filelock import FileLock

from flows.local.account import Account, server_account
from flows.local.faults import DiskFull, PostgresDied, need_room
from flows.local.postgres_programs import Programs, find_postgres
from flows.local.processes import Running, StateFile, choose_ports, spawn, stop, tail, wait_until

READY_WITHIN_S = 60.0
STOP_PATIENCE_S = 30.0  # a shutdown writes a checkpoint first
ROOM_BYTES = 200_000_000  # an empty cluster with its write-ahead log, and room for a small warehouse
USER = "dateline"
DATABASE = "postgres"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their usual place is not writable for every user, and nobody needs them
    "timezone": "UTC",
    "log_timezone": "UTC",
}
UNSAFE_AND_FAST: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "5s",
}
"""For tests alone: a crash of the machine may destroy the data. A killed server loses nothing that was committed,
except for the last moments of ``synchronous_commit = off``."""


def _quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class LocalPostgres:
    """The PostgreSQL of one home folder: at most one runs, whoever started it.

    ``port`` asks for a certain port; ``overrides`` are server settings on top of ``SETTINGS``.
    """

    home: Path
    port: int | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.home.absolute() / "postgres"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def _state(self) -> StateFile:
        return StateFile(self.folder / "running.json")

    @property
    def _place_note(self) -> Path:
        return self.folder / "place"

    @property
    def _password(self) -> Path:
        return self.folder / "password"

    def running(self) -> Running | None:
        """The server that runs on this home's data, also one that a killed process left behind."""
        state = self._state.read()
        return state if state is not None and state.process() is not None else None

    def url(self, running: Running, database: str = DATABASE) -> str:
        """The address of a database of this server, with its password."""
        return f"postgresql://{USER}:{self._password.read_text('utf-8')}@{running.address}/{database}"

    def start(self, *, stays: bool = False, tell: Callable[[str], None] = _quiet) -> Running:
        """Start the server and wait until it accepts connections; one that runs already is used as it is.

        Raises ``NoPostgres``, ``NoAccount``, ``PortTaken``, ``DiskFull`` or ``PostgresDied``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "start.lock"):
            running = self.running()
            if running is None:
                running = self._started(stays, tell)
            self._wait(running)
            return running

    def stop(self) -> bool:
        """Stop the server, closing its clients' connections; whether one ran."""
        running = self.running()
        process = running.process() if running is not None else None
        if process is not None:
            stop(process, STOP_PATIENCE_S, ask=signal.SIGINT)
        self._state.remove()
        return process is not None

    def remove(self) -> None:
        """Stop the server and remove its data and everything else of it."""
        self.stop()
        self._remove_place()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def for_now(self, tell: Callable[[str], None] = _quiet) -> Iterator[Running]:
        """A server for the length of a block: stopped after it, unless it ran before.

        A folder outside of the home that was made for it is removed too.
        """
        ran_before, had_place = self.running() is not None, self._place_note.exists()
        try:
            yield self.start(tell=tell)
        finally:
            if not ran_before:
                self.stop()
            if not had_place:
                self._remove_place()

    def _started(self, stays: bool, tell: Callable[[str], None]) -> Running:
        """The server's process, written down, whether or not it answers yet."""
        account = server_account()
        place = self._place(account)
        need_room(place, ROOM_BYTES)
        programs = find_postgres(_major_of(place / "data")).reachable_by(account, place)
        self._make_data(programs, account, place)
        (port,) = choose_ports(self.folder / "ports", 1, self.port)
        tell("Starting PostgreSQL …")
        settings = {**SETTINGS, "port": str(port), **self.overrides}
        command = [str(programs.postgres), "-D", str(place / "data")]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        process = spawn(command if account is None else account.command(command), self.log, stays=stays)
        running = Running("postgres", process.pid, process.create_time(), port, stays)
        self._state.write(running)
        return running

    def _place(self, account: Account | None) -> Path:
        """The folder that holds ``data``: this home's, unless the server's account cannot reach it."""
        if account is None or account.can_reach(self.folder):
            return self.folder
        with contextlib.suppress(OSError):
            place = Path(self._place_note.read_text("utf-8"))
            if place.is_dir():
                return place
        place = account.own_folder()
        self._place_note.write_text(str(place), "utf-8")
        return place

    def _remove_place(self) -> None:
        with contextlib.suppress(OSError):
            shutil.rmtree(self._place_note.read_text("utf-8"), ignore_errors=True)
            self._place_note.unlink()

    def _make_data(self, programs: Programs, account: Account | None, place: Path) -> None:
        """Make the data folder and the password of its one user, unless they are there; half a folder is made anew."""
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
        if account is not None:
            account.give(unfinished)
            account.give(passed)
        command = [str(programs.initdb), "--pgdata", str(unfinished), "--username", USER, "--pwfile", str(passed),
                   "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        if self.overrides.get("fsync") == "off":
            command.append("--no-sync")
        try:
            ran = _run(command, account)
        finally:
            passed.unlink()
        if ran.returncode != 0:
            raise self._death("PostgreSQL could not make its data folder.", (ran.stdout + ran.stderr)[-2_000:])
        unfinished.replace(place / "data")

    def _wait(self, running: Running) -> None:
        ready = wait_until(lambda: answers(running.port), lambda: running.process() is not None, READY_WITHIN_S)
        if ready:
            return
        process = running.process()
        if process is not None:
            stop(process, ask=signal.SIGINT)
        self._state.remove()
        raise self._death(
            "PostgreSQL ended while it started." if process is None
            else f"PostgreSQL did not accept connections within {READY_WITHIN_S:.0f} s.",
            tail(self.log),
        )

    def _death(self, what: str, text: str) -> PostgresDied | DiskFull:
        if "No space left on device" in text:
            return DiskFull(f"{what} The disk of {self.folder} is full.",
                            "Free some room, or set DATELINE_HOME to a folder on another disk.")
        do = f"See {self.log}. If its data is broken and may go, remove {self.folder}."
        return PostgresDied(what, do, text.strip())


def _major_of(data: Path) -> int | None:
    """The version of PostgreSQL that a data folder is of; None where there is none."""
    try:
        return int((data / "PG_VERSION").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _run(command: list[str], account: Account | None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as the account, without the variables by which libpq is told of other servers."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.run(
        command if account is None else account.command(command), env=plain, capture_output=True, text=True,
        timeout=READY_WITHIN_S, check=False,
    )


def answers(port: int) -> bool:
    """Whether a PostgreSQL there accepts connections: it asks a client for its password, and no longer says wait."""
    parameters = b"user\0" + USER.encode() + b"\0database\0" + DATABASE.encode() + b"\0\0"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(struct.pack("!ii", len(parameters) + 8, 3 << 16) + parameters)
            return connection.recv(1) == b"R"
    except OSError:
        return False
