"""Loads a model or table once a process, however many steps, bundles and micro-batches ask for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

type Loader[C] = Callable[[], C]

_loaded: dict[Any, Any] = {}
_lock = threading.RLock()


def shared[C](load: Loader[C]) -> C:
    """What ``load`` gives, loaded once a process.

    Loaders that call one module-level function with equal arguments share a result, so a ``partial`` that
    was pickled on its way to a worker finds what an earlier micro-batch loaded.
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
