"""A real Apache Kafka on this machine, without Docker, Maven or an installed Java.

Its data, logs and ports lie under ``home/kafka``; it listens on loopback only. It is ready when it answers an
admin call. With ``stays`` it outlives its starter (``dateline up``); without, it ends with it, kill -9 included.
"""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

import psutil
from filelock import FileLock

from flows.local.faults import BrokerDied, DiskFull, need_room
from flows.local.jars import kafka_classpath
from flows.local.java import find_java
from flows.local.processes import Running, StateFile, choose_ports, listens, spawn, stop, tail, wait_until

READY_WITHIN_S = 120.0
ROOM_BYTES = 300_000_000  # below it Kafka's own logs and indexes can fill the disk within a demo
HEAP = "-Xmx512m"
JVM_OPTIONS = (HEAP, "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


def _quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class LocalKafka:
    """The Kafka of one home folder: at most one runs, whoever started it.

    ``port`` asks for a certain port; ``overrides`` are broker settings on top of ``kafka.properties``.
    """

    home: Path
    port: int | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.home.absolute() / "kafka"

    @property
    def log(self) -> Path:
        return self.folder / "logs" / "server.log"

    @property
    def _console(self) -> Path:
        return self.folder / "logs" / "console.log"

    @property
    def _state(self) -> StateFile:
        return StateFile(self.folder / "running.json")

    def running(self) -> Running | None:
        """The broker that runs on this home's data, also one that a killed process left behind."""
        state = self._state.read()
        return state if state is not None and state.process() is not None else None

    def start(self, *, stays: bool = False, tell: Callable[[str], None] = _quiet) -> Running:
        """Start the broker and wait until it answers; one that runs already is used as it is.

        Raises ``NoJava``, ``JarsUnavailable``, ``PortTaken``, ``DiskFull`` or ``BrokerDied``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "start.lock"):
            running = self.running()
            if running is not None:
                self._wait(running)
                return running
            need_room(self.folder, ROOM_BYTES)
            java, classpath = find_java(), kafka_classpath(self.folder, tell)
            ports = choose_ports(self.folder / "ports", 2, self.port)
            settings = self._write_settings(*ports)
            self._format(java, classpath, settings)
            tell("Starting Kafka …")
            process = self._launch(java, classpath, settings, stays)
            running = Running("kafka", process.pid, process.create_time(), ports[0], stays)
            self._state.write(running)
            self._wait(running)
            return running

    def stop(self) -> bool:
        """Stop the broker, cleanly if it can; whether one ran."""
        running = self.running()
        process = running.process() if running is not None else None
        if process is not None:
            stop(process)
        self._state.remove()
        return process is not None

    @contextlib.contextmanager
    def for_now(self, tell: Callable[[str], None] = _quiet) -> Iterator[Running]:
        """A broker for the length of a block: stopped after it, unless it ran before."""
        ran_before = self.running() is not None
        running = self.start(tell=tell)
        try:
            yield running
        finally:
            if not ran_before:
                self.stop()

    def _write_settings(self, port: int, controller: int) -> Path:
        own = {
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self.folder / "data"),
            **self.overrides,
        }
        path = self.folder / "server.properties"
        base = files("flows.local").joinpath("kafka.properties").read_text("utf-8")
        path.write_text(base + "\n" + "".join(f"{key}={_escaped(value)}\n" for key, value in own.items()), "utf-8")
        return path

    def _format(self, java: Path, classpath: str, settings: Path) -> None:
        if (self.folder / "data" / "meta.properties").exists():
            return
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*self._java(java, classpath), "kafka.tools.StorageTool", "format", "--ignore-formatted",
                   f"--cluster-id={cluster}", "-c", str(settings)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=READY_WITHIN_S, check=False)
        if ran.returncode != 0:
            raise self._death("Kafka could not format its data folder.", (ran.stdout + ran.stderr)[-2_000:])

    def _java(self, java: Path, classpath: str) -> list[str]:
        with as_file(files("flows.local").joinpath("log4j2.properties")) as logging:
            return [str(java), *JVM_OPTIONS, f"-Dkafka.logs.dir={self.log.parent}",
                    f"-Dlog4j2.configurationFile={logging}", "-cp", classpath]

    def _launch(self, java: Path, classpath: str, settings: Path, stays: bool) -> psutil.Process:
        return spawn([*self._java(java, classpath), "kafka.Kafka", str(settings)], self._console, stays=stays)

    def _wait(self, running: Running) -> None:
        ready = wait_until(lambda: answers(running.address), lambda: running.process() is not None, READY_WITHIN_S)
        if ready:
            return
        process = running.process()
        died = process is None
        if process is not None:
            stop(process)
        self._state.remove()
        raise self._death(
            "Kafka ended while it started." if died else f"Kafka did not answer within {READY_WITHIN_S:.0f} s.",
            tail(self._console) + "\n" + tail(self.log),
        )

    def _death(self, what: str, text: str) -> BrokerDied | DiskFull:
        if "No space left on device" in text:
            return DiskFull(f"{what} The disk of {self.folder} is full.",
                            "Free some room, or set DATELINE_HOME to a folder on another disk.")
        do = f"See {self.log}. If its data is broken and may go, remove {self.folder}."
        return BrokerDied(what, do, text.strip())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")


def answers(address: str) -> bool:
    """Whether the broker there answers an admin call: the only sign that it is ready."""
    if not listens(int(address.rpartition(":")[2])):
        return False
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        admin = KafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5_000, bootstrap_timeout_ms=5_000)
    except KafkaError:
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()
