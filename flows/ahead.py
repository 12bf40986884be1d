"""Prepares the next batch of a run that follows the topic while the batch before it is loaded.

Workers transform and audit on other cores than the one that loads, so that a batch takes as long as the slower of the
two, and an article waits less for its turn. At most one batch is prepared ahead. It starts where the batch before it
ends, and the warehouse accepts it only there: if that batch is not loaded, neither is the one that was prepared.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pipelines.jobs.batches import Transformed
    from pipelines.sources.kafka import Plan
    from pipelines.stage.audit import Audit


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that only has to be loaded: the plan that it was made from, its staged files and its audit."""

    planned: Plan
    transformed: Transformed
    verdict: Audit

    @property
    def ends(self) -> dict[int, int]:
        """The offset after the batch, for each of its partitions."""
        return {span.partition: span.end for span in self.transformed.batch.ranges}


class Ahead:
    """A thread that prepares one batch at a time. Use it as a context manager, inside that of the executor.

    At the end of the block a batch that was not taken is given up; the executor's workers end with the executor. The
    next run removes what was staged of it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
        self._next: Future[Prepared] | None = None

    def __bool__(self) -> bool:
        """Whether a batch is being prepared, or was prepared and not taken."""
        return self._next is not None

    def begin(self, prepare: Callable[[], Prepared]) -> None:
        """Start to prepare a batch. The one before it must have been taken."""
        self._next = self._thread.submit(copy_context().run, prepare)

    def take(self) -> Prepared | None:
        """Wait for the batch and return it; None if there is none. Raises the fault that ended its preparation."""
        coming, self._next = self._next, None
        return None if coming is None else coming.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
