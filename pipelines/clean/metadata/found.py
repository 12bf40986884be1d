"""A value that was found in a page, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.records import Evidence


@dataclass(frozen=True, slots=True)
class Found[T]:
    value: T
    how: str
    read_from: str | None = None

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.how, self.read_from)
