"""The body as JSON-LD tells it (``articleBody``), held against the blocks of the page.

It is used to choose among the page's blocks, never as the body itself: publishers cut it, strip its headings, or
tell a summary. Where the page shows all that it tells, blocks that it does not tell are furniture.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import HEADINGS, Chosen

_TAG = re.compile(r"<[^<>]{0,500}>")
_WORD = re.compile(r"\w+")
FEWEST_SHINGLES = 60
SHOWN = 0.85
"""Share of what is told that the page must show, for the telling to be believed."""


def told_body(values: Iterable[object]) -> str:
    """The longest ``articleBody``, without markup.

    >>> told_body([None, "<p>Fish &amp; chips</p>"]).strip()
    'Fish & chips'
    """
    texts = (html.unescape(_TAG.sub(" ", value)) for value in values if isinstance(value, str))
    return max(texts, key=len, default="")


def shingles(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return {tuple(words[at:at + 4]) for at in range(max(1, len(words) - 3))} if words else set()


def held_against(chosen: Chosen, page: Blocks, told: str) -> tuple[int, ...] | None:
    """The body's blocks as JSON-LD has them; None where it cannot be believed."""
    wanted = shingles(told)
    if len(wanted) < FEWEST_SHINGLES:
        return None
    shares: list[float] = []
    shown: set[tuple[str, ...]] = set()
    for block in page.blocks:
        own = shingles(block.text)
        share = len(own & wanted) / len(own) if own else 0.0
        shares.append(share)
        if share > 0.6:
            shown |= own & wanted
    told_blocks = [n for n, share in enumerate(shares) if share > 0.6 and len(page.blocks[n].text) >= 40]
    if not told_blocks or len(shown) < SHOWN * len(wanted):
        return None
    if _is_summary(chosen, page, told_blocks, shares):
        return None
    first, last = told_blocks[0], told_blocks[-1]
    mine, body, seen = set(chosen.blocks), [], set()
    for number, block in enumerate(page.blocks):
        if shares[number] > 0.6:
            is_scrap = len(block.text) < 40 and not (first <= number <= last and chosen.furniture[block.box] is None)
            if not is_scrap and block.text not in seen:
                seen.add(block.text)
                body.append(number)
        elif number in mine and number < last:
            is_heading = page.boxes[block.box].tag in HEADINGS
            if number < first or is_heading or (chosen.weights[number] <= 0 and shares[number] > 0.3):
                body.append(number)
    return tuple(body)


def _is_summary(chosen: Chosen, page: Blocks, told_blocks: list[int], shares: list[float]) -> bool:
    """Whether less than half of what was chosen is told: then a teaser was told, not the article."""
    running = [n for n in chosen.blocks if chosen.weights[n] > 0]
    whole = sum(len(page.blocks[n].text) for n in running) or 1
    agreed = sum(len(page.blocks[n].text) for n in running if shares[n] > 0.6)
    told = sum(len(page.blocks[n].text) for n in told_blocks)
    return agreed < 0.5 * whole and told < 0.5 * whole
