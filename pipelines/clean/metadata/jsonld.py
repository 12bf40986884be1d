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
_LONGEST_REPAIRED = 60_000
"""Characters of one script, and of the broken scripts of a page whose members are repaired."""

_DEEPEST = 12
_SHORTEST_HEADLINE = 8
_MOST = 500
_BEFORE = re.compile(r"(?:<!--|(?://)?\s*<!\[CDATA\[|\s|\ufeff)+")
_AFTER = ("-->", "//]]>", "]]>", ";")
_BETWEEN = re.compile(r"[\s,;]*")
_STRAY_ESCAPE = re.compile(r"((?<!\\)(?:\\\\)*)\\([^\"\\\\/bfnrtu]|u(?![0-9a-fA-F]{4}))")
_COMMENT = re.compile(r"/\*(?:(?!/\*).){0,2000}?\*/|^\s*//[^\n]*$|</?(?:br|p)\s*/?>", re.S | re.M)
"""Comments, and the tags that an editor writes between lines."""

_OF_SCRIPT = re.compile(r"""\{\s*(?:'|@?[a-zA-Z_$][\w$]*\s*:)|,\s*@?[a-zA-Z_$][\w$]*\s*:\s*["'\[{]""")
_TOKEN = re.compile(
    r""""(?:\\.|[^"\\])*+"|'((?:[^'\\]++|\\.|'(?!\s*[,:}\]])){0,60}+)'|(?<=[{,\s])(@?[a-zA-Z_$][\w$]*+)(?=\s*:)""",
    re.S)
"""A text in double quotes, one in single quotes, or a key without quotes, as a script's objects have them."""

_NO_VALUE = re.compile(r"(?<=[\w@]\")(\s*:\s*)(?:undefined\b|\{\{[^{}]*\}\}|\{%[^{}]*%\}|(?=[,}]))")
_NO_COMMA = re.compile(r"(?<=[\"}\]\d])(?=\s+\"[\w@]+\"\s*:)")
_MEMBER = re.compile(r'"[\w@:-]{1,40}"\s{0,20}:\s{0,20}"')
_MEMBER_END = re.compile(r'(?<!\\)"\s{0,20}(?:,\s{0,20}"[\w@:-]{1,40}"\s{0,20}:|[}\]])')
_LONGEST_MEMBER, _LONGEST_END = 2000, 110
_BOUND = re.compile(r'\\.|["{}\[\],]', re.S)
_CURLY_QUOTE = re.compile("[“”„″]")
_DOUBLED_QUOTES = re.compile(r'[\[{\s]*""@?\w')
_QUOTE = re.compile(r'(?<!\\)"')
_INNER_QUOTE = re.compile(r'(?<![\\{\[,:\s])"(?!\s*[:,}\]])|(?<=\w\s)"(?=\w)|(?<=[^\\{\[,:\s])"(?=\s\w)')
_TRAILING_COMMA = re.compile(r",(?=\s*[}\],])|(?<=[{\[]),")
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

    ``listed`` has the positions of the objects that describe other articles or organisations. ``broken`` has the blocks
    that are no valid JSON, each with how it was read: "repaired" or "not read".
    """

    objects: tuple[JsonObject, ...] = ()
    by_id: Mapping[str, JsonObject] | None = None
    listed: frozenset[int] = frozenset()
    broken: tuple[tuple[str, str], ...] = ()

    def own(self) -> Iterator[JsonObject]:
        """The objects that describe this page, its article and its outlet."""
        return (found for place, found in enumerate(self.objects) if place not in self.listed)

    def resolve(self, value: object) -> object:
        """The object that an ``@id`` reference points to, or the value itself if it is not a reference."""
        if isinstance(value, Mapping) and set(value) <= {"@id", "@type"} and isinstance(value.get("@id"), str):
            return (self.by_id or {}).get(str(value["@id"]), value)
        return value


def read_linked_data(root: etree._Element) -> LinkedData:
    """All JSON-LD objects of a page, in order. What cannot be parsed is skipped and noted."""
    broken: list[tuple[str, str]] = []
    found_so_far: list[tuple[JsonObject, bool]] = []
    room = _LONGEST_REPAIRED
    declared = (script for script in root.iter("script") if "ld+json" in script.get("type", "").lower())
    for script in islice(declared, _MOST):
        text = script.text or ""
        if len(text) <= _LONGEST:
            values, how = _parse(text, room)
            if how is not None and text.strip():
                room -= len(text)
                broken.append((how, " ".join(text[:200].split())))
            for parsed in (inner for value in values for inner in _unpacked(value)):
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
    return LinkedData(tuple(objects), by_id, listed, tuple(broken))


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


def _parse(text: str, room: int) -> tuple[list[object], str | None]:
    """The values in a block, and how it was read: None if it is valid, "repaired", or "not read".

    A repair is used only if the whole block is valid with it. Of an invalid block, the values before the fault are
    used, because they are whole. ``room`` is how many characters may have their members repaired.
    """
    most: list[object] = []
    usual = (str, _unwrapped, _without_trailing_commas)
    for repaired in (*usual, _with_quotes, _without_comments, _as_json, _without_stray_escapes, _with_values,
                     _with_commas, _with_escaped_members, _with_inner_escapes):
        if repaired is _with_quotes:
            values, is_whole = _values(_closed(text))
            if is_whole:
                return values, "repaired"
        tried = repaired(text) if repaired is not _with_escaped_members or len(text) <= room else text
        values, is_whole = _values(tried)
        text = text if repaired is _as_json and not is_whole else tried  # what looks like a script's may be prose
        most = max(most, values, key=len)
        if is_whole:
            return values, None if repaired in usual and len(values) == 1 else "repaired"
    values, is_whole = ([], False) if most else _values(_cut_short(text))
    return (values, "repaired") if is_whole else (most, "not read")


def _values(text: str) -> tuple[list[object], bool]:
    """The JSON values in a text, one after the other, and whether nothing else is in it."""
    values: list[object] = []
    decoder, at = json.JSONDecoder(strict=False), 0
    while (start := _BETWEEN.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return values, False
        values.append(value)
    return values, bool(values)


def _with_quotes(text: str) -> str:
    """The JSON with its quotes, if it was escaped as HTML, doubled, or set as typography.

    >>> _with_quotes("{&#34;url&#34;: &#34;/a&#34;}"), _with_quotes("{“url”: ”/a”}"), _with_quotes('{""url"": ""/a""}')
    ('{"url": "/a"}', '{"url": "/a"}', '{"url": "/a"}')
    """
    if '"' in text:
        return text.replace('""', '"') if _DOUBLED_QUOTES.match(text) else text
    return _CURLY_QUOTE.sub('"', html.unescape(text) if "&" in text else text)


def _without_stray_escapes(text: str) -> str:
    return _STRAY_ESCAPE.sub(r"\1\2", text)


def _unpacked(value: object) -> list[object]:
    """The value, or the values of the JSON text that it is."""
    return _parse(value, 0)[0] if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") else [value]


def _without_comments(text: str) -> str:
    return _COMMENT.sub("", text[:_LONGEST_REPAIRED]).replace("\u00a0", " ") + text[_LONGEST_REPAIRED:]


def _as_json(text: str) -> str:
    """The JSON of an object that is written as a script's: in single quotes, or with bare keys.

    >>> _as_json("{'url': '/a', name: 'It\\\\'s \\"on\\"'}")
    '{"url": "/a", "name": "It\\'s \\\\"on\\\\""}'
    """
    if len(text) > _LONGEST_REPAIRED or _OF_SCRIPT.search(text) is None:
        return text
    return _TOKEN.sub(_token_as_json, text)


def _token_as_json(token: re.Match[str]) -> str:
    if token[2] is not None:
        return f'"{token[2]}"'
    return token[0] if token[1] is None else '"' + _QUOTE.sub(r'\"', token[1].replace("\\'", "'")) + '"'


def _with_values(text: str) -> str:
    """The JSON with ``null`` where a template left a value out.

    >>> _with_values('{"image": , "url": undefined, "name": {{ name }}}')
    '{"image": null, "url": null, "name": null}'
    """
    return _NO_VALUE.sub(r"\1null", text)


def _with_commas(text: str) -> str:
    return _NO_COMMA.sub(",", text)


def _with_escaped_members(text: str) -> str:
    """The JSON with the quotes in a member's text escaped: the text ends where the next member or the end follows.

    >>> _with_escaped_members('{"headline": "Crews say "no", and mean it", "url": "/a"}')
    '{"headline": "Crews say \\\\"no\\\\", and mean it", "url": "/a"}'
    """
    pieces: list[str] = []
    at = searched = 0
    for member in _MEMBER.finditer(text):
        start, last = member.end(), member.end() + _LONGEST_MEMBER + _LONGEST_END
        if member.start() < at:
            continue
        end = _MEMBER_END.search(text, max(start, searched), last)
        if end is None:
            searched = last - _LONGEST_END  # no text ends before
            continue
        pieces += [text[at:start], _QUOTE.sub(r'\"', text[start : end.start()])]
        at = end.start()
    return "".join(pieces) + text[at:]


def _closed(text: str) -> str:
    """The JSON with the brackets that are missing at its end, if its last value is whole."""
    if text.rstrip()[-1:] not in ("}", "]", '"'):
        return text
    open_, is_text, is_escaped = [], False, False
    for letter in text:
        if is_text:
            is_text, is_escaped = letter != '"' or is_escaped, letter == "\\" and not is_escaped
        elif letter == '"':
            is_text = True
        elif letter in "{[":
            open_.append("}" if letter == "{" else "]")
        elif letter in "}]" and open_:
            open_.pop()
    return text if is_text else text + "".join(reversed(open_))


def _cut_short(text: str) -> str:
    """The JSON up to the last comma outside of a text, with the brackets that are then missing, if it is cut off.

    >>> _cut_short('{"headline": "Pier", "author": [{"name": "Ines"}], "articleBody": "The counc')
    '{"headline": "Pier", "author": [{"name": "Ines"}]}'
    """
    open_: list[str] = []
    is_text, last = False, (len(text), "")
    for found in _BOUND.finditer(text):
        sign = found[0]
        if sign == '"':
            is_text = not is_text
        elif is_text or sign[0] == "\\":
            continue
        elif sign in "{[":
            open_.append("}" if sign == "{" else "]")
        elif sign == ",":
            last = (found.start(), "".join(reversed(open_))) if len(open_) < _DEEPEST else last
        elif open_:
            open_.pop()
    return text[: last[0]] + last[1] if open_ else text


def _with_inner_escapes(text: str) -> str:
    """The JSON with the quotes escaped that neither open nor close a string, as the characters beside them show.

    >>> _with_inner_escapes('{"headline": "Crews say "no" to nights"}')
    '{"headline": "Crews say \\\\"no\\\\" to nights"}'
    """
    return _INNER_QUOTE.sub(r"\"", text)


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
