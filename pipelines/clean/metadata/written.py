"""Parses dates that are written for people. An ambiguous date is not parsed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from pipelines.clean.metadata.calendar import base_language, hour_of, is_month, month_of, of_solar, solar_month_of
from pipelines.clean.metadata.moments import EARLIEST, LATEST, LONGEST_UNREAD, Moment, read_moment, read_zone

type Day = tuple[int, int, int]

_CLOCK = re.compile(
    r"(?<![\d.:/])(\d{1,2})(?:[:h.]|\s?Uhr\s?|[時时点點시]\s?)(\d{2})(?::\d{2})?(?![\d/]|\.\s?\d)[分분]?(?:\s?(?:Uhr|uur|hrs?|hs?|น|ч)\b\.?)?",
    re.I)
_LETTER = r"[^\s\d,;:/()|\[\]–—·•●⋅،-]"
_NAME = rf"{_LETTER}{_LETTER}+(?:\s?[ /]\s?[\u0600-\u06ff]+)?"
_NUMBERS = re.compile(r"(?<![\d/.-])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4})(?!\d)")
_SHORT_NUMBERS = re.compile(r"(?<![\d/.:-])(\d{1,2})([./])(\d{1,2})\2(\d{2})(?![\d/:-]|\.\d)")
_YEAR_FIRST = re.compile(
    r"(?<![\d/.-])(\d{4})(?:[-/.]\s?|[年년]\s?)(\d{1,2})(?:[-/.]\s?|[月월]\s?)(\d{1,2})(?!\d)(?:\s?[日号號일])?")
_DAY_MONTH = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:\.|st|nd|rd|th|º|er|-)?\s*(?:de |of |ta' )?\s*({_NAME})[,،]?\s*(?:de |del |[พค]\.ศ\.)?"
    r"\s*[-,]?\s*(\d{4})(?!\d)", re.I)
_DAY_MONTH_SHORT = re.compile(rf"(?<!\d)(\d{{1,2}})(?:-({_NAME})-|\s({_NAME})\s['’])(\d{{2}})(?!\d)", re.I)
_THAI_SHORT = re.compile(r"(?<!\d)(\d{1,2})\s?([ก-๙]{1,3}\.[ก-๙]{1,2}\.)\s?(\d{2})(?![\d:.])")
_MONTH_DAY = re.compile(rf"({_NAME})\s+(\d{{1,2}})(?:st|nd|rd|th)?\.?,?\s+(\d{{4}})(?!\d)", re.I)
_YEAR_MONTH_DAY = re.compile(rf"(?<!\d)(\d{{4}})(?:\.| m\.|ko)?\s+({_NAME})\s+(?:mėn\. )?(\d{{1,2}})(?![\d:])", re.I)
_NUMBERED_MONTH = re.compile(r"(?<!\d)(\d{1,2})\s+(?:tháng|thg)\s+(\d{1,2}),?\s+(?:năm\s+)?(\d{4})(?!\d)", re.I)
_YEAR_DAY_MONTH = re.compile(rf"(?<!\d)(\d{{4}})\. gada (\d{{1,2}})\. ({_NAME})", re.I)
_ERA = re.compile(r"(民國|民国|令和|平成)\s?(\d{1,3}|元)\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日")
_ERAS = {"民國": 1911, "民国": 1911, "令和": 2018, "平成": 1988}
_RANGE_AFTER = re.compile(r"\s?[-–~〜]\s?\d{1,2}(?![\d:.h])")
_RANGE_BEFORE = re.compile(r"\d\.?\s?(?:([^\W\d_]+)\.?\s?)?(?:[-–~〜/]|تا)\s?$")
_RANGE_IN_WORDS = re.compile(
    r"(?<![\d:])(\d{1,2})\.?(?:\s([^\W\d_]+)\.?)?\s(?:to|until|till|bis|au|al?|às?|até|tot|do|til|по)\s$")
_DIGIT = re.compile(r"\d")
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WEEKDAY = re.compile(
    r"(?<![^\W\d_])(?:(mon)|(tue)s?|(wed)(?:nes)?|(thu)(?:rs?)?|(fri)|(sat)(?:ur)?|(sun))(?:day)?\.?,?\s{0,3}$", re.I)
LONGEST_WEEKDAY = 14
_YEAR_FIRST_LANGUAGES = frozenset(("zh", "ja", "ko", "hu", "lt", "mn", "fa", "eu"))
LONGEST_LINE = 160


@dataclass(frozen=True, slots=True)
class DateTables:
    """The labels of ``tables/dates.toml``."""

    published: re.Pattern[str]
    updated: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class DateIn:
    """A date in a line: its place, and the day, which is None if it is ambiguous, impossible or part of a range."""

    start: int
    end: int
    day: Day | None


@cache
def load_date_tables() -> DateTables:
    labels = tomllib.loads(files("pipelines.clean").joinpath("tables/dates.toml").read_text("utf-8"))["labels"]

    def pattern(name: str) -> re.Pattern[str]:
        return re.compile(
            rf"\b(?:{'|'.join(labels[name])})(?![^\W\d_])|{'|'.join(labels[f'unspaced_{name}'])}", re.I)

    return DateTables(pattern("published"), pattern("updated"))


def read_written(line: str, language: str | None) -> Moment | None:
    """The date in a short line, with its time and zone if they are written; or None. A line with two dates has none.

    >>> read_written("Published 27 August 2025, 4:05 pm", "en").at.isoformat()
    '2025-08-27T16:05:00+00:00'
    >>> read_written("2026.03.04. 오후 3:15", "ko").at.isoformat()
    '2026-03-04T15:15:00+00:00'
    >>> read_written("27 Aug 2025 16:05 UTC+1", "en").zone, read_written("27 Aug 2025, 16:05 IST", "en-IN").zone
    ('+01:00', '+05:30')
    >>> read_written("03/04/2025", "en") is None, read_written("3 March 1994 – 2 May 2026", "en") is None
    (True, True)
    >>> read_written("03.04.2025", "de").at.date().isoformat()
    '2025-04-03'
    """
    line = _DIRECTIONS.sub("", line[:LONGEST_LINE])
    found = dates_in(line, language)
    days = {date.day for date in found}
    if len(days) != 1 or (day := found[0].day) is None:
        return None
    first, last = found[0], found[-1]
    at = datetime(*day, tzinfo=UTC)
    for rest in (line[last.end:], line[: first.start]):
        moment = _with_clock(at, rest, language)
        if moment.has_time or moment.unread is not None:
            return moment
    return Moment(at, None, False)


def dates_in(line: str, language: str | None) -> list[DateIn]:
    """The dates in a line, in order."""
    found: list[DateIn] = []
    if _DIGIT.search(line) is None:
        return found
    for pattern, day_of in _PATTERNS:
        for match in pattern.finditer(line):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            day = day_of(match, language)
            if day is not None:
                is_range = _RANGE_AFTER.match(line, match.end()) or _ends_range(line[: match.start()], day)
                found.append(DateIn(match.start(), match.end(), None if is_range else _valid(day, line, language)))
    return sorted(found, key=lambda date: date.start)


def _ends_range(before: str, day: Day) -> bool:
    """Whether a date ends a range of days, by the text before it.

    >>> [_ends_range(text, (2026, 3, 8)) for text in ("4 - ", "4 to ", "28. Februar bis ", "No. 12 to ", "09:30 to ")]
    [True, True, True, False, False]
    """
    if (found := _RANGE_BEFORE.search(before)) is not None:
        return found[1] is None or is_month(found[1])
    if (found := _RANGE_IN_WORDS.search(before)) is not None:
        return is_month(found[2]) if found[2] else int(found[1]) < day[2]
    return False


def without_dates(line: str) -> str:
    """The line with each date replaced by a bar.

    >>> without_dates("By Ines Falk 2 December 2025")
    'By Ines Falk | '
    """
    for date in reversed(dates_in(line, None)):
        line = f"{line[: date.start]} | {line[date.end:]}"
    return re.sub(r"\s+\|", " |", line)


_NO_DAY: Day = (0, 0, 0)


def _by_name(year: int, month: int, day: int) -> Callable[[re.Match[str], str | None], Day | None]:
    def day_of(match: re.Match[str], language: str | None) -> Day | None:
        names = [name.strip() for name in match[month].split("/")]
        if (solar := solar_month_of(names[0])) is not None:
            return of_solar(int(match[year]), solar, int(match[day])) or _NO_DAY
        number = month_of(names[0], language)
        if number is None:
            return _NO_DAY if is_month(names[0]) else None
        return int(match[year]), number, int(match[day])

    return day_of


def _by_short_name(match: re.Match[str], language: str | None) -> Day | None:
    """A date with a month's name between hyphens, or before an apostrophe, and a year of two digits: "04-MAR-26"."""
    number = month_of(match[2] or match[3], language)
    return (2000 + int(match[4]), number, int(match[1])) if number is not None else None


def _by_thai_name(match: re.Match[str], _: str | None) -> Day | None:
    number = month_of(match[2], "th")
    return (2500 + int(match[3]), number, int(match[1])) if number is not None else None


def _by_number(match: re.Match[str], language: str | None) -> Day:
    order = _order(int(match[1]), int(match[3]), match[2], language) or _order_by_weekday(match)
    return (int(match[4]), *order) if order is not None else _NO_DAY


def _order_by_weekday(match: re.Match[str]) -> tuple[int, int] | None:
    """The month and day of two numbers by the English day of the week before them: it fits one order only, or None.

    >>> [read_written(line, "en").at.date().isoformat() for line in ("Wed, 03/04/2026 - 15:00", "Friday 03/04/2026")]
    ['2026-03-04', '2026-04-03']
    >>> read_written("Monday, 03/04/2026", "en") is None
    True
    """
    named, year = _WEEKDAY.search(match.string[max(0, match.start() - LONGEST_WEEKDAY): match.start()]), int(match[4])
    numbers = (int(match[1]), int(match[3]))
    if named is None or named.lastindex is None or not EARLIEST <= year <= LATEST or 0 in numbers:
        return None
    orders = [(month, day) for month, day in (numbers, numbers[::-1])
              if datetime(year, month, day, tzinfo=UTC).isoweekday() == named.lastindex]
    return orders[0] if len(orders) == 1 else None


def _by_short_number(match: re.Match[str], language: str | None) -> Day | None:
    """A date with a year of two digits, which is read only in languages that write the year last."""
    base = base_language(language)
    if not base or base in {"en", "th"} or base in _YEAR_FIRST_LANGUAGES or int(match[3]) > 12:
        return None
    return 2000 + int(match[4]), int(match[3]), int(match[1])


def _year_first(match: re.Match[str], language: str | None) -> Day:
    day = int(match[1]), int(match[2]), int(match[3])
    return of_solar(*day) or day if base_language(language) == "fa" else day


def _by_era(match: re.Match[str], language: str | None) -> Day:
    year = 1 if match[2] == "元" else int(match[2])
    return _ERAS[match[1]] + year, int(match[3]), int(match[4])


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str | None], Day | None]], ...] = (
    (_ERA, _by_era),
    (_YEAR_FIRST, _year_first),
    (_NUMBERED_MONTH, lambda match, _: (int(match[3]), int(match[2]), int(match[1]))),
    (_DAY_MONTH, _by_name(3, 2, 1)),
    (_DAY_MONTH_SHORT, _by_short_name),
    (_THAI_SHORT, _by_thai_name),
    (_MONTH_DAY, _by_name(3, 1, 2)),
    (_YEAR_MONTH_DAY, _by_name(1, 2, 3)),
    (_YEAR_DAY_MONTH, _by_name(1, 3, 2)),
    (_NUMBERS, _by_number),
    (_SHORT_NUMBERS, _by_short_number),
)


def _valid(day: Day, line: str, language: str | None) -> Day | None:
    """The day in the Gregorian calendar; None if there is no such day. Thai years are 543 ahead."""
    year, month, number = day
    is_thai = base_language(language) == "th" or any("\u0e00" <= letter <= "\u0e7f" for letter in line)
    if is_thai and EARLIEST + 543 <= year <= LATEST + 543:
        year -= 543
    try:
        datetime(year, month, number, tzinfo=UTC)
    except ValueError:
        return None
    return (year, month, number) if EARLIEST <= year <= LATEST else None


def _order(first: int, second: int, separator: str, language: str | None) -> tuple[int, int] | None:
    """The month and day of two numbers; None if their order is ambiguous and the page's language does not decide it."""
    if first > 12:
        return second, first
    if second > 12:
        return first, second
    if first == second or separator == ".":
        return second, first
    if language is None or language.lower() in {"en", "en-ca"}:
        return None
    return (first, second) if language.lower() in {"en-us", "en-ph", "es-us", "es-pa", "fil"} else (second, first)


def _with_clock(at: datetime, rest: str, language: str | None) -> Moment:
    match = _CLOCK.search(rest)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        return Moment(at, None, False)
    after = rest[match.end():]
    hour, used = hour_of(int(match[1]), rest[: match.start()][-24:], after[:24], language)
    zone, is_unread = read_zone(after[used:], at, language)
    if hour is None or is_unread:
        return Moment(at, None, False, rest.strip()[:LONGEST_UNREAD])
    text = f"{at:%Y-%m-%d}T{hour:02}:{int(match[2]):02}:00{zone or ''}"
    return read_moment(text) or Moment(at, None, False)


def labelled_dates(line: str, language: str | None) -> Iterator[tuple[str | None, str]]:
    """The parts of a line that have a date of their own, each with its field; None if no label says which.

    A label is before its date. In some languages it may be after it.

    >>> list(labelled_dates("Updated 12 June 2026 09:00 | Published 11 June 2026 18:00", "en"))
    [('modified_at', '12 June 2026 09:00 |'), ('published_at', '11 June 2026 18:00')]
    >>> list(labelled_dates("2026年6月11日 18:00（2026年6月12日 09:00 更新）", "ja"))
    [(None, '2026年6月11日 18:00（'), ('modified_at', '2026年6月12日 09:00')]
    """
    tables = load_date_tables()
    labels = sorted(
        [(found.start(), found.end(), field) for field, pattern in
         (("published_at", tables.published), ("modified_at", tables.updated)) for found in pattern.finditer(line)])
    ends = [start for start, _, _ in labels[1:]] + [len(line)]
    opening = line[: labels[0][0]] if labels else line
    dates = dates_in(opening, language) if len(labels) == 1 else []
    if dates and not _DIGIT.search(line[labels[0][1]:]):
        yield None, opening[: dates[-1].start].strip()
        yield labels[0][2], opening[dates[-1].start :].strip()
        return
    if opening.strip():
        yield None, opening.strip()
    for (_, start, field), end in zip(labels, ends, strict=True) if labels else ():
        yield field, line[start:end].strip(" :")
