"""Loads that fail at a place of their transaction."""

from __future__ import annotations

from contextlib import AbstractContextManager

from pipelines.failpoints import Failpoint, armed


def failing(at: Failpoint | str, fault: BaseException) -> AbstractContextManager[None]:
    """Within the block, a load that comes to a failpoint, or has changed the rows of the table ``at``, raises."""

    def fail(point: Failpoint, where: str) -> None:
        if at in {point, where}:
            raise fault

    return armed(fail)
