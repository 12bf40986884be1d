"""Parses dates that are written for people. An ambiguous date is not parsed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from pipelines.clean.metadata.moments import EARLIEST, Moment, offset_of, read_moment

_CLOCK = re.compile(
    r"(?<![\d.:/])(\d{1,2})(?:[:h.]|\s?Uhr\s?)(\d{2})(?::\d{2})?(?![\d./])\s*([ap]\.?\s?m\b\.?)?\s*"
    r"(?:\(?((?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?\b|(?-i:[A-Z]{1,5})\b))?", re.I)
_NUMBERS = re.compile(r"(?<![\d/.-])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4})(?!\d)")
_YEAR_FIRST = re.compile(r"(?<![\d/.-])(\d{4})([-/.]|年\s?)(\d{1,2})(?:[-/.]|月\s?)(\d{1,2})(?!\d)")
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:\.|st|nd|rd|th|º|er|-)?\s*(?:de |of |ta' )?\s*"
    r"([^\W\d_]{3,14})\.?,?\s*(?:de |del )?\s*[-,]?\s*(\d{4})(?!\d)", re.I)
_MONTH_DAY = re.compile(r"([^\W\d_]{3,14})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)", re.I)
_DIGIT = re.compile(r"\d")
LONGEST_LINE = 160


@dataclass(frozen=True, slots=True)
class DateTables:
    """The tables of ``tables/dates.toml``."""

    months: tuple[tuple[str, int], ...]
    published: re.Pattern[str]
    updated: re.Pattern[str]


@cache
def load_date_tables() -> DateTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/dates.toml").read_text("utf-8"))
    months = ((start, int(number)) for number, starts in table["months"].items() for start in starts)
    labels = {name: "|".join(entries) for name, entries in table["labels"].items()}
    return DateTables(
        tuple(sorted(months, key=lambda month: -len(month[0]))),
        re.compile(rf"\b(?:{labels['published']})\b", re.I),
        re.compile(rf"\b(?:{labels['updated']})\b", re.I),
    )


def read_written(line: str, language: str | None) -> Moment | None:
    """The date in a short line, with its time and zone if they are written; or None.

    >>> read_written("Published 27 August 2025, 4:05 pm", "en").at.isoformat()
    '2025-08-27T16:05:00+00:00'
    >>> read_written("27 Aug 2025 16:05 UTC+1", "en").zone, read_written("27 Aug 2025, 16:05 IST", "en").zone
    ('+01:00', None)
    >>> read_written("03/04/2025", "en") is None
    True
    >>> read_written("03.04.2025", "de").at.date().isoformat()
    '2025-04-03'
    """
    line = line[:LONGEST_LINE]
    found = _date_in(line, language)
    if found is None:
        return None
    (year, month, day), rest = found
    try:
        at = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    if not EARLIEST <= year <= 2100:
        return None
    return _with_clock(at, rest)


def _date_in(line: str, language: str | None) -> tuple[tuple[int, int, int], str] | None:
    if (match := _YEAR_FIRST.search(line)) is not None:
        return (int(match[1]), int(match[3]), int(match[4])), line[match.end():]
    for pattern, day, month in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1)):
        for match in pattern.finditer(line):
            number = month_of(match[month])
            if number is not None:
                return (int(match[3]), number, int(match[day])), line[:match.start()] + " " + line[match.end():]
    if (match := _NUMBERS.search(line)) is not None:
        first, second = int(match[1]), int(match[3])
        order = _order(first, second, match[2], language)
        if order is not None:
            return (int(match[4]), *order), line[:match.start()] + " " + line[match.end():]
    return None


def without_dates(line: str) -> str:
    """The line with each date replaced by a bar.

    >>> without_dates("By Ines Falk 2 December 2025")
    'By Ines Falk | '
    """
    if _DIGIT.search(line) is None:
        return line
    for pattern, month in ((_YEAR_FIRST, 0), (_DAY_MONTH, 2), (_MONTH_DAY, 1), (_NUMBERS, 0)):
        line = pattern.sub(lambda found, at=month: " | " if not at or month_of(found[at]) else found[0], line)  # type: ignore[misc]
    return re.sub(r"\s+\|", " |", line)


def month_of(word: str) -> int | None:
    """The number of the month that a word names, or None.

    >>> month_of("März"), month_of("août"), month_of("lipca"), month_of("monday")
    (3, 8, 7, None)
    """
    folded = word.casefold()
    return next((number for start, number in load_date_tables().months if folded.startswith(start)), None)


def _order(first: int, second: int, separator: str, language: str | None) -> tuple[int, int] | None:
    """The month and day of two numbers; None if their order is ambiguous and the page's language does not decide it."""
    if first > 12:
        return second, first
    if second > 12:
        return first, second
    if first == second or separator == ".":
        return second, first
    if language is None or language.lower() == "en":
        return None
    return (first, second) if language.lower() in {"en-us", "en-ph"} else (second, first)


def _with_clock(at: datetime, rest: str) -> Moment:
    match = _CLOCK.search(rest)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        return Moment(at, None, False)
    hour = int(match[1])
    if match[3]:
        hour = hour % 12 + (12 if match[3].lower().startswith("p") else 0)
    zone = offset_of(match[4])
    text = f"{at:%Y-%m-%d}T{hour:02}:{int(match[2]):02}:00{zone or ''}"
    return read_moment(text) or Moment(at, None, False)
