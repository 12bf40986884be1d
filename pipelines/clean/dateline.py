"""The dateline is read from the opening words of the body: the place where a story was filed, and the agency."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipelines.records import Dateline

_PLACE = r"[^\W\d_][\w.’'/ -]*(?:, ?[^\W\d_][\w.’' -]*){0,2}"
_DASH = r"(?:\.\s?-{1,2}\s*|\s*[—–―]\s*|\s+-{1,2}\s+|\s*--\s*)"
_AGENCY = r"\((?P<agency>[^()\n]{2,40})\)"
_AFTER_AGENCY = rf"(?::|{_DASH}|,(?= )|(?=[A-ZÀ-Ý“\"]))"
_DATE = r"[\w. ]*\d{1,2}[\w., ]*"
_CAPITALS = r"[A-ZÀ-Ý][A-ZÀ-Ý.’' -]{2,}(?:, [A-Z][\w. ]+?)?"
_PATTERNS = tuple(
    map(
        re.compile,
        (
            rf"(?P<place>{_PLACE}?)(?P<date>,? ?\(?{_DATE}\)?)?\s*{_AGENCY}\s*{_AFTER_AGENCY}",
            rf"{_AGENCY}\s*(?:{_DASH}|:)(?=\S)",
            rf"(?P<place>{_PLACE}?),\s*(?P<date>{_DATE}?)(?:,\s*(?P<agency>[^,()—–-]{{2,40}}))?{_DASH}(?=\S)",
            rf"(?P<place>{_PLACE}?)(?:/(?P<agency>[A-Z][\w -]{{1,20}}))?{_DASH}(?=\S)",
            rf"(?P<place>{_CAPITALS})(?::\s|\.\s*[—–-]\s*)(?=\S)",
        ),
    )
)
_COLON = re.compile(r"(?P<place>[^\W\d_][\w.’'-]+(?: [^\W\d_][\w.’'-]+){0,2}): (?=[A-ZÀ-Ý“\"0-9])(?=.{40})")
_LABEL = re.compile(r"[^\W\d_][\w.’'-]*(?: [\w.’'-]+){0,2}: ")
_MARK = re.compile(r"[(:—–―]|[ .]-|--")
"""Every dateline contains one of these marks: it ends in one, or has its agency in parentheses."""

_LONGEST = 90
_MOST_WORDS = 5
_SMALL_WORDS = frozenset(
    [
        "of",
        "the",
        "and",
        "de",
        "la",
        "le",
        "les",
        "du",
        "des",
        "da",
        "do",
        "dos",
        "das",
        "del",
        "di",
        "den",
        "der",
        "am",
        "an",
        "in",
        "im",
        "sur",
        "sous",
        "el",
        "al",
        "los",
        "las",
    ]
)


@dataclass(frozen=True, slots=True)
class DatelineTables:
    """The tables of ``tables/dateline.toml``, case-folded."""

    agencies: frozenset[str]
    not_places: frozenset[str]
    months: tuple[str, ...]


@cache
def load_dateline_tables() -> DatelineTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/dateline.toml").read_text("utf-8"))
    return DatelineTables(
        frozenset(name.casefold() for name in table["agencies"]),
        frozenset(name.casefold() for name in table["not_places"]),
        tuple(table["months"]),
    )


def read_dateline(body: str) -> Dateline | None:
    """The place and agency that the body begins with, or None. The body keeps its dateline.

    >>> read_dateline("Marrowby (HNA): The harbour council voted on Tuesday.")
    Dateline(place='Marrowby', agency='HNA')
    >>> read_dateline("PORT ANSEL, March 3 (Reuters) - Ships waited.")
    Dateline(place='PORT ANSEL', agency='Reuters')
    >>> read_dateline("The council (which met on Monday) - or part of it - voted.") is None
    True
    """
    for paragraph in body.split("\n\n", 2)[:2]:  # the first paragraph may be a standfirst
        found = _read(paragraph.split("\n", 1)[0][: _LONGEST * 2])
        if found is not None:
            return found
    return _before_colon(body)


def _before_colon(body: str) -> Dateline | None:
    """The dateline of a body that begins with a place and a colon ("Doha: A fault …"), or None.

    No other paragraph may begin with words and a colon, since names of speakers and labels occur several times.
    """
    match = _COLON.match(body)
    if (
        match is None
        or not _looks_like_place(match["place"])
        or match["place"].casefold() in load_dateline_tables().not_places
    ):
        return None
    others = body.split("\n\n", 100)[1:100]
    if len(others) < 2 or any(_LABEL.match(paragraph) for paragraph in others):
        return None
    return Dateline(match["place"], None)


def _read(opening: str) -> Dateline | None:
    tables = load_dateline_tables()
    if _MARK.search(opening) is None:
        return None
    for pattern in _PATTERNS:
        match = pattern.match(opening)
        if match is None or match.end() > _LONGEST:
            continue
        groups = match.groupdict()
        place = _tidy_place(groups.get("place"))
        agency = (groups.get("agency") or "").strip() or None
        date = (groups.get("date") or "").strip(" ,()") or None
        if _is_dateline(place, agency, date, groups, tables):
            return Dateline(place, agency)
    return None


def _tidy_place(written: str | None) -> str | None:
    """The place without the marks after it. After a comma, the dot of an abbreviation stays ("Calif.", "D.C.")."""
    place = (written or "").strip(" ,-–—")
    return (place if "," in place else place.rstrip(".")) or None


def _is_dateline(
    place: str | None, agency: str | None, date: str | None, groups: dict[str, str | None], tables: DatelineTables
) -> bool:
    if agency is not None and not _looks_like_agency(agency, tables):
        return False
    if date is not None and not _looks_like_date(date, tables):
        return False
    if place is None:
        return agency is not None and "place" not in groups and agency.casefold() in tables.agencies
    if place.casefold() in tables.not_places or not _looks_like_place(place):
        return False
    # without an agency or a date, only capital letters distinguish a place from the first words of a sentence
    city = place.split(",")[0]
    return agency is not None or date is not None or (city.isupper() and len(city) > 2)


def _looks_like_agency(name: str, tables: DatelineTables) -> bool:
    if any(part.strip().casefold() in tables.agencies for part in re.split(r"[/,;]| and ", name)):
        return True
    words = name.split()
    return (
        len(words) <= 3
        and name[0].isupper()
        and not any(letter.isdigit() for letter in name)
        and (name.isupper() or all(word[0].isupper() for word in words))
        and (len(words) > 1 or sum(map(str.isupper, name)) >= 2)
    )


def _looks_like_date(date: str, tables: DatelineTables) -> bool:
    words = re.findall(r"[^\W\d_]+", date.casefold())
    return not words or any(word.startswith(tables.months) for word in words)


def _looks_like_place(place: str) -> bool:
    words = [word for word in re.split(r"[ ,/]+", place) if word]
    capital = [word for word in words if word[0].isupper()]
    return (
        0 < len(words) <= _MOST_WORDS
        and words[0][0].isupper()
        and all(word in capital or word.casefold() in _SMALL_WORDS for word in words)
    )
