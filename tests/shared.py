"""Servers that the shards of a run share: one Kafka and one Prefect server serve all of them.

The shard that needs a server first starts it, and it ends with that shard. So each shard waits at its end until no
other one uses what it has started.
"""

from __future__ import annotations

import fcntl
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from flows.local.processes import Running
from flows.local.server import LocalServer

SHARD = os.environ.get("PYTEST_XDIST_WORKER", "alone")
"""Names what is of this process on a server that shards share."""


def common_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that all shards of this run have in common; without shards, a folder of this process."""
    base = factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / name
    folder.mkdir(exist_ok=True)
    return folder


@dataclass(slots=True)
class SharedServers:
    """What this process uses. Its users hold a lock of each server that they share, even where a test is killed."""

    _used: list[tuple[LocalServer, IO[str], bool]] = field(default_factory=list)

    def start(self, server: LocalServer) -> Running:
        """The server, which runs until ``release`` was called by all its users."""
        users = (server.home / f"{server.name}.users").open("w")
        fcntl.flock(users, fcntl.LOCK_SH)
        ran_before = server.running() is not None
        running = server.start()
        self._used.append((server, users, not ran_before))
        return running

    def release(self) -> None:
        """Stop the servers that this process started, once all other processes have released them."""
        if (prefect := sys.modules.get("prefect.logging.handlers")) is not None:
            prefect.APILogHandler().flush()  # it would complain at the end of the process that the server is gone
        for _, users, _ in self._used:
            fcntl.flock(users, fcntl.LOCK_UN)
        for server, users, is_own in reversed(self._used):
            if is_own:
                fcntl.flock(users, fcntl.LOCK_EX)
                server.stop()
            users.close()
        self._used.clear()


SHARED = SharedServers()
"""This process's; the hook for the end of its session releases them."""
