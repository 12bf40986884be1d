"""Parses markup into a tree that is safe to traverse: limited in depth and size, without comments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import cast

from lxml import etree

from pipelines.failures import BodyMissing, MarkupTooDeep

_PARSER_DEPTH = 2_000
"""libxml2 itself stops at 2,048 levels, in constant memory."""

LONGEST_PAGE = 1_000_000
"""Characters of a page's text that are read, links not counted. Even live blogs are far shorter."""

MOST_ELEMENTS = 10_000
"""Elements of a page that are read. Twelve inline elements count as one, since they cost as little."""

_MOST_ATTRIBUTES = 300
_MOST_PARSED = 120_000
_LONGEST_REREAD, _MOST_REREAD = 2_000_000, 100_000
_LIGHT = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "img", "input", "ins", "kbd", "label", "mark", "nobr", "path", "picture", "q", "rp", "rt", "ruby", "s", "samp",
    "small", "source", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
))
_UNREAD = frozenset(("link", "meta", "param", "script", "style", "template"))
_LIGHT_COST, _COST = 1, 12
_OPENED = re.compile(rb"<(?:(script|style|!--)|[a-z])", re.IGNORECASE)
_CLOSED = {
    b"script": re.compile(rb"</script", re.IGNORECASE), b"style": re.compile(rb"</style", re.IGNORECASE),
    b"!--": re.compile(rb"-->"),
}

_ATTRIBUTE = rb"""[\s/]++[^\s=<>/]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"']*+))?+"""
_ATTRIBUTES = re.compile(
    rb"(<[a-z][^\s<>/]*+(?:%b){%d})(?:%b)++" % (_ATTRIBUTE, _MOST_ATTRIBUTES, _ATTRIBUTE), re.IGNORECASE)

_TITLE, _TITLE_END = re.compile(rb"<title\b[^<>]*>[^<]*", re.IGNORECASE), re.compile(rb"</title", re.IGNORECASE)

_NOSCRIPT = re.compile(rb"<noscript\b[^<>]*>", re.IGNORECASE)
_NOSCRIPT_END = re.compile(rb"</noscript\s*>", re.IGNORECASE)
_NOSCRIPT_TAG = re.compile(rb"</?noscript\b[^<>]*>", re.IGNORECASE)
_SCRIPT = re.compile(rb"</?script\b", re.IGNORECASE)

_NOT_XML = bytes((*range(9), 11, 12, *range(14, 32)))
_NO_CHARACTERS = ("\ufffe", "\uffff")
_LONGEST_TAG = 20_000


def finder(path: str) -> Callable[[etree._Element], list[etree._Element]]:
    """A compiled XPath that finds elements."""
    query = etree.XPath(path)
    return lambda root: cast("list[etree._Element]", query(root))


def text_in(element: etree._Element) -> str:
    """All text inside an element, on one line."""
    return " ".join(" ".join(str(piece) for piece in element.itertext()).split())


@dataclass(frozen=True, slots=True)
class Markup:
    """A page's tree, and a warning if only the first part of the page was read.

    ``text`` is the markup for another extractor; it is "" if the page is too large for one. ``has_noscript`` is whether
    markup for browsers without scripts was left out.
    """

    root: etree._Element
    text: str
    warnings: tuple[str, ...] = ()
    has_noscript: bool = False


def read_markup(text: str, deepest: int, *, with_noscript: bool = False) -> Markup:
    """The tree of a page, up to the size that an article may have.

    What is inside of ``noscript`` is left out, unless ``with_noscript``: it repeats the page or asks for scripts.
    Rejects with ``MarkupTooDeep`` (nested more than ``deepest`` levels) or ``BodyMissing`` (no markup).
    """
    readable = text
    for character in _NO_CHARACTERS:
        if character in readable:  # to look is ten times as fast as to replace nothing
            readable = readable.replace(character, "")
    markup = _with_title_closed(readable.encode("utf-8", "ignore").translate(None, _NOT_XML))
    kept = _NOSCRIPT_TAG.sub(b"", markup) if with_noscript else _without_noscript(markup)
    has_noscript, markup = len(kept) < len(markup), kept
    tags = markup.count(b"<")
    if tags > MOST_ELEMENTS or _has_long_tag(markup):
        markup = _ATTRIBUTES.sub(rb"\1", markup)  # libxml2 compares all pairs: tens of thousands take minutes
    first = _first_elements(markup) if tags > _MOST_PARSED else markup
    is_cut, root = len(first) < len(markup), _parse(first)
    if root is None:
        raise BodyMissing("a page has markup", field="body", value=text[:50])
    if _deeper_than(deepest)(root.getroottree()):
        raise MarkupTooDeep(f"elements nest at most {deepest} levels", field="body")
    etree.strip_tags(root, "wbr")  # marks where a word may be broken
    if tags > MOST_ELEMENTS or len(markup) > LONGEST_PAGE:
        is_cut |= _cut(root)
    is_small = not is_cut and len(markup) <= _LONGEST_REREAD and tags <= _MOST_REREAD
    reread = (markup.decode("utf-8", "ignore") if has_noscript else text) if is_small else ""
    return Markup(root, reread, (_WARNING,) if is_cut else (), has_noscript)


_WARNING = f"Cut: only the first {LONGEST_PAGE:,} characters or {MOST_ELEMENTS:,} elements of the page were read"


def _has_long_tag(markup: bytes) -> bool:
    """Whether a tag is longer than ``_LONGEST_TAG``. It searches for brackets in steps of that length."""
    at = 0
    while at + _LONGEST_TAG < len(markup):
        end = at + _LONGEST_TAG
        bracket = max(markup.rfind(b"<", at, end), markup.rfind(b">", at, end))
        if bracket < 0:
            if markup[at - 1:at] == b"<":
                return True
            bracket = markup.find(b"<", end)
            if bracket < 0:
                return False
        at = bracket + 1
    return False


def _with_title_closed(markup: bytes) -> bytes:
    """The markup with a missing ``</title>`` inserted before the next tag; otherwise the title would swallow the page.
    """
    opened = _TITLE.search(markup)
    if opened is None or _TITLE_END.search(markup, opened.end()):
        return markup
    return markup[:opened.end()] + b"</title>" + markup[opened.end():]


def _without_noscript(markup: bytes) -> bytes:
    """The markup without its ``noscript`` elements. One with a script inside, or without an end, stays."""
    parts: list[bytes] = []
    at = kept = script = end = 0
    while (opened := _NOSCRIPT.search(markup, at)) is not None:
        at = opened.end()
        if end < at:
            closed = _NOSCRIPT_END.search(markup, at)
            if closed is None:
                break
            start_of_end, end = closed.span()
        if script < at:
            found = _SCRIPT.search(markup, at)
            script = len(markup) if found is None else found.start()
        if script > start_of_end:
            parts.append(markup[kept:opened.start()])
            at = kept = end
    return b"".join((*parts, markup[kept:])) if parts else markup


def _parse(markup: bytes) -> etree._Element | None:
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, collect_ids=False)
    return etree.fromstring(markup, parser) if markup.strip() else None


def _first_elements(markup: bytes) -> bytes:
    """The markup of the first ``_MOST_PARSED`` elements, because a million elements would take gigabytes.

    Text inside a script, a style or a comment is not counted as tags.
    """
    at = elements = 0
    while elements < _MOST_PARSED:
        opened = _OPENED.search(markup, at)
        if opened is None:
            return markup
        at, unread = opened.end(), opened[1]
        elements += unread != b"!--"
        if unread is not None:
            closed = _CLOSED[unread.lower()].search(markup, at)
            at = len(markup) if closed is None else closed.end()
    return markup[:at].rpartition(b"<")[0]


def _cut(root: etree._Element) -> bool:
    """Cuts the tree after the largest size that is read. Returns whether anything was removed."""
    cost = characters = 0
    for element in root.iter():
        if element.tag in _UNREAD:
            continue
        cost += _LIGHT_COST if element.tag in _LIGHT else _COST
        own, after = 0 if element.tag == "a" else _size(element.text), _size(element.tail)
        characters += own + after
        if cost > MOST_ELEMENTS * _COST or characters > LONGEST_PAGE:
            _end_with(element, max(0, LONGEST_PAGE - characters + own + after))
            return True
    return False


def _size(text: str | None) -> int:
    """The number of characters in a text. In a long text, runs of white space count as one character."""
    if text is None:
        return 0
    return len(text) if len(text) < 1_000 else len(" ".join(text.split()))


def _end_with(last: etree._Element, characters: int) -> None:
    """Removes everything after an element, and all but the first ``characters`` of its own text."""
    last.text = " ".join((last.text or "").split())[:characters]
    del last[:]
    for element in (last, *last.iterancestors()):
        element.tail = None
        parent = element.getparent()
        if parent is not None:
            del parent[parent.index(element) + 1:]


@cache
def _deeper_than(levels: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (levels + 1) + ")")
