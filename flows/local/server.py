"""Base class of the local servers: at most one for each home folder, recorded in a file, started and stopped."""

from __future__ import annotations

import contextlib
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from filelock import FileLock

from flows.local.faults import DiskFull, ServerDied
from flows.local.processes import STOP_PATIENCE_S, Running, StateFile, stop, tail, wait_until


def quiet(_: str) -> None:
    """Ignore the notification."""


@dataclass(frozen=True, slots=True)
class LocalServer(ABC):
    """The server of one home folder; at most one runs, whoever started it. ``port`` is the wanted port, if any."""

    home: Path
    port: int | None = None

    name: ClassVar[str]
    """Name of its folder in the home."""
    title: ClassVar[str]
    ready_within_s: ClassVar[float]
    died: ClassVar[type[ServerDied]]
    stop_signal: ClassVar[int] = signal.SIGTERM
    stop_patience_s: ClassVar[float] = STOP_PATIENCE_S

    @property
    def folder(self) -> Path:
        return self.home.absolute() / self.name

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def _state(self) -> StateFile:
        return StateFile(self.folder / "running.json")

    def running(self) -> Running | None:
        """The server that runs in this home, also one that a killed process left behind; None if none runs."""
        state = self._state.read()
        return state if state is not None and state.process() is not None else None

    def start(self, *, stays: bool = False, notify: Callable[[str], None] = quiet) -> Running:
        """Start the server and wait until it is ready. If it already runs, it is used as it is.

        Raises ``PortTaken``, ``DiskFull``, the class ``died``, and the faults that the subclass names.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "start.lock"):
            running = self.running()
            if running is None:
                running = self._launched(stays, notify)
                self._state.write(running)
            self._wait(running)
            return running

    def stop(self) -> bool:
        """Stop the server, cleanly if possible; return whether one ran."""
        running = self.running()
        if running is not None:
            self._end(running)
        self._state.remove()
        return running is not None

    @contextlib.contextmanager
    def for_now(self, notify: Callable[[str], None] = quiet) -> Iterator[Running]:
        """Run a server for the block and stop it afterwards, unless it ran before."""
        ran_before = self.running() is not None
        try:
            yield self.start(notify=notify)
        finally:
            if not ran_before:
                self.stop()

    @abstractmethod
    def _launched(self, stays: bool, notify: Callable[[str], None]) -> Running:
        """Start the process; it need not be ready when this returns."""

    @abstractmethod
    def _is_ready(self, running: Running) -> bool:
        """Whether the server answers its clients."""

    def _last_words(self) -> str:
        return tail(self.log)

    def _wait(self, running: Running) -> None:
        if wait_until(lambda: self._is_ready(running), lambda: running.process() is not None, self.ready_within_s):
            return
        has_ended = running.process() is None
        self._end(running)
        self._state.remove()
        raise self._death(
            f"{self.title} ended during its start." if has_ended
            else f"{self.title} was not ready within {self.ready_within_s:.0f} s.",
            self._last_words(),
        )

    def _end(self, running: Running) -> None:
        process = running.process()
        if process is not None:
            stop(process, self.stop_patience_s, ask=self.stop_signal)

    def _death(self, what: str, text: str) -> ServerDied | DiskFull:
        if "No space left on device" in text:
            return DiskFull(f"{what} The disk of {self.folder} is full.",
                            "Free some disk space, or set DATELINE_HOME to a folder on another disk.")
        do = f"Read {self.log}. If the data is damaged and not needed, remove {self.folder}."
        return self.died(what, do, text.strip())
