"""Who wrote an article, as JSON-LD and meta tags say; nobody is named whom the page does not name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, text_of
from pipelines.clean.metadata.title import plain
from pipelines.clean.names import parse_byline
from pipelines.records import Author

type Authors = tuple[Author, ...]

_META_NAMES = ("author", "article:author", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator",
               "byl", "byline", "cxenseparse:author", "og:article:author", "article:author_name")


def read_authors(head: Head, data: LinkedData, article: JsonObject | None) -> Iterator[Found[Authors]]:
    """The authors as JSON-LD has them, then as meta tags do."""
    for how, names in (("json-ld", _linked(data, article)), ("meta", _tagged(head))):
        bylines = list(names)
        authors = _parsed(bylines)
        if authors:
            yield Found(authors, how, "; ".join(bylines))


def pick_authors(answers: Iterable[Found[Authors] | None], outlet_names: tuple[str, ...]) -> Found[Authors] | None:
    """The first answer that names a person; else the first that names anybody.

    Many outlets give their own name as the author in JSON-LD, and the person's only where readers see it.
    """
    own = {plain(name) for name in outlet_names}
    given = [answer for answer in answers if answer is not None]
    for answer in given:
        people = [a for a in answer.value if a.type == "person" and plain(a.name) not in own]
        if people:
            return answer
    for answer in given:
        authors = tuple(Author(a.name, "organisation" if plain(a.name) in own else a.type) for a in answer.value)
        return Found(authors, answer.how, answer.read_from)
    return None


def _parsed(bylines: list[str]) -> Authors:
    authors: dict[str, Author] = {}
    for byline in bylines:
        for author in parse_byline(byline):
            authors.setdefault(author.name.casefold(), author)
    return tuple(authors.values())


def _linked(data: LinkedData, article: JsonObject | None) -> Iterator[str]:
    if article is not None:
        for key in ("author", "creator"):
            names = list(_names(data, article.get(key), 0))
            if names:
                yield from names
                return


def _names(data: LinkedData, value: object, depth: int) -> Iterator[str]:
    value = data.resolve(value)
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:50]:
            yield from _names(data, item, depth + 1)
    elif isinstance(value, Mapping):
        named = value.get("name") or value.get("author")
        if isinstance(named, list | Mapping):
            yield from _names(data, named, depth + 1)
        elif (name := text_of(named)) is not None:
            yield name
    elif (name := text_of(value)) is not None:
        yield name


def _tagged(head: Head) -> list[str]:
    for name in _META_NAMES:
        contents = [c for c in head.metas.get(name, ()) if not c.startswith(("http:", "https:", "/"))]
        if contents:
            return contents[:20]
    return []
