"""A real Apicurio Registry, which speaks Confluent's API, and a scraper written in Java that uses it."""

from __future__ import annotations

import json
import subprocess
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.local.faults import ServerDied
from flows.local.jars import Jars, classpath
from flows.local.java import find_java
from flows.local.processes import Running, choose_ports, listens, spawn
from flows.local.server import LocalServer

HERE = Path(__file__).parent
APICURIO = Jars("Apicurio", "apicurio.jars", 142, __package__)
PRODUCER = Jars("the Java producer", "producer.jars", 28, __package__)
JVM_OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
COMPILED_WITHIN_S = 120


class ApicurioDied(ServerDied):
    """The registry ended, or was not ready in time."""


@dataclass(frozen=True, slots=True)
class LocalApicurio(LocalServer):
    """The registry of one home folder. Its schemas are in memory: they are gone when it ends."""

    name = "apicurio"
    title = "Apicurio"
    ready_within_s = 120.0
    died = ApicurioDied

    def url(self, running: Running) -> str:
        return f"http://{running.address}/apis/ccompat/v7"

    def own_url(self, running: Running) -> str:
        """The address of Apicurio's own API, which its serializer uses."""
        return f"http://{running.address}/apis/registry/v2"

    def _launched(self, stays: bool, notify: Callable[[str], None]) -> Running:
        application = self.folder / "app"
        if not application.exists():
            with tarfile.open(classpath(APICURIO, self.folder, notify)) as archive:
                archive.extractall(application, filter="data")
        (runner,) = application.glob("*-runner.jar")
        (port,) = choose_ports(self.folder / "ports", 1, self.port)
        named = (f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1")
        process = spawn([str(find_java()), *JVM_OPTIONS, *named, "-jar", str(runner)], self.log, stays=stays)
        return Running(self.name, process.pid, process.create_time(), port, stays)

    def _is_ready(self, running: Running) -> bool:
        if not listens(running.port):
            return False
        try:
            return ask(f"{self.url(running)}/subjects") is not None
        except (OSError, ValueError):
            return False


def ask(url: str, body: Mapping[str, Any] | None = None) -> Any:
    """What the registry answers, read without Dateline's client. Raises ``OSError`` for an answer above 399."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/vnd.schemaregistry.v1+json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def produce(
    folder: Path, schema: Mapping[str, Any], urls: Sequence[str], *, broker: str, registry: str, topic: str
) -> None:
    """Compiles ``Produce.java`` and sends one page for each URL with it."""
    java, jars = str(find_java()), classpath(PRODUCER, folder, lambda _: None)
    file = folder / "schema.avsc"
    file.write_text(json.dumps(schema), "utf-8")
    compiler = ["-cp", jars, "org.eclipse.jdt.internal.compiler.batch.Main", "-17", "-d", str(folder / "classes")]
    sends = ["-cp", f"{folder / 'classes'}:{jars}", "Produce", broker, registry, topic, str(file), *urls]
    for arguments in ([*compiler, str(HERE / "Produce.java")], sends):
        ran = subprocess.run(
            [java, *JVM_OPTIONS, *arguments], capture_output=True, text=True, timeout=COMPILED_WITHIN_S, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
