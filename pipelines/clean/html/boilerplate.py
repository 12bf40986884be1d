"""Finds boxes that are not part of the article: by their tag, by being hidden, and by class or id.

Class names can mislead: on some pages, the article itself is in a "widget". So a name is ignored on a page where too
little text would be left outside of the boxes with that name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
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
LONGEST_KNOWN = 300
"""Characters of a box's names up to which their label is cached. Longer ones do not occur on other pages."""


class Label(NamedTuple):
    """The sign that a box may be boilerplate: how sure it is, and the tag or the beginning of the name."""

    sureness: int
    word: str


HIDDEN = Label(STRONG, "hidden")


@dataclass(frozen=True, slots=True)
class PageTables:
    """The tables of ``tables/page.toml``, compiled, for lower-case text: a case-insensitive search is much slower.

    ``headings`` and ``lines`` match at the beginning of a text.
    """

    strong_names: re.Pattern[str]
    weak_names: re.Pattern[str]
    headings: re.Pattern[str]
    lines: re.Pattern[str]
    signatures: re.Pattern[str]


@cache
def load_page_tables() -> PageTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/page.toml").read_text("utf-8"))
    any_of = {name: "|".join(entries) for name, entries in table.items()}
    return PageTables(
        strong_names=re.compile(rf"(?:^|[\s_\-:.])(?:{any_of['strong_names']})"),
        weak_names=re.compile(rf"(?:^|[\s_\-:.])(?:{any_of['weak_names']})"),
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
    """
    return _label_of_known(names) if len(names) <= LONGEST_KNOWN else _label_in(names.lower())


@lru_cache(maxsize=20_000)
def _label_of_known(names: str) -> Label | None:
    labels = [label for name in names.lower().split() if (label := _label_of_word(name)) is not None]
    return next((label for label in labels if label.sureness == STRONG), next(iter(labels), None))


@lru_cache(maxsize=50_000)  # the names differ between pages, but consist of the same words
def _label_of_word(word: str) -> Label | None:
    return _label_in(word)


def _label_in(names: str) -> Label | None:
    tables = load_page_tables()
    for sureness, pattern in ((STRONG, tables.strong_names), (WEAK, tables.weak_names)):
        match = pattern.search(names)
        if match is not None:
            return Label(sureness, match.group().strip(" _-:.\n\t"))
    return None


def boilerplate_of(boxes: Sequence[Box], texts: Sequence[float], labels: Sequence[Label | None]) -> list[Label | None]:
    """For each box, the reason why it is boilerplate, or None. ``texts`` is the total weight of text in each box."""
    void: set[Label] = set()
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
