"""Thresholds that were tuned, each with what is seen just below and just above it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

QUARTER = (0.75, 1.25)

type Seen = Callable[[], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A tuned number of a module. ``place`` is its place where the number is one of several.

    ``seen`` gives what comes of inputs on both sides of it, near enough that a change by a quarter shows.
    """

    module: ModuleType
    name: str
    seen: Seen
    expected: tuple[Any, ...]
    place: int | str | None = None

    @property
    def id(self) -> str:
        module = self.module.__name__.removeprefix("pipelines.")
        return f"{module}.{self.name}" + ("" if self.place is None else f"[{self.place}]")

    @contextmanager
    def times(self, factor: float) -> Iterator[None]:
        """The module with another number, for the length of the block."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.module, self.name, self._changed(getattr(self.module, self.name), factor))
            yield

    def _changed(self, value: Any, factor: float) -> Any:
        match value, self.place:
            case tuple(), int(place):
                return (*value[:place], _scaled(value[place], factor), *value[place + 1 :])
            case _, str(key):
                return {**value, key: _scaled(value[key], factor)}
            case _:
                return _scaled(value, factor)


def _scaled(value: float | timedelta, factor: float) -> float | timedelta:
    """
    >>> _scaled(0.4, 1.25), _scaled(5, 0.75), _scaled(timedelta(days=8), 0.75)
    (0.5, 4, datetime.timedelta(days=6))
    """
    return round(value * factor) if isinstance(value, int) else value * factor
