"""Microdata of the article of a page, and that of other articles in cards beside it."""

from __future__ import annotations

import re

from lxml import etree

from pipelines.clean.html.markup import finder, text_in

SHORTEST_TITLE = 8
LONGEST_CARD = 400
"""Characters of the text of a card that links to another article."""

_BODY = finder(".//*[@itemprop='articleBody']")
_ARTICLE_TYPE = re.compile(r"(?:Article|Posting|Report)\b")


def is_of_another(tag: etree._Element) -> bool:
    """Whether a tag belongs to the microdata of another article, as in a card: a linked title and little else."""
    scopes = [above for above in tag.iterancestors() if _ARTICLE_TYPE.search(above.get("itemtype", "")) is not None]
    if not scopes or next(scopes[-1].iter("h1"), None) is not None or _BODY(scopes[-1]):
        return False
    text = text_in(scopes[-1])
    titles = [shown for link in scopes[-1].iter("a") for shown in (text_in(link),) if len(shown) >= SHORTEST_TITLE]
    return len(text) <= LONGEST_CARD and any(2 * len(title) >= len(text) for title in titles)
