"""A byline becomes authors, each told for what it is: a person, a desk of the outlet, or an organisation."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipelines.clean.dateline import load_dateline_tables
from pipelines.clean.text import tidy_line
from pipelines.records import Author, AuthorType

MOST_AUTHORS = 30
LONGEST_NAME = 80
LONGEST_BYLINE = 1_000

_ADDRESS = re.compile(r"\(?\b(?:https?://|www\.)\S+|\S+@\S+\.\S+|(?<!\w)@\w+", re.I)
_CUT = re.compile(r"\s*(?:[|·•/\n\t;]|\s[–—-]{1,2}\s|,\s*(?=\S)|\s{2,})\s*")
_NOTE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]?")
_EDGES = " ,.;:|·•*–—-_/\"“”„'’()[]<>"


@dataclass(frozen=True, slots=True)
class NameTables:
    """``tables/names.toml``, read and compiled."""

    opener: re.Pattern[str]
    joiner: re.Pattern[str]
    desk: re.Pattern[str]
    organisation: re.Pattern[str]
    not_names: frozenset[str]
    agencies: frozenset[str]


@cache
def load_name_tables() -> NameTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/names.toml").read_text("utf-8"))

    def any_of(name: str) -> str:
        return "|".join(re.escape(word) for word in sorted(table[name], key=len, reverse=True))

    return NameTables(
        opener=re.compile(rf"(?:{any_of('openers')})(?:\s*:\s*|\s+)", re.I),
        joiner=re.compile(rf"\s+(?:{any_of('joiners')})\s+", re.I),
        desk=re.compile(rf"(?<!\w)(?:{any_of('desk_words')})(?!\w)", re.I),
        organisation=re.compile(rf"(?<!\w)(?:{any_of('organisation_words')})(?!\w)", re.I),
        not_names=frozenset(name.casefold() for name in table["not_names"]),
        agencies=load_dateline_tables().agencies,
    )


def parse_byline(byline: str) -> tuple[Author, ...]:
    """The authors that a byline names, in its order, each once; () where it names nobody.

    >>> parse_byline("By Ines Falk and Tom Okafor, Harbour News Agency")
    (Author(name='Ines Falk', type='person'), Author(name='Tom Okafor', type='person'), \
Author(name='Harbour News Agency', type='organisation'))
    >>> parse_byline("Web Desk")
    (Author(name='Web Desk', type='desk'),)
    """
    tables = load_name_tables()
    text = _ADDRESS.sub(" ", tidy_line(byline[:LONGEST_BYLINE]))
    found: dict[str, Author] = {}
    for piece in _CUT.split(text):
        for part in _split_names(piece, tables):
            name = clean_name(part)
            if name and name.casefold() not in found and len(found) < MOST_AUTHORS:
                found[name.casefold()] = Author(name, author_type(name))
    return tuple(found.values())


def clean_name(name: str) -> str | None:
    """One name without the words and marks around it; None where nothing of a name is left.

    >>> clean_name("von Ines Falk (Berlin)")
    'Ines Falk'
    >>> clean_name("https://outlet.example/author/1") is None
    True
    """
    tables = load_name_tables()
    name = _NOTE.sub("", _ADDRESS.sub(" ", tidy_line(name[:LONGEST_BYLINE]))).strip(_EDGES)
    while (match := tables.opener.match(name)) and match.end() < len(name):
        name = name[match.end() :].strip(_EDGES)
    if tables.opener.fullmatch(f"{name} "):
        return None
    is_name = any(letter.isalpha() for letter in name) and len(name) <= LONGEST_NAME
    if not is_name or name.casefold() in tables.not_names or sum(map(str.isdigit, name)) > 2:
        return None
    return name


def author_type(name: str) -> AuthorType:
    """What a name of a byline stands for.

    >>> [author_type(name) for name in ("Ines Falk", "Staff Reporter", "Reuters")]
    ['person', 'desk', 'organisation']
    """
    tables = load_name_tables()
    if name.casefold() in tables.agencies:
        return "organisation"
    if tables.organisation.search(name) and name.casefold().endswith(("agency", "agence", "agencia", "agenzia")):
        return "organisation"
    if tables.desk.search(name):
        return "desk"
    return "organisation" if tables.organisation.search(name) else "person"


def _split_names(piece: str, tables: NameTables) -> list[str]:
    parts = tables.joiner.split(piece)
    # "Ines Falk and Tom Okafor" are two; "Arts and Culture Desk" is one: a name has two words or more
    if len(parts) > 1 and all(len(part.split()) >= 2 for part in parts):
        return parts
    return [piece]
