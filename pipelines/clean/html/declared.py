"""The declared body (``articleBody`` in JSON-LD): evidence for which blocks are the body, never the body itself.

Publishers cut it, strip its headings, or give a summary.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_TAG = re.compile(r"<[^<>]{0,500}>")
_BREAK_HINT = re.compile(r"</?wbr\b[^<>]{0,100}>", re.I)  # where a word may be broken, it is one word
_WORD = re.compile(r"\w+")
FEWEST_SHINGLES = 60
"""A shorter telling is a summary, and no witness."""


def declared_body(values: Iterable[object]) -> str:
    """The longest ``articleBody``, without markup.

    >>> declared_body([None, "<p>Fish &amp; po<wbr>tatoes</p>"]).strip()
    'Fish & potatoes'
    """
    texts = (html.unescape(_TAG.sub(" ", _BREAK_HINT.sub("", value))) for value in values if isinstance(value, str))
    return max(texts, key=len, default="")


def shingles(text: str) -> set[tuple[str, ...]]:
    """Runs of four words, case-folded; a shorter text is one run."""
    words = _WORD.findall(text.casefold())
    if len(words) < 4:
        return {tuple(words)} if words else set()
    return set(zip(words, words[1:], words[2:], words[3:], strict=False))
