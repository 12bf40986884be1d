"""The article's paragraphs among a page's blocks.

Each block gets a weight by how much it looks like running text; boxes that are boilerplate count nothing. From the
page's root, the search goes down the tree as long as one child has nearly all of the weight. The blocks of the box
where it ends are the body. Sentences between the headline and the body are the standfirst.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.clean.html.blocks import Block, Blocks, Box
from pipelines.clean.html.boilerplate import (
    HIDDEN,
    STRONG,
    Label,
    boilerplate_of,
    is_boilerplate_line,
    label_of,
    label_of_box,
    load_page_tables,
    wrappers_of,
)
from pipelines.clean.html.comments import COMMENT, comments_in
from pipelines.clean.html.stories import OTHER_STORY, headline_boxes, is_headline, other_stories
from pipelines.clean.text import STOPS, sentences_unmarked

HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
NEARLY_ALL = 0.85
"""A child with this share of its parent's weight contains the body. Values from 0.7 to 0.95 score within 0.003."""

DOUBTFUL_SHARE = 0.25
SHORTEST_STANDFIRST = 50
MOST_MISREAD = 0.25
"""Share of the page's running text in a box that is boilerplate by a name within its name."""

SHORTEST_COLLAPSED = 150
"""Weight of the text in a box that a button unfolds. A pointer to another story has less, or a link."""

_SENTENCE = re.compile(rf"[{STOPS}…”\"':;،](?:\s|$)|,\s|[。、！？，]")
_WIDE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_IN_A_LIST = frozenset(("li", "td", "th", "dd", "dt"))
_STANDFIRST_BOXES = frozenset(("header", "banner", "meta", "hidden"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The numbers of the body's blocks, and what they were chosen by.

    ``weights`` has a number for each block of the page. For each box, ``labels`` has the sign that it may be
    boilerplate, and ``boilerplate`` the reason why it counts as such: its own label or that of a box around it.
    """

    blocks: tuple[int, ...]
    weights: tuple[float, ...]
    boilerplate: tuple[Label | None, ...]
    labels: tuple[Label | None, ...]

    @property
    def weight(self) -> float:
        return sum(max(0.0, self.weights[number]) for number in self.blocks)

    def is_doubtful(self, page: Blocks) -> bool:
        """Whether most of the page's running text outside of boilerplate was not chosen."""
        candidates = sum(weight for weight, block in zip(self.weights, page.blocks, strict=True)
                         if weight > 0 and self.boilerplate[block.box] is None)
        return self.weight < DOUBTFUL_SHARE * candidates


def choose_body(page: Blocks) -> Chosen:
    """The blocks of the article's body; none if the page has no running text."""
    boxes, blocks = page.boxes, page.blocks
    weights = [weigh(block, boxes[block.box]) for block in blocks]
    texts = _totals(boxes, ((block.box, max(0.0, weight)) for block, weight in zip(blocks, weights, strict=True)))
    labels, misleading = _labels(page, weights, texts)
    boilerplate = boilerplate_of(boxes, texts, labels, misleading) if boxes else []
    worth = _totals(boxes, ((block.box, weight) for block, weight in zip(blocks, weights, strict=True)
                            if boilerplate[block.box] is None))
    inside = _inside(boxes, _deepest_with_nearly_all(boxes, worth)) if boxes else []
    numbers = [n for n, block in enumerate(blocks) if inside[block.box] and boilerplate[block.box] is None]
    first = next((n for n in numbers if weights[n] > 0), None)
    body = [] if first is None else _readable(page, numbers, first)
    for number in other_stories(page, weights, body):
        boilerplate[number] = OTHER_STORY
    body = [number for number in body if boilerplate[blocks[number].box] is None]
    standfirst = _standfirst(page, weights, boilerplate, body[0]) if body else []
    return Chosen((*standfirst, *body), tuple(weights), tuple(boilerplate), tuple(labels))


def _labels(
    page: Blocks, weights: Sequence[float], texts: Sequence[float]
) -> tuple[list[Label | None], set[Label]]:
    """For each box, the sign that it may be boilerplate: its own name, or that it is one of the readers' comments.

    The second is the labels of the boxes around the article. ``texts`` is the weight of the running text in each box.
    """
    boxes, blocks = page.boxes, page.blocks
    labels = [label_of_box(box) for box in boxes]
    for number in (*_collapsed(page, labels, texts), *_misread(page.boxes, labels, texts)):
        labels[number] = None
    passages = [0.0] * len(boxes)
    for block, weight in zip(blocks, weights, strict=True):
        parent = boxes[block.box].parent
        passages[parent if parent >= 0 and boxes[block.box].tag == "p" else block.box] += max(0.0, weight)
    misleading: set[Label] = set()
    if any(label is not None for label in labels):
        headlines = headline_boxes(page)
        for number in wrappers_of(boxes, passages, labels, headlines):
            label, labels[number] = labels[number], None
            misleading.update((label,) if label is not None else ())
    for number in comments_in(page, weights):
        labels[number] = labels[number] or COMMENT
    return labels, misleading


def _collapsed(page: Blocks, labels: Sequence[Label | None], texts: Sequence[float]) -> list[int]:
    """The boxes whose name says "read more" and that have much running text without links: text to be unfolded."""
    called = [box.number for box, label in zip(page.boxes, labels, strict=True)
              if label is not None and label.word.replace("-", "").startswith("readmore")]
    if not called:
        return []
    links = _totals(page.boxes, ((block.box, float(block.linked)) for block in page.blocks))
    return [number for number in called if texts[number] >= SHORTEST_COLLAPSED and not links[number]]


def _misread(boxes: Sequence[Box], labels: Sequence[Label | None], texts: Sequence[float]) -> list[int]:
    """The boxes that are called boilerplate at a capital only ("articleModal") and have much of the page's text."""
    return [box.number for box, label in zip(boxes, labels, strict=True)
            if texts[box.number] > MOST_MISREAD * texts[0] and label is not None and label.sureness == STRONG
            and label_of(box.names.lower()) != label and label != HIDDEN]


def weigh(block: Block, box: Box) -> float:
    """How much a block looks like running text: about its number of unlinked characters, below 0 for links and scraps.

    >>> weigh(Block("A sentence, long enough to be one of an article's, ends here after some words.", 0),
    ...       Box(0, -1, "p", " ", False))
    39.0
    """
    size = len(block.text)
    linked = block.linked / max(1, size)
    if linked > 0.5:
        return -3.0
    if box.tag in HEADINGS:
        return 0.0
    if not block.text.isascii():
        size += 2 * len(_WIDE.findall(block.text))  # a Chinese or Korean character counts as three letters
    if size < 40 or (_SENTENCE.search(block.text) is None and not sentences_unmarked(block.text)):
        return -4.0
    return size * (1 - linked) * (1.0 if size >= 80 else 0.5)


def _totals(boxes: Sequence[Box], amounts: Iterable[tuple[int, float]]) -> list[float]:
    totals = [0.0] * len(boxes)
    for number, amount in amounts:
        totals[number] += amount
    for box in reversed(boxes[1:]):
        totals[box.parent] += totals[box.number]
    return totals


def _deepest_with_nearly_all(boxes: Sequence[Box], worth: Sequence[float]) -> int:
    best: dict[int, int] = {}  # for each box, its child with the most weight
    for number, value in enumerate(worth):
        if value > 0 and number:
            parent = boxes[number].parent
            if parent not in best or value > worth[best[parent]]:
                best[parent] = number
    at = 0
    while at in best and worth[best[at]] >= NEARLY_ALL * worth[at]:
        at = best[at]
    return at


def _inside(boxes: Sequence[Box], top: int) -> list[bool]:
    inside = [False] * len(boxes)
    inside[top] = True
    for box in boxes[top + 1:]:
        inside[box.number] = inside[box.parent]
    return inside


def _readable(page: Blocks, numbers: Sequence[int], first: int) -> list[int]:
    """The numbers from ``first`` on, without link lists, headings of boilerplate and lines that are not text."""
    kept = []
    for number in numbers:
        block = page.blocks[number]
        tag = page.boxes[block.box].tag
        size = len(block.text)
        if number < first:
            continue
        if size < 200 and tag not in ("td", "th") and block.linked / size > (0.8 if tag == "p" else 0.5):
            continue
        if is_boilerplate_line(block.text):
            continue
        kept.append(number)
    return kept


def _standfirst(page: Blocks, weights: Sequence[float], boilerplate: Sequence[Label | None], first: int) -> list[int]:
    """The numbers of the blocks between headline and body that are sentences of the standfirst."""
    tables = load_page_tables()
    headline = headline_before(page, first)
    found = []
    for number in range(first if headline is None else headline + 1, first):
        block = page.blocks[number]
        label = boilerplate[block.box]
        if label is not None and (label.sureness >= STRONG or label.word not in _STANDFIRST_BOXES):
            continue
        size = len(block.text)
        if size < SHORTEST_STANDFIRST or page.boxes[block.box].tag in _IN_A_LIST or block.linked / size >= 0.3:
            continue
        text = block.text.lower()
        if _SENTENCE.search(text) and not (tables.lines.match(text) or tables.signatures.search(text)):
            found.append(number)
    return found


def headline_before(page: Blocks, first: int) -> int | None:
    """The number of the nearest headline (h1) before a block, or None."""
    return next((number for number in range(first, -1, -1) if is_headline(page, number)), None)
