"""Starts servers as separate processes, records them in files, finds them again, and stops them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from flows.local.faults import PortTaken

TAIL_LINES = 12
STOP_PATIENCE_S = 10.0
KILLED_WITHIN_S = 10.0  # a killed process ends as soon as the machine gets to it


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs or ran, with what is needed to find its process again and to connect to it."""

    name: str
    pid: int
    created: float
    port: int
    stays: bool

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def process(self) -> psutil.Process | None:
        """The process; None if it has ended, is a zombie, or its id now belongs to another process."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < 2  # it changes a little when the clock is set
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True, slots=True)
class StateFile:
    """The file in which a server's ``Running`` is stored."""

    path: Path

    def write(self, running: Running) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(asdict(running)), "utf-8")
        new.replace(self.path)

    def read(self) -> Running | None:
        """The stored server, whether or not it still runs; None if there is none, or the file cannot be read."""
        try:
            return Running(**json.loads(self.path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def spawn(command: list[str], log: Path, *, stays: bool,
          environment: Mapping[str, str] | None = None) -> psutil.Process:
    """Start a server detached from the terminal. Unless ``stays``, it ends with this process, however that ends."""
    log.parent.mkdir(parents=True, exist_ok=True)
    supervisor = Path(__file__).with_name("supervise.py")
    parent = 0 if stays else os.getpid()
    with log.open("ab") as errors:
        started = subprocess.Popen(
            [sys.executable, "-I", "-S", str(supervisor), str(log), str(parent), *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            start_new_session=True, env=None if environment is None else {**os.environ, **environment},
        )
    assert started.stdout is not None
    with started.stdout as said:
        line = said.readline()
    if not line.strip():
        started.wait()
        raise OSError(f"Could not start {command[0]}: {tail(log, 1)}")
    if stays:
        started.wait()
    else:
        _SUPERVISORS.append(started)
    return psutil.Process(int(line))


_SUPERVISORS: list[subprocess.Popen[str]] = []  # kept so that Python does not warn about a running child


def stop(process: psutil.Process, patience_s: float = STOP_PATIENCE_S, *, ask: int = signal.SIGTERM) -> None:
    """Send the signal ``ask``, kill the process after ``patience_s``, and wait until it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(ask)
        try:
            process.wait(patience_s)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(KILLED_WITHIN_S)
    for supervisor in list(_SUPERVISORS):
        if supervisor.poll() is not None or _ends_soon(supervisor, process):
            _SUPERVISORS.remove(supervisor)


def _ends_soon(supervisor: subprocess.Popen[str], server: psutil.Process) -> bool:
    """Wait for the supervisor to end if it has no other child than the stopped server."""
    with contextlib.suppress(psutil.NoSuchProcess):
        others = [child for child in psutil.Process(supervisor.pid).children() if child.pid != server.pid]
        if others:
            return False
    try:
        supervisor.wait(5)
    except subprocess.TimeoutExpired:
        return False
    return True


def wait_until(ready: Callable[[], bool], alive: Callable[[], bool], patience_s: float) -> bool:
    """Whether ``ready`` became true before the process ended and before ``patience_s`` was over."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if ready():
            return True
        if not alive():
            return False
        time.sleep(0.1)
    return False


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Different ports on which nothing listens."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def choose_ports(remembered: Path, count: int, asked: int | None = None) -> list[int]:
    """The ports that the server had last time if they are free, so that clients' settings keep working; else free ones.

    Raises ``PortTaken`` if the port ``asked`` is not free.
    """
    if asked is not None and not is_free(asked):
        raise PortTaken(
            f"Port {asked} of this machine is used by another process.",
            "Stop that process, or do not name a port, to get a free one.",
        )
    ports: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        ports = [int(port) for port in remembered.read_text("utf-8").split()]
    if len(ports) != count or not all(is_free(port) for port in ports):
        ports = free_ports(count)
    if asked is not None:
        ports[0] = asked
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(" ".join(map(str, ports)), "utf-8")
    return ports


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log; only its end is read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8_000))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(line[:400] for line in text.splitlines()[-lines:])
