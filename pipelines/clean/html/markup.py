"""Markup becomes a tree that later rules may walk without fear: bounded in depth, without comments."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import cast

from lxml import etree

from pipelines.failures import BodyMissing, MarkupTooDeep

_PARSER_DEPTH = 2_000
"""libxml2 itself gives up at 2,048 levels, in constant memory, so hostile nesting ends here."""

_NOT_XML = bytes((*range(9), 11, 12, *range(14, 32)))
_NO_CHARACTERS = ("\ufffe", "\uffff")


def finder(path: str) -> Callable[[etree._Element], list[etree._Element]]:
    """A compiled XPath that finds elements."""
    query = etree.XPath(path)
    return lambda root: cast("list[etree._Element]", query(root))


def text_in(element: etree._Element) -> str:
    """All text inside an element, on one line."""
    return " ".join(" ".join(str(piece) for piece in element.itertext()).split())


def read_markup(text: str, deepest: int) -> etree._Element:
    """The root element of a page. Rejects with ``MarkupTooDeep`` what nests past ``deepest`` levels."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    for character in _NO_CHARACTERS:
        text = text.replace(character, "")
    markup = text.encode("utf-8", "ignore").translate(None, _NOT_XML)
    root = etree.fromstring(markup, parser) if markup.strip() else None
    if root is None:
        raise BodyMissing("a page has markup", field="body", value=text[:50])
    if _deeper_than(deepest)(root.getroottree()):
        raise MarkupTooDeep(f"elements nest at most {deepest} levels", field="body")
    return root


@cache
def _deeper_than(levels: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (levels + 1) + ")")
