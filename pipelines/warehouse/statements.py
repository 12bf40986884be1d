"""Reads the SQL files of this package, and splits them into statements."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from pipelines.warehouse.dialect import quoted

_COMMENT = re.compile(r"^--[^\n]*\n", re.MULTILINE)


@cache
def files(folder: str) -> tuple[str, ...]:
    """Names of the SQL files in a folder under ``sql``, in the order in which they run."""
    found = resources.files("pipelines.warehouse").joinpath("sql", folder).iterdir()
    return tuple(sorted(f.name for f in found if f.name.endswith(".sql")))


@cache
def text(folder: str, name: str) -> str:
    return resources.files("pipelines.warehouse").joinpath("sql", folder, name).read_text(encoding="utf-8")


@cache
def statements(folder: str, name: str) -> tuple[str, ...]:
    """The statements of a file. A statement ends with a semicolon at the end of a line."""
    pieces = re.split(r";[ \t]*(?:\n|\Z)", _COMMENT.sub("", text(folder, name)))
    return tuple(piece.strip() for piece in pieces if piece.strip())


def in_time_zone(sql: str, time_zone: str) -> str:
    """The SQL of a mart with the days of another time zone than UTC.

    >>> in_time_zone("SELECT CAST(at AT TIME ZONE 'UTC' AS DATE) -- in the time zone UTC", "Pacific/Auckland")
    "SELECT CAST(at AT TIME ZONE 'Pacific/Auckland' AS DATE) -- in the time zone Pacific/Auckland"
    """
    literal = quoted(time_zone)
    return sql.replace("AT TIME ZONE 'UTC'", f"AT TIME ZONE {literal}").replace(
        "the time zone UTC", f"the time zone {literal[1:-1]}"
    )
