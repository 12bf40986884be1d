"""The visible dates: between the headline and the body, in the body's first words, and just after the body.

A date of something else is not read: of a picture, a card, an event, a life or a deadline. Its position shows it, or
the words before it. Dates further away belong to other articles or comments, or are the day of the fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipelines.clean.html.blocks import Blocks, Mark, boxes_around
from pipelines.clean.html.body import HEADINGS
from pipelines.clean.metadata.calendar import is_day
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.moments import Moment, read_moment
from pipelines.clean.metadata.visible import BEFORE_HEADLINE, LONGEST_BYLINE, Near
from pipelines.clean.metadata.written import dates_in, labelled_dates, load_date_tables, read_written
from pipelines.clean.names import load_name_tables
from pipelines.clean.text import STOPS, sentences_unmarked

ABOVE_HEADLINE = 4
LONGEST_DATE = 30
LONGEST_OPENING = 70
"""Characters at the body's beginning in which a place and a date may be."""

MOST_LETTERS = 45
"""Letters beside a date without a label such as "published". A line with more is a caption or a sentence."""

MOST_AFTER = 3
"""Words in small letters after a date that is not in a sentence."""

SERIES, FARTHEST_OF_SERIES, BESIDE_HEADLINE = 3, 3, 2
"""Different days that are a series, as the entries of a chronology have them, the blocks from one to the next, and from
the headline to the article's own date."""

LAST_OF_BODY, LONGEST_LABELLED = 2, 60
"""Blocks at the body's end that may be a label and a date, and their characters."""

LABELLED = "labelled date"

_DATE_BOX = re.compile(
    r"(?:publi\w*|post|posted|entry|article|story)[\s_-]*(?:date|time|on)"
    r"|(?:^|[\s_-])(?:published|created|pubdate|date-header)\b", re.I)
_META_BOX = re.compile(r"(?:^|[\s_-])(?:meta|by-?line|date|datum|fecha|data|published|created|posted|info|time)", re.I)
_ENTRY_BOX = re.compile(r"(?:^|[\s_-])(?:post|entry|article)[\s_-]?(?:meta|footer|utility)", re.I)
"""The lines about an article that blogs have below it."""

_OTHERS_BOX = re.compile(
    r"(?:^|[\s_-])(?:card|teaser|related|ticker|caption|widget|sidebar|event|birth|obit|comment|gallery)", re.I)
_COMMENTS_BOX = re.compile(r"(?:^|[\s_-])(?:comment|related|teaser)", re.I)
_PROMO_BOX = re.compile(r"(?:^|[\s_-])(?:promo|breaking)", re.I)
"""A box of another story if a heading is in it. The article's own header may be named so as well."""

_BESIDE = frozenset(("figure", "figcaption", "aside", "blockquote"))
_MODIFIED = re.compile(r"modif|updat|aktualis", re.I)
_PUBLISHED = re.compile(r"publi|created|posted", re.I)
_LABEL = re.compile(r"[|·•;,\d]")
_DIGIT = re.compile(r"\d")
_OF_ELSE = re.compile(r"[:：=＝]$|°[CF]?$")
"""A label or a thermometer right before a date: "Next meeting: 12 March 2026", "Marrowby 12° 12 March 2026"."""

_GOES_ON = re.compile(
    r"(?P<glued>，[\u3040-\u30ff\u3400-\u9fff]{3,})(?!.{0,3}\d)"
    r"|\s(?P<words>(?:[^\s\d|·•,;:()/–—-]+(?:\s|$|\.)){3,})")
"""Words right after a date, which is then one in a sentence or in a caption."""

_TIME_AFTER = re.compile(r"\W*(?:(?:[^\W\d_]{1,5}\s*)?\d{1,2}\s?[:.h時时시点點]\s?\d{2}.{0,20})?\W*", re.I)
"""What may follow a date in a line that is a label and a date: a time of day with its zone."""

_SECTION = re.compile(r"^[^\W\d_][^:：|\d]{0,30}\|\s*")
_CLOSING = "\"”’»)）」』] "
_BEFORE_DATE = re.compile(r"(?:^|\s)(?:on|at|am|le|el|il|em|op|den|på)$", re.I)
_DIVIDED = re.compile(r"[^\w\s:：'’\"”»]$")
_AFTER_OPENING = re.compile(r"\s*(?:[).:–—-]|/\w{3,20}/|\([^()]{2,30}\)\s*[–—-])")
_PLACE = re.compile(r"(?:[^\W\d_a-z][\w.'’-]*[\s,]*){0,4}[(\s]*$")


def seen_times(page: Blocks, near: Near, language: str | None) -> dict[str, Found[Moment]]:
    """``published_at`` and ``modified_at``, from time elements or from dates in words."""
    times: dict[str, Found[Moment]] = {}
    for field, found in _seen(page, near, language) if page.blocks else ():
        times.setdefault(field, found)
    return times


def _seen(page: Blocks, near: Near, language: str | None) -> Iterator[tuple[str, Found[Moment]]]:
    """The times with their fields, the surest first."""
    around = boxes_around(page.boxes, page.blocks[max(0, near.after.start - 1)].box)
    looked = range(near.before.start - BEFORE_HEADLINE, min(near.before.stop + 1, len(page.blocks)))
    marks = [mark for mark in page.marks
             if mark.kind == "time" and mark.block in looked and not _is_beside(page, mark.block, around)
             and (_PUBLISHED.search(mark.names) or not _is_in_series(page, near, mark.block, language))]
    for mark in sorted(marks, key=lambda mark: mark.block < near.before.start):  # those above the headline come last
        if (moment := read_moment(mark.text) or read_written(mark.text, language)) is not None:
            yield _field_of(page, mark), Found(moment, "time element", mark.text)
    yield from _above_body(page, near, around, language)
    yield from _below(page, near, around, language)
    for other in (_above(page, near, language), _opening(page, near, language, around),
                  _at_start(page, near, language), _at_end(page, near, language)):
        if other is not None:
            yield "published_at", other


def _is_in_series(page: Blocks, near: Near, number: int, language: str | None) -> bool:
    """Whether a block opens with a date, and others close to it do so with other days, in boxes alike: a chronology.

    A date beside the headline is the article's, and one alone in its line is in no series with those before a text.
    """
    own = None if abs(number + 1 - near.before.start) <= BESIDE_HEADLINE else _day_at_start(page, number, language)
    if own is None:
        return False
    days = {own[0]}
    for step in (-1, 1):
        last = at = number
        while 0 <= (at := at + step) < len(page.blocks) and abs(at - last) <= FARTHEST_OF_SERIES and len(days) < SERIES:
            if _are_alike(page, number, at) and (other := _day_at_start(page, at, language)) and other[1] == own[1]:
                days.add(other[0])
                last = at
    return len(days) >= SERIES


def _are_alike(page: Blocks, one: int, other: int) -> bool:
    """Whether the boxes of two blocks have the same tag and names, and are in one box or in boxes alike of one box."""
    first, second = (page.boxes[page.blocks[number].box] for number in (one, other))
    above, beside = page.boxes[first.parent], page.boxes[second.parent]
    return (first.tag, first.names) == (second.tag, second.names) and (
        first.parent == second.parent
        or (above.parent == beside.parent and (above.tag, above.names) == (beside.tag, beside.names)))


def _day_at_start(page: Blocks, number: int, language: str | None) -> tuple[str, bool] | None:
    """The date that a block opens with, as it is written, and whether it is alone; None if it opens otherwise."""
    line = page.blocks[number].text[:LONGEST_DATE]
    dates = dates_in(line, language) if _DIGIT.search(line) is not None else []
    is_first = bool(dates) and all(map(is_day, line[: dates[0].start].replace(",", " ").split()))
    if not is_first:
        return None
    return line[dates[0].start : dates[0].end], _TIME_AFTER.fullmatch(line, dates[0].end) is not None


def _field_of(page: Blocks, mark: Mark) -> str:
    """The field of a time element: by the label right before it, or by its names, or by how its line begins."""
    tables, label = load_date_tables(), _LABEL.split(mark.before)[-1]
    if not mark.before.strip():
        label = page.blocks[mark.block - 1].text if mark.block else ""
        label = label if len(label) <= LONGEST_DATE else ""
    if tables.published.search(label):
        return "published_at"
    if tables.updated.search(label):
        return "modified_at"
    if _MODIFIED.search(mark.names):
        return "published_at" if _PUBLISHED.search(mark.names) else "modified_at"
    is_said = not mark.before.strip() and tables.updated.match(page.blocks[mark.block].text)
    return "modified_at" if is_said else "published_at"


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
        if _PROMO_BOX.search(box.names) is not None and _has_heading(page, number, at):
            return True
        is_listed = is_listed or box.tag == "li"
        at = box.parent
    return is_listed and not is_meta


def _has_heading(page: Blocks, number: int, box: int) -> bool:
    """Whether a heading below the first rank is near a block in the same box."""
    near = (page.blocks[other].box for other in range(max(0, number - 3), min(len(page.blocks), number + 4)))
    return any(page.boxes[at].tag in HEADINGS and page.boxes[at].tag != "h1" and box in boxes_around(page.boxes, at)
               for at in near)


def _above(page: Blocks, near: Near, language: str | None) -> Found[Moment] | None:
    """A date above the headline in a box whose name says that it is the date of publication; or None.

    Other dates above the headline may be the page's own, which is the day of the fetch.
    """
    for number in range(near.before.start - 2, max(-1, near.before.start - 2 - ABOVE_HEADLINE), -1):
        block = page.blocks[number]
        is_date = len(block.text) <= LONGEST_DATE and _DATE_BOX.search(page.boxes[block.box].names) is not None
        if is_date and (moment := read_written(block.text, language)) is not None:
            return Found(moment, "written date", block.text)
    return None


def _at_start(page: Blocks, near: Near, language: str | None) -> Found[Moment] | None:
    """A date alone, or one in a box of metadata, above the headline at the beginning of the article; or None.

    A date after a link of some words is that of another story.
    """
    first = _start_of_article(page, near.before.start - 1)
    for block in page.blocks[first : near.before.start - 1] if first is not None else ():
        if block.linked and len(block.text.split()) > MOST_AFTER:
            return None
        line = _SECTION.sub("", block.text)
        is_meta = _META_BOX.search(page.boxes[block.box].names) is not None
        is_date = len(block.text) <= LONGEST_DATE and (is_meta or _is_alone(line, language))
        if is_date and (moment := read_written(block.text, language)) is not None:
            return Found(moment, "written date", block.text)
    return None


def _start_of_article(page: Blocks, headline: int) -> int | None:
    """The first block of the ``article`` that a headline is a child of, if it is just above it."""
    if headline < 0 or page.boxes[page.blocks[headline].box].tag not in ("h1", "h2"):
        return None
    around = page.boxes[page.blocks[headline].box].parent
    if around < 0 or page.boxes[around].tag != "article":
        return None
    first = headline
    while first > 0 and around in boxes_around(page.boxes, page.blocks[first - 1].box):
        first -= 1
    return first if headline - first <= ABOVE_HEADLINE else None


def _opening(page: Blocks, near: Near, language: str | None, around: frozenset[int]) -> Found[Moment] | None:
    """A date at the beginning of the text, alone or after a place: "Marrowby, (12.11.2021)."."""
    for number in near.before:
        text = page.blocks[number].text
        line = text[:LONGEST_OPENING]
        dates = dates_in(line, language) if len(text) > LONGEST_OPENING else []
        for date in dates if len(dates) == 1 else ():
            is_set_off = _AFTER_OPENING.match(line, date.end) is not None
            if is_set_off and _PLACE.fullmatch(line[: date.start]) and not (
                    _is_beside(page, number, around) or _is_in_series(page, near, number, language)):
                moment = read_written(line[date.start : date.end], language)
                return Found(moment, "first paragraph", line) if moment is not None else None
    return None


def _is_alone(line: str, language: str | None) -> bool:
    """Whether a line is one date, which may have a day of the week before it and a time of day after it."""
    dates = dates_in(line, language)
    return len(dates) == 1 and all(map(is_day, line[: dates[0].start].replace(",", " ").split())) and (
        _TIME_AFTER.fullmatch(line, dates[0].end) is not None)


def _at_end(page: Blocks, near: Near, language: str | None) -> Found[Moment] | None:
    """A date alone in the last line of the body or the next one in the same box, after a whole sentence; or None.

    A date above a heading, a link or another date is that of the next story.
    """
    end = near.after.start
    last = page.boxes[page.blocks[end - 1].box]
    holders = {last.parent}
    if last.parent >= 0 and (above := page.boxes[last.parent].parent) >= 0 and page.boxes[above].tag == "article":
        holders.add(above)
    for number in range(max(near.before.stop, end - 1), min(end + 1, len(page.blocks))):
        block, before = page.blocks[number], page.blocks[number - 1].text
        line, box = block.text.strip("()（）[] "), page.boxes[block.box]
        is_inside = not holders.isdisjoint((box.number, box.parent)) and box.tag not in ("li", "td", "dd")
        is_said = before.rstrip(_CLOSING).endswith(tuple(STOPS)) or sentences_unmarked(before) > 0
        if not is_inside or not is_said or len(line) > LONGEST_DATE or not _is_alone(line, language):
            continue
        moment = read_written(line, language)
        if moment is not None and not (
                _is_of_next(page, number, language) or _is_in_series(page, near, number, language)):
            return Found(moment, "written date", block.text)
    return None


def _is_of_next(page: Blocks, number: int, language: str | None) -> bool:
    """Whether a story begins below a date: with a heading or a link beside or in its box, or other dates follow."""
    if number + 1 >= len(page.blocks):
        return False
    box, after = page.boxes[page.blocks[number].box], page.blocks[number + 1]
    next_box = page.boxes[after.box]
    is_beside = next_box.parent in (box.parent, box.number)
    is_headed = next_box.tag in HEADINGS or (after.linked >= len(after.text) and len(after.text.split()) > 1)
    return (is_beside and is_headed) or any(
        page.boxes[block.box].parent in (box.parent, box.number) and _is_alone(block.text, language)
        for block in page.blocks[number + 1 : number + 5])


def _above_body(page: Blocks, near: Near, around: frozenset[int], language: str | None,
                ) -> Iterator[tuple[str, Found[Moment]]]:
    """The dates in short lines before the body, with a label or without one."""
    for number, line in _dated_lines(page, near.before):
        for field, part in labelled_dates(line, language):
            if field is None and (_is_beside(page, number, around) or not _is_bare(page, number, part, language)
                                  or _is_in_series(page, near, number, language)):
                continue
            if (moment := read_written(part, language)) is not None:
                yield field or "published_at", Found(moment, "written date" if field is None else LABELLED, line)


def _below(page: Blocks, near: Near, around: frozenset[int], language: str | None,
           ) -> Iterator[tuple[str, Found[Moment]]]:
    """The dates in short lines below the body that have a label, or are marked in a box of lines about the article.

    In the body's last lines, nothing else may be in the line. What is in a box of comments or in a card of another
    story is not the article's, nor are marks after the linked heading of one.
    """
    end, below = near.after.start, range(near.before.stop, near.after.stop)
    numbers = [number for number in range(max(below.start, end - LAST_OF_BODY), below.stop)
               if not _is_of_others(page, number, around)]
    others = next((number for number in below if page.blocks[number].linked >= len(page.blocks[number].text)
                   and page.boxes[page.blocks[number].box].tag in HEADINGS), below.stop)
    for number, line in _dated_lines(page, numbers):
        if number < end and not (len(line) <= LONGEST_LABELLED and _is_label_and_date(line, language)):
            continue
        for field, part in labelled_dates(line, language):
            if field is not None and (moment := read_written(part, language)) is not None:
                yield field, Found(moment, LABELLED, line)
    for mark in page.marks:
        if (mark.kind == "time" and mark.block in numbers and mark.block < others and _PUBLISHED.search(mark.names)
                and _is_about_entry(page, mark.block, around) and (moment := read_moment(mark.text)) is not None):
            yield _field_of(page, mark), Found(moment, "time element", mark.text)


def _is_of_others(page: Blocks, number: int, around: frozenset[int]) -> bool:
    """Whether a block is in a box of comments or other articles, or beside the linked headline of another story."""
    at = page.blocks[number].box
    above = page.boxes[at].parent
    while at >= 0 and at not in around:
        if page.boxes[at].tag == "article" or _COMMENTS_BOX.search(page.boxes[at].names) is not None:
            return True
        at = page.boxes[at].parent
    if above < 0 or above in around:
        return False
    before, after = _headline_in(page, number - 1, above), _headline_in(page, number + 1, above)
    return before is not None or after in HEADINGS


def _headline_in(page: Blocks, number: int, box: int) -> str | None:
    """The tag of a block in a box if it is wholly a link of some words, or else None."""
    block = page.blocks[number] if 0 <= number < len(page.blocks) else None
    if block is None or block.linked < len(block.text) or len(block.text.split()) <= MOST_AFTER:
        return None
    return page.boxes[block.box].tag if box in boxes_around(page.boxes, block.box) else None


def _is_about_entry(page: Blocks, number: int, around: frozenset[int]) -> bool:
    """Whether a block is in a box of lines about the article, by the names of the box or of the two around it."""
    at = page.blocks[number].box
    for _ in range(3):
        if at < 0 or page.boxes[at].tag == "article":
            return False
        if page.boxes[at].parent in around and _ENTRY_BOX.search(page.boxes[at].names) is not None:
            return True
        at = page.boxes[at].parent
    return False


def _dated_lines(page: Blocks, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The short lines with a number, each with the label alone in the line above it, if there is one."""
    tables = load_date_tables()
    others = {mark.block for mark in page.marks if mark.kind == "other time"}
    for number in numbers:
        line = page.blocks[number].text
        if len(line) > LONGEST_BYLINE or _DIGIT.search(line) is None or number in others:
            continue
        above = page.blocks[number - 1].text.strip(" :") if number > numbers[0] else ""
        is_label = len(above) <= LONGEST_DATE and (tables.updated.fullmatch(above) or tables.published.fullmatch(above))
        yield number, f"{above} {line}" if is_label else line


def _is_label_and_date(line: str, language: str | None) -> bool:
    """Whether nothing is in a line but labels and dates, with times of day: it is no sentence of the text.

    >>> _is_label_and_date("Published on Monday, 4 May 2026, 09:30 GMT", "en")
    True
    >>> _is_label_and_date("The diary was published on 4 May 2026.", "en")
    False
    """
    for field, part in labelled_dates(line, language):
        dates = dates_in(part, language)
        if field is None or not dates:
            if part:
                return False
            continue
        words = part[: dates[0].start].split()
        is_date = all(is_day(word.strip(",")) or _BEFORE_DATE.match(word) or _DIGIT.search(word) for word in words)
        if not is_date or _TIME_AFTER.fullmatch(part, dates[-1].end) is None:
            return False
    return True


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
    if _OF_ELSE.search(before):
        return False
    if _META_BOX.search(page.boxes[page.blocks[number].box].names):
        return True
    if _is_in_a_sentence(line[dates[-1].end:]):
        return False
    word = before.rpartition(" ")[2]
    if not word or _DIVIDED.search(before) or _DIGIT.search(word) or word[0] == word[0].swapcase():
        return True
    is_byline = load_name_tables().opener.match(before) is not None
    return is_byline or _BEFORE_DATE.fullmatch(before) is not None or (word[0].isupper() and " " in before)


def _is_in_a_sentence(after: str) -> bool:
    """Whether the words after a date show that it is in a sentence.

    >>> [_is_in_a_sentence(text) for text in (" a storm broke the old pier.", " by the staff of the paper.")]
    [True, False]
    >>> [_is_in_a_sentence(text) for text in ("，东码头（图）", "，港口日报", " 동쪽 부두 모습.", " 항구 홍길동 기자")]
    [True, False, True, False]
    """
    found = _GOES_ON.match(after)
    is_said = after.rstrip(_CLOSING).endswith(tuple(STOPS)) or after.endswith((")", "）")) or "." in after[:-1]
    if found is None or not is_said or load_name_tables().opener.match(after.strip()):
        return False
    if found["glued"] is not None:
        return True
    words = found["words"].split()
    if words[0][0] == words[0].swapcase()[0]:  # a script without capitals
        return after.rstrip()[-1] in ".。।" or "." in found["words"]
    return len(words) > MOST_AFTER and words[0].islower() and words[1].islower()
