"""A real Apache Kafka on this machine, without Docker, Maven or an installed Java.

Its data, logs and ports are under ``home/kafka``, and it listens on loopback only. It is ready when it answers an admin
request. With ``stays`` it keeps running after the process that started it (``dateline up``); without, it ends with that
process, even after kill -9.
"""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

from flows.local.faults import BrokerDied, need_room
from flows.local.jars import KAFKA, classpath
from flows.local.java import find_java
from flows.local.processes import Running, choose_ports, listens, spawn, tail
from flows.local.server import LocalServer

READY_WITHIN_S = 120.0
ROOM_BYTES = 300_000_000  # with less, Kafka's own logs and indexes can fill the disk during a demo
HEAP = "-Xmx512m"
JVM_OPTIONS = (HEAP, "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


@dataclass(frozen=True, slots=True)
class LocalKafka(LocalServer):
    """The Kafka of one home folder; ``overrides`` are broker settings in addition to ``kafka.properties``.

    ``start`` also raises ``NoJava`` and ``JarsUnavailable``.
    """

    name = "kafka"
    title = "Kafka"
    ready_within_s = READY_WITHIN_S
    died = BrokerDied
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "logs" / "server.log"

    @property
    def _console(self) -> Path:
        return self.folder / "logs" / "console.log"

    def _launched(self, stays: bool, notify: Callable[[str], None]) -> Running:
        need_room(self.folder, ROOM_BYTES)
        java, jars = find_java(), classpath(KAFKA, self.folder, notify)
        ports = choose_ports(self.folder / "ports", 2, self.port)
        settings = self._write_settings(*ports)
        self._format(java, jars, settings)
        notify("Starting Kafka …")
        process = spawn([*self._java(java, jars), "kafka.Kafka", str(settings)], self._console, stays=stays)
        return Running(self.name, process.pid, process.create_time(), ports[0], stays)

    def _is_ready(self, running: Running) -> bool:
        return answers(running.address)

    def _last_words(self) -> str:
        return tail(self._console) + "\n" + tail(self.log)

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

    def _format(self, java: Path, jars: str, settings: Path) -> None:
        if (self.folder / "data" / "meta.properties").exists():
            return
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*self._java(java, jars), "kafka.tools.StorageTool", "format", "--ignore-formatted",
                   f"--cluster-id={cluster}", "-c", str(settings)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=READY_WITHIN_S, check=False)
        if ran.returncode != 0:
            raise self._death("Kafka could not format its data folder.", (ran.stdout + ran.stderr)[-2_000:])

    def _java(self, java: Path, jars: str) -> list[str]:
        with as_file(files("flows.local").joinpath("log4j2.properties")) as logging:
            return [str(java), *JVM_OPTIONS, f"-Dkafka.logs.dir={self.log.parent}",
                    f"-Dlog4j2.configurationFile={logging}", "-cp", jars]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")


def answers(address: str) -> bool:
    """Whether the broker answers an admin request, which is the only sign that it is ready."""
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
