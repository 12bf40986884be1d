"""Finds what a page appends to its article: further stories, each in a box like the first one's with a headline of its
own, and boxes of text beside the article's box, as about the outlet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from pipelines.clean.html.blocks import Blocks, Box, boxes_around
from pipelines.clean.html.boilerplate import TAG, Label
from pipelines.clean.text import STOPS

OTHER_STORY = Label(TAG, "story")
HEADINGS = ("h1", "h2")
FEWEST_STORY = 120
"""Weight of the running text of a story: a section of an article may have less."""

MOST_OF_TEXT, FEWEST_PARAGRAPHS = 0.5, 3
"""Share of the running text, and paragraphs, that a box has together with the headline if it is the article's."""

WHOLLY, SHORTEST_LINKED = 0.97, 15
MOST_OF_CARD, MOST_CARDS, MOST_OF_CARDS = 4, 2, 0.3
"""Blocks of a card of another story, cards, and their share of the text. Three linked headings are a guide's."""

_CARDS = frozenset(("div", "section", "li", "article"))
_DIGITS = re.compile(r"\d+")
_NAME_WORDS = re.compile(r"[^\W\d_]+")
_ANY_HEADING = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))


def is_headline(page: Blocks, number: int) -> bool:
    """Whether a block is in an ``h1``."""
    at = page.blocks[number].box
    for _ in range(3):
        if at < 0:
            return False
        if page.boxes[at].tag == "h1":
            return True
        at = page.boxes[at].parent
    return False


def headline_boxes(page: Blocks, before: int | None = None) -> list[int]:
    """The numbers of the boxes of all headlines (h1), or of those among the first ``before`` blocks."""
    return [block.box for number, block in enumerate(page.blocks[:before]) if is_headline(page, number)]


def other_stories(page: Blocks, weights: Sequence[float], body: Sequence[int]) -> list[int]:
    """The numbers of the boxes after the article: of further stories, or beside the article's box."""
    others = (_other_articles(page, weights, body) | _other_boxes(page, weights, body) | _beside(page, weights, body)
              | _linked_stories(page, weights, body))
    if not others:
        return []
    is_other = [False] * len(page.boxes)
    for box in page.boxes:
        is_other[box.number] = box.number in others or (box.parent >= 0 and is_other[box.parent])
    return [number for number, is_one in enumerate(is_other) if is_one]


def _other_articles(page: Blocks, weights: Sequence[float], body: Sequence[int]) -> set[int]:
    """The ``article`` elements with a headline and text, but the first one."""
    homes = {number: _article_box(page.boxes, page.blocks[number].box) for number in body}
    with_text = {homes[number] for number in body if weights[number] > 0} - {-1}
    if len(with_text) < 2:
        return set()
    headed = {_article_box(page.boxes, number) for number in headline_boxes(page)}
    return set(sorted(with_text & headed)[1:])


def _article_box(boxes: Sequence[Box], at: int) -> int:
    while at >= 0 and boxes[at].tag != "article":
        at = boxes[at].parent
    return at


def _other_boxes(page: Blocks, weights: Sequence[float], body: Sequence[int]) -> set[int]:
    """The boxes with the first story's tag and names, each of which opens with a headline, and has text.

    Boxes without a class, or whose classes differ in their numbers, may be chapters: only if they are outside of any
    ``article``, each has an h1, and the first has most of the text are they other stories.
    """
    boxes = page.boxes
    first: list[int] = [-1] * len(boxes)
    text = [0.0] * len(boxes)
    for number, block in enumerate(page.blocks):
        if first[block.box] < 0:
            first[block.box] = number
    for number in body:
        text[page.blocks[number].box] += max(0.0, weights[number])
    for box in reversed(boxes[1:]):
        above, own = box.parent, first[box.number]
        text[above] += text[box.number]
        if own >= 0 and (first[above] < 0 or own < first[above]):
            first[above] = own
    same: dict[tuple[str, str], list[Box]] = defaultdict(list)
    similar: dict[tuple[str, str, int], list[Box]] = defaultdict(list)
    for box in boxes:
        if box.tag in ("div", "section", "li") and text[box.number] >= FEWEST_STORY:
            if box.names != " ":
                same[box.tag, box.names].append(box)
            similar[box.tag, _DIGITS.sub("#", box.names.rpartition(" ")[0]), box.parent].append(box)
    others: set[int] = set()
    for group in same.values():
        levels = [_level(page, first[box.number]) for box in group]
        if len(group) > 1 and levels[0] == "h1" and _are_apart(boxes, group):
            others.update(box.number for box, level in zip(group[1:], levels[1:], strict=True) if level in HEADINGS)
    for group in similar.values():
        has_most = 2 * text[group[0].number] >= sum(text[box.number] for box in group)
        if (len(group) > 1 and has_most and _article_box(boxes, group[0].number) < 0
                and all(_level(page, first[box.number]) == "h1" for box in group)):
            others.update(box.number for box in group[1:])
    return others


def _linked_stories(page: Blocks, weights: Sequence[float], body: Sequence[int]) -> set[int]:
    """The boxes of a few cards: each opens with a heading that is wholly a link, and most of the text is elsewhere."""
    boxes, total = page.boxes, sum(max(0.0, weights[number]) for number in body)
    first = body[0] if body else 0
    cards: dict[int, float] = {}
    for number in range(first, body[-1] if body else 0):
        block = page.blocks[number]
        if not (boxes[block.box].tag in _ANY_HEADING and block.linked >= WHOLLY * len(block.text) >= SHORTEST_LINKED):
            continue
        card = boxes[block.box].parent
        inside = [at for at in range(number, min(number + MOST_OF_CARD + 1, len(page.blocks)))
                  if card in boxes_around(boxes, page.blocks[at].box)]
        is_first = number == 0 or card not in boxes_around(boxes, page.blocks[number - 1].box)
        text = sum(max(0.0, weights[at]) for at in inside)
        summaries = [page.blocks[at].text for at in inside if weights[at] > 0]
        has_one = len(summaries) == 1 and summaries[0][-1] in f"{STOPS}…"
        if is_first and has_one and boxes[card].tag in _CARDS and len(inside) <= MOST_OF_CARD:
            cards[card] = text
    is_aside = len(cards) <= MOST_CARDS and sum(cards.values()) <= MOST_OF_CARDS * total
    return set(cards) if is_aside else set()


def _beside(page: Blocks, weights: Sequence[float], body: Sequence[int]) -> set[int]:
    """The named boxes with text after the article's box, without a heading, and without a name that both have."""
    boxes = page.boxes
    text, paragraphs, headings = [0.0] * len(boxes), [0] * len(boxes), [False] * len(boxes)
    for number in body:
        at = page.blocks[number].box
        headings[at] |= boxes[at].tag in _ANY_HEADING
        if weights[number] > 0:
            text[at] += weights[number]
            paragraphs[at] += 1
    for box in reversed(boxes[1:]):
        text[box.parent] += text[box.number]
        paragraphs[box.parent] += paragraphs[box.number]
        headings[box.parent] |= headings[box.number]
    home = next(iter(headline_boxes(page)), -1)
    while home >= 0 and (text[home] < MOST_OF_TEXT * text[0] or paragraphs[home] < FEWEST_PARAGRAPHS):
        home = boxes[home].parent
    if home < 0 or text[home] == text[0]:
        return set()
    above, own = boxes_around(boxes, home) - {home}, _words_of(boxes[home])
    return {
        box.number for box in boxes[home + 1:]
        if box.parent in above and text[box.number] > 0 and not headings[box.number]
        and box.tag in ("div", "section") and box.names != " " and own.isdisjoint(_words_of(box))
    }


def _words_of(box: Box) -> set[str]:
    return set(_NAME_WORDS.findall(box.names.lower()))


def _level(page: Blocks, number: int) -> str:
    """The tag of the heading among the first three blocks from a number on; "" if there is none."""
    for block in page.blocks[number : number + 3]:
        if page.boxes[block.box].tag in HEADINGS:
            return page.boxes[block.box].tag
    return ""


def _are_apart(boxes: Sequence[Box], group: Sequence[Box]) -> bool:
    """Whether none of the boxes is inside of another."""
    numbers = {box.number for box in group}
    for box in group:
        at = box.parent
        while at >= 0:
            if at in numbers:
                return False
            at = boxes[at].parent
    return True
