"""Wraps every command: reads settings, sets up screen and log file, shows errors as a panel, sets the exit code."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.screen import Screen, safe
from flows.faults import EXIT_CODES, INTERRUPTED, USAGE, Explained, code_of, explain
from pipelines.secrets import learn_environment, learn_secrets, redact

if TYPE_CHECKING:
    from pipelines.settings import Settings

__all__ = ["EXIT_CODES", "AsJson", "Command", "Verbose", "command", "remember_verbose"]

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the libraries' own logs and tracebacks.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for scripts instead of tables.")]

_verbose_before_the_command = False


def remember_verbose(value: bool) -> None:
    """Remember ``dateline --verbose COMMAND``, which means the same as ``dateline COMMAND --verbose``."""
    global _verbose_before_the_command  # noqa: PLW0603  one process, one command line
    _verbose_before_the_command = value


@dataclass(frozen=True, slots=True)
class Command:
    """The settings, the screen and the log of a command."""

    name: str
    settings: Settings
    screen: Screen
    log: Path
    verbose: bool


class Terminated(BaseException):
    """SIGTERM was received: the command cleans up as after Ctrl-C."""


@contextmanager
def command(name: str, *, verbose: bool = False, **changes: object) -> Iterator[Command]:
    """Run the body of a command; ``changes`` are settings that its flags override (None overrides nothing)."""
    from flows.cli.logs import output_to_log
    from flows.rotation import Logs
    from flows.targets import make_home
    from pipelines.settings import SettingsWrong

    verbose = verbose or _verbose_before_the_command
    learn_environment(os.environ)
    settings = _read_settings({key: value for key, value in changes.items() if value is not None})
    learn_secrets(settings)
    try:
        make_home(settings)
        with _signals(), output_to_log(Logs(settings.home, settings.log_bytes), name, verbose=verbose) as logged:
            code = 0
            try:
                yield Command(name, settings, logged.screen, logged.log, verbose)
            except typer.Exit as ended:
                code = ended.exit_code
            except (KeyboardInterrupt, Terminated) as stop:
                logged.screen.note("[yellow]Stopped.[/yellow]")
                code = INTERRUPTED if isinstance(stop, KeyboardInterrupt) else 128 + signal.SIGTERM
            except BrokenPipeError:
                _discard_output(logged.screen)
                code = 128 + signal.SIGPIPE
            except Exception as fault:  # noqa: BLE001  outermost handler: the screen gets the explanation, the log the traceback
                code = _report(fault, logged.screen, logged.log, verbose=verbose)
    except (OSError, SettingsWrong) as fault:
        _panel(Screen(), explain(fault), None)
        code = code_of(fault)
    if code:
        raise typer.Exit(code)


def _report(fault: Exception, screen: Screen, log: Path, *, verbose: bool) -> int:
    logging.getLogger("dateline").error("%s", fault, exc_info=fault)
    if verbose:
        import traceback

        sys.stderr.write(redact("".join(traceback.format_exception(fault))))
    _panel(screen, explain(fault), log)
    return code_of(fault)


def _panel(screen: Screen, report: Explained, log: Path | None) -> None:
    from rich.panel import Panel

    lines = ["\n".join(safe(line, 600) for line in report.why.splitlines()[:30])]
    if report.do:
        lines.append("\n[bold]What to do:[/bold] " + "\n".join(safe(line, 600) for line in report.do.splitlines()[:30]))
    if log:
        lines.append(f"[dim]Log: {safe(log, 500)}[/dim]")
    screen.notes.print(Panel("\n".join(lines), title=safe(report.title), title_align="left", border_style="red"))


def _read_settings(changes: dict[str, Any]) -> Settings:
    from pipelines.environment import read_settings
    from pipelines.settings import SettingsWrong

    try:
        return read_settings(**changes)
    except SettingsWrong as fault:
        _panel(Screen(), explain(fault), None)
        raise typer.Exit(USAGE) from None


@contextmanager
def _signals() -> Iterator[None]:
    """The first Ctrl-C stops the work, the second prints that it is stopping, the third ends the cleanup."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = 0

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed += 1
        if pressed == 2:
            os.write(2, b"Stopping. Press Ctrl-C again to quit without cleaning up.\n")
        else:
            raise KeyboardInterrupt

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, interrupt),
        signal.SIGTERM: signal.signal(signal.SIGTERM, terminate),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _discard_output(screen: Screen) -> None:
    """Redirect the output to nowhere, because its reader has gone and closing it would raise."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, screen.out.file.fileno())
    finally:
        os.close(nothing)
