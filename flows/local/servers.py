"""Starts the local Kafka and Prefect in parallel; servers that already run are used and left running."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from flows.targets import API_URL

if TYPE_CHECKING:
    from flows.local.processes import Running
    from flows.local.server import LocalServer
    from pipelines.settings import Settings


class Servers:
    """The local servers that are needed, as the settings name no others; ``started`` are those that this started."""

    def __init__(self, settings: Settings, *, all_of_them: bool = False) -> None:
        from flows.local.kafka import LocalKafka
        from flows.local.prefect import LocalPrefect

        self.kafka = LocalKafka(settings.home) if all_of_them or not settings.kafka.bootstrap_servers else None
        self.prefect = LocalPrefect(settings.home) if all_of_them or not os.environ.get(API_URL) else None
        self.started: list[LocalServer] = []

    def start(self, *, stays: bool = False, notify: Callable[[str], None] = lambda _: None) -> None:
        """Start both in parallel; if one cannot be started, or on Ctrl-C, stop the other."""
        wanted: list[LocalServer] = [server for server in (self.kafka, self.prefect) if server is not None]
        self.started = [server for server in wanted if server.running() is None]
        with ThreadPoolExecutor(2) as pool:
            starting = [pool.submit(_start, server, stays, notify) for server in wanted]
            try:
                for one in starting:
                    one.result()
            except BaseException:
                self._stop_while(starting)
                raise

    def stop_started(self) -> None:
        for server in reversed(self.started):
            server.stop()
        self.started = []

    def _stop_while(self, starting: list[Future[Running]]) -> None:
        """Stop all servers, also one that is just being started and is recorded a moment after it runs."""
        while True:
            done = all(one.done() for one in starting)
            for server in self.started:
                server.stop()
            if done:
                return
            time.sleep(0.1)


def _start(server: LocalServer, stays: bool, notify: Callable[[str], None]) -> Running:
    return server.start(stays=stays, notify=notify)
