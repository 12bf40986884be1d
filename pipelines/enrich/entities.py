"""All names of one person, organisation or place become one entity of the article, with an id shared by all articles.

These names are resolved to the full name, if exactly one entity of the article fits: a person's surname or given name;
an acronym that the text introduces, or that is the initials of an organisation; a company without its legal form; an
institution without its country (U.S. Supreme Court); the first or last words of an organisation's name (a team's
nickname); a few short forms that the news never explains (Fed); other names of a country or place. If two entities fit,
the name stays an entity of its own.

Two people with the same name get the same id here. They are distinguished when a batch is loaded, if their articles
state different kinds of occupation (``occupations.py``) and have hardly any other people in common. Two people with the
same name and the same kind of occupation, or without one, are not distinguished. An article that has only "Falk" gets
another entity than one with "Ines Falk".
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache

from pipelines.enrich.names.carry import stands_for
from pipelines.enrich.names.edges import words
from pipelines.enrich.tables import load_table
from pipelines.records import EntityType

type Named = tuple[EntityType, str]

PUNCTUATION = re.compile(r"[^\w&]+")
POSSESSIVE = re.compile(r"['’]s?\b")
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
LEGAL_FORMS = frozenset(form.casefold().replace(".", "") for form in load_table("words.toml")["legal_forms"])

_JOINING = frozenset({"of", "for", "and", "&", "the", "in"})
_COMPASS = frozenset({"north", "south", "east", "west", "new", "old", "upper", "lower"})

SHORT_FORMS: dict[str, str] = load_table("words.toml")["short_forms"]


@lru_cache(maxsize=20_000)
def plain_name(name: str) -> str:
    """A name as it is displayed: without invisible characters, with single spaces.

    >>> plain_name("Mar\\u00adrowby\\u00a0 Bay")
    'Marrowby Bay'
    """
    return " ".join(INVISIBLE.sub("", name).split())


@lru_cache(maxsize=20_000)
def name_key(kind: EntityType, name: str) -> str:
    """The key of a name for comparison: without case, accents, punctuation, legal form and middle initials.

    >>> name_key("PER", "Inés K. O'Falk"), name_key("ORG", "The Falk's Shipping Co."), name_key("LOC", "U.S.")
    ('ines ofalk', 'falk shipping', 'us')
    """
    folded = unicodedata.normalize("NFKD", plain_name(name).replace(".", "").casefold())
    folded = POSSESSIVE.sub("", folded)
    parts = PUNCTUATION.sub(" ", "".join(c for c in folded if not unicodedata.combining(c))).split()
    if len(parts) > 1 and parts[0] == "the":
        parts = parts[1:]
    if kind == "ORG":
        parts = _key_of_organisation(parts)
    if kind == "PER" and len(parts) > 2:
        parts = [parts[0], *(part for part in parts[1:-1] if len(part) > 1), parts[-1]]
    return " ".join(parts)


def _key_of_organisation(parts: list[str]) -> list[str]:
    """
    >>> _key_of_organisation(["ministry", "of", "sea"]), _key_of_organisation(["fed"])
    (['sea', 'ministry'], ['federal', 'reserve'])
    """
    while len(parts) > 1 and parts[-1] in LEGAL_FORMS:
        parts = parts[:-1]
    if len(parts) > 2 and parts[0] in ("ministry", "department") and parts[1] == "of":
        parts = [*parts[2:], parts[0]]
    return SHORT_FORMS.get(" ".join(parts), " ".join(parts)).split()


def entity_id(kind: EntityType, name: str, geonames_id: int | None = None) -> str:
    """An entity's id: 32 hexadecimal digits, from the GeoNames id of a known place, else from type and ``name_key``.

    >>> entity_id("PER", "Ines Falk") == entity_id("PER", "INES FALK"), len(entity_id("LOC", "Oslo", 3143244))
    (True, 32)
    """
    identity = f"geonames:{geonames_id}" if geonames_id else f"{kind}:{name_key(kind, name)}"
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def coalesced(names: Sequence[Named], same: Mapping[Named, str]) -> dict[Named, Named]:
    """For each name as written, the fullest name of the same entity.

    ``same`` has a common mark for names that are known to be the same (places by their id, peoples by their country).

    >>> names = [("PER", "Ines Falk"), ("PER", "Falk"), ("ORG", "Harbour News Agency"), ("ORG", "HNA")]
    >>> coalesced(names, {})[("PER", "Falk")], coalesced(names, {})[("ORG", "HNA")]
    (('PER', 'Ines Falk'), ('ORG', 'Harbour News Agency'))
    """
    groups: dict[tuple[EntityType, str], list[Named]] = defaultdict(list)
    for named in names:
        groups[named[0], same.get(named) or name_key(*named)].append(named)
    heads = {key: max(members, key=_fullness) for key, members in groups.items()}
    longer = _parents(list(heads))
    result = {}
    for key, members in groups.items():
        head, seen = key, {key}
        while head in longer and longer[head] not in seen:
            head = longer[head]
            seen.add(head)
        for member in members:
            result[member] = heads[head]
    return result


def _fullness(named: Named) -> tuple[int, int, int]:
    """The sort key of the fullest name: mixed case before capitals, then more words, then more characters."""
    name = named[1]
    return (0 if name.isupper() and len(name) > 5 else 1, len(name.split()), len(name))


def names_in_title(writings: Iterable[str], kind: EntityType, title: str) -> bool:
    """Whether the title contains one of the names, or the surname of a person.

    >>> names_in_title({"Ines Falk"}, "PER", "Falk’s pier"), names_in_title({"Ansel"}, "LOC", "Anselm sings")
    (True, False)
    """
    words_of = f" {PUNCTUATION.sub(' ', POSSESSIVE.sub(' ', plain_name(title)).replace('.', '').casefold())} "
    for writing in writings:
        key = PUNCTUATION.sub(" ", writing.replace(".", "").casefold()).strip()
        if key and f" {key} " in words_of and (len(key) > 2 or writing.replace(".", "") in title.replace(".", "")):
            return True
        if kind == "PER" and " " in key and len(key.split()[-1]) > 2 and f" {key.split()[-1]} " in words_of:
            return True
    return False


def _parents(keys: Sequence[tuple[EntityType, str]]) -> dict[tuple[EntityType, str], tuple[EntityType, str]]:
    """For each shorter name, the longer name of the same entity, if exactly one fits."""
    parents = {}
    for kind, short in keys:
        fits = _FITS.get(kind)
        if fits is None or not short:
            continue
        for fit in fits:
            found = [key for key in keys if key[0] == kind and key[1] != short and fit(short, key[1])]
            if len(found) > 1:  # for nested names ("Falk", "Ines Falk", "Ines Marie Falk"), the longest one
                longest = max(found, key=lambda key: len(key[1]))
                if all(key == longest or set(key[1].split()) <= set(longest[1].split()) for key in found):
                    found = [longest]
            if found:
                if len(found) == 1:
                    parents[kind, short] = found[0]
                break
    return parents


def _is_surname(short: str, full: str) -> bool:
    """
    >>> _is_surname("falk", "ines falk"), _is_surname("lee", "lee jae myung")
    (True, False)
    """
    parts, own = full.split(), short.split()
    return len(parts) > len(own) and parts[-len(own) :] == own


def _is_part_of_person(short: str, full: str) -> bool:
    """
    >>> _is_part_of_person("lee", "lee jae myung"), _is_part_of_person("i falk", "ines falk")
    (True, True)
    """
    parts, own = full.split(), short.split()
    if len(own) == 1:
        return len(parts) > 1 and own[0] in (parts[0], *parts[-2:])
    if len(own) == 2 and len(own[0]) == 1:
        return len(parts) > 1 and parts[-1] == own[-1] and parts[0].startswith(own[0]) and len(parts[0]) > 1
    return len(parts) > len(own) and parts[0] == own[0] and parts[-1] == own[-1] and set(own) <= set(parts)


def _is_acronym(short: str, full: str) -> bool:
    return " " not in short and len(short) < 8 and " " in full and stands_for(short, full)


def _is_opening(short: str, full: str) -> bool:
    """
    >>> _is_opening("harbour news", "harbour news agency"), _is_opening("bank", "bank of oslo")
    (True, False)
    """
    if not full.startswith(short + " ") or short.title() in words("organisation_openings"):
        return False
    return full[len(short) + 1 :].split(maxsplit=1)[0] not in _JOINING


def _is_of_country(short: str, full: str) -> bool:
    """
    >>> _is_of_country("treasury", "us treasury"), _is_of_country("harbour news", "oslo harbour news")
    (True, False)
    """
    return full.endswith(" " + short) and full.removesuffix(" " + short) in _countries()


@cache
def _countries() -> frozenset[str]:
    """The names of countries, peoples and unions of countries, as they occur at the beginning of a name."""
    names = (name for entry in load_table("countries.toml").values()
             for name in (*entry.get("names", ()), *entry.get("demonyms", ())))
    return frozenset({"us", "uk", "un", "eu", *(name.casefold().replace(".", "") for name in names)})


def _is_closing(short: str, full: str) -> bool:
    """Whether ``short`` is the last words of the name of a team, newspaper or company.

    >>> _is_closing("gulls", "marrowby gulls"), _is_closing("oslo", "bank of oslo"), _is_closing("fife", "east fife")
    (True, False, False)
    """
    before = full.removesuffix(" " + short)
    return before != full and before not in _COMPASS and before.rsplit(maxsplit=1)[-1] not in _JOINING


def _is_spaced(short: str, full: str) -> bool:
    """
    >>> _is_spaced("jp falk", "jpfalk harbour"), _is_spaced("jp falk", "jp falkner")
    (True, False)
    """
    return " " in short and short.replace(" ", "") in (full.split(maxsplit=1)[0], full)


_FITS: dict[EntityType, tuple[Callable[[str, str], bool], ...]] = {
    "PER": (_is_surname, _is_part_of_person),
    "ORG": (_is_acronym, _is_of_country, _is_opening, _is_closing, _is_spaced),
    "MISC": (_is_acronym,),
}
