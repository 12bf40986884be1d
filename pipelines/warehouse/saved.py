"""Saved queries: questions of newsrooms, researchers and archives, each an SQL file under ``sql/saved``.

The first line of a file is its question. A line for each parameter follows, with its type and either its default or an
example: ``-- Parameter: days integer = 7: Number of days.`` or ``-- Parameter: name text, such as Ines Falk: Name.``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pipelines.warehouse.interface import QueryFailed
from pipelines.warehouse.statements import files, statements, text

_QUESTION = re.compile(r"-- (.+\?)\n")
_PARAMETER = re.compile(
    r"^-- Parameter: (?P<name>\w+) (?P<type>text|integer)"
    r"(?:, such as (?P<example>.+?)| = (?P<default>.+?)): (?P<meaning>.+)$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a saved query asks for. ``default`` is None if it has to be given."""

    name: str
    type: Literal["text", "integer"]
    meaning: str
    default: str | None
    example: str

    def read(self, given: str) -> str | int:
        """The value as the query needs it. Raises ``QueryFailed`` if it is not of the parameter's type.

        >>> Parameter("days", "integer", "Number of days.", "7", "7").read("14")
        14
        """
        if self.type == "text":
            return given
        if re.fullmatch(r"[0-9]{1,9}", given) is None:
            raise QueryFailed(
                f"The parameter {self.name} is {given!r}, which is not a whole number from 0 to 999999999.\n"
                f"What to do: give a number, as in --param {self.name}={self.example}."
            )
        return int(given)


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A question in plain English with the SQL that answers it on the tables and marts."""

    name: str
    question: str
    parameters: tuple[Parameter, ...]
    sql: str

    @property
    def command(self) -> str:
        """The command that runs it, with an example for each parameter that has to be given."""
        given = [f' --param {p.name}="{p.example}"' for p in self.parameters if p.default is None]
        return f"dateline query --saved {self.name}{''.join(given)}"

    def values(self, given: Mapping[str, str]) -> dict[str, str | int]:
        """A value for each parameter: the given one, or else the default.

        Raises ``QueryFailed`` if one is missing, unknown, or of another type.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := sorted(given.keys() - known.keys()):
            raise QueryFailed(
                f"{self.name} has no parameter {unknown[0]}.\n"
                f"What to do: give {', '.join(known) or 'no parameter'}, as in `{self.command}`."
            )
        values = {}
        for name, parameter in known.items():
            value = given.get(name, parameter.default)
            if value is None:
                raise QueryFailed(
                    f"{self.name} needs the parameter {name}: {parameter.meaning}\n"
                    f"What to do: give it, as in `{self.command}`."
                )
            values[name] = parameter.read(value)
        return values


@cache
def saved_queries() -> Mapping[str, SavedQuery]:
    """All saved queries by name, in the order of their names."""
    return {name.removesuffix(".sql"): _read(name) for name in files("saved")}


def _read(name: str) -> SavedQuery:
    written = text("saved", name)
    question = _QUESTION.match(written)
    assert question is not None, f"{name} does not begin with a question"
    parameters = tuple(
        Parameter(p["name"], p["type"], p["meaning"], p["default"], p["example"] or p["default"])  # type: ignore[arg-type]
        for p in _PARAMETER.finditer(written)
    )
    (sql,) = statements("saved", name)
    return SavedQuery(name.removesuffix(".sql"), question[1], parameters, sql)
