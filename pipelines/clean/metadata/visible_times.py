"""The visible dates: between the headline and the body, in the body's first words, and just after the body.

A date of something else is not read: of a picture, a card, an event, a life or a deadline. Its position shows it, or
the words before it. Dates further away belong to other articles or comments, or are the day of the fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.clean.html.blocks import Blocks, boxes_around
from pipelines.clean.metadata.calendar import is_day
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.moments import Moment, read_moment
from pipelines.clean.metadata.visible import BEFORE_HEADLINE, LONGEST_BYLINE, Near
from pipelines.clean.metadata.written import dates_in, labelled_dates, load_date_tables, read_written
from pipelines.clean.names import load_name_tables

ABOVE_HEADLINE = 4
LONGEST_DATE = 30
LONGEST_OPENING = 70
"""Characters at the body's beginning in which a place and a date may be."""

MOST_LETTERS = 45
"""Letters beside a date without a label such as "published". A line with more is a caption or a sentence."""

LABELLED = "labelled date"

_DATE_BOX = re.compile(
    r"(?:publi\w*|post|posted|entry|article|story)[\s_-]*(?:date|time|on)|(?:^|[\s_-])(?:published|created|pubdate)\b",
    re.I)
_META_BOX = re.compile(r"(?:^|[\s_-])(?:meta|by-?line|date|datum|fecha|data|published|created|posted|info|time)", re.I)
_OTHERS_BOX = re.compile(
    r"(?:^|[\s_-])(?:card|teaser|related|ticker|caption|widget|sidebar|event|birth|obit|comment|gallery)", re.I)
_BESIDE = frozenset(("figure", "figcaption", "aside"))
_MODIFIED = re.compile(r"modif|updat|aktualis", re.I)
_DIGIT = re.compile(r"\d")
_BEFORE_DATE = re.compile(r"(?:^|\s)(?:on|at|am|le|el|il|em|op|den|på)$", re.I)
_DIVIDED = re.compile(r"[^\w\s:：'’\"”»]$")
_AFTER_OPENING = re.compile(r"\s*[).:–—-]")
_PLACE = re.compile(r"(?:[^\W\d_a-z][\w.'’-]*[\s,]*){0,4}[(\s]*$")


def seen_times(page: Blocks, near: Near, language: str | None) -> dict[str, Found[Moment]]:
    """``published_at`` and ``modified_at``, from time elements or from dates in words."""
    times: dict[str, Found[Moment]] = {}
    if not page.blocks:
        return times
    around = boxes_around(page.boxes, page.blocks[max(0, near.after.start - 1)].box)
    looked = range(near.before.start - BEFORE_HEADLINE, min(near.before.stop + 1, len(page.blocks)))
    marks = [mark for mark in page.marks
             if mark.kind == "time" and mark.block in looked and not _is_beside(page, mark.block, around)]
    for mark in sorted(marks, key=lambda mark: mark.block < near.before.start):  # those above the headline come last
        if (moment := read_moment(mark.text) or read_written(mark.text, language)) is not None:
            line = page.blocks[mark.block].text
            is_update = _MODIFIED.search(mark.names) or load_date_tables().updated.match(line)
            times.setdefault("modified_at" if is_update else "published_at", Found(moment, "time element", mark.text))
    for numbers, must_be_labelled in ((near.before, False), (near.after, True)):
        for field, found in _written(page, numbers, None if must_be_labelled else around, language):
            times.setdefault(field, found)
    for other in (_above(page, near, language), _opening(page, near, language, around)):
        if other is not None:
            times.setdefault("published_at", other)
    return times


def _is_beside(page: Blocks, number: int, around: frozenset[int]) -> bool:
    """Whether a block is in a picture's caption, a box beside the article, or a list or card of other articles.

    Boxes that have the body in them as well (``around``) say nothing.
    """
    at, is_listed, is_meta = page.blocks[number].box, False, False
    while at >= 0 and at not in around:
        box = page.boxes[at]
        is_meta = is_meta or _META_BOX.search(box.names) is not None
        if box.tag in _BESIDE or (_OTHERS_BOX.search(box.names) is not None and not is_meta):
            return True
        is_listed = is_listed or box.tag == "li"
        at = box.parent
    return is_listed and not is_meta


def _above(page: Blocks, near: Near, language: str | None) -> Found[Moment] | None:
    """A date above the headline in a box whose name says that it is the date of publication, or None.

    Other dates above the headline may be the page's own, which is the day of the fetch.
    """
    for number in range(near.before.start - 2, max(-1, near.before.start - 2 - ABOVE_HEADLINE), -1):
        block = page.blocks[number]
        is_date = len(block.text) <= LONGEST_DATE and _DATE_BOX.search(page.boxes[block.box].names) is not None
        if is_date and (moment := read_written(block.text, language)) is not None:
            return Found(moment, "written date", block.text)
    return None


def _opening(page: Blocks, near: Near, language: str | None, around: frozenset[int]) -> Found[Moment] | None:
    """A date at the beginning of the text, alone or after a place: "Marrowby, (12.11.2021)."."""
    for number in near.before:
        text = page.blocks[number].text
        line = text[:LONGEST_OPENING]
        dates = dates_in(line, language) if len(text) > LONGEST_OPENING else []
        for date in dates if len(dates) == 1 else ():
            is_set_off = _AFTER_OPENING.match(line, date.end) is not None
            if is_set_off and _PLACE.fullmatch(line[: date.start]) and not _is_beside(page, number, around):
                moment = read_written(line[date.start : date.end], language)
                return Found(moment, "first paragraph", line) if moment is not None else None
    return None


def _written(page: Blocks, numbers: range, around: frozenset[int] | None, language: str | None,
             ) -> Iterator[tuple[str, Found[Moment]]]:
    """The dates in short lines. Without ``around``, only those with a label are read."""
    tables = load_date_tables()
    for number in numbers:
        line = page.blocks[number].text
        if len(line) > LONGEST_BYLINE or _DIGIT.search(line) is None:
            continue
        above = page.blocks[number - 1].text.strip(" :") if number > numbers.start else ""
        if len(above) <= LONGEST_DATE and (tables.updated.fullmatch(above) or tables.published.fullmatch(above)):
            line = f"{above} {line}"
        for field, part in labelled_dates(line, language):
            if field is None and (around is None or _is_beside(page, number, around)
                                  or not _is_bare(page, number, part, language)):
                continue
            if (moment := read_written(part, language)) is not None:
                yield field or "published_at", Found(moment, "written date" if field is None else LABELLED, line)


def _is_bare(page: Blocks, number: int, line: str, language: str | None) -> bool:
    """Whether a date without a label may be the article's: alone, in a byline or after a place and a comma.

    A word directly before it says what the date is of: "Deadline 30 April 2026", "open until 3 May 2026".
    """
    dates = dates_in(line, language)
    if not dates or sum(map(str.isalpha, line)) > MOST_LETTERS:
        return False
    before = line[: dates[0].start].strip()
    while before and is_day(before.rpartition(" ")[2].strip(",")):
        before = before.rpartition(" ")[0].strip()
    if before.endswith((":", "：")):
        return False
    if _META_BOX.search(page.boxes[page.blocks[number].box].names):
        return True
    word = before.rpartition(" ")[2]
    if not word or _DIVIDED.search(before) or _DIGIT.search(word) or word[0] == word[0].swapcase():
        return True
    is_byline = load_name_tables().opener.match(before) is not None
    return is_byline or _BEFORE_DATE.fullmatch(before) is not None or (word[0].isupper() and " " in before)
