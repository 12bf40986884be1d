"""Builds ``tables/calendar.json`` from CLDR (by babel): ``python -m pipelines.clean.metadata.build``.

For each language: the names of the months, of the days of the week, and of the parts of the day with their hours. The
names are those of all the language's countries, as CLDR has them (Unicode License), and without accents as well.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from babel import Locale, localedata

LANGUAGES = (
    "af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "eo", "es", "et",
    "eu", "fa", "fi", "fil", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka",
    "kk", "km", "kn", "ko", "ky", "lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "mt", "my", "nb", "ne", "nl",
    "nn", "or", "pa", "pl", "ps", "pt", "ro", "ru", "si", "sk", "sl", "so", "sq", "sr", "sv", "sw", "ta", "te",
    "th", "tk", "tr", "uk", "ur", "uz", "vi", "zh", "zu",
)
FILE = Path(__file__).parent.parent / "tables" / "calendar.json"
WIDTHS = ("wide", "abbreviated")
UNACCENTED = "\u0700"
"""Names in Latin, Greek, Cyrillic, Hebrew and Arabic letters are often written without their marks."""


def plain(name: str) -> str:
    """A name as it is compared: in lower case, without dots and spaces."""
    return "".join(name.casefold().replace(".", "").split())


def without_accents(name: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))


def locales(language: str) -> list[Locale]:
    """The language's own locale, then those of its countries and scripts."""
    names = sorted(name for name in localedata.locale_identifiers() if name.split("_")[0] == language)
    return [Locale.parse(name) for name in names]


def month_names(language: str) -> dict[str, int]:
    localedata._cache.clear()  # babel 2.18 writes some languages' names into those that are loaded after them
    given = [
        (plain(name), number)
        for locale in locales(language) for use in ("format", "stand-alone") for width in WIDTHS
        for number, name in locale.months[use][width].items() if not any(map(str.isdigit, name))
    ]
    return _first([*given, *((without_accents(name), number) for name, number in given if name < UNACCENTED)])


def _first(given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The first value of each name, without Latin names of one letter."""
    found: dict[str, Any] = {}
    for name, value in given:
        if (len(name) > 1 or name > "\u0370") and max(name) <= "\uffff":
            found.setdefault(name, value)
    return dict(sorted(found.items()))


def day_names(language: str) -> list[str]:
    names = (plain(name) for locale in locales(language) for use in ("format", "stand-alone") for width in WIDTHS
             for name in locale.days[use][width].values())
    return sorted({name for name in names if len(name) > 1})


def parts_of_day(language: str) -> dict[str, list[int]]:
    """The names of the parts of the day, each with its first hour and the hour after its last."""
    given = [(plain(name), hours) for locale in locales(language) for name, hours in _parts(locale)]
    return _first([*given, *((without_accents(name), hours) for name, hours in given if name < UNACCENTED)])


def _parts(locale: Locale) -> Iterator[tuple[str, list[int]]]:
    for use in ("format", "stand-alone"):
        for width in ("wide", "abbreviated", "narrow"):
            named = locale.day_periods.get(use, {}).get(width, {})
            for period, name in sorted(named.items(), key=_halves_first):
                if (hours := _hours(locale, period)) is not None:
                    yield name, hours


def _halves_first(named: tuple[str, str]) -> bool:
    return named[0] not in ("am", "pm")


def _hours(locale: Locale, period: str) -> list[int] | None:
    if period in ("am", "pm"):
        return [0, 12] if period == "am" else [12, 24]
    for rule in locale.day_period_rules.get(None, {}).get(period, ()):
        if "from" in rule and "before" in rule:
            return [rule["from"] // 3600, rule["before"] // 3600]
    return None


def build() -> dict[str, Any]:
    return {
        language: {
            "months": month_names(language), "days": day_names(language), "parts": parts_of_day(language),
        }
        for language in LANGUAGES
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(build(), ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
