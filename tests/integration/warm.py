"""Forks runs of ``dateline`` from a process that has loaded what they load: most of a cold start is imports.

It reads lines of JSON (``Asked``). For each it forks a run that leads a session and a process group of its own, and
prints the run's number with its pid, and later with its exit code. A run is the real
one: the command line's ``main`` with the arguments, environment and folder that are asked for. Its worker processes
belong to its group and are forked from a fork server of its own, which is itself forked here instead of started.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from multiprocessing import connection, forkserver
from pathlib import Path
from typing import NoReturn, TypedDict

from pipelines.runtime.workers import PR_SET_PDEATHSIG
from tests.one_thread import use_one_thread

PAUSING = Path(__file__).parent / "pausing"
WITH_WORKERS = {"ingest", "rejected", "scrapers", "reprocess", "backfill", "demo"}
WITHOUT_PREFECT = {"status", "query", "ledger", "inspect", "publish"}
"""Commands that never import Prefect, so that its settings are of no consequence to them."""


class Asked(TypedDict):
    """A run: ``step`` is a file that is to hold the step which the run has come to, or empty."""

    run: int
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    output: str
    step: str


def main() -> None:
    _die_with_parent()
    _load()
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    _report("warm")
    running: dict[int, int] = {}
    for asked in _asked(woken, partial(_reap, running)):
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(woken)
            os.close(wake)
            _run(asked)
        running[pid] = asked["run"]
        _report(f"{asked['run']} {pid}")


def _asked(woken: int, reap: Callable[[], None]) -> Iterator[Asked]:
    """What is asked for on standard input until that is closed; meanwhile children that end are waited for."""
    waiting = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            with suppress(BlockingIOError):
                os.read(woken, 4_096)
            reap()
        if 0 in ready:
            read = os.read(0, 1 << 20)
            if not read:
                return
            *lines, waiting = (waiting + read).split(b"\n")
            yield from map(json.loads, lines)


def _reap(running: dict[int, int]) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] in running:
                _report(f"{running.pop(ended[0])} {os.waitstatus_to_exitcode(ended[1])}")


def _report(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def _load() -> None:
    """What every run loads, and what its workers do."""
    from pipelines.settings import Settings

    settings = Settings()
    from flows.targets import describe_prefect

    describe_prefect(settings.home, verbose=False)
    import anyio._backends._asyncio  # which Prefect's client imports when it is first used
    import fastapi.encoders  # which Prefect imports when a flow starts
    import kafka
    import prefect.flow_engine
    import prefect.task_engine
    import prefect.utilities.visualization
    import pyarrow.dataset  # which pyarrow imports when a file is read

    import flows.cli.app
    import flows.cli.ingesting
    import flows.cli.logs
    import flows.ingest
    import flows.release
    import flows.replay
    import pipelines.clean.dump
    import pipelines.clean.scraped
    import pipelines.jobs.archive
    import pipelines.jobs.names
    import pipelines.runtime.local
    import pipelines.sinks.dead_letters
    import pipelines.sinks.outbox_topic
    import pipelines.sources.bounded
    import pipelines.warehouse.quality
    from pipelines.jobs.preload import load_all
    from pipelines.warehouse import duckdb, postgres

    del anyio, fastapi, flows, kafka, pipelines, prefect, pyarrow, duckdb, postgres
    load_all(settings)
    use_one_thread()
    _run_once(settings.home)


def _run_once(folder: Path) -> None:
    """What a process compiles or makes when it first needs it, of the steps, the job and the report, is made here."""
    from flows.quality.page import templates
    from pipelines.jobs.audit import audit_here
    from pipelines.samples import sample_messages
    from tests.warehouse.sampled import staged_samples

    audit_here(staged_samples(folder / "once", islice(sample_messages(), 24)))
    templates().get_template("page.html")
    gc.collect()
    gc.freeze()


def _run(asked: Asked) -> NoReturn:
    code: object = 70
    try:
        os.setsid()
        _die_with_parent()
        sys.argv = ["dateline", *asked["arguments"]]
        _take_on(asked["environment"], Path(asked["folder"]), Path(asked["output"]))
        if str(PAUSING) in asked["environment"]["PYTHONPATH"]:
            runpy.run_path(str(PAUSING / "sitecustomize.py"))
        if asked["step"]:
            from flows.watching import Watcher

            Watcher.step = lambda _self, name, _batch: _write_step(Path(asked["step"]), name)  # type: ignore[method-assign]
        if asked["arguments"][0] in WITH_WORKERS and asked["environment"].get("DATELINE_BATCH__WORKERS") != "0":
            _fork_server()
        from flows.cli.app import main as dateline

        dateline()
        code = 0
    except SystemExit as ended:
        code = ended.code
    finally:
        _end(code if isinstance(code, int) else 0 if code is None else 1)


def _end(code: int) -> NoReturn:
    """As the interpreter ends a process, without the seconds that it takes to free what was loaded."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        os._exit(code)


def _take_on(environment: dict[str, str], folder: Path, output: Path) -> None:
    """The environment, folder and descriptors that a new process would have been started with."""
    said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for taken, own in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(taken, own)
    os.close(said)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    tempfile.tempdir = None
    sys.path[:0] = [path for path in environment["PYTHONPATH"].split(os.pathsep) if path not in sys.path]
    if sys.argv[1] not in WITHOUT_PREFECT:
        _read_prefect_settings()


def _read_prefect_settings() -> None:
    """Prefect reads its settings as it is imported; those of this environment are others. Its logging is set up then
    too, for a run that is not verbose."""
    from flows.targets import describe_prefect
    from pipelines.settings import Settings

    is_verbose = "--verbose" in sys.argv
    with suppress(ValueError):  # settings that are wrong: the command says so
        describe_prefect(Settings().home, verbose=is_verbose)
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()
    if is_verbose:
        from prefect.logging.configuration import setup_logging

        setup_logging()


def _fork_server() -> None:
    """Readies a fork server for the run's workers, as ``multiprocessing.forkserver`` would start one."""
    address = connection.arbitrary_address("AF_UNIX")
    alive, is_alive = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        pid = os.fork()
        if not pid:
            try:
                os.close(is_alive)
                from pipelines.jobs.preload import preload

                preload()
                forkserver.main(listener.detach(), alive, [])
            finally:
                os._exit(0)
    os.close(alive)
    server = forkserver._forkserver  # type: ignore[attr-defined]
    server._forkserver_address, server._forkserver_alive_fd, server._forkserver_pid = address, is_alive, pid


def _die_with_parent() -> None:
    """Linux only: a test or a soak that is itself killed leaves no run behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _write_step(path: Path, step: str) -> None:
    """Whole or not at all: the run may be killed while it writes."""
    new = path.with_suffix(".new")
    new.write_text(step)
    new.replace(path)
