"""A real Apache Flink on this machine, without Docker or a Flink distribution: a JobManager and two TaskManagers.

Everything is under ``home/flink`` and listens on loopback only. Each TaskManager has one slot, so that a job of two
parallel parts runs on both. ``JobServer`` is Beam's gateway to a Flink cluster, wherever that runs: it takes the jobs
of a run and submits them. Flink writes no ready file: the JobManager's REST interface says what is ready.
"""

from __future__ import annotations

import shutil
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.local.faults import FlinkDied, need_room
from flows.local.jars import FLINK, classpath
from flows.local.java import find_java
from flows.local.processes import Running, choose_ports, listens, spawn
from flows.local.server import LocalServer, quiet
from pipelines.runtime.flink import FlinkUnavailable, describe_cluster

TASK_MANAGERS = 2
READY_WITHIN_S = 180.0
ROOM_BYTES = 500_000_000  # the jars of a job are copied to each TaskManager
PORTS = ("rest.port", "jobmanager.rpc.port", "blob.server.port")
OPENED = (  # packages that Flink reads by reflection, from its own list for Java 17
    "java.lang", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.text", "java.time", "java.util",
    "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks", "sun.net.util", "sun.nio.ch",
)
JVM_OPTIONS = (
    "-Xmx512m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED),
    "--add-opens=java.rmi/sun.rmi.registry=ALL-UNNAMED", "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
    "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
)
SETTINGS = {
    "jobmanager.bind-host": "127.0.0.1",
    "jobmanager.rpc.address": "127.0.0.1",
    "jobmanager.memory.heap.size": "512m",
    "rest.address": "127.0.0.1",
    "rest.bind-address": "127.0.0.1",
    "taskmanager.host": "127.0.0.1",
    "taskmanager.bind-host": "127.0.0.1",
    "taskmanager.numberOfTaskSlots": "1",
    "cluster.evenly-spread-out-slots": "true",
    # Beam is on the class path: with the copy that each job brings, a Python process would end after each stage
    "classloader.resolve-order": "parent-first",
    # a lost TaskManager is noticed in seconds, and its job fails: the next run reads the batch again
    "heartbeat.interval": "2000",
    "heartbeat.timeout": "20000",
    # without Flink's scripts nobody computes these from one total
    "taskmanager.cpu.cores": "1.0",
    "taskmanager.memory.task.heap.size": "256m",
    "taskmanager.memory.task.off-heap.size": "64m",
    "taskmanager.memory.framework.heap.size": "128m",
    "taskmanager.memory.framework.off-heap.size": "64m",
    "taskmanager.memory.network.min": "64m",
    "taskmanager.memory.network.max": "64m",
    "taskmanager.memory.managed.size": "128m",
    "taskmanager.memory.jvm-metaspace.size": "256m",
    "taskmanager.memory.jvm-overhead.min": "192m",
    "taskmanager.memory.jvm-overhead.max": "192m",
}


@dataclass(frozen=True, slots=True)
class _FlinkProcess(LocalServer):
    """One Java process of Flink or Beam, in a folder of its own under ``home/flink``."""

    title = "Flink"
    ready_within_s = READY_WITHIN_S
    died = FlinkDied

    @property
    def folder(self) -> Path:
        return self.home.absolute() / "flink" / self.name

    @property
    def _configuration(self) -> Path:
        return self.folder / "conf"

    @abstractmethod
    def _command(self, notify: Callable[[str], None]) -> tuple[list[str], int]:
        """The main class with its arguments, and the port by which the process is found."""

    def _launched(self, stays: bool, notify: Callable[[str], None]) -> Running:
        need_room(self.folder, ROOM_BYTES)
        java, jars = find_java(), classpath(FLINK, self.folder.parent, notify)
        command, port = self._command(notify)
        process = spawn([str(java), *JVM_OPTIONS, "-cp", jars, *command], self.log, stays=stays)
        return Running(self.name, process.pid, process.create_time(), port, stays)

    def _configure(self, own: Mapping[str, object]) -> None:
        self._configuration.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        text = "".join(f"{name}: {value}\n" for name, value in {**SETTINGS, "io.tmp.dirs": temporary, **own}.items())
        (self._configuration / "config.yaml").write_text(text, "utf-8")


@dataclass(frozen=True, slots=True)
class JobManager(_FlinkProcess):
    """Flink's JobManager: it takes jobs by its REST interface at ``port`` and hands their parts to TaskManagers."""

    name = "jobmanager"

    def _command(self, notify: Callable[[str], None]) -> tuple[list[str], int]:
        notify("Starting Flink …")
        choose_ports(self._ports, len(PORTS), self.port)
        ports = self.ports()
        self._configure(ports)
        main = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
        return [main, "--configDir", str(self._configuration)], ports[PORTS[0]]

    def _is_ready(self, running: Running) -> bool:
        return listens(running.port) and _answers(running.address)

    @property
    def _ports(self) -> Path:
        return self.folder / "ports"

    def ports(self) -> dict[str, int]:
        """The settings by which a TaskManager finds this JobManager."""
        return dict(zip(PORTS, map(int, self._ports.read_text("utf-8").split()), strict=True))


@dataclass(frozen=True, slots=True)
class TaskManager(_FlinkProcess):
    """One of Flink's TaskManagers; each runs one part of a job, and starts the Python process that does its work."""

    number: int = 1
    name = "taskmanager"

    @property
    def folder(self) -> Path:
        return self.home.absolute() / "flink" / self.resource

    @property
    def resource(self) -> str:
        """The name by which the JobManager lists it."""
        return f"{self.name}-{self.number}"

    @property
    def _manager(self) -> JobManager:
        return JobManager(self.home)

    def _command(self, notify: Callable[[str], None]) -> tuple[list[str], int]:
        ports = self._manager.ports()
        self._configure({**ports, "taskmanager.resource-id": self.resource})
        main = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
        return [main, "--configDir", str(self._configuration)], ports[PORTS[0]]

    def _is_ready(self, running: Running) -> bool:
        try:
            return self.resource in describe_cluster(running.address).task_managers
        except FlinkUnavailable:
            return False


@dataclass(frozen=True, slots=True)
class JobServer(_FlinkProcess):
    """Beam's job server, which submits the jobs of one run to the Flink cluster whose REST interface is ``master``."""

    master: str = ""
    run: int = 0
    """Process id of the run that it serves: each run has its own, so that none stops that of another one."""
    name = "jobserver"
    title = "Beam's job server"

    @property
    def folder(self) -> Path:
        return self.home.absolute() / "flink" / f"{self.name}-{self.run}"

    def _command(self, notify: Callable[[str], None]) -> tuple[list[str], int]:
        notify("Starting Beam's job server …")
        port, artifacts = choose_ports(self.folder / "ports", 2)
        self._configure({})
        return [
            "org.apache.beam.runners.flink.FlinkJobServerDriver", "--flink-master", self.master,
            "--flink-conf-dir", str(self._configuration), "--job-host", "127.0.0.1", "--job-port", str(port),
            "--artifact-port", str(artifacts), "--expansion-port", "-1",
            "--artifacts-dir", str(self.folder / "artifacts"), "--clean-artifacts-per-job",
        ], port

    def _is_ready(self, running: Running) -> bool:
        return listens(running.port)

    @contextmanager
    def for_run(self, notify: Callable[[str], None] = quiet) -> Iterator[Running]:
        """Run the job server for the block, and remove its folder and those that killed runs left."""
        try:
            with self.for_now(notify) as running:
                yield running
        finally:
            for folder in self.folder.parent.glob(f"{self.name}-*"):
                one = JobServer(self.home, master=self.master, run=int(folder.name.rpartition("-")[2]))
                if one.running() is None:
                    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class LocalFlink:
    """The Flink cluster of one home folder: its JobManager and its TaskManagers."""

    home: Path

    @property
    def processes(self) -> tuple[_FlinkProcess, ...]:
        managers = (TaskManager(self.home, number=number) for number in range(1, TASK_MANAGERS + 1))
        return (JobManager(self.home), *managers)

    def running(self) -> Running | None:
        """The JobManager, whose address is that of the cluster; None if it does not run."""
        return self.processes[0].running()

    def start(self, *, stays: bool = False, notify: Callable[[str], None] = quiet) -> Running:
        """Start what does not run yet, and wait until each TaskManager has come to the JobManager."""
        manager, *others = (process.start(stays=stays, notify=notify) for process in self.processes)
        del others
        return manager

    def stop(self) -> bool:
        """Stop all processes; return whether one ran."""
        return any(list(map(_FlinkProcess.stop, reversed(self.processes))))


def _answers(address: str) -> bool:
    try:
        describe_cluster(address)
    except FlinkUnavailable:
        return False
    return True
