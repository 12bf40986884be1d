"""Reads a page's JSON-LD into plain objects, and finds the one that describes the article.

Much JSON-LD is written by hand: lists of lists, ``@graph``, ``@id`` references, comments, raw line ends in strings.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from lxml import etree

type JsonObject = Mapping[str, object]

_ARTICLES = ("article", "posting", "report", "review", "liveblog")
_BEST = ("newsarticle", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle")
_LONGEST = 2_000_000
_DEEPEST = 12
_SHORTEST_HEADLINE = 8
_MOST = 500
_BEFORE = re.compile(r"(?:<!--|(?://)?\s*<!\[CDATA\[|\s)+")
_AFTER = ("-->", "//]]>", "]]>", ";")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_REFERENCE = re.compile(r"&#?\w{2,30};")
_TAG = re.compile(r"</?[a-z][^<>]{0,200}>", re.I)
_SCHEME = re.compile(r"^(?:https?:)?//(?:www\.)?", re.I)
_OTHERS = frozenset((
    "itemListElement", "hasPart", "liveBlogUpdate", "mentions", "citation", "relatedLink", "comment", "blogPost",
    "review", "significantLink", "isBasedOn", "subjectOf", "about", "author", "creator", "worksFor", "affiliation",
))
"""Objects under these keys do not describe the page's article or its outlet, but others."""


@dataclass(frozen=True, slots=True)
class LinkedData:
    """All objects of a page's JSON-LD, by position and by ``@id``.

    ``listed`` has the positions of the objects that describe other articles or organisations.
    """

    objects: tuple[JsonObject, ...] = ()
    by_id: Mapping[str, JsonObject] | None = None
    listed: frozenset[int] = frozenset()

    def own(self) -> Iterator[JsonObject]:
        """The objects that describe this page, its article and its outlet."""
        return (found for place, found in enumerate(self.objects) if place not in self.listed)

    def resolve(self, value: object) -> object:
        """The object that an ``@id`` reference points to, or the value itself if it is not a reference."""
        if isinstance(value, Mapping) and set(value) <= {"@id", "@type"} and isinstance(value.get("@id"), str):
            return (self.by_id or {}).get(str(value["@id"]), value)
        return value


def read_linked_data(root: etree._Element) -> LinkedData:
    """All JSON-LD objects of a page, in order. Script blocks that cannot be parsed are skipped."""
    found_so_far: list[tuple[JsonObject, bool]] = []
    declared = (script for script in root.iter("script") if "ld+json" in script.get("type", "").lower())
    for script in islice(declared, _MOST):
        text = script.text or ""
        if len(text) <= _LONGEST:
            for parsed in _parse(text):
                found_so_far.extend(_objects(parsed, 0, is_listed=False))
        if len(found_so_far) > _MOST:
            break
    objects = [found for found, _ in found_so_far[:_MOST]]
    listed = frozenset(place for place, (_, is_listed) in enumerate(found_so_far[:_MOST]) if is_listed)
    by_id: dict[str, JsonObject] = {}
    for found in objects:
        identifier = found.get("@id")
        if isinstance(identifier, str) and len(found) > len(by_id.get(identifier, {})):
            by_id[identifier] = found
    return LinkedData(tuple(objects), by_id, listed)


def types_of(found: JsonObject) -> frozenset[str]:
    """The lower-case types of an object, without namespace.

    >>> sorted(types_of({"@type": ["https://schema.org/NewsArticle", "Article"]}))
    ['article', 'newsarticle']
    """
    named = found.get("@type")
    if isinstance(named, str):
        return _types((named,))
    return _types(tuple(name for name in named if isinstance(name, str))) if isinstance(named, list) else frozenset()


@lru_cache(maxsize=512)
def _types(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.rsplit("/", 1)[-1].lower() for name in names)


def articles_of(data: LinkedData) -> list[JsonObject]:
    """The objects that describe an article, those with the most specific type first."""
    found = [o for o in data.objects if any(t.endswith(_ARTICLES) or t in _BEST for t in types_of(o))]
    return sorted(found, key=lambda o: (not types_of(o) & set(_BEST), "headline" not in o))


def own_article(data: LinkedData, addresses: Sequence[str | None], titles: Sequence[str | None]) -> JsonObject | None:
    """The article that the page is about: by its address, by its headline, or else the first that is not listed.

    >>> one, two = {"@type": "NewsArticle", "url": "/a"}, {"@type": "NewsArticle", "url": "https://outlet.example/b"}
    >>> own_article(LinkedData((one, two)), ("https://www.outlet.example/b?from=feed",), ())["url"]
    'https://outlet.example/b'
    """
    articles = articles_of(data)
    if len(articles) < 2 and not data.listed:
        return next(iter(articles), None)
    here = {_bare(address) for address in addresses if address}
    heads = {_letters(title) for title in titles if title}
    listed = {id(data.objects[place]) for place in data.listed}

    def closeness(article: JsonObject) -> tuple[bool, bool, bool]:
        headline = _letters(text_of(article.get("headline")) or "")
        is_headed = len(headline) >= _SHORTEST_HEADLINE and any(headline in head for head in heads)
        return id(article) not in listed, is_headed, any(_bare(address) in here for address in _addresses(article))

    ranked = [(closeness(article), article) for article in articles]
    signs, closest = max(ranked, key=lambda pair: (sum(pair[0]), pair[0]), default=((), None))
    return closest if any(signs) else None


def _addresses(article: JsonObject) -> Iterator[str]:
    for key in ("url", "mainEntityOfPage", "@id"):
        value = article.get(key)
        if isinstance(value, Mapping):
            value = value.get("@id") or value.get("url")
        if isinstance(value, str):
            yield value


def _bare(address: str) -> str:
    return _SCHEME.sub("", re.split(r"[?#]", address, maxsplit=1)[0]).rstrip("/").casefold()


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text.casefold())


def text_of(value: object) -> str | None:
    """A value as text: the first value of a list, or the ``@value`` or name of an object; None if there is no text.

    >>> text_of([" Fish &amp;amp; <i>chips</i> "])
    'Fish & chips'
    """
    if isinstance(value, list):
        value = next((item for item in value if item), None)
    if isinstance(value, Mapping):
        value = value.get("@value") or value.get("name")
    if not isinstance(value, str):
        return None
    return unescaped(value) or None


def unescaped(text: str) -> str:
    """The text on one line, without markup, and with character references decoded, even if they were escaped twice."""
    for _ in range(2 if "&" in text else 0):
        text = _REFERENCE.sub(lambda written: html.unescape(written[0]), text)
    return " ".join((_TAG.sub("", text) if "<" in text else text).split())


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
    """The JSON without the comment or CDATA marks around it."""
    opening = _BEFORE.match(text)
    text = text[opening.end():] if opening else text
    for _ in range(4):
        text = text.rstrip()
        for mark in _AFTER:
            text = text.removesuffix(mark)
    return text


def _without_trailing_commas(text: str) -> str:
    return _TRAILING_COMMA.sub("", text)


def _objects(value: object, depth: int, *, is_listed: bool) -> Iterator[tuple[JsonObject, bool]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value[:_MOST]:
            yield from _objects(item, depth + 1, is_listed=is_listed)
    elif isinstance(value, dict):
        yield value, is_listed
        for key, inner in value.items():
            if key != "articleBody" and isinstance(inner, dict | list):
                yield from _objects(inner, depth + 1, is_listed=is_listed or key in _OTHERS)
