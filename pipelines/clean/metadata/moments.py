"""Parses machine-readable times. The zone is kept as written, and none is assumed if none is written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.resources import files

EARLIEST, LATEST = 1990, 2050
"""Years. A later one is of another calendar: in Nepal, 2082 began in 2025."""

_ISO = re.compile(
    r"^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"
    r"(?:(?:T|\s+|\s*[-,]\s*)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,]\d+)?)?(?:\s*([AP]M)\b)?)?", re.I)
_SCRIPTED = re.compile(
    r"^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (?:(\d{4}) )?(\d{2}):(\d{2}):(\d{2})"
    r"(?: ?(GMT[+-]\d{4}|[A-Z]{3,4}))?(?: (\d{4}))?")
_NAMED_ZONE = re.compile(
    r"\s*([(（\[]?)\s*((?:UTC|GMT)?\s?[+-]\d{1,2}(?::?\d{2})?(?!\d)|[^\W\d_]{1,5}(?!\w))")
LONGEST_UNREAD = 40
_ANY_ZONE = re.compile(r"[B-DF-HJ-NP-TV-XZ]{2,4}T")
"""An abbreviation that is no word, as it has no vowel: SPORT, PRINT and SHORT are no zones."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RFC_2822 = re.compile(
    r"^(?:[A-Z][a-z]{2,8},?\s+)?(?:\d{1,2}[\s-][A-Z][a-z]{2,8}|[A-Z][a-z]{2,8}\s+\d{1,2},?)[\s-]\d{2,4}\s+\d{1,2}:\d{2}(?::\d{2})?"
    r"(?:\s*(?:[+-]\d{4}|(?![AP]M\b)[A-Z]{1,5}))?(?:\s*\([^()]*\))?\s*$", re.I)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?$")


@dataclass(frozen=True, slots=True)
class Zones:
    """The names of time zones in ``tables/dates.toml``, with their offsets."""

    offsets: Mapping[str, str]
    of_season: Mapping[str, tuple[str, str]]
    of_countries: Mapping[str, Mapping[str, str]]
    words: re.Pattern[str]


@cache
def load_zones() -> Zones:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/dates.toml").read_text("utf-8"))
    offsets = {name: offset for offset, names in table["zones"].items() for name in names}
    return Zones(
        offsets,
        {name: (offsets.get(winter, winter), offsets.get(summer, summer))
         for name, (winter, summer) in table["zones_of_season"].items()},
        table["zones_of_countries"],
        re.compile("|".join(table["zone_words"]["patterns"]), re.I),
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time. ``zone`` is the written offset (+05:00), or None. ``has_time`` is False for a date alone.

    ``unread`` is the written time if its zone or its half of the day is ambiguous; then only the date is known.
    """

    at: datetime
    zone: str | None
    has_time: bool
    unread: str | None = None


def read_moment(text: str) -> Moment | None:
    """The time in a text in ISO 8601 (also compact) or RFC 2822 format, or in seconds since 1970; or None.

    >>> read_moment("2023-11-08T09:05:00+05:00").at.isoformat()
    '2023-11-08T09:05:00+05:00'
    >>> read_moment("2023-11-08").has_time
    False
    """
    text = text.strip()[:80]
    match = _ISO.match(text)
    if match is not None:
        year, _, month, day, hour, minute, second, half = match.groups()
        after = text[match.end():].strip() if hour else ""
        zone = after if " " in after else after.upper()
        return _moment((year, month, day), (_of_24(hour, half), minute, second), zone)
    match = _SCRIPTED.match(text)
    if match is not None and match[1] in _MONTHS:
        number = str(_MONTHS.index(match[1]) + 1)
        return _moment((match[3] or match[8] or "0", number, match[2]), (match[4], match[5], match[6]), match[7])
    match = _COMPACT.match(text)
    if match is not None and EARLIEST <= int(match[1]) <= LATEST:
        year, month, day, hour, minute, second, zone = match.groups()
        return _moment((year, month, day), (hour, minute, second), zone)
    if text.isdigit() and len(text) in (10, 13):
        return Moment(datetime.fromtimestamp(int(text[:10]), UTC), None, True)
    return _rfc_2822(text)


def _of_24(hour: str | None, half: str | None) -> str | None:
    if hour is None or half is None or int(hour) > 12:
        return hour
    return str(int(hour) % 12 + (12 if half[0] in "pP" else 0))


def _moment(date: tuple[str, ...], clock: tuple[str | None, ...], after: str | None) -> Moment | None:
    hour, minute, second = (int(part or 0) for part in clock)
    try:
        day = datetime(*(int(part) for part in date), tzinfo=UTC)  # type: ignore[misc,arg-type]
        zone, is_unread = read_zone(after or "", day)
        at = day + timedelta(hours=hour, minutes=minute, seconds=second)
        if zone is not None:
            at = datetime.fromisoformat(at.strftime("%Y-%m-%dT%H:%M:%S") + zone)
    except (ValueError, OverflowError):
        return None
    if not EARLIEST <= at.year <= LATEST or hour > 24 or minute > 59:
        return None
    if is_unread:
        return Moment(day, None, False, f"{hour:02}:{minute:02} {(after or '').strip()}"[:LONGEST_UNREAD])
    return Moment(at, zone, clock[0] is not None)


def read_zone(after: str, day: datetime, language: str | None = None) -> tuple[str | None, bool]:
    """The offset of the zone that is named directly after a time of day, and whether there is one that cannot be read.

    A zone is named by an offset, by an abbreviation, or by words that say whose time it is ("Eastern Time").

    >>> day = datetime(2026, 3, 4)
    >>> read_zone(" (UTC +3), 4 min read", day), read_zone(" Eastern Time", day), read_zone(" | Ports", day)
    (('+03:00', False), (None, True), (None, False))
    """
    found = _NAMED_ZONE.match(after)
    name = found[2] if found is not None and (found[1] or found[2] == found[2].upper()) else ""  # "et" is a word
    if name and (zone := offset_of(name, day, language)) is not None:
        return zone, False
    is_named = is_zone(name) or _ANY_ZONE.fullmatch(name) is not None
    return None, is_named or load_zones().words.match(after) is not None


def is_zone(name: str) -> bool:
    """Whether a name is that of a time zone, of one or of several."""
    zones, name = load_zones(), name.upper()
    return name in zones.offsets or name in zones.of_season or name in zones.of_countries


def offset_of(written: str | None, day: datetime | None = None, language: str | None = None) -> str | None:
    """The offset of a time zone; None if its name is ambiguous or unknown.

    ``day`` decides between winter and summer (ET), the country in ``language`` between names (IST).

    >>> offset_of("+0530"), offset_of("Z"), offset_of("GMT+1"), offset_of("CEST"), offset_of("IST"), offset_of(None)
    ('+05:30', '+00:00', '+01:00', '+02:00', None, None)
    >>> offset_of("ET", datetime(2026, 3, 4)), offset_of("ET", datetime(2026, 7, 4)), offset_of("IST", None, "hi-IN")
    ('-05:00', '-04:00', '+05:30')
    """
    if not written:
        return None
    written = written.upper().replace(" ", "")
    if is_zone(written):
        return _named_offset(written, day, language)
    written = written.removeprefix("UTC").removeprefix("GMT")
    if written[:1] not in ("+", "-"):
        return None
    hours, _, minutes = written[1:].partition(":")
    digits = hours.zfill(2) + minutes if len(hours) < 3 else hours.zfill(4)
    digits = digits.ljust(4, "0")
    if int(digits[:2]) > 14 or int(digits[2:]) > 59:
        return None
    return f"{written[0]}{digits[:2]}:{digits[2:]}"


def _named_offset(name: str, day: datetime | None, language: str | None) -> str | None:
    zones = load_zones()
    if name in zones.of_season:
        return zones.of_season[name][_is_summer(day)] if day is not None and day.year >= 2007 else None
    country = (language or "").replace("_", "-").rpartition("-")[2].upper()
    return zones.of_countries.get(name, {}).get(country) or zones.offsets.get(name)


def _is_summer(day: datetime) -> bool:
    """Whether the clocks of the United States are on summer time: from March's second Sunday to November's first."""
    first = datetime(day.year, 3, 1, tzinfo=day.tzinfo)
    spring = first + timedelta(days=(6 - first.weekday()) % 7 + 7)
    first = datetime(day.year, 11, 1, tzinfo=day.tzinfo)
    return spring <= day < first + timedelta(days=(6 - first.weekday()) % 7)


def _rfc_2822(text: str) -> Moment | None:
    if _RFC_2822.match(text) is None:  # the library's parser reads much else, and leaves out halves of the day
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if not EARLIEST <= at.year <= LATEST:
        return None
    named = text.rpartition(" ")[2]
    if at.tzinfo is None and is_zone(named):
        return Moment(datetime(at.year, at.month, at.day, tzinfo=UTC), None, False, f"{at:%H:%M} {named}")
    if at.tzinfo is None:
        return Moment(at.replace(tzinfo=UTC), None, True)
    offset = at.strftime("%z")
    return Moment(at, f"{offset[:3]}:{offset[3:5]}", True)
