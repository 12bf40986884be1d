"""What an executor does, whichever it is."""

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
"""What a message can do that ends the process at work on it. Under a guard that message alone is rejected."""


class RunFailed(RuntimeError):
    """The batch could not be transformed, and nothing moved: says which part of the machine or rules failed."""


class Executor(Protocol):
    """Runs jobs over ranges of offsets. Use it as a context manager: it may hold processes from batch to batch."""

    @property
    def guards(self) -> frozenset[Guard]:
        """The guards that it gives. Without one, a message of that kind fails its whole batch, again and again."""

    def run(self, whole: Share, allowed: int, report: Callable[[int], None] | None = None) -> list[ShareDone]:
        """Runs the job of ``whole`` over its ranges, in shares that ``Share.split`` makes.

        At most ``allowed`` messages that end their process are rejected. ``report`` gets the number of records staged
        so far.

        Raises:
            RunFailed: the deadline passed, or more messages than that ended their process. Nothing was loaded.
            StagingFailed, StageUnavailable: the stage could not be written.
        """

    def call[A, R](self, function: Callable[[A], R], argument: A, deadline_s: float) -> R:
        """What the function gives for the argument, called where libraries and models are loaded already.

        Raises:
            RunFailed: it took longer than ``deadline_s``, or ended its process.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None: ...
