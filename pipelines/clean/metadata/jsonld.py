"""JSON-LD becomes plain objects, whatever its nesting, and the one that describes the article is found.

Pages write it by hand: lists of lists, ``@graph``, ``@id`` references, comments, raw line ends inside strings.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

type JsonObject = Mapping[str, object]

_ARTICLES = ("article", "posting", "report", "review", "liveblog")
_BEST = ("newsarticle", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle")
_LONGEST = 2_000_000
_DEEPEST = 12
_MOST = 500
_BEFORE = re.compile(r"(?:<!--|(?://)?\s*<!\[CDATA\[|\s)+")
_AFTER = ("-->", "//]]>", "]]>", ";")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


@dataclass(frozen=True, slots=True)
class LinkedData:
    """Every object of a page's JSON-LD, and those that others name by ``@id``."""

    objects: tuple[JsonObject, ...] = ()
    by_id: Mapping[str, JsonObject] | None = None

    def resolve(self, value: object) -> object:
        """The object that an ``@id`` reference means, or the value itself."""
        if isinstance(value, Mapping) and set(value) <= {"@id", "@type"} and isinstance(value.get("@id"), str):
            return (self.by_id or {}).get(str(value["@id"]), value)
        return value


def read_linked_data(root: etree._Element) -> LinkedData:
    """All JSON-LD objects of a page, in order; blocks that are not JSON are passed over."""
    objects: list[JsonObject] = []
    for script in root.iter("script"):
        if "ld+json" not in script.get("type", "").lower():
            continue
        text = script.text or ""
        if len(text) <= _LONGEST:
            for parsed in _parse(text):
                objects.extend(_objects(parsed, 0))
        if len(objects) > _MOST:
            break
    objects = objects[:_MOST]
    by_id: dict[str, JsonObject] = {}
    for found in objects:
        identifier = found.get("@id")
        if isinstance(identifier, str) and len(found) > len(by_id.get(identifier, {})):
            by_id[identifier] = found
    return LinkedData(tuple(objects), by_id)


def types_of(found: JsonObject) -> frozenset[str]:
    """Lower-case types of an object, without a namespace.

    >>> sorted(types_of({"@type": ["https://schema.org/NewsArticle", "Article"]}))
    ['article', 'newsarticle']
    """
    named = found.get("@type")
    names = named if isinstance(named, list) else [named]
    return frozenset(name.rsplit("/", 1)[-1].lower() for name in names if isinstance(name, str))


def articles_of(data: LinkedData) -> list[JsonObject]:
    """Objects that describe an article, the most specific type first."""
    found = [o for o in data.objects if any(t.endswith(_ARTICLES) or t in _BEST for t in types_of(o))]
    return sorted(found, key=lambda o: (not types_of(o) & set(_BEST), "headline" not in o))


def text_of(value: object) -> str | None:
    """A value as text: the first of a list, the ``@value`` of an object; None when there is none.

    >>> text_of([" Fish &amp; chips "])
    'Fish & chips'
    """
    if isinstance(value, list):
        value = next((item for item in value if item), None)
    if isinstance(value, Mapping):
        value = value.get("@value") or value.get("name")
    if not isinstance(value, str):
        return None
    return " ".join(html.unescape(value).split()) or None


def _parse(text: str) -> Iterator[object]:
    for repaired in (str, _unwrapped, _without_trailing_commas):
        text = repaired(text)
        try:
            yield json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        return
    try:
        yield json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return


def _unwrapped(text: str) -> str:
    """JSON without the comment or CDATA marks that a page put around it."""
    opening = _BEFORE.match(text)
    text = text[opening.end():] if opening else text
    for _ in range(4):
        text = text.rstrip()
        for mark in _AFTER:
            text = text.removesuffix(mark)
    return text


def _without_trailing_commas(text: str) -> str:
    return _TRAILING_COMMA.sub("", text)


def _objects(value: object, depth: int) -> Iterator[JsonObject]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value[:_MOST]:
            yield from _objects(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key, inner in value.items():
            if key != "articleBody" and isinstance(inner, dict | list):
                yield from _objects(inner, depth + 1)
