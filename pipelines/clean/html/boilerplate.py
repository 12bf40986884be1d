"""Finds boxes that are not part of the article: by their tag, by being hidden, and by class or id.

Class names can mislead: on some pages, the article itself is in a "widget". So a name is ignored on a page where too
little text would be left outside of the boxes with that name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from pipelines.clean.html.blocks import Box

BOILERPLATE_TAGS = frozenset((
    "nav", "footer", "aside", "form", "figcaption", "menu", "dialog", "search", "fieldset", "address"))
NEVER_BOILERPLATE = frozenset(("html", "body"))
WEAK, STRONG, TAG = 1, 2, 3
LONGEST_LINE, LONGEST_HEADING = 150, 100
LONGEST_NAMES = 2_000
LONGEST_KNOWN = 300
"""Characters of a box's names up to which their label is cached. Longer ones do not occur on other pages."""


class Label(NamedTuple):
    """The sign that a box may be boilerplate: how sure it is, and the tag or the beginning of the name."""

    sureness: int
    word: str


_CAPITAL = re.compile(r"(?<=[a-z]{3})(?=[A-Z][a-z])")
"""Where a word begins within a name. In names made of random letters, capitals are closer together."""

_PARTS = re.compile(r"[\s_\-:.]+")
HIDDEN = Label(STRONG, "hidden")
SHORTEST_PASSAGE, MUCH_LONGER = 300, 1.5
_NEVER_AROUND = frozenset(("nav", "menu", "dialog", "search", "figcaption"))
_OWN_PROSE = (
    "comment", "komment", "koment", "disqus", "respond", "repl", "wpd", "cookie", "consent", "gdpr", "modal", "popup",
    "newsletter", "sign", "login", "footer", "copyright", "related", "recommend", "teaser", "bio", "author", "about",
    "aside", "address",
)
"""Beginnings of labels of boxes that may have more prose than the article."""


@dataclass(frozen=True, slots=True)
class PageTables:
    """The tables of ``tables/page.toml``, compiled, for lower-case text: a case-insensitive search is much slower.

    ``headings`` and ``lines`` match at the beginning of a text. ``no_names`` are names that only look like one of
    ``strong_names`` and ``weak_names``: they say what an article is about, or what its page has.
    """

    no_names: re.Pattern[str]
    denials: re.Pattern[str]
    strong_names: re.Pattern[str]
    parted_names: re.Pattern[str]
    weak_names: re.Pattern[str]
    headings: re.Pattern[str]
    lines: re.Pattern[str]
    signatures: re.Pattern[str]


@cache
def load_page_tables() -> PageTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/page.toml").read_text("utf-8"))
    any_of = {name: "|".join(entries) for name, entries in table.items()}
    end = rf"(?:{any_of['name_ends']})*(?=$|[\s_\-:.\d])"  # a name counts as a whole word, with such words added
    return PageTables(
        no_names=re.compile(rf"(?:^|[\s:.])(?:{any_of['no_names']})(?=$|[\s:.])"),
        denials=re.compile(rf"(?:^|-)(?:{any_of['denials']})"),
        parted_names=re.compile(rf"(?:^|-)((?:{any_of['strong_names']}))(?:{any_of['capital_ends']})*$"),
        strong_names=re.compile(rf"(?:^|[\s_\-:.])((?:{any_of['strong_names']}))(?:(?<=[\-_])|{end})"),
        weak_names=re.compile(rf"(?:^|[\s_\-:.])((?:{any_of['weak_names']}))(?:(?<=[\-_])|{end})"),
        headings=re.compile(rf"(?:{any_of['headings']})\s*[:.…]*$"),
        lines=re.compile(any_of["lines"]),
        signatures=re.compile(any_of["signatures"]),
    )


def is_boilerplate_line(text: str) -> bool:
    """Whether a short line begins like boilerplate, or is a heading of boilerplate.

    >>> [is_boilerplate_line(text) for text in ("Share this:", "Related stories", "The pier opens.")]
    [True, True, False]
    """
    if len(text) >= LONGEST_LINE:
        return False
    tables, text = load_page_tables(), text.lower()
    return tables.lines.match(text) is not None or (
        len(text) < LONGEST_HEADING and tables.headings.match(text) is not None)


def label_of(names: str) -> Label | None:
    """The label of a box's names: of the first name that is surely boilerplate's, or else of the first that may be.

    >>> label_of("story related-links"), label_of("story-text")
    (Label(sureness=2, word='related'), None)
    >>> label_of("post category-social-affairs comments-open authority")
    """
    return _label_of_known(names) if len(names) <= LONGEST_KNOWN else _label_in(names[:LONGEST_NAMES])


@lru_cache(maxsize=20_000)
def _label_of_known(names: str) -> Label | None:
    labels = [label for name in names.split() if (label := _label_of_word(name)) is not None]
    return next((label for label in labels if label.sureness == STRONG), next(iter(labels), None))


@lru_cache(maxsize=50_000)  # the names differ between pages, but consist of the same words
def _label_of_word(word: str) -> Label | None:
    return _label_in(word)


def _label_in(names: str) -> Label | None:
    tables, plain = load_page_tables(), names.lower()
    return (_label_by(tables.strong_names, STRONG, plain) or _label_at_capitals(names)
            or _label_by(tables.weak_names, WEAK, plain))


def _label_by(pattern: re.Pattern[str], sureness: int, names: str) -> Label | None:
    if pattern.search(names) is None:
        return None
    if match := pattern.search(load_page_tables().no_names.sub(" ", names)):
        return Label(sureness, match[1].strip(" _-:.\n\t"))
    return None


def _label_at_capitals(names: str) -> Label | None:
    """The label of a name that ends with one after a capital: "inlineSignup" is one to sign up.

    >>> [_label_at_capitals(name) for name in ("bodyWithSidebar", "popularScience", "hashAuAd")]
    [None, None, None]
    """
    tables = load_page_tables()
    for part in _PARTS.split(names):
        words = _CAPITAL.sub("-", part).lower()
        match = tables.parted_names.search(words) if "-" in words else None
        if match is not None and tables.denials.search(words) is None:
            return Label(STRONG, match[1].strip("-"))
    return None


def wrappers_of(
    boxes: Sequence[Box], passages: Sequence[float], labels: Sequence[Label | None], headlines: Collection[int]
) -> set[int]:
    """The numbers of the labelled boxes that are around the article, so that their label means nothing.

    ``passages`` is the weight of the text right inside of each box; ``headlines`` are the boxes of headlines.
    A box is around the article if it has the page's longest passage together with a headline, or if all passages
    outside of it are much shorter.
    """
    main = max(range(len(boxes)), key=passages.__getitem__)
    if passages[main] < SHORTEST_PASSAGE:
        return set()
    headed = {above for number in headlines for above in _line_of(boxes, number)}
    inside = set(_line_of(boxes, main))
    found = set()
    for number in inside:
        label = labels[number]
        if label is None or label == HIDDEN or label.word in _NEVER_AROUND:
            continue
        is_alone = not label.word.startswith(_OWN_PROSE) and (
            passages[main] > MUCH_LONGER * _longest_outside(boxes, passages, number))
        if number in headed or is_alone:
            found.add(number)
    return found


def _line_of(boxes: Sequence[Box], at: int) -> Iterator[int]:
    while at >= 0:
        yield at
        at = boxes[at].parent


def _longest_outside(boxes: Sequence[Box], passages: Sequence[float], number: int) -> float:
    inside = [False] * len(boxes)
    best = 0.0
    for box in boxes:
        inside[box.number] = box.number == number or (box.parent >= 0 and inside[box.parent])
        if not inside[box.number]:
            best = max(best, passages[box.number])
    return best


def boilerplate_of(boxes: Sequence[Box], texts: Sequence[float], labels: Sequence[Label | None],
                   misleading: Collection[Label] = ()) -> list[Label | None]:
    """For each box, the reason why it is boilerplate, or None. ``texts`` is the total weight of text in each box.

    ``misleading`` are labels of the box around the article: those that are weak mean nothing on this page.
    """
    void = {label for label in misleading if label.sureness == WEAK}
    while True:
        boilerplate, removed = _apply(boxes, texts, labels, void)
        wrong = _wrong_label(texts[0], removed)
        if wrong is None or len(void) > 12:
            return boilerplate
        void.add(wrong)


def label_of_box(box: Box) -> Label | None:
    """The sign that a box may be boilerplate: its tag, that it is hidden, or its names; None if there is none."""
    if box.tag in NEVER_BOILERPLATE:
        return None
    if box.tag in BOILERPLATE_TAGS:
        return Label(TAG, box.tag)
    if box.is_hidden:
        return HIDDEN
    return label_of(box.names) if box.names != " " and box.tag != "main" else None


def _apply(boxes: Sequence[Box], texts: Sequence[float], labels: Sequence[Label | None], void: set[Label],
           ) -> tuple[list[Label | None], dict[Label, float]]:
    boilerplate: list[Label | None] = []
    removed: dict[Label, float] = {}
    whole_article = texts[0] * 0.6
    for box, label, text in zip(boxes, labels, texts, strict=True):
        above = boilerplate[box.parent] if box.parent >= 0 else None
        counts = label is not None and label not in void and (label.sureness != WEAK or text < whole_article)
        if above is None and label is not None and counts:
            removed[label] = removed.get(label, 0) + text
            above = label
        boilerplate.append(above)
    return boilerplate, removed


def _wrong_label(total: float, removed: dict[Label, float]) -> Label | None:
    """The label whose boxes have so much of the page's text that they must contain the article, or None."""
    left = total - sum(removed.values())
    if left < max(600, total * 0.05):  # almost nothing is left: the article is in boxes of the least sure label
        suspects = {label: text * (4 - label.sureness) for label, text in removed.items() if text > 0}
    elif left >= total * 0.4:
        suspects = {label: text for label, text in removed.items() if (label.sureness == WEAK and text > total * 0.35)
                    or (label == HIDDEN and text > total * 0.55)}
    else:
        suspects = {label: text for label, text in removed.items() if (label.sureness == WEAK and text > total * 0.25)
                    or (label == HIDDEN and text > total * 0.55)}
    return max(suspects, key=lambda label: (suspects[label], label)) if suspects else None
