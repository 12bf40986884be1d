"""The authors that a byline names, each classified as a person, a desk of the outlet, or an organisation."""

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
_CUT = re.compile(r"\s*(?:[|·•●⋅/／\n\t;、，،]|\s[–—-]{1,2}\s|,\s*(?=\S)|\s{2,})\s*")
_NEXT = re.compile(r"[;/／\n\t、，،]")
_PLACE = re.compile(r"(?<=\w)\s+in\s+[^\W\d_a-z].*")
"""A place after a name. It is looked for only after a "by": it may be part of a name."""

_EMPLOYER = re.compile(
    r"(?<=\w)\s+(?:(?:for|für|pour)\s+(?:the\s+)?[^\W\d_a-z]"
    r"|of\s+(?:the\s+[^\W\d_a-z]|[^\W\d_a-z]\S+\s\S)).*")
"""An outlet after a person's full name. After other words, it is part of a name: "Doctors for Change". One word after
"of" may be a place or a subject: "Lady Falk of Marrowby", "Professor of History".
"""

_PART = re.compile(r"^(?!Minister\b).*(?<=\w\w) for (?=\w)|^(?:Voice of|\w+s of the) (?=\w)")
"""What joins the parts of an organisation's name, but seldom of a person's: "of the" follows several people.
"""

_THE = re.compile(r"The (?!(?:Rev|Revd|Reverend|Rt|Right|Most|Very|Hon|Honourable|Honorable|Ven|Venerable)\b)\S+ \S")
_NOTE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]?")
_TEMPLATE = re.compile(r"[{}<>%=\\]|^\$|\[object")
"""Characters of a template that was not filled in."""

_HAN_NAMES = re.compile(r"(?<=[\u3400-\u9fff]{2})\s(?=[\u3400-\u9fff]{2})")
"""What divides two names in Chinese, if a word for reporters is before them."""

_HANGUL_NAME = re.compile("[\uac00-\ud7a3]{2,4}")
_REPORTED = re.compile(r"\s(?:报道|報導|報道)$")
_REPORT = ("报道", "報導", "報道")
_EDGES = " ,.;:|·•*–—-_/\"“”„'’()[]<>"


@dataclass(frozen=True, slots=True)
class NameTables:
    """The tables of ``tables/names.toml``, compiled."""

    opener: re.Pattern[str]
    closing: re.Pattern[str]
    helper: re.Pattern[str]
    helper_note: re.Pattern[str]
    prepositions: frozenset[str]
    joiner: re.Pattern[str]
    desk: re.Pattern[str]
    role: re.Pattern[str]
    organisation: re.Pattern[str]
    company: re.Pattern[str]
    degrees: frozenset[str]
    not_names: frozenset[str]
    placeholders: frozenset[str]
    link_words: frozenset[str]
    credit: re.Pattern[str]
    reporter_before: re.Pattern[str]
    reporter_after: re.Pattern[str]
    unspaced_desks: tuple[str, ...]
    unspaced_organisations: tuple[str, ...]
    surnames: frozenset[str]
    surnames_of_two: frozenset[str]
    agencies: frozenset[str]


@cache
def load_name_tables() -> NameTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/names.toml").read_text("utf-8"))

    def any_of(name: str) -> str:
        return "|".join(re.escape(word) for word in sorted(table[name], key=len, reverse=True))

    return NameTables(
        opener=re.compile(
            rf"(?:{any_of('openers')})(?:\s*[:：／・]\s*|\s+)|(?:{any_of('labels')})\s*[:：／・]\s*", re.I),
        closing=re.compile(rf"(?:{any_of('closing_openers')})(?:\s*:\s*|\s+)", re.I),
        helper_note=re.compile(rf"\s\((?:{any_of('helpers')})\)", re.I),
        helper=re.compile(
            rf"(?<!\w)(?:{any_of('helpers')})(?:\s*[:：／]\s*|\s+(?:{any_of('helper_joiners')})\s+)", re.I),
        prepositions=frozenset(table["helper_joiners"]),
        joiner=re.compile(rf"\s+(?:{any_of('joiners')})\s+", re.I),
        desk=re.compile(rf"(?<!\w)(?:{any_of('desk_words')})(?!\w)", re.I),
        role=re.compile(rf"(?<!\w)(?:{any_of('roles')})(?!\w)", re.I),
        organisation=re.compile(rf"(?<!\w)(?:{any_of('organisation_words')})(?!\w)", re.I),
        company=re.compile(rf"(?:\b(?:{any_of('company_forms')})|株式会社)\.?$"),
        degrees=frozenset(table["degrees"]),
        not_names=frozenset(name.casefold() for name in table["not_names"]),
        placeholders=frozenset(name.casefold() for name in table["placeholders"]),
        link_words=frozenset(table["link_words"]),
        credit=re.compile(rf"(?<!\w)(?:{any_of('credit_words')})(?!\w)", re.I),
        reporter_before=re.compile(rf"(?:{any_of('reporter_words')})(?:[\s:：]+|(?=[\u3400-\u9fff]))"),
        reporter_after=re.compile(
            rf"(?:\s[\uac00-\ud7a3]{{1,4}}[부팀]\s|(?<=\s)|(?<=[\u3400-\u9fff\uac00-\ud7af]))(?:{any_of('reporter_words')})$"),
        unspaced_desks=tuple(table["unspaced_desks"]),
        unspaced_organisations=tuple(table["unspaced_organisations"]),
        surnames=frozenset(table["organisation_surnames"]),
        surnames_of_two=frozenset(table["seldom_surnames"]),
        agencies=load_dateline_tables().agencies,
    )


def parse_byline(byline: str) -> tuple[Author, ...]:
    """The authors that a byline names, each once, in the byline's order; () if it names none.

    >>> parse_byline("By Ines Falk and Tom Okafor, Harbour News Agency")
    (Author(name='Ines Falk', type='person'), Author(name='Tom Okafor', type='person'), \
Author(name='Harbour News Agency', type='organisation'))
    >>> parse_byline("By Ines Falk in Marrowby, and Tom Okafor. Photos by Li Wei")
    (Author(name='Ines Falk', type='person'), Author(name='Tom Okafor', type='person'))
    >>> parse_byline("Web Desk")
    (Author(name='Web Desk', type='desk'),)
    >>> parse_byline("Ines Falk, PhD, Political Editor, Marrowby; photos: Tom Okafor")
    (Author(name='Ines Falk', type='person'),)
    >>> parse_byline("Ines Falk, PORT ANSEL")
    (Author(name='Ines Falk', type='person'),)
    """
    tables = load_name_tables()
    text = _ADDRESS.sub(" ", tidy_line(byline[:LONGEST_BYLINE]))
    if text.strip(_EDGES).casefold() in tables.not_names or text.casefold() in tables.not_names:
        return ()
    is_opened = tables.opener.match(text) is not None
    opening = tables.reporter_before.match(text)
    if opening is not None:
        text = _HAN_NAMES.sub("、", tables.reporter_before.sub("、", text[opening.end():]))
    if text[:1].lower() == text[:1].upper():  # in scripts without capitals, a helper may be named in the same line
        text = tables.helper.split(text, maxsplit=1)[0] or text
    found: dict[str, Author] = {}
    for listed in _NEXT.split(text):
        pieces = [tables.helper.split(piece, maxsplit=1)[0] for piece in _CUT.split(listed.strip())]
        listed_last = [_without_joiner(piece, tables) for piece in pieces[1:]]
        parts = [part for piece in (*pieces[:1], *listed_last) for part in _split_names(piece, tables)
                 if not tables.helper_note.search(part)]
        named = (_without_role_before(_without_place(part, is_opened=is_opened)) for part in parts)
        names = [name for part in named if (name := clean_name(part))]
        for name in _named_last_first(names, listed):
            kind = author_type(name)
            if kind == "person" and (_THE.match(name) or _PART.search(name) is not None):
                kind = "organisation"
            is_first = name == names[0] and not (found and tables.role.fullmatch(name))  # "Ines Falk / Journalist"
            if is_first or not _is_said_of(name, kind, names[0], tables):
                found.setdefault(name.casefold(), Author(name, kind))
    return tuple(found.values())[:MOST_AUTHORS]


def _without_place(part: str, *, is_opened: bool) -> str:
    """A part of a byline without the outlet after a full name, or the place after a name that a "by" opens.

    >>> _without_place("By Ines Falk in Marrowby", is_opened=True)
    'By Ines Falk'
    >>> _without_place("Ines Falk for the Harbour News", is_opened=False)
    'Ines Falk'
    >>> _without_place("By Doctors for Change", is_opened=True)
    'By Doctors for Change'
    """
    before = _EMPLOYER.sub("", part)
    if before != part:
        name = clean_name(before)
        is_full = name is not None and " " in name and author_type(name) == "person"
        is_role = load_name_tables().role.search(before) is not None or before.endswith(" Professor")
        part = before if is_full and not is_role else part
    return _PLACE.sub("", part) if is_opened else part


def _without_role_before(part: str) -> str:
    """A full name without the role before it that a hyphen joins to an outlet, or that follows a small word after "by".

    >>> [_without_role_before(part) for part in ("Von QUAY-Redakteurin Ines Falk", "Par notre correspondant Luc Roy")]
    ['Ines Falk', 'Luc Roy']
    >>> [_without_role_before(part) for part in ("Anne-Editor Falk", "By our reporter", "Reporter Desk Quay")]
    ['Anne-Editor Falk', 'By our reporter', 'Reporter Desk Quay']
    """
    tables = load_name_tables()
    opening = tables.opener.match(part)
    words = part[opening.end():].split() if opening is not None else part.split()
    is_joined = len(words) > 2 and "-" in words[0] and tables.role.fullmatch(words[0].rpartition("-")[2]) is not None
    is_ours = (len(words) > 3 and opening is not None and words[0].islower() and words[0].isalpha()
               and tables.role.fullmatch(words[1]) is not None)
    name = words[1 if is_joined else 2:] if is_joined or is_ours else []
    return " ".join(name) if name and all(word[0].isupper() for word in name) else part


def _named_last_first(names: list[str], text: str) -> list[str]:
    """The names, as one name in the usual order if the text is "family name, given name".

    >>> _named_last_first(["Falk", "Ines"], "Falk, Ines")
    ['Ines Falk']
    """
    if len(names) == 2 and text.strip(_EDGES) == f"{names[0]}, {names[1]}" and " " not in names[0] and (
            all(author_type(name) == "person" and not name.isupper() for name in names)):
        return [f"{names[1]} {names[0]}"]
    return names


def _is_said_of(name: str, kind: AuthorType, first: str, tables: NameTables) -> bool:
    """Whether a part of a byline describes the author before it: a place, a degree or a role."""
    if name.rstrip(".").replace(".", "").casefold() in tables.degrees:
        return True
    has_case = name[0] != name[0].swapcase()  # in scripts without capitals, a name may be one word
    is_place = has_case and (" " not in name or (name.isupper() and not first.isupper()))
    is_said = name[0].isdigit() or (name[0].islower() and first[0].isupper())  # "in Marrowby", "3 min read"
    is_role = tables.role.search(name) is not None or (kind == "desk" and not has_case and " " not in name)
    return (kind == "person" and (is_place or is_said)) or is_role


def clean_name(name: str) -> str | None:
    """A name without the words and marks around it, or None if no name is left.

    >>> clean_name("von Ines Falk (Berlin)")
    'Ines Falk'
    >>> clean_name("https://outlet.example/author/1") is None
    True
    """
    tables = load_name_tables()
    name = _NOTE.sub("", _ADDRESS.sub(" ", tidy_line(name[:LONGEST_BYLINE]))).strip(_EDGES)
    while (match := tables.opener.match(name)) and match.end() < len(name) and not _is_family_name(name, match.end()):
        name = name[match.end() :].strip(_EDGES)
    if tables.opener.fullmatch(f"{name} ") or tables.credit.search(name):
        return None
    name = without_reporter(name)
    is_name = any(letter.isalpha() for letter in name) and len(name) <= LONGEST_NAME
    is_name = is_name and not (name.endswith(_REPORT) and " " not in name)
    if not is_name or name.casefold() in tables.not_names or _TEMPLATE.search(name) or sum(map(str.isdigit, name)) > 2:
        return None
    return name


def _is_family_name(name: str, end: int) -> bool:
    """Whether what looks like an opener is half of a name: two letters with a capital before one word ("Na Li")."""
    first, rest = name[:end].strip(), name[end:]
    is_half = len(first) == 2 and first[0].isupper() and first.casefold() != "by" and " " not in rest
    return is_half and rest.casefold() not in load_name_tables().agencies


def without_reporter(name: str) -> str:
    """A name without the word for a reporter that is written with it in scripts without capitals.

    >>> without_reporter("홍길동 기자"), without_reporter("本报记者 王小明"), without_reporter("기자")
    ('홍길동', '王小明', '기자')
    >>> without_reporter("항구신문 홍길동 기자"), without_reporter("항구신문 기자")
    ('홍길동', '항구신문')
    """
    tables = load_name_tables()
    name = _REPORTED.sub("", name)
    opening = tables.reporter_before.match(name)
    bare = tables.reporter_after.sub("", name[opening.end():] if opening is not None else name).strip(_EDGES)
    outlet, _, rest = bare.partition(" ")
    if bare != name and _HANGUL_NAME.fullmatch(rest) and outlet.endswith(tables.unspaced_organisations):
        return rest
    return bare or name


def parse_person(name: str) -> tuple[Author, ...]:
    """The authors that are named where data says that a person is: the whole name, unless it has several or a role.

    >>> [author.name for author in parse_person("Na Li")], [author.type for author in parse_person("Emily Post")]
    (['Na Li'], ['person'])
    >>> [author.name for author in parse_person("Maria Costa e Silva Lima")]
    ['Maria Costa e Silva Lima']
    >>> [author.type for author in parse_person("Web Desk")], len(parse_person("By Ines Falk and Tom Okafor"))
    (['desk'], 2)
    """
    tables = load_name_tables()
    words = without_reporter(tidy_line(name[:LONGEST_BYLINE])).split()
    is_short = 2 <= len(words) <= 6 and all(word[0].isupper() or len(word) <= 3 for word in words)
    opener = words[0].casefold() if words else ""
    is_opened = opener == "by" or (len(opener) > 2 < len(words) and tables.opener.match(f"{opener} ") is not None)
    listed = any(len(word) > 1 and tables.joiner.fullmatch(f" {word} ") for word in words) or "&" in words
    bare = " ".join(words)
    if not is_short or is_opened or listed or not bare.replace(" ", "").replace("-", "").isalpha():
        return parse_byline(name)
    kind = author_type(bare)
    is_pair = len(words) == 2 and words[-1].casefold() in tables.surnames_of_two
    is_surname = kind == "organisation" and (is_pair or words[-1].casefold() in tables.surnames) and (
        bare.casefold() not in tables.agencies)
    if bare.casefold() in tables.not_names or tables.credit.search(bare):
        return ()
    return (Author(bare, "person" if is_surname else kind),)


def author_type(name: str) -> AuthorType:
    """Whether a name in a byline is a person's, a desk's or an organisation's.

    >>> [author_type(name) for name in ("Ines Falk", "Staff Reporter", "Reuters")]
    ['person', 'desk', 'organisation']
    """
    tables = load_name_tables()
    if name.casefold() in tables.agencies:
        return "organisation"
    if tables.organisation.search(name) and name.casefold().endswith(("agency", "agence", "agencia", "agenzia")):
        return "organisation"
    if tables.desk.search(name) or name.endswith(tables.unspaced_desks):
        return "desk"
    if name.endswith(tables.unspaced_organisations):
        return "organisation"
    return "organisation" if tables.organisation.search(name) else "person"


def _without_joiner(piece: str, tables: NameTables) -> str:
    """A part between two commas, without the "and" before the last name of a list."""
    match = tables.joiner.match(f" {piece}")
    return piece[match.end() - 1:] if match is not None else piece


def _split_names(piece: str, tables: NameTables) -> list[str]:
    for agency in tables.agencies:
        if piece.casefold().endswith(f" {agency}") and len(piece.split()) - len(agency.split()) >= 2 and " " in agency:
            return [piece[: -len(agency)].strip(), piece[-len(agency) :]]
    parts = tables.joiner.split(piece)
    # "Ines Falk and Tom Okafor" are two names, "Arts and Culture Desk" is one: split only if every part has two words,
    # or is an agency or a role
    is_alone = [part.casefold() in tables.agencies or tables.role.fullmatch(part) is not None
                or (part.islower() and " " not in part and author_type(parts[0]) == "person") for part in parts]
    is_full = [len(part.split()) >= 2 for part in parts]
    if len(parts) > 1 and any(is_full) and all(map(max, is_alone, is_full)):
        return parts
    return [piece]
