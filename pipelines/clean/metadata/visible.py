"""Byline and time as a reader sees them: in the lines between the headline and the body, and just after it.

Only there: a name or a date further away belongs to another article, to a comment, or to the day of the fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import headline_before
from pipelines.clean.metadata.byline import Authors
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.moments import Moment, read_moment
from pipelines.clean.metadata.written import load_date_tables, read_written
from pipelines.clean.names import load_name_tables, parse_byline

BEFORE_HEADLINE = 6
AFTER_BODY = 12
WITHOUT_HEADLINE = 8
LONGEST_BYLINE = 120
MOST_LETTERS = 45
"""In a line with a date that no word calls the date of publication: more than this is a caption or a sentence."""

_NAMED_AUTHOR = re.compile(
    r"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?i:by-?line|authors?|autor|auteur|writer|reporter|journalist|redact|credits?)")
_NO_AUTHOR = re.compile(r"bio|box|image|avatar|follow|social|link|about|desc|role|title|job|date|time", re.I)
_MODIFIED = re.compile(r"modif|updat|aktualis", re.I)
_NAME = re.compile(r"^[^\W\d_][^\d@:!?]{2,60}$")


@dataclass(frozen=True, slots=True)
class Near:
    """Numbers of the blocks near the body, in which a byline or a time may stand."""

    before: range
    after: range


def near_body(page: Blocks, body: tuple[int, ...]) -> Near:
    if not body:
        return Near(range(0), range(0))
    first = body[0]
    headline = headline_before(page, first)
    start = max(0, first - WITHOUT_HEADLINE) if headline is None else headline + 1
    after = range(body[-1] + 1, min(len(page.blocks), body[-1] + 1 + AFTER_BODY))
    return Near(range(start, min(first + 2, len(page.blocks))), after)


def seen_authors(page: Blocks, near: Near) -> Found[Authors] | None:
    """Names marked as author in the markup, or after a "by" in a line of its own, before names in a box called so."""
    marked = [mark.text for mark in page.marks if mark.kind == "author"
              and near.before.start - BEFORE_HEADLINE <= mark.block <= near.before.stop + 1]
    for how, lines in (("author element", marked), ("byline", list(_opened(page, near.before))),
                       ("byline", list(_boxed(page, near.before)))):
        authors = {author.name.casefold(): author for line in lines for author in parse_byline(line)}
        people = [author for author in authors.values() if _NAME.match(author.name) and len(author.name.split()) <= 6]
        if any(len(author.name.split()) > 1 for author in people):  # "Ines Falk, Marrowby": the one word is a place
            people = [author for author in people if len(author.name.split()) > 1 or author.type != "person"]
        if people:
            return Found(tuple(people), how, "; ".join(lines))
    return None


def _opened(page: Blocks, numbers: range) -> Iterator[str]:
    opener = load_name_tables().opener
    for number in numbers:
        block = page.blocks[number]
        text = block.text if block.opening is None else block.opening
        match = opener.match(text) if len(text) <= LONGEST_BYLINE else None
        if match is not None and _is_name_like(text[match.end():]):
            yield text
            return


def _is_name_like(text: str) -> bool:
    words = text.split()
    return (len(words) > 1 and words[0][:1].isupper() and words[1][:1].isupper()) or (
        len(words) > 2 and words[0][:1].isupper() and words[-1][:1].isupper())


def _boxed(page: Blocks, numbers: range) -> Iterator[str]:
    for number in numbers:
        block = page.blocks[number]
        if not _NAME.match(block.text):
            continue
        box = page.boxes[block.box]
        names = box.names + " " + (page.boxes[box.parent].names if box.parent >= 0 else "")
        if _NAMED_AUTHOR.search(names) and not _NO_AUTHOR.search(box.names) and block.text[:1].isupper():
            yield block.text


def seen_times(page: Blocks, near: Near, language: str | None) -> dict[str, Found[Moment]]:
    """``published_at`` and ``modified_at`` as time elements or in words."""
    times: dict[str, Found[Moment]] = {}
    for mark in page.marks:
        if mark.kind == "time" and near.before.start - BEFORE_HEADLINE <= mark.block <= near.before.stop:
            moment = read_moment(mark.text)
            if moment is not None:
                field = "modified_at" if _MODIFIED.search(mark.names) else "published_at"
                times.setdefault(field, Found(moment, "time element", mark.text))
    for numbers, must_be_labelled in ((near.before, False), (near.after, True)):
        for field, moment, line in _written(page, numbers, must_be_labelled, language):
            times.setdefault(field, Found(moment, "written date", line))
    return times


def _written(page: Blocks, numbers: range, must_be_labelled: bool, language: str | None,
             ) -> Iterator[tuple[str, Moment, str]]:
    tables = load_date_tables()
    for number in numbers:
        line = page.blocks[number].text
        if len(line) > LONGEST_BYLINE or not any(letter.isdigit() for letter in line):
            continue
        updated = tables.updated.search(line)
        own = line[: updated.start()] if updated is not None else line
        label = tables.published.search(own)
        if updated is not None and (moment := read_written(line[updated.end():], language)) is not None:
            yield "modified_at", moment, line
        if label is not None:
            own = own[label.end():]
        elif must_be_labelled or sum(letter.isalpha() for letter in own) > MOST_LETTERS:
            continue
        if (moment := read_written(own, language)) is not None:
            yield "published_at", moment, line
