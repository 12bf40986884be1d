"""Long-lived worker processes with loaded models, which run parts of a batch under deadlines that keep runs moving."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pebble import ProcessExpired, ProcessPool

from pipelines.runtime.executor import RunFailed
from pipelines.runtime.quiet import quiet
from pipelines.secrets import SECRETS, learn_secrets
from pipelines.transforms import watch

PR_SET_PDEATHSIG = 1
POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker died: the cause, and the step and message that it had marked as its current ones, if any."""

    cause: str
    kind: Literal["crash", "time", "memory"]
    step: str | None = None
    partition: int = watch.NOWHERE
    offset: int = watch.NOWHERE

    def __str__(self) -> str:
        where = f" in {self.step} at partition {self.partition}, offset {self.offset}" if self.step else ""
        return f"{self.cause}{where}"


def warm_up() -> None:
    """Starts the fork server, which loads libraries and models in the background; does nothing if it runs already.

    A run that calls this early connects to its servers meanwhile. The fork server ends with the calling thread.
    """
    _context()
    forkserver.ensure_running()


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipelines.jobs.preload"])  # by name, since runtime may not import jobs
    return context


class Workers:
    """A pool of worker processes that are kept between batches; with ``count=0`` calls run in this process.

    Use it as a context manager: workers start at the first call and stop at the end of the block. They also end if this
    process is killed.
    """

    def __init__(self, count: int, log_file: Path | None = None, memory_bytes: int | None = None) -> None:
        self.count, self.log_file, self.memory_bytes = count, log_file, memory_bytes
        self._marks: ctypes.Array[watch.Mark] | tuple[()] = ()
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        if self.count:
            context = _context()
            self._marks = context.RawArray(watch.Mark, self.count)
            self._pool = ProcessPool(
                max_workers=self.count,
                initializer=_start_worker,
                initargs=(self._marks, self.memory_bytes, self.log_file, SECRETS.known()),
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
        """Results of ``function`` for each part, in the order of the parts; ``report`` gets the records done so far.

        Raises:
            RunFailed: a worker died or the deadline passed; the other workers are stopped and their results discarded.
        """
        found: dict[int, R] = {}
        numbered = deque(enumerate(parts))
        for (n, _), done in self.each(partial(_numbered, function), numbered, deadline_s, report=report):
            if isinstance(done, Death):
                raise RunFailed(
                    f"a worker process died ({done}). Nothing was loaded. Run again; if a worker dies again, check "
                    "whether the machine runs out of memory, then halve DATELINE_BATCH__MAX_RECORDS."
                )
            found[n] = done
        return [found[n] for n in sorted(found)]

    def each[A, R](
        self,
        function: Callable[[A], R],
        parts: deque[A],
        deadline_s: float,
        message_deadline_s: float | None = None,
        report: Callable[[int], None] | None = None,
    ) -> Iterator[tuple[A, R | Death]]:
        """Yields each part with its result, or with how its worker died, in the order in which they finish.

        The caller may add to ``parts`` meanwhile. A step that takes longer than ``message_deadline_s`` seconds over one
        message ends its worker.

        Raises:
            RunFailed: a part took longer than ``deadline_s`` seconds, and no message was marked as the current one.
        """
        if self._pool is None:
            while parts:
                part = parts.popleft()
                yield part, function(part)
            return
        warm_up()
        for mark in self._marks:
            mark.staged = 0
        free = list(range(self.count))
        running: dict[Future[R], tuple[A, int]] = {}
        try:
            while parts or running:
                while parts and free:
                    part, slot = parts.popleft(), free.pop()
                    work = (slot, message_deadline_s or deadline_s, function, part)
                    running[self._pool.schedule(_work, args=work, timeout=deadline_s)] = (part, slot)
                ended, _ = wait(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
                if report:
                    report(sum(mark.staged for mark in self._marks))
                for future in ended:
                    part, slot = running.pop(future)
                    done = self._ended(future, slot, deadline_s)
                    free.append(slot)
                    yield part, done
        finally:
            for future in running:
                future.cancel()

    def _ended[R](self, future: Future[R], slot: int, deadline_s: float) -> R | Death:
        mark = self._marks[slot]
        step, partition, offset = mark.step.decode() or None, mark.partition, mark.offset
        try:
            return future.result()
        except ProcessExpired as death:
            return Death(*_cause(death), step, partition, offset)
        except TimeoutError as late:
            if step:
                return Death(f"not done within {deadline_s:.0f} s", "time", step, partition, offset)
            raise RunFailed(
                f"a part of the batch was not done within {deadline_s:.0f} s and its worker was stopped. Nothing was "
                "loaded. Raise DATELINE_BATCH__DEADLINE_S, or lower DATELINE_BATCH__MAX_RECORDS, and run again."
            ) from late


def _numbered[A, R](function: Callable[[A], R], part: tuple[int, A]) -> R:
    return function(part[1])


def _cause(death: ProcessExpired) -> tuple[str, Literal["crash", "time", "memory"]]:
    if death.exitcode == watch.OUT_OF_MEMORY:
        return "out of memory", "memory"
    if death.exitcode == -signal.SIGALRM:
        return "one message took too long", "time"
    if death.exitcode is not None and death.exitcode < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-death.exitcode).name, "crash"
    return f"exit code {death.exitcode}", "crash"


_marks: ctypes.Array[watch.Mark] | tuple[()] = ()


def _start_worker(
    marks: ctypes.Array[watch.Mark] | tuple[()], memory_bytes: int | None, log_file: Path | None,
    secrets: tuple[str, ...] = (),
) -> None:
    """Initializes a worker: it ignores Ctrl-C, ends with its parent, has a memory limit, and logs to the file only."""
    global _marks  # noqa: PLW0603  one per process, since the pool gives a task no access to its worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    die_with_parent()
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    _marks = marks
    learn_secrets({"secret": secrets})
    quiet(log_file)


def _work[A, R](slot: int, message_deadline_s: float, function: Callable[[A], R], part: A) -> R:
    watch.keep(_marks[slot], message_deadline_s)
    try:
        return function(part)
    except Exception as fault:
        if watch.is_out_of_memory(fault):
            watch.out_of_memory()
        raise


def die_with_parent() -> None:
    """Makes the kernel kill this process when its parent ends; the fork server in turn ends with the run's process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    run = multiprocessing.parent_process()
    if run is not None and not run.is_alive():  # the run's process died before prctl was called
        os._exit(1)
