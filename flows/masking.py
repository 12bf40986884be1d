"""Keeps secrets out of what Prefect stores of a run: states of flows and tasks carry the text of exceptions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import suppress

from pipelines.secrets import redact_fault


def masked[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """The function of a flow or a task; an exception that leaves it shows no secret, in its causes neither."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as fault:
            shown = redact_fault(fault)
            if shown is fault:
                raise
            raise shown from None

    with suppress(NameError):  # of a task that names what it imports for type checkers alone
        setattr(run, "__signature__", inspect.signature(function, eval_str=True))  # noqa: B010  which mypy does not know
    return run
