"""Loads a model or table once per process, and shares it among steps, bundles and micro-batches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

type Loader[C] = Callable[[], C]

_loaded: dict[Any, Any] = {}
_lock = threading.RLock()


def shared[C](load: Loader[C]) -> C:
    """The result of ``load``, which is called once per process.

    Loaders that call the same module-level function with equal arguments share a result. A ``partial`` that was pickled
    and sent to a worker therefore finds the result of an earlier micro-batch.
    """
    key = _key(load)
    with _lock:
        if key not in _loaded:
            _loaded[key] = load()
        loaded: C = _loaded[key]
        return loaded


def _key(load: Loader[Any]) -> tuple[Any, ...]:
    if isinstance(load, partial):
        return (load.func.__module__, load.func.__qualname__, repr(load.args), repr(sorted(load.keywords.items())))
    return (load.__module__, load.__qualname__)
