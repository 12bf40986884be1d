"""The declared body (``articleBody`` in JSON-LD). It helps to find the body's blocks, but is never used as the body.

Publishers truncate it, remove its headings, or give a summary instead.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_TAG = re.compile(r"<[^<>]{0,500}>")
_BREAK_HINT = re.compile(r"</?wbr\b[^<>]{0,100}>", re.I)  # marks where a word may be broken
_WORD = re.compile(r"\w+")
FEWEST_SHINGLES = 60
"""A declared body with fewer shingles is a summary and is not used as evidence."""


def declared_body(values: Iterable[object]) -> str:
    """The longest declared body, without markup; empty if there is none.

    >>> declared_body([None, "<p>Fish &amp; po<wbr>tatoes</p>"]).strip()
    'Fish & potatoes'
    """
    texts = (html.unescape(_TAG.sub(" ", _BREAK_HINT.sub("", value))) for value in values if isinstance(value, str))
    return max(texts, key=len, default="")


def shingles(text: str) -> set[tuple[str, ...]]:
    """The runs of four case-folded words in a text. A shorter text is one run."""
    words = _WORD.findall(text.casefold())
    if len(words) < 4:
        return {tuple(words)} if words else set()
    return set(zip(words, words[1:], words[2:], words[3:], strict=False))
