"""Microdata of the article of a page, and that of other articles in cards beside it."""

from __future__ import annotations

import re

from lxml import etree

from pipelines.clean.html.markup import finder, text_in

SHORTEST_TITLE = 8
LONGEST_CARD = 400
"""Characters of the text of a card that links to another article."""

_SCOPES = finder(".//*[@itemtype]")
_BODY = finder(".//*[@itemprop='articleBody']")
_ARTICLE_TYPE = re.compile(r"(?:Article|Posting|Report)\b")


def tags_of_others(root: etree._Element) -> frozenset[etree._Element]:
    """The tags with microdata of other articles, as in a card: a linked title and little else.

    Each outermost scope of an article is looked at once.
    """
    nested: set[etree._Element] = set()
    tags: list[etree._Element] = []
    for scope in _article_scopes(root):
        if scope not in nested:
            nested.update(_article_scopes(scope))
            if _is_card(scope):
                tags += (tag for tag in scope.iterdescendants() if tag.get("itemprop"))
    return frozenset(tags)


def _article_scopes(root: etree._Element) -> list[etree._Element]:
    """The elements inside of another that are marked as an article, in document order."""
    return [scope for scope in _SCOPES(root) if _ARTICLE_TYPE.search(scope.get("itemtype", "")) is not None]


def _is_card(scope: etree._Element) -> bool:
    if next(scope.iter("h1"), None) is not None or _BODY(scope):
        return False
    length = len(text_in(scope))
    return length <= LONGEST_CARD and any(
        2 * len(title) >= length for link in scope.iter("a")
        if len(title := text_in(link)) >= SHORTEST_TITLE)
