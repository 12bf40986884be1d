"""Writes the output of libraries to a log file, and to the screen only with ``--verbose``."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, cast

from flows.cli.screen import Screen
from flows.rotation import Logs
from pipelines.secrets import MaskedStream


@dataclass(frozen=True, slots=True)
class Logged:
    """The screen of a command, and the log file for everything else."""

    screen: Screen
    log: Path


@contextmanager
def output_to_log(logs: Logs, name: str, *, verbose: bool) -> Iterator[Logged]:
    """Keep the terminal for the command's own output; redirect that of libraries and child processes to the log file.

    The file descriptors are redirected, because Java, C++ and child processes do not write through Python.
    """
    folder = logs.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    logs.bound()
    path = folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    with _log_file(path) as log:
        handlers = _log_handlers(log, verbose=verbose)
        root = logging.getLogger()
        level = root.level
        for handler in handlers:
            root.addHandler(handler)
        root.setLevel(logging.INFO)
        logging.captureWarnings(True)
        try:
            if verbose or not _is_own_process():
                yield Logged(Screen(), path)
            else:
                with _descriptors_to(log) as screen:
                    yield Logged(screen, path)
        finally:
            logging.captureWarnings(False)
            root.setLevel(level)
            for handler in handlers:
                root.removeHandler(handler)
    if not path.stat().st_size:
        path.unlink()


@contextmanager
def _log_file(path: Path) -> Iterator[TextIO]:
    """Open the log file; a fault when it is closed, such as a full disk, is ignored and hides no other fault."""
    log = path.open("a", encoding="utf-8", errors="backslashreplace")
    try:
        yield log
    finally:
        with suppress(OSError):
            log.close()


def _log_handlers(log: TextIO, *, verbose: bool) -> list[logging.Handler]:
    streams = [log, sys.stderr] if verbose else [log]
    handlers: list[logging.Handler] = [logging.StreamHandler(stream) for stream in streams]
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    return handlers


def _is_own_process() -> bool:
    """False inside a test runner or another program, whose file descriptors must not be redirected."""
    try:
        untouched = sys.__stdout__ is not None and sys.stdout is sys.__stdout__
        return untouched and (sys.stdout.fileno(), sys.stderr.fileno()) == (1, 2)
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def _descriptors_to(log: TextIO) -> Iterator[Screen]:
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    python_streams = sys.stdout, sys.stderr
    with (
        os.fdopen(os.dup(kept[0]), "w", encoding="utf-8", errors="replace") as out,
        os.fdopen(os.dup(kept[1]), "w", encoding="utf-8", errors="replace") as notes,
    ):
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            sys.stdout = sys.stderr = cast("TextIO", MaskedStream(log))
            yield Screen(out, notes)
        finally:
            with suppress(OSError):
                log.flush()
            sys.stdout, sys.stderr = python_streams
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            for descriptor in kept:
                os.close(descriptor)
