"""Finds the labels of a page among the blocks of a body: the age of the page, a counter, the name of the section.

The wording differs between pages and languages, so labels are found by their structure. A label is short, without any
stop, and is the only block of its kind in the body: no paragraph, heading, item or cell, but text in a box such as a
``div``, or right inside of the box that holds the paragraphs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pipelines.clean.html.blocks import Blocks
from pipelines.clean.identity import is_label

_BOXES = frozenset(("div", "section", "article", "main", "header", "body", "center"))
"""Boxes whose tag says nothing of the text right inside of them."""

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_DIGIT = re.compile(r"\d")

type Kind = tuple[str, str, bool]


def without_labels(page: Blocks, numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers of a body's blocks without those that are labels of the page.

    A label stands before the first sentence, after the last one, or has a digit and stands alone between sentences.
    Nothing is left out where most blocks are short: that is a list, or verses. Kinds that occur twice are kept: the
    times of a live blog, the speakers of a dialogue, the values of a table of boxes.
    """
    short = [is_label(page.blocks[number].text) for number in numbers]
    if 2 * sum(short) > len(short) or not any(short):
        return tuple(numbers)
    kinds = _kinds_of(page, numbers)
    often = Counter(kinds)
    first, last = short.index(False), len(short) - 1 - short[::-1].index(False)
    labels = {
        number
        for at, number in enumerate(numbers)
        if short[at] and kinds[at][0] in _BOXES and often[kinds[at]] == 1
        and (not first < at < last or _is_alone(page, numbers, short, at))
    }
    return tuple(number for number in numbers if number not in labels)


def _is_alone(page: Blocks, numbers: Sequence[int], short: Sequence[bool], at: int) -> bool:
    """Whether a short block has a digit, and neither neighbour belongs to it: a short text, or a sentence's rest."""
    block, after = (page.blocks[number] for number in numbers[at : at + 2])
    beside = [page.boxes[page.blocks[numbers[n]].box].tag for n in (at - 1, at + 1) if short[n]]
    return (_DIGIT.search(block.text) is not None and all(tag in _HEADINGS for tag in beside)
            and not after.text[:1].islower())


def _kinds_of(page: Blocks, numbers: Sequence[int]) -> list[Kind]:
    """For each block the tag and the classes of its box, and whether the box has other boxes inside.

    Classes with a digit are left out, since many number the boxes.
    """
    holders = {box.parent for box in page.boxes}
    boxes = [page.boxes[page.blocks[number].box] for number in numbers]
    return [(box.tag, " ".join(name for name in box.names.rpartition(" ")[0].split() if not _DIGIT.search(name)),
             box.number in holders) for box in boxes]
