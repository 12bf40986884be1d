"""Finds readers' comments by their structure: boxes alike, each with a name, a text, and a time or a way to reply.

Class names are in every language, and many have none that says what is in the box.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipelines.clean.html.blocks import Block, Blocks, boxes_around
from pipelines.clean.html.boilerplate import STRONG, Label
from pipelines.clean.metadata.written import without_dates

COMMENT = Label(STRONG, "said by readers")
FEWEST_ALIKE = 2
LONGEST_NAME = 60
LONGEST_OPENING, MOST_NAME_WORDS = 30, 3
"""Characters and words of a reader's name that opens a comment."""

SHORTEST_SAID = 30
"""Characters of what a reader says. Many write no stops."""

MOST_BLOCKS = 25
"""Blocks of one comment. A box with more is a part of the page."""

SHORTEST_ARTICLE = 150
"""Weight of the running text before the comments: without it they are the page's own text, as in a live blog."""


@dataclass(frozen=True, slots=True)
class CommentTables:
    """The tables of ``tables/comments.toml``, compiled, for lower-case text."""

    replies: re.Pattern[str]
    headings: re.Pattern[str]
    ages: re.Pattern[str]


@cache
def load_comment_tables() -> CommentTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/comments.toml").read_text("utf-8"))
    any_of = {name: "|".join(entries) for name, entries in table.items()}
    return CommentTables(
        replies=re.compile(rf"\W*(?:{any_of['replies']})\W*(?:\d+\W*)?"),
        headings=re.compile(rf"\W*(?:\d+\W+)?(?:{any_of['headings']})\W*(?:\d+\W*)?"),
        ages=re.compile(any_of["ages"]),
    )


def comments_in(page: Blocks, weights: Sequence[float]) -> set[int]:
    """The numbers of the boxes that are comments, and come after the text of an article.

    Comments of one block are so only below their heading, where no running text follows them.
    """
    groups = _alike(page, weights)
    if not groups:
        return set()
    before = [0.0]
    for weight in weights:
        before.append(before[-1] + max(0.0, weight))
    timed = {mark.block for mark in page.marks if mark.kind == "time"}
    inside, answered = _inside_article(page, weights), _with_replies(page)
    found: set[int] = set()
    for spans in groups:
        start = min(first for _, first, _ in spans)
        own = sum(before[last + 1] - before[first] for _, first, last in spans)
        if before[start] < SHORTEST_ARTICLE:
            continue
        is_short = own <= before[start]
        heading = _heading_before(page, spans)
        is_one = spans[0][1] == spans[0][2]
        end = max(last for _, _, last in spans) + 1
        if is_one and (heading is None or before[-1] - before[end] > SHORTEST_ARTICLE):
            continue
        above = page.boxes[page.blocks[start - 1].box]
        is_apart = not inside[spans[0][0]] and (above.tag not in _HEADINGS or heading is not None)
        if _are_comments(page, spans, timed, is_short=is_short) or (
                is_short and is_apart and _have_names_and_times(page, spans, timed, answered)):
            found.update(number for number, _, _ in spans)
            headings = [page.boxes[page.blocks[heading].box]] if heading is not None else []
            if above.parent in boxes_around(page.boxes, spans[0][0]):
                headings.append(above)
            found.update(box.number for box in headings if box.tag in _HEADINGS)
    return found


type Span = tuple[int, int, int]
"""The number of a box, and its first and last block."""


def _alike(page: Blocks, weights: Sequence[float]) -> list[list[Span]]:
    """Groups of boxes of one parent with the same tag and names, each with a few blocks, one of them running text.

    A box with one block is in a group if a name and a date stand on the block's first line.
    """
    boxes = page.boxes
    first = [-1] * len(boxes)
    last = [-1] * len(boxes)
    has_text = [False] * len(boxes)
    for number, block in enumerate(page.blocks):
        at = block.box
        if first[at] < 0:
            first[at] = number
        last[at] = number
        has_text[at] |= weights[number] > 0 or (len(block.text) >= SHORTEST_SAID and block.linked == 0)
    for box in reversed(boxes[1:]):
        at = box.number
        if first[at] >= 0:
            above = box.parent
            first[above] = first[at] if first[above] < 0 else min(first[at], first[above])
            last[above] = max(last[at], last[above])
            has_text[above] |= has_text[at]
    signed = [_is_signed(block) for block in page.blocks]
    groups: dict[tuple[int, str, str, bool], list[Span]] = defaultdict(list)
    for box in boxes:
        at = box.number
        is_one = first[at] == last[at]
        if first[at] >= 0 and (signed[first[at]] if is_one else
                               box.tag in _ITEMS and last[at] - first[at] < MOST_BLOCKS):
            name = box.names.strip().split(" ")[0] if box.tag != "li" else ""
            groups[box.parent, box.tag, name, is_one].append((at, first[at], last[at]))
    return [
        spans
        for spans in groups.values()
        if len(spans) >= FEWEST_ALIKE and 2 * sum(has_text[at] for at, _, _ in spans) >= len(spans)
    ]


_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_ITEMS = frozenset(("div", "li", "article", "section", "dd", "dl", "blockquote", "details", "tr"))
_BESIDE = re.compile("[·•|]")
_NUMBERS = re.compile(r"\S*\d\S*")
_MARKS = re.compile(r"[|()\[\]]")


def _is_signed(block: Block) -> bool:
    """Whether a name and a date are the first line of a block, before a line break."""
    line = block.opening
    return line is not None and len(line) <= LONGEST_NAME and _name_in(line) not in (None, line.lower())


def _opening(page: Blocks, first: int, last: int) -> str:
    """The first line of a comment."""
    return (page.blocks[first].opening if first == last else None) or page.blocks[first].text


def _are_comments(page: Blocks, spans: Sequence[Span], timed: set[int], *, is_short: bool) -> bool:
    """Whether boxes have names and ways to reply, or names under a heading, or names of which some repeat, and times.

    ``is_short`` is whether they have less running text than what is before them.
    """
    tables = load_comment_tables()
    named = replies = aged = 0
    names: Counter[str] = Counter()
    for _, first, last in spans:
        blocks = page.blocks[first : last + 1]
        opening = _opening(page, first, last)
        is_entry = len(blocks) == 2 and not without_dates(opening).strip(" |")  # of a chronology
        if len(opening) <= LONGEST_NAME and opening[-1] not in ".!?" and not is_entry:
            named += 1
            names[tables.ages.sub("", opening.lower()).strip()] += 1
        replies += any(
            len(block.text) <= LONGEST_NAME and any(map(tables.replies.fullmatch, _BESIDE.split(block.text.lower())))
            for block in blocks
        )
        aged += first < last and (any(number in timed for number in range(first, last + 1)) or any(
            len(block.text) <= LONGEST_NAME and tables.ages.search(block.text.lower()) is not None for block in blocks
        ))
    total = len(spans)
    if replies * 2 >= total:
        return True
    if named * 3 < total * 2 or not is_short:
        return False
    is_headed = _heading_before(page, spans) is not None
    repeats = sum(count for count in names.values() if count > 1)
    return is_headed or (aged * 3 >= total * 2 and repeats >= 2 and len(names) < total)


def _inside_article(page: Blocks, weights: Sequence[float]) -> list[bool]:
    """Of each box, whether it is in the box around the paragraphs with most of the running text, or in its ``article``.
    """
    text: Counter[int] = Counter()
    for block, weight in zip(page.blocks, weights, strict=True):
        text[page.boxes[block.box].parent] += max(0, round(weight))
    home = max(text, key=lambda box: text[box], default=-1)
    homes = {home, *(number for number in boxes_around(page.boxes, home) if page.boxes[number].tag == "article")}
    inside: list[bool] = []
    for box in page.boxes:
        inside.append(box.number in homes or (box.parent >= 0 and inside[box.parent]))
    return inside


def _with_replies(page: Blocks) -> list[bool]:
    """Of each box, whether a button to reply is in it."""
    replies = load_comment_tables().replies
    answered = [any(replies.fullmatch(text.lower()) for text in page.with_buttons.get(box.number, ()))
                for box in page.boxes]
    for box in reversed(page.boxes[1:]):
        answered[box.parent] |= answered[box.number]
    return answered


def _have_names_and_times(
    page: Blocks, spans: Sequence[Span], timed: set[int], answered: Sequence[bool]
) -> bool:
    """Whether each box opens with a few words, as a name is, and has a time or a button to reply."""
    ages = load_comment_tables().ages
    for box, first, last in spans:
        opening = _opening(page, first, last)
        name = _name_in(opening)
        if name is None and (closing := page.blocks[last].text) and _name_in(closing) not in (None, closing.lower()):
            continue
        if name is None or page.boxes[page.blocks[first].box].tag in _HEADINGS:
            return False
        is_dated = name != opening.lower() or any(number in timed for number in range(first, last + 1))
        if not (is_dated or answered[box] or any(
                len(block.text) <= LONGEST_NAME and ages.search(block.text.lower()) for block in
                page.blocks[first + 1 : last + 1])):
            return False
    return True


def _name_in(line: str) -> str | None:
    """The few words of a line that may be a reader's name, without a date, in lower case; None if there are more.

    >>> _name_in("Mo Lund, 05.05.2026 | 09:10"), _name_in("It took them two winters to see it.")
    ('mo lund', None)
    """
    name = _MARKS.sub(" ", load_comment_tables().ages.sub("", without_dates(line).lower())).strip(" ,·•–—-#")
    is_short = 0 < len(name) <= LONGEST_OPENING and len(_NUMBERS.sub("", name).split()) <= MOST_NAME_WORDS
    return name if is_short and line[-1] not in "!?:" else None


def _heading_before(page: Blocks, spans: Sequence[Span]) -> int | None:
    """The number of the heading of comments, one of the three blocks before them; None if there is none."""
    start = min(first for _, first, _ in spans)
    headings = load_comment_tables().headings
    return next(
        (
            number
            for number in range(max(0, start - 3), start)
            if len(text := page.blocks[number].text) <= LONGEST_NAME and headings.fullmatch(text.lower()) is not None
        ),
        None,
    )
