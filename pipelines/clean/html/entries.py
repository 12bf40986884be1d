"""Finds out whether a page's text is that of a list's entries: many short passages, each below a linked headline of its
own or before a link with the same words ("Read more"), and none below a headline of the page.

This holds for lists of every time, in cells of tables as in cards.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from pipelines.clean.html.blocks import Block, Blocks
from pipelines.clean.html.body import HEADINGS, Chosen
from pipelines.clean.html.layout import LONGEST_SHORT, is_link
from pipelines.clean.metadata.signs import PageSigns
from pipelines.clean.metadata.title import is_part
from pipelines.clean.text import STOPS, count_words, sentences_unmarked, size_of

FEWEST_ENTRIES = 6
LEAST_IN_ENTRIES = 0.7
"""Share of a page's running text that is in the entries of a list."""

MOST_IN_ONE = 2.5
"""Times the mean entry's text that one entry of a list may have. The text of an article has more."""

LONGEST_ENTRIES = 700
"""The mean weight of entries, which are teasers. A guide has more text below each linked heading."""

FEWEST_WORDS, SHORTEST_HEADLINE = 3, 30
"""Words or size of a headline. A line with less of both is a name: of a section, or of an outlet."""

LONGEST_TITLE = 400
"""Size of a title. A longer text is none."""

BEFORE = -1
"""The place of the text before all entries."""

SHORTEST_ENTRY = 12
"""Size of a linked headline. Less is a person's name, or a date."""

SHORTEST_LINKED = 80
"""Size of a link that is the text of an entry, and no headline."""

_NUMBER = re.compile(r"\d{4}")
"""Of an article. A section's number is shorter."""

SHORTEST_SENTENCE = 18
_SENTENCE = re.compile(rf"[{STOPS}](?=\s|$|[\u3040-\u9fff])")


@dataclass(frozen=True, slots=True)
class Entries:
    """The weights of the running text of a list's entries, that before all of them, and the numbers of the blocks with
    the links that divide the page.
    """

    weights: tuple[float, ...]
    before: float
    dividers: Collection[int]


def is_list_of_entries(page: Blocks, chosen: Chosen, signs: PageSigns, *, has_headlines: bool) -> bool:
    """Whether nearly all of a page's text is of entries, with about as much in each, and none below a headline of the
    page. If ``has_headlines``, each entry begins with a linked headline.

    A page with a headline of its own is none: an article may have entries below it.
    """
    if any(_is_own_headline(page, block, signs) for block in page.blocks):
        return False
    entries = entries_of(page, chosen, has_headlines=has_headlines)
    text = sum(entries.weights)
    total, count = text + entries.before, len(entries.weights)
    if count < FEWEST_ENTRIES or text < LEAST_IN_ENTRIES * total or total > LONGEST_ENTRIES * count:
        return False
    most = max(entries.before, *entries.weights)
    return (most * count <= MOST_IN_ONE * total
            and not _has_text_below_headline(page, chosen, signs, entries.dividers, has_headlines=has_headlines))


def _is_own_headline(page: Blocks, block: Block, signs: PageSigns) -> bool:
    """Whether a block is no link, and an h1, an h2, or a part of a title that is too long to name a list."""
    if block.linked:
        return False
    return page.boxes[block.box].tag in {"h1", "h2"} or (
        SHORTEST_HEADLINE < size_of(block.text) <= LONGEST_TITLE
        and any(is_part(block.text, title) for title in signs.titles))


def entries_of(page: Blocks, chosen: Chosen, *, has_headlines: bool) -> Entries:
    """The entries that a page has if it is a list. Those with the same headline are one."""
    end = _repeated_end(page)
    weights: dict[str | int, float] = {BEFORE: 0.0}
    dividers: set[int] = set()
    current: str | int = BEFORE
    for number, block in enumerate(page.blocks):
        is_end = end != "" and _end_of(block) == end
        headline = "" if is_end else linked_headline(block)
        if headline:
            dividers.add(number)
            current = headline
        weights[current] = weights.get(current, 0.0) + _amount(block, chosen.weights[number])
        if is_end and not has_headlines:
            dividers.add(number)
            current = number
    before = weights.pop(BEFORE)
    return Entries(tuple(weight for weight in weights.values() if weight), before, dividers)


def _end_of(block: Block) -> str:
    """The short link that a text ends in, or that is the first one of a line of links; or ""."""
    if block.lead and len(block.lead) <= LONGEST_SHORT:
        return block.lead
    return block.text[-block.linked :] if 2 < block.linked <= LONGEST_SHORT else ""


def _repeated_end(page: Blocks) -> str:
    """The words of the link that most texts end in, or "" if those are too few for a list."""
    counts = Counter(end for block in page.blocks if (end := _end_of(block)))
    end, many = next(iter(counts.most_common(1)), ("", 0))
    return end if many >= FEWEST_ENTRIES else ""


def linked_headline(block: Block) -> str:
    """The headline that a block is, or begins with, if that is a link; or ""."""
    if not block.linked:
        return ""
    text = block.text if is_link(block) and size_of(block.text) < SHORTEST_LINKED else block.lead
    return text if size_of(text) >= SHORTEST_ENTRY and is_headline(text) else ""


def _amount(block: Block, weight: float) -> float:
    """The weight of a block's running text. That of an entry may be a link too."""
    if weight > 0:
        return weight
    return float(len(block.text)) if block.linked >= SHORTEST_LINKED and _SENTENCE.search(block.text) else 0.0


def _has_text_below_headline(
    page: Blocks, chosen: Chosen, signs: PageSigns, dividers: Collection[int], *, has_headlines: bool
) -> bool:
    """Whether there is a sentence between a headline and the next divider. The headline is a part of a title, or, if
    entries begin with headlines, an unlinked heading above all of them.
    """
    is_below = False
    first = min(dividers, default=0) if has_headlines else 0
    for number, block in enumerate(page.blocks):
        line = block.opening or block.text
        is_heading = number < first and not block.linked and page.boxes[block.box].tag in HEADINGS
        if (is_heading or any(is_part(line, title) for title in signs.titles)) and (
                is_headline(line) or is_numbered(line, signs.url)):
            is_below = True
            if block.opening is None:
                continue
        elif number in dividers:
            is_below = False
        if is_below and is_sentence(page, chosen, number):
            return True
    return False


def is_headline(title: str) -> bool:
    """
    >>> [is_headline(title) for title in ("Net Repair", "Ferry runs aground", "渡轮在马罗比附近搁浅多人")]
    [False, True, True]
    """
    return count_words(title) >= FEWEST_WORDS or size_of(title) >= SHORTEST_HEADLINE


def is_numbered(title: str, url: str | None) -> bool:
    """
    >>> is_numbered("Net Repair", "https://pier.example/2026/net-repair-88120.html"), is_numbered("Net", None)
    (True, False)
    """
    last = url.rstrip("/").rpartition("/")[2].lower() if url else ""
    return _NUMBER.search(last) is not None and all(word in last for word in title.lower().split())


def count_sentences(text: str) -> int:
    return len(_SENTENCE.findall(text)) or sentences_unmarked(text)


def is_sentence(page: Blocks, chosen: Chosen, number: int) -> bool:
    """Whether a block is running text, or at least a short sentence without a link, and no heading."""
    block = page.blocks[number]
    if chosen.weights[number] > 0:
        return 3 * block.linked < len(block.text)
    return (block.linked == 0 and page.boxes[block.box].tag not in HEADINGS and size_of(block.text) >= SHORTEST_SENTENCE
            and _SENTENCE.search(block.text) is not None)
