"""The authors that JSON-LD and meta tags declare, and the choice between all authors found. None are made up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, text_of, types_of
from pipelines.clean.metadata.title import plain
from pipelines.clean.names import author_type, clean_name, load_name_tables, parse_byline, parse_person
from pipelines.clean.text import listed_in
from pipelines.records import Author, AuthorType

type Authors = tuple[Author, ...]

_META_NAMES = (
    "author", "articleauthor", "parselyauthor", "sailthruauthor", "dccreator", "dctermscreator", "byl", "byline",
    "cxenseparseauthor", "ogarticleauthor", "articleauthorname", "citationauthor", "authorname", "articleauthors",
    "authors", "citationauthors", "dcauthor", "dccontributorauthor", "shareaholicarticleauthorname", "creator",
)
_MISC = "twitter:misc:"
_SITE = re.compile(r"\((?:https?://)?(?:www\.)?([\w-]+(?:\.[\w-]+)+)/?\)")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")
MOST_TAGGED = 20
"""The limit on the number of meta tag names that are read, and on the number of tags with one name."""

MOST_SEEN = 12
"""A visible byline with more names than this is a list of the staff."""


def read_authors(head: Head, data: LinkedData, article: JsonObject | None) -> Iterator[Found[Authors]]:
    """The authors in JSON-LD, then those in each kind of meta tag; if the tags name nobody, that of a Twitter card."""
    yield from _named("json-ld", [list(_linked(data, article))])
    tagged = list(_named("meta", _tagged(head)))
    yield from tagged or _named("meta", [_listed(_labelled(head))])


def _named(how: str, answers: Iterable[list[tuple[str, AuthorType | None]]]) -> Iterator[Found[Authors]]:
    """The answers that name somebody."""
    for answer in answers:
        if authors := _parsed(answer):
            yield Found(authors, how, "; ".join(name for name, _ in answer))


def pick_authors(answers: Iterable[Found[Authors] | None], outlet_names: tuple[str, ...]) -> Found[Authors] | None:
    """The first answer that has a person's full name; else the first with a person; else the first.

    In JSON-LD, many outlets declare themselves as the author, or the author's nickname, and give the full name only in
    the visible byline. A later answer that has all people of the chosen one and more is preferred.
    """
    given = [_with_outlets(answer, outlet_names) for answer in answers if answer is not None]
    with_people = [answer for answer in given if _people(answer)]
    chosen = next((answer for answer in with_people if _is_full(answer)), next(iter(with_people), None))
    if chosen is None:
        return given[0] if given else None
    for answer in given:
        if _people(chosen) < _people(answer) and len(answer.value) <= MOST_SEEN and answer.how != "author box":
            chosen = answer
    return chosen


def _people(answer: Found[Authors]) -> frozenset[str]:
    return frozenset(plain(author.name) for author in answer.value if author.type == "person")


def _is_full(answer: Found[Authors]) -> bool:
    """Whether a person's name has more than one word. In scripts without capitals, one word may be a full name."""
    names = [author.name for author in answer.value if author.type == "person"]
    return any(" " in name or name[0] == name[0].swapcase() for name in names)


def _with_outlets(answer: Found[Authors], outlet_names: tuple[str, ...]) -> Found[Authors]:
    """The authors, with the outlet itself classified as an organisation. It is recognised by its name or its domain."""
    own = {plain(name) for name in outlet_names}
    domains = [name.casefold() for name in outlet_names if _DOMAIN.fullmatch(name)]
    sites = {plain(site) for site in _SITE.findall(answer.read_from or "")}
    is_outlet = bool(sites & own)

    def is_own(author: Author) -> bool:
        is_account = author.type == "person" and any(domain in author.name.casefold() for domain in domains)
        return is_outlet or is_account or plain(author.name) in own

    authors = (Author(author.name, "organisation") if is_own(author) else author for author in answer.value)
    return Found(tuple(authors), answer.how, answer.read_from)


def _parsed(named: list[tuple[str, AuthorType | None]]) -> Authors:
    authors: dict[str, Author] = {}
    for byline, declared in named:
        name = clean_name(byline) if declared == "organisation" else None
        if name is not None:
            kind = author_type(name)
            authors.setdefault(name.casefold(), Author(name, "organisation" if kind == "person" else kind))
            continue
        for author in parse_person(byline) if declared == "person" else parse_byline(byline):
            authors.setdefault(author.name.casefold(), author)
    return tuple(authors.values())


def _linked(data: LinkedData, article: JsonObject | None) -> Iterator[tuple[str, AuthorType | None]]:
    """The names in JSON-LD, each with whether it is declared to be a person's or an organisation's."""
    if article is not None:
        for key in ("author", "creator"):
            names = list(_names(data, article.get(key), 0))
            if names:
                yield from names
                return


def _names(data: LinkedData, value: object, depth: int) -> Iterator[tuple[str, AuthorType | None]]:
    value = data.resolve(value)
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:50]:
            yield from _names(data, item, depth + 1)
    elif isinstance(value, Mapping):
        named = value.get("name") or value.get("author") or value.get("@value") or _full_name(value)
        if isinstance(named, list | Mapping):
            yield from _names(data, named, depth + 1)
        elif (name := text_of(named)) is not None:
            kinds = types_of(value)
            is_organisation = any(kind.endswith("organization") for kind in kinds)
            yield name, "person" if "person" in kinds else "organisation" if is_organisation else None
    elif (name := text_of(value)) is not None:
        yield from ((each, None) for each in listed_in(name))


def _full_name(person: Mapping[str, object]) -> str | None:
    names = [text_of(person.get(key)) for key in ("givenName", "familyName")]
    return " ".join(name for name in names if name) or None


def _tagged(head: Head) -> Iterator[list[tuple[str, AuthorType | None]]]:
    """The distinct answers of the meta tags, one for each tag name."""
    given: dict[str, list[str]] = {}
    for name, content in head.called(*_META_NAMES):
        if not content.startswith(("http:", "https:", "/")):
            given.setdefault(name, []).append(content)
    different = list(dict.fromkeys(tuple(contents[:MOST_TAGGED]) for contents in given.values()))
    yield from map(_listed, different[:MOST_TAGGED])


def _listed(contents: tuple[str, ...]) -> list[tuple[str, AuthorType | None]]:
    return [(name, None) for content in contents for name in listed_in(content)]


def _labelled(head: Head) -> tuple[str, ...]:
    """The name in a Twitter card under a label such as "Written by", in any language.

    The label is in a tag of its own or, if it has several words, in the tag's name ("twitter:misc:Written by").
    """
    opener = load_name_tables().opener
    for name, contents in head.metas.items():
        if name.startswith(_MISC) and " " in name and opener.fullmatch(f"{name.removeprefix(_MISC)} "):
            return contents[:1]
    for number in "12":
        label, content = head.meta(f"twitter:label{number}"), head.meta(f"twitter:data{number}")
        if label is not None and content is not None and opener.fullmatch(f"{label[1]} "):
            return (content[1],)
    return ()
