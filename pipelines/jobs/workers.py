"""Standing worker processes, each with its models warm, that run parts of a batch and cannot hang the run."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pebble import ProcessExpired, ProcessPool

from pipelines.jobs.quiet import quiet
from pipelines.transforms import progress

PR_SET_PDEATHSIG = 1
POLL_S = 0.2


class RunFailed(RuntimeError):
    """The batch could not be transformed, and nothing moved: says which part of the machine or rules failed."""


def warm_up() -> ForkServerContext:
    """Starts, once, the process that workers are forked from: it loads libraries and models in the background.

    Calling it early lets a run connect to its servers while its workers get ready.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipelines.jobs.preload"])
    forkserver.ensure_running()
    return context


class Workers:
    """Worker processes that stand from batch to batch; with ``count=0`` the calls run in this process.

    Use as a context manager: they are stopped at its end, and die with this process whatever kills it.
    """

    def __init__(self, count: int, log_file: Path | None = None) -> None:
        self.count, self.log_file = count, log_file
        self._done: Synchronized[int] | None = None
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        if self.count:
            context = warm_up()
            self._done = context.Value("q", 0)
            self._pool = ProcessPool(
                max_workers=self.count,
                initializer=_start_worker,
                initargs=(self._done, self.log_file),
                context=context,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None

    def map[A, R](
        self,
        function: Callable[[A], R],
        parts: Sequence[A],
        deadline_s: float,
        report: Callable[[int], None] | None = None,
    ) -> list[R]:
        """``function`` on each part, in the parts' order; ``report`` gets the records done so far.

        Raises:
            RunFailed: a worker died or the deadline passed; the others are stopped and their work is dropped.
        """
        if self._pool is None or self._done is None:
            return [function(part) for part in parts]
        self._done.value = 0
        futures = [self._pool.schedule(function, args=(part,), timeout=deadline_s) for part in parts]
        started = time.monotonic()
        try:
            self._watch(futures, report, started + deadline_s)
            return [future.result() for future in futures]
        except TimeoutError as late:
            raise RunFailed(
                f"a part of the batch was not done within {deadline_s:.0f} s and its worker was stopped. Nothing was "
                "loaded. Raise DATELINE_BATCH__DEADLINE_S, or lower DATELINE_BATCH__MAX_RECORDS, and run again."
            ) from late
        except ProcessExpired as death:
            raise RunFailed(
                f"a worker process died ({_cause(death)}). Nothing was loaded. Run again; if it dies again, look "
                "for memory running out, then halve the batch with DATELINE_BATCH__MAX_RECORDS."
            ) from death
        finally:
            for future in futures:
                future.cancel()

    def _watch(self, futures: Sequence[Future[Any]], report: Callable[[int], None] | None, deadline: float) -> None:
        assert self._done is not None
        pending: set[Future[Any]] = set(futures)
        while pending:
            done, pending = wait(pending, timeout=POLL_S, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            if report:
                report(self._done.value)
            if time.monotonic() > deadline:
                raise TimeoutError


def _cause(death: ProcessExpired) -> str:
    if death.exitcode is not None and death.exitcode < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-death.exitcode).name
    return f"exit code {death.exitcode}"


def _start_worker(done: Synchronized[int], log_file: Path | None) -> None:
    """Readies a worker: it leaves Ctrl-C to its parent, dies with it, logs to the file and shows nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with_parent()
    progress.count_in(done)
    quiet(log_file)


def _die_with_parent() -> None:
    """Ties this process to the one that forked it, which itself ends when the run's process does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    run = multiprocessing.parent_process()
    if run is not None and not run.is_alive():  # it died before we asked
        os._exit(1)
