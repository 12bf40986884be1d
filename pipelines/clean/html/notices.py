"""Finds text that asks the reader for something: to sign up, to switch scripts on, to switch an ad blocker off.

A page whose story is loaded by a script often has no other text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import Chosen, headline_before
from pipelines.clean.html.boilerplate import STRONG
from pipelines.clean.metadata.title import stems_of

LONGEST_REQUEST = 1_500
"""A body with more characters is no request, whatever it is about."""

FEWEST_TERMS = 3
LONGEST_UNRELATED, FEWEST_STEMS = 500, 3
"""Characters of a text that may be a notice, and words of headlines of which it has none."""

SHARED_WITH_TITLE = 0.34
"""Share of a headline's words. An article about ad blockers or newsletters has more of its headline's words."""

LONGEST_PORTRAIT = 300
"""Characters of what a page says of an author or its outlet. A longer text in a box of that name may be the article."""

_ASKING = ("newsletter", "subscri", "sign", "cookie", "consent", "gdpr", "modal", "popup", "login", "donat")
_PORTRAYING = ("author", "bio", "about")
_WORD = re.compile(r"\w{4,}")
_INNER = re.compile(r"(?<=[\w,;:)] )\w+")
"""Words that begin no sentence."""


@dataclass(frozen=True, slots=True)
class NoticeTables:
    """The tables of ``tables/notices.toml``, compiled, for lower-case text."""

    notices: re.Pattern[str]
    request_terms: tuple[re.Pattern[str], ...]
    technique: re.Pattern[str]


@cache
def load_notice_tables() -> NoticeTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/notices.toml").read_text("utf-8"))
    return NoticeTables(
        notices=re.compile("|".join(table["notices"])),
        request_terms=tuple(re.compile(term) for term in table["request_terms"]),
        technique=re.compile("|".join(table["technique"])),
    )


def in_asking_boxes(page: Blocks, chosen: Chosen, names: tuple[str, ...] = _ASKING) -> list[int]:
    """The numbers of the blocks in boxes that are named after what they ask for, and are not around a headline."""
    asking: list[bool] = []
    for box, label in zip(page.boxes, chosen.labels, strict=True):
        mine = label is not None and label.sureness >= STRONG and label.word.startswith(names)
        asking.append(mine or (box.parent >= 0 and asking[box.parent]))
    found = [number for number, block in enumerate(page.blocks) if asking[block.box]]
    return [] if any(headline_before(page, number) == number for number in found) else found


def asks_only(page: Blocks, chosen: Chosen, numbers: Sequence[int], titles: Sequence[str]) -> bool:
    """Whether the blocks of a short body only ask the reader for something, and say nothing of the headline."""
    texts = [text for number in numbers if (text := page.blocks[number].text) not in titles]
    size = sum(map(len, texts))
    if not 0 < size <= LONGEST_REQUEST:
        return False
    names = _ASKING if size > LONGEST_PORTRAIT else (*_ASKING, *_PORTRAYING)
    if set(numbers) <= set(in_asking_boxes(page, chosen, names)):
        return not _is_about("\n".join(texts).lower(), titles)
    return is_request(texts, titles)


def is_request(texts: Sequence[str], titles: Sequence[str]) -> bool:
    """Whether most of a text asks the reader for something.

    >>> is_request(["Please enable JavaScript in your browser to read this page."], ["Pier to be rebuilt"])
    True
    >>> is_request(["Ad blockers are used by half of the town, the Echo found."], ["Half of town uses ad blockers"])
    False
    """
    tables = load_notice_tables()
    whole = "\n".join(texts).lower()
    terms = {term for term in tables.request_terms if term.search(whole) is not None}
    asking = sum(
        len(text)
        for text in texts
        if tables.notices.search(lower := text.lower()) is not None
        or (len(terms) >= FEWEST_TERMS and any(term.search(lower) is not None for term in terms))
    )
    return 2 * asking > sum(map(len, texts)) and not _is_about(whole, titles)


def is_unrelated(text: str, titles: Sequence[str]) -> bool:
    """Whether a short text speaks of the page's technique, and has no word of what the page declares of its article.

    ``titles`` are the headlines and descriptions. The article's own text comes by a script, or not at all. A text that
    names something else than the technique is news, unless it says whose the rights are.

    >>> is_unrelated("Something went wrong. Try again later.", ["Ferry crews walk out over night shifts"])
    True
    >>> is_unrelated("The app went wrong, ferry crews say.", ["Ferry crews walk out over night shifts"])
    False
    >>> is_unrelated("The union called for it on Facebook on Monday.", ["Ferry crews walk out over night shifts"])
    False
    """
    if len(text) > LONGEST_UNRELATED or load_notice_tables().technique.search(text.lower()) is None:
        return False
    if _names(text) and not text.startswith("©"):
        return False
    declared = stems_of(" ".join(titles))
    return len(declared) >= FEWEST_STEMS and declared.isdisjoint(stems_of(text))


def _names(text: str) -> bool:
    """Whether a text has a name or a number inside of a sentence, other than the technique's own, or has no capitals.

    >>> _names("Switch JavaScript on in your browser."), _names("Its app failed for 6 hours."), _names("应用程序出错")
    (False, True, True)
    """
    technique = load_notice_tables().technique
    inner = [word for word in _INNER.findall(text) if not word.islower() and technique.search(word.lower()) is None]
    return text.lower() == text.upper() or any(word[0].isupper() or word[0].isdigit() for word in inner)


def _is_about(text: str, titles: Sequence[str]) -> bool:
    for title in titles:
        terms = stems_of if title > "\u0e00" else _WORD.findall  # in scripts without spaces, pairs of characters
        words, own = set(terms(title.lower())), set(terms(text))
        if len(words) > 1 and len(words & own) >= SHARED_WITH_TITLE * len(words):
            return True
    return False
