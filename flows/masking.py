"""Keeps secrets and personal data out of what Prefect stores: the states of flows and tasks contain exceptions' texts.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import suppress

from pipelines.secrets import redact_fault


def masked[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Wrap the function of a flow or task, so that these are masked in its exceptions and their causes."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as fault:
            shown = redact_fault(fault)
            if shown is fault:
                raise
            raise shown from None

    with suppress(NameError):  # for a task whose annotations are imported for type checkers only
        setattr(run, "__signature__", inspect.signature(function, eval_str=True))  # noqa: B010  which mypy does not know
    return run
