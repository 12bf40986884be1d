"""Finds the labels of a page among the blocks of a body: the age of the page, a counter, the name of the section.

The wording differs between pages and languages, so labels are found by their structure. A label is short, without any
stop, and its part of the body is the only one of its kind: the others are paragraphs, headings, items or cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pipelines.clean.html.blocks import Blocks, boxes_around
from pipelines.clean.html.body import HEADINGS, SHORTEST_STANDFIRST
from pipelines.clean.identity import find_stop

_BOXES = frozenset(("div", "section", "article", "main", "header", "body", "center"))
"""Boxes whose tag says nothing of the text right inside of them."""

_OF_THE_ARTICLE = frozenset(("figure", "li", "dt", "dd", "td", "th", "blockquote", "pre", "details"))
"""Boxes whose short texts are captions, items, cells, quotations, code and questions."""

_DIGIT = re.compile(r"\d")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WITHOUT_STOPS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer
_PAUSE = re.compile("[、，]")

type Part = tuple[str, str, bool]


def without_labels(page: Blocks, numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers of a body's blocks without those that are labels of the page.

    A label stands before the first sentence, after the last one, or has a digit and stands alone between sentences.
    Nothing is left out where most blocks are short: that is a list, or verses. Parts whose kind occurs twice are kept:
    the times of a live blog, the speakers of a dialogue, the values of a table of boxes. So are captions.
    """
    short = [_is_short(page.blocks[number].text) for number in numbers]
    if not any(short) or 2 * sum(short) > len(short):
        return tuple(numbers)
    cells = frozenset.intersection(*(boxes_around(page.boxes, page.blocks[number].box) for number in numbers))
    cells = frozenset(box for box in cells if page.boxes[box].tag == "td")
    parts = _parts_of(page, numbers)
    often = Counter(parts)
    first, last = short.index(False), len(short) - 1 - short[::-1].index(False)
    left_out = {
        number
        for at, number in enumerate(numbers)
        if short[at] and often[parts[at]] == 1 and _may_be_label(page, number, cells)
        and (_is_alone(page, numbers, short, at) if first < at < last else _is_beside_the_text(page, number))
    }
    return tuple(number for number in numbers if number not in left_out)


def _may_be_label(page: Blocks, number: int, cells: frozenset[int]) -> bool:
    """Whether a block is in a box or a paragraph, and in no caption, item, cell, quotation or the like.

    ``cells`` around the whole body do not count: many pages are tables with the body in a cell.
    """
    box = page.blocks[number].box
    return (page.boxes[box].tag in ("p", *_BOXES)
            and _OF_THE_ARTICLE.isdisjoint(page.boxes[above].tag for above in boxes_around(page.boxes, box) - cells))


def _is_beside_the_text(page: Blocks, number: int) -> bool:
    """Whether a short block before the first sentence or after the last one is a label: a paragraph needs a digit."""
    block = page.blocks[number]
    return page.boxes[block.box].tag in _BOXES or _DIGIT.search(block.text) is not None


def _is_short(text: str) -> bool:
    """Whether a text is shorter than a standfirst and has no stop, in a script that has stops.

    >>> [_is_short(text) for text in ("45 minutes ago", "3分钟前", "“Never,” he said", "ราคา 90 ล้านบาท")]
    [True, True, False, False]
    """
    size = len(text) + 2 * len(_WIDE.findall(text))  # a Chinese character counts as three letters
    return size < SHORTEST_STANDFIRST and not any(
        finds(text) is not None for finds in (find_stop, _PAUSE.search, _WITHOUT_STOPS.search))


def _is_alone(page: Blocks, numbers: Sequence[int], short: Sequence[bool], at: int) -> bool:
    """Whether a short block between sentences has a digit, and no neighbour belongs to it.

    Another short text beside it does, unless that is a heading; so does the rest of a sentence.
    """
    before, own, after = (page.blocks[number] for number in numbers[at - 1 : at + 2])
    beside = ((before, short[at - 1]), (after, short[at + 1]))
    tags = {page.boxes[block.box].tag for block, is_short in beside if is_short}
    return _DIGIT.search(own.text) is not None and tags <= HEADINGS and not after.text[:1].islower()


def _parts_of(page: Blocks, numbers: Sequence[int]) -> list[Part]:
    """For each block, its box: tag and classes, and whether the box has other blocks of the body inside.

    A paragraph that is alone in a larger box counts as that box. Classes with a digit are all the same, since many
    number the boxes.
    """
    inside: Counter[int] = Counter(
        box for number in numbers for box in boxes_around(page.boxes, page.blocks[number].box))
    parts = []
    for number in numbers:
        own = box = page.boxes[page.blocks[number].box]
        while own.tag == "p" and box.parent >= 0 and inside[box.parent] == 1:
            box = page.boxes[box.parent]
        classes = ("#" if _DIGIT.search(name) else name for name in box.names.rpartition(" ")[0].split())
        parts.append((box.tag, " ".join(classes), inside[box.number] > 1))
    return parts
