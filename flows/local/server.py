"""What the servers of this machine have in common: one to a home folder, written down, waited for, stopped."""

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
    """Notify nobody."""


@dataclass(frozen=True, slots=True)
class LocalServer(ABC):
    """The server of one home folder: at most one runs, whoever started it. ``port`` asks for a certain port."""

    home: Path
    port: int | None = None

    name: ClassVar[str]
    """Of its folder under the home."""
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
        """The server that runs on this home's data, also one that a killed process left behind."""
        state = self._state.read()
        return state if state is not None and state.process() is not None else None

    def start(self, *, stays: bool = False, notify: Callable[[str], None] = quiet) -> Running:
        """Start the server and wait until it is ready; one that runs already is used as it is.

        Raises ``PortTaken``, ``DiskFull``, its own ``ServerDied``, and what the class names.
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
        """Stop the server, cleanly if it can; whether one ran."""
        running = self.running()
        if running is not None:
            self._end(running)
        self._state.remove()
        return running is not None

    @contextlib.contextmanager
    def for_now(self, notify: Callable[[str], None] = quiet) -> Iterator[Running]:
        """A server for the length of a block: stopped after it, unless it ran before."""
        ran_before = self.running() is not None
        try:
            yield self.start(notify=notify)
        finally:
            if not ran_before:
                self.stop()

    @abstractmethod
    def _launched(self, stays: bool, notify: Callable[[str], None]) -> Running:
        """Start the process; it need not be ready."""

    @abstractmethod
    def _is_ready(self, running: Running) -> bool:
        """Whether the server that runs there answers its clients."""

    def _last_words(self) -> str:
        return tail(self.log)

    def _wait(self, running: Running) -> None:
        if wait_until(lambda: self._is_ready(running), lambda: running.process() is not None, self.ready_within_s):
            return
        has_ended = running.process() is None
        self._end(running)
        self._state.remove()
        raise self._death(
            f"{self.title} ended while it started." if has_ended
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
                            "Free some room, or set DATELINE_HOME to a folder on another disk.")
        do = f"See {self.log}. If its data is broken and may go, remove {self.folder}."
        return self.died(what, do, text.strip())
