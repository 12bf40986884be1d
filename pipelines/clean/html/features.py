"""The features of a page's blocks, as numbers: how each is written, its position, and whether rules chose it first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log1p

import numpy as np

from pipelines.clean.html.blocks import Block, Blocks, Box, boxes_around
from pipelines.clean.html.body import Chosen
from pipelines.clean.html.boilerplate import Label, load_page_tables
from pipelines.clean.html.declared import FEWEST_SHINGLES, shingles
from pipelines.clean.html.stories import headline_boxes
from pipelines.clean.model import Numbers
from pipelines.clean.wording import WRITTEN, Column, column, stacked, written

TAGS = (
    "p", "div", "li", "h1", "h2", "h3", "h4", "td", "blockquote", "figcaption", "section", "article", "pre", "header",
    "dd",
)
TEXT_FEATURES = (*WRITTEN, "linked", "boilerplate_line", "boilerplate_heading", "signature")
BOX_FEATURES = (
    *TAGS, "is_hidden", "in_list", "in_quote", "own_label", "label", "boilerplate", "steps", "depth", "in_article",
    "in_main", "is_main", "under_main", "with_headline",
)
LAYOUT_FEATURES = (
    "chosen", "weight", "worthless", "repeats", "place", "from_start", "from_end", "from_first", "from_last", "within",
    "before", "after", "same_kind", "same_parent", "chosen_share", "mass", "blocks", "is_broken", "like_title",
    "declared", "is_declared",
)
FEATURES = (*TEXT_FEATURES, *BOX_FEATURES, *LAYOUT_FEATURES)

BESIDE = 2
LONGEST_LABEL = 150
LONGEST_TITLE = 250
MOST_STEPS = 12

_WORD = re.compile(r"\w+")
_TAG_NUMBERS = {tag: number for number, tag in enumerate(TAGS)}
_TAG_ROWS = np.eye(len(TAGS) + 1, len(TAGS), dtype=np.float32)
_LISTS = frozenset(("ul", "ol"))


def weighed_blocks(page: Blocks, chosen: Chosen) -> list[int]:
    """The numbers of the blocks that may be body. Links are among them only near running text, so menus are not."""
    near = set(chosen.blocks)
    near.update(number for number, weight in enumerate(chosen.weights) if weight > 0)
    near = {number + step for number in near for step in range(-BESIDE, BESIDE + 1)}
    return [n for n, block in enumerate(page.blocks) if n in near or 2 * block.linked <= len(block.text)]


def numbers_of(page: Blocks, chosen: Chosen, numbers: Sequence[int], declared: str, titles: Sequence[str]) -> Numbers:
    """A table with a row for each of the blocks ``numbers`` and a column for each of ``FEATURES``.

    ``declared`` is the body that JSON-LD declares; ``titles`` are the page's titles.
    """
    blocks = [page.blocks[number] for number in numbers]
    return stacked([
        *_text_columns(blocks),
        *_box_columns(page, chosen, [page.boxes[block.box] for block in blocks]),
        *_layout_columns(page, chosen, numbers, declared, titles),
    ])


def _text_columns(blocks: Sequence[Block]) -> list[Column]:
    """The columns of ``TEXT_FEATURES``."""
    tables = load_page_tables()
    texts = [block.text for block in blocks]
    linked = [block.linked / len(block.text) for block in blocks]
    labels = [text.lower() if len(text) < LONGEST_LABEL and share < 0.5 else ""
              for text, share in zip(texts, linked, strict=True)]
    return [
        *written(texts),
        column(linked),
        *(
            column([label != "" and finds(label) is not None for label in labels])
            for finds in (tables.lines.match, tables.headings.match, tables.signatures.search)
        ),
    ]


def _box_columns(page: Blocks, chosen: Chosen, homes: Sequence[Box]) -> list[Column]:
    """The columns of ``BOX_FEATURES``: those of the box of each block."""
    boxes = page.boxes
    main = _main_box(page, chosen)
    above_main = boxes_around(boxes, main)
    story = _story_box(page, chosen, above_main)
    depths, steps, labels = [-1], [0], [0]  # the first entry is for the parent of the root
    in_article, in_main, in_story = [False], [False], [False]
    for at, (box, label) in enumerate(zip(boxes, chosen.labels, strict=True)):
        above = box.parent + 1
        sureness = labels[above]
        depths.append(depths[above] + 1)
        steps.append(0 if at in above_main else steps[above] + 1)
        labels.append(sureness if label is None or label.sureness < sureness else label.sureness)
        in_article.append(in_article[above] or box.tag == "article")
        in_main.append(in_main[above] or at == main)
        in_story.append(in_story[above] or at == story)
    parents = [boxes[box.parent].tag if box.parent >= 0 else "" for box in homes]
    tags = [_TAG_NUMBERS.get(box.tag, len(TAGS)) for box in homes]
    depth_of_main = depths[main + 1]

    def of_homes(values: Sequence[float]) -> Column:
        return column([values[box.number + 1] for box in homes])

    return [
        _TAG_ROWS[tags],
        column([box.is_hidden for box in homes]),
        column([parent in _LISTS for parent in parents]),
        column([parent == "blockquote" for parent in parents]),
        _surenesses(chosen.labels, homes),
        of_homes(labels),
        _surenesses(chosen.boilerplate, homes),
        np.minimum(of_homes(steps), MOST_STEPS),
        of_homes(depths) - depth_of_main if main >= 0 else np.zeros(len(homes), np.float32),
        of_homes(in_article),
        of_homes(in_main),
        column([box.number == main for box in homes]),
        column([box.parent == main for box in homes]),
        of_homes(in_story),
    ]


def _surenesses(labels: Sequence[Label | None], homes: Sequence[Box]) -> Column:
    return column([label.sureness if (label := labels[box.number]) is not None else 0 for box in homes])


def _main_box(page: Blocks, chosen: Chosen) -> int:
    """The box whose children have most of the chosen text; -1 if nothing was chosen."""
    weights: Counter[int] = Counter()
    for number in chosen.blocks:
        weights[page.boxes[page.blocks[number].box].parent] += int(max(0.0, chosen.weights[number])) + 1
    return max(weights, key=weights.__getitem__, default=-1)


def _story_box(page: Blocks, chosen: Chosen, above_main: frozenset[int]) -> int:
    """The smallest box with the main box and a headline before the text; -1 if there is none."""
    best = -1
    for box in headline_boxes(page, before=chosen.blocks[0] + 1 if chosen.blocks else 0):
        at = box
        while at >= 0 and at not in above_main:
            at = page.boxes[at].parent
        best = max(best, at)
    return best


def _layout_columns(
    page: Blocks, chosen: Chosen, numbers: Sequence[int], declared: str, titles: Sequence[str]
) -> list[Column]:
    """The columns of ``LAYOUT_FEATURES``."""
    blocks = [page.blocks[number] for number in numbers]
    homes = [page.boxes[block.box] for block in blocks]
    total = len(page.blocks)
    everywhere = np.array(chosen.weights, dtype=np.float32)
    weights = everywhere[list(numbers)]
    is_mine = set(chosen.blocks)
    kinds = [(box.tag, box.names) for box in homes]
    by_kind: dict[tuple[str, str], float] = {}
    by_parent: dict[int, float] = {}
    for number in chosen.blocks:
        weight, box = max(0.0, chosen.weights[number]), page.boxes[page.blocks[number].box]
        by_kind[box.tag, box.names] = by_kind.get((box.tag, box.names), 0.0) + weight
        by_parent[box.parent] = by_parent.get(box.parent, 0.0) + weight
    ours, mass = chosen.weight or 1.0, float(np.maximum(everywhere, 0).sum()) or 1.0
    first, last = (chosen.blocks[0], chosen.blocks[-1]) if chosen.blocks else (0, 0)
    place = np.array(numbers, dtype=np.float32)
    ones = np.ones(len(blocks), dtype=np.float32)
    repeats = Counter([block.text for block in blocks])
    wanted = shingles(declared) if declared else set()
    is_declared = len(wanted) >= FEWEST_SHINGLES
    return [
        column([number in is_mine for number in numbers]),
        np.log1p(np.maximum(weights, 0)),
        weights < 0,
        np.minimum(column([repeats[block.text] for block in blocks]), 5),
        place / total,
        np.log1p(place),
        np.log1p(total - place),
        np.clip((place - first) / 20, -1, 1),
        np.clip((place - last) / 20, -1, 1),
        (first <= place) & (place <= last),
        place < first,
        place > last,
        column([by_kind.get(kind, 0.0) for kind in kinds]) / ours,
        column([by_parent.get(box.parent, 0.0) for box in homes]) / ours,
        ones * (ours / mass),
        ones * log1p(mass),
        ones * log1p(total),
        column([block.opening is not None for block in blocks]),
        _like_titles(blocks, [number < first + 2 for number in numbers], titles),
        column([_share(block.text, wanted) for block in blocks]) if is_declared else -ones,
        ones * is_declared,
    ]


def _share(text: str, wanted: set[tuple[str, ...]]) -> float:
    own = shingles(text)
    return len(own & wanted) / len(own) if own else 0.0


def _like_titles(blocks: Sequence[Block], is_early: Sequence[bool], titles: Sequence[str]) -> Column:
    """The similarity (0 to 1) of each early block to the page's title that is most like it, by shared words."""
    wanted = [set(_WORD.findall(title.casefold())) for title in titles]
    longest = min(max(map(len, titles), default=0) * 2, LONGEST_TITLE)
    likeness = np.zeros(len(blocks), dtype=np.float32)
    for number, block in enumerate(blocks):
        if is_early[number] and 10 <= len(block.text) <= longest and 2 * block.linked < len(block.text):
            own = set(_WORD.findall(block.text.casefold()))
            likeness[number] = max((len(own & title) / (len(own | title) or 1) for title in wanted), default=0.0)
    return likeness
