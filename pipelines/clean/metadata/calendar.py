"""The names of months, and the names of the parts of a day, in the languages of the news (CLDR, by ``build.py``)."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

_SECOND = 0x370
_HEBREW_IN = "\u05d1"
"""The Hebrew for "in" is the first letter of the month's name in a date."""

_UNSPACED = 0xe00
"""From Thai on, scripts that join a name and a number without a space."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """``months`` by language. ``agreed`` has the names that mean one month in all languages that have them.

    ``solar`` has the months of the solar Hijri calendar.
    """

    months: Mapping[str, Mapping[str, int]]
    agreed: Mapping[str, int]
    days: frozenset[str]
    parts: Mapping[str, Mapping[str, tuple[int, int]]]
    solar: Mapping[str, int]


@cache
def load_calendar() -> Calendar:
    tables = files("pipelines.clean").joinpath("tables")
    cldr = json.loads(tables.joinpath("calendar.json").read_text("utf-8"))
    others = tomllib.loads(tables.joinpath("dates.toml").read_text("utf-8"))
    months = {language: {**names["months"], **others["months"].get(language, {})} for language, names in cldr.items()}
    meanings: dict[str, set[int]] = {}
    for names in months.values():
        for name, number in names.items():
            meanings.setdefault(name, set()).add(number)
    return Calendar(
        months=months,
        agreed={name: min(numbers) for name, numbers in meanings.items() if len(numbers) == 1},
        days=frozenset(day for names in cldr.values() for day in names["days"]),
        parts={language: {name: (hours[0], hours[1])
                          for name, hours in {**names["parts"], **others["parts"].get(language, {})}.items()}
               for language, names in cldr.items()},
        solar={name: number for number, name in enumerate(others["solar_hijri"]["months"], 1)},
    )


def plain_name(word: str) -> str:
    """A name as the tables have it: in lower case, without dots and spaces."""
    return "".join(word.casefold().replace(".", "").split())


def month_of(word: str, language: str | None = None) -> int | None:
    """The number of the month that a word names in this language, or in all languages that have the word; or None.

    >>> month_of("März"), month_of("août"), month_of("lipca"), month_of("Marrowby"), month_of("Kassel")
    (3, 8, 7, None, None)
    >>> month_of("listopada"), month_of("listopada", "hr"), month_of("listopada", "pl")
    (None, 10, 11)
    """
    calendar, name = load_calendar(), plain_name(word)
    own = calendar.months.get(base_language(language), {})
    bare = name.removeprefix(_HEBREW_IN)
    return own.get(name) or calendar.agreed.get(name) or calendar.agreed.get(bare)


def solar_month_of(word: str) -> int | None:
    """The number of the month of the solar Hijri calendar that a word names; None if it names none.

    >>> solar_month_of("اسفند"), solar_month_of("دي"), solar_month_of("مارس")
    (12, 10, None)
    """
    return load_calendar().solar.get(word.replace("ي", "ی"))


def of_solar(year: int, month: int, day: int) -> tuple[int, int, int] | None:
    """The Gregorian date of one in the solar Hijri calendar; None if there is no such day or the year is far from ours.

    Of 33 years, eight are leap years. The equinox, which decides, has kept to this for two centuries.

    >>> of_solar(1404, 12, 13), of_solar(1403, 12, 30), of_solar(1404, 12, 30)
    ((2026, 3, 4), (2025, 3, 20), None)
    """
    if not (year in SOLAR_YEARS and 1 <= month <= 12 and 1 <= day <= (31 if month < 7 else 30)):
        return None
    found = date.fromordinal(_solar_days(year, month, day) + _SOLAR_ZERO)
    is_next = found.toordinal() >= _solar_days(year + 1, 1, 1) + _SOLAR_ZERO
    return None if is_next else (found.year, found.month, found.day)


def _solar_days(year: int, month: int, day: int) -> int:
    leap_days = (year + 1595) // 33 * 8 + ((year + 1595) % 33 + 3) // 4
    return 365 * year + leap_days + (month - 1) * 30 + min(month - 1, 6) + day


SOLAR_YEARS = range(1369, 1430)
_SOLAR_ZERO = date(2021, 3, 21).toordinal() - _solar_days(1400, 1, 1)


def is_month(word: str) -> bool:
    """Whether a word names a month in some language."""
    name = plain_name(word)
    return solar_month_of(word) is not None or any(name in names for names in load_calendar().months.values())


def is_day(word: str) -> bool:
    """Whether a word names a day of the week in some language."""
    return plain_name(word) in load_calendar().days


def base_language(language: str | None) -> str:
    """The language without its country, by the code that CLDR has.

    >>> base_language("pt-BR"), base_language("no"), base_language(None)
    ('pt', 'nb', '')
    """
    base = (language or "").replace("_", "-").split("-")[0].lower()
    return {"no": "nb", "tl": "fil", "iw": "he", "in": "id"}.get(base, base)


def hour_of(hour: int, before: str, after: str, language: str | None) -> tuple[int | None, int]:
    """The hour from 0 to 23, and how many characters of ``after`` name the part of the day.

    The hour is None if the words around it name a part of the day that it does not fit: it may be half a day off.

    >>> hour_of(3, "오후 ", "", "ko"), hour_of(12, "", " a.m. ET", "en"), hour_of(7, "", " CH", "vi")
    ((15, 0), (0, 5), (19, 3))
    >>> hour_of(9, "", " de la noche", "es"), hour_of(9, "", " ξ.μ.", "el")
    ((21, 12), (None, 0))
    """
    if hour > 12:
        return hour, 0
    last, first = _part_patterns(base_language(language))
    named = first.match(after) or last.search(before)
    if named is None:
        is_unknown = _ABBREVIATED.match(after) is not None or _ABBREVIATED_LAST.search(before) is not None
        return (None if is_unknown else hour), 0
    hours = _parts_of(base_language(language))[plain_name(named[1])]
    return _within(hour, hours), (named.end() if named.string is after and named.re is first else 0)


_ABBREVIATED = re.compile(r"\s?[^\W\d_]\.\s?[^\W\d_]\.")
_ABBREVIATED_LAST = re.compile(r"(?<!\w)[^\W\d_]\.\s?[^\W\d_]\.\s*$")


def _within(hour: int, hours: tuple[int, int]) -> int | None:
    """The hour of a 12-hour clock that lies within these hours, or is nearer to them; None if both are equally near.

    >>> _within(11, (12, 13)), _within(11, (1, 3)), _within(1, (19, 24))  # 11 at noon, 11 and 1 at night
    (11, 23, 1)
    >>> _within(12, (6, 12))  # before noon, as in 12:30 a.m.
    0
    """
    if hour == 12 and hours[0] < hours[1] <= 12:
        return 0

    def hours_off(one: int) -> int:
        after, length = (one - hours[0]) % 24, (hours[1] - hours[0]) % 24 or 24
        return 0 if after < length else min(after - length + 1, 24 - after)

    morning, afternoon = hour % 12, hour % 12 + 12
    if hours_off(morning) == hours_off(afternoon):
        return None
    return min(morning, afternoon, key=hours_off)


@cache
def _parts_of(language: str) -> Mapping[str, tuple[int, int]]:
    """The parts of the day in a language, in English, and in scripts that few languages share."""
    parts = load_calendar().parts
    others = {name: hours for names in parts.values() for name, hours in names.items()
              if ord(name[0]) >= _SECOND and len(name) > 1}
    return {**others, "am": (0, 12), "pm": (12, 24), **parts.get(language, {})}


@cache
def _part_patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns of a part of the day at the end of a text, and at the beginning of one."""
    names = sorted(_parts_of(language), key=len, reverse=True)
    spaced = "|".join(r"[\s.]*".join(map(re.escape, name)) for name in names if ord(name[0]) < _UNSPACED)
    joined = "|".join(re.escape(name) for name in names if ord(name[0]) >= _UNSPACED)
    return (re.compile(rf"((?<!\w)(?:{spaced})|(?:{joined}))\.?\s*$", re.I),
            re.compile(rf"\s*,?\s*((?:{spaced})(?!\w)|(?:{joined}))\.?", re.I))
