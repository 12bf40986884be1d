"""The place or people inside a longer name, such as an organisation's: "Kentucky State Police", "Bank of Canada".

Only a name that the news would use as a place counts. A country, region or large city counts anywhere in the name; a
smaller place only where names of institutions have their place: before a public body ("Marrowby Fire Department"), or
at the end after "of" or "in". A place that the article names by itself too counts anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from pipelines.enrich.names.edges import words
from pipelines.enrich.places.gazetteer import Gazetteer

WORD = re.compile(r"(?:[^\s,()/-]|-(?![A-Z]))+")  # Wisconsin-Milwaukee is two words, London-based one
DIVISION = frozenset({"County", "Township", "Parish", "Borough", "Province", "District", "Twp"})
LINKING = frozenset({"of", "in", "at", "for"})
LONGEST_PLACE = 4  # words
SHORTEST_NAMED = 4  # characters


def place_inside(name: str, gazetteer: Gazetteer, named: Collection[str] = ()) -> str | None:
    """The place or people in a name, as written; None if there is none, or if the whole name is a place.

    ``named`` are the places that the article names by themselves.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> names = ("Kentucky State Police", "Bank of Canada", "French Open", "Falk Group", "Hull Fire Service", "Oslo")
    >>> [place_inside(name, load_gazetteer()) for name in names]
    ['Kentucky', 'Canada', 'French', None, 'Hull', None]
    >>> place_inside("Winfield Dodge", load_gazetteer()), place_inside("Winfield Dodge", load_gazetteer(), {"Winfield"})
    (None, 'Winfield')
    """
    parts = list(WORD.finditer(name))
    found = None
    for count in range(min(LONGEST_PLACE, len(parts) - 1), 0, -1):
        for first in range(len(parts) - count + 1):
            start, end = parts[first].start(), parts[first + count - 1].end()
            if _is_named(name[start:end], named) or _is_place(name, start, end, gazetteer):
                inner = _without_ending(name[start:end])
                is_known = gazetteer.is_prominent(inner) or gazetteer.demonym_country(inner) is not None
                if is_known and (found is None or name[:start].endswith(" of ")):
                    return inner
                found = found or inner  # a small place, unless a well-known one is after "of"
    return found or _unknown_place(parts, name)


def bearer_of(name: str, gazetteer: Gazetteer) -> str | None:
    """The name itself, if an organisation that has it alone may be a city's team or council; None for other names.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> [bearer_of(name, load_gazetteer()) for name in ("Leeds", "Falkwerk", "Shell", "ANC")]
    ['Leeds', None, None, None]
    """
    is_other = name.isupper() or name in words("known_organisations") or name in words("no_places")
    return None if is_other or not gazetteer.places(name) else name


def _unknown_place(parts: list[re.Match[str]], name: str) -> str | None:
    """The words before a local body, such as a police department: a place, even if no gazetteer has it.

    >>> [_unknown_place(list(WORD.finditer(name)), name) for name in ("Marrowby Fire Department", "Marrowby Bank")]
    ['Marrowby', None]
    """
    count = next((index for index, part in enumerate(parts) if part[0] in words("local_bodies")), 0)
    if not 0 < count < LONGEST_PLACE or name in words("known_organisations"):
        return None
    return name[parts[0].start() : parts[count - 1].end()] if name[parts[0].start()].isupper() else None


def _is_named(part: str, named: Collection[str]) -> bool:
    found = _without_ending(part)
    return len(found) >= SHORTEST_NAMED and found in named and found not in words("no_places")


def _is_place(name: str, start: int, end: int, gazetteer: Gazetteer) -> bool:
    found = _without_ending(name[start:end])
    if not found[:1].isupper() or found in words("no_places"):
        return False
    if gazetteer.is_prominent(found) or gazetteer.demonym_country(found):
        return True
    places = gazetteer.places(found)
    if not places or places[0].kind != "city":
        return bool(places)  # a county
    before, after = name[:start].split(), name[end:].split()
    if before:
        return not after and before[-1] in LINKING
    return after[0] in DIVISION or not words("public_bodies").isdisjoint(after)


def _without_ending(name: str) -> str:
    """The words without a possessive ending: "Norway's Storting" has Norway."""
    return name.removesuffix("'s").removesuffix("’s")
