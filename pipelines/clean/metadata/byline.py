"""Who wrote an article, from JSON-LD, meta tags or the visible byline; nobody is named whom the page does not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from pipelines.clean.html.markup import finder, text_in
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, text_of
from pipelines.clean.names import parse_byline
from pipelines.records import Author

type Authors = tuple[Author, ...]

_META_NAMES = ("author", "article:author", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator",
               "byl", "byline", "cxenseparse:author", "og:article:author", "article:author_name")
_VISIBLE = finder(
    "//*[@rel='author' or contains(concat(' ', @itemprop, ' '), ' author ')]"
    " | //*[contains(@class, 'byline') or contains(@class, 'author-name') or contains(@class, 'author_name')"
    " or contains(@class, 'article-author') or contains(@class, 'article__author')]")


def read_authors(root: etree._Element, head: Head, data: LinkedData,
                 article: JsonObject | None) -> Found[Authors] | None:
    """The authors of the page; None when it names none."""
    for how, names in (("json-ld", _linked(data, article)), ("meta", _tagged(head)), ("byline", _seen(root))):
        bylines = list(names)
        authors = _parsed(bylines)
        if authors:
            return Found(authors, how, "; ".join(bylines))
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


def _seen(root: etree._Element) -> list[str]:
    for element in _VISIBLE(root)[:5]:
        text = text_in(element)
        if 3 <= len(text) <= 120:
            return [text]
    return []
