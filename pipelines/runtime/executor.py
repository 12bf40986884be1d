"""The interface of an executor, and the guards that it may have against messages that end their process."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

if TYPE_CHECKING:
    from pipelines.runtime.shares import Share, ShareDone

type Guard = Literal["time", "memory", "crash"]

GUARDS: dict[Guard, str] = {
    "time": "takes a step too long",
    "memory": "takes all memory",
    "crash": "crashes the process",
}
"""The ways in which a message can end the process at work on it. A guard against one rejects only that message."""


class RunFailed(RuntimeError):
    """The batch could not be transformed, because of the machine or a bug. Nothing was loaded; no offset advanced."""


class Executor(Protocol):
    """Runs jobs over ranges of offsets. Use it as a context manager: it may hold processes from batch to batch."""

    @property
    def guards(self) -> frozenset[Guard]:
        """The guards of this executor. Without the guard, a message of that kind fails its whole batch on every run."""

    def run(self, whole: Share, allowed: int, report: Callable[[int], None] | None = None) -> list[ShareDone]:
        """Runs the job of ``whole`` over its ranges, in shares that ``Share.split`` makes.

        At most ``allowed`` messages that end their process are rejected. ``report`` is called with the number of
        records staged so far.

        Raises:
            RunFailed: the deadline passed, or more than ``allowed`` messages ended their process. Nothing was loaded.
            StagingFailed, StageUnavailable: the stage could not be written.
        """

    def call[A, R](self, function: Callable[[A], R], argument: A, deadline_s: float) -> R:
        """Returns ``function(argument)``, called in a worker process if there is one: it has all libraries loaded.

        Raises:
            RunFailed: the call took longer than ``deadline_s`` seconds, or ended its process.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None: ...
