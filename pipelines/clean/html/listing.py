"""Classifies a page as a list of other pages (section front, tag page, search result, collection) by a small model.

The model reads the numbers of ``layout.py``. ``tests/bench/listings.py`` trains the weights in
``tables/listing_model.json``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from math import expm1
from typing import Any

import numpy as np

from pipelines.addresses import split_address
from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import Chosen
from pipelines.clean.html.entries import (
    count_sentences,
    is_headline,
    is_list_of_entries,
    is_numbered,
    is_sentence,
    linked_headline,
)
from pipelines.clean.html.layout import FEATURES, FRONTS, layout_numbers, load_list_tables
from pipelines.clean.metadata.signs import PageSigns
from pipelines.clean.metadata.title import is_part
from pipelines.clean.model import Numbers, unpacked
from pipelines.clean.text import size_of

LIMIT = 4.0
"""Numbers are clipped to this many standard deviations from their mean."""

BAR, BAR_MARKED, BAR_NAMED, BAR_ENDINGS, BAR_ENTRIES = 0.88, 0.93, 0.8, 0.65, 0.4
"""The probability from which a page is a list: in general, if it is declared to be an article, if its address or a
short title names a list, and if its text is that of a list's entries, which end in the same link or have headlines."""

LONGEST_INTRODUCTION = 2_000
"""Weight of the running text in one place, or right below the headline, of a list whose entries have no linked
headings. A shop's category may have more."""

FEWEST_ENTRIES, FEWEST_PRICES, FEWEST_FILTERS = 10, 10, 4
FEWEST_TEASERS, FEWEST_PAGES = 3, 20
"""Linked headlines, and pages of the same host that a list links to: it has at least one of these numbers."""

FEWEST_SENTENCES, FEWEST_ALONE = 3, 4
"""Sentences of a wire item, and of a text without a headline that a title confirms. A list's introduction has less."""

WIRE_BLOCKS = 40
"""Blocks after a headline that are searched for sentences."""

ALL = -2
"""The number of no box: stands for all paragraphs."""

NEAR_THE_END = 2
"""Pieces of an address that may follow one that names a list."""

FEWEST_RELATED = 3
"""Links of a box of related stories inside of a text."""

LONGEST_NAME = 5
"""Words of a title that names a list. A longer one is a headline."""

MOST_OF_TEXT = 0.6
"""The least share of a page's running text that follows the headline of a wire item before the first link, on a page
without an h1."""

_ITEM = re.compile(r"[?&](?:news|art|article|story|item|doc)?_?id=\d{3,}(?:&|$)", re.I)
_PAGED = re.compile(r"[?&](?:page|p|start|offset)=", re.I)
"""The parameter of a query that numbers an article, and one that numbers a page of a list."""
_POST = re.compile(r"https?://[^/?#]+/?(?:index\.php)?\?p=\d{3,}", re.I)
"""The address of an article in WordPress, unless it is set up to have words in it."""


@dataclass(frozen=True, slots=True)
class ListingModel:
    """The weights of a network with one layer of units."""

    mean: Numbers
    spread: Numbers
    enter: Numbers
    enter_bias: Numbers
    leave: Numbers
    leave_bias: Numbers

    def chance(self, numbers: Sequence[float]) -> float:
        """The probability (0 to 1) that a page is a list of other pages."""
        scaled = np.clip((np.array(numbers, dtype=np.float32) - self.mean) / self.spread, -LIMIT, LIMIT)
        logit = np.tanh(scaled @ self.enter + self.enter_bias) @ self.leave + self.leave_bias[0]
        return float(1 / (1 + np.exp(-logit)))


@cache
def load_listing_model() -> ListingModel:
    return read_listing_model(files("pipelines.clean").joinpath("tables/listing_model.json").read_text("utf-8"))


def read_listing_model(text: str) -> ListingModel:
    """The model in a JSON text. Raises ``ValueError`` if it was trained for other features."""
    table: dict[str, Any] = json.loads(text)
    if tuple(table["features"]) != FEATURES:
        raise ValueError("the model was trained for other features: train it again (tests/bench/listings.py)")
    return ListingModel(
        *(unpacked(table[name]) for name in ("mean", "spread", "enter", "enter_bias", "leave", "leave_bias"))
    )


def listing_chance(page: Blocks, chosen: Chosen, body: Sequence[int], signs: PageSigns) -> float | None:
    """The probability that a page is a list of other pages, or None where that is not enough to reject it."""
    numbers = layout_numbers(page, chosen, body, signs)
    chance = load_listing_model().chance(numbers)
    if chance > BAR_ENTRIES and not signs.is_marked_article and is_list_of_entries(
            page, chosen, signs, has_headlines=chance <= BAR_ENDINGS):
        return chance
    if chance <= BAR_NAMED:  # the lowest of the other bars
        return None
    is_named = signs.is_marked_listing or (
        is_named_list(signs.url, signs.titles) and not is_wire_item(page, chosen, signs, is_strict=True, fewest=1))
    bar = BAR_MARKED if signs.is_marked_article else BAR_NAMED if is_named else BAR
    if chance <= bar or is_kept(numbers, page, chosen, signs):
        return None
    return chance


def is_kept(numbers: Sequence[float], page: Blocks, chosen: Chosen, signs: PageSigns) -> bool:
    """Whether a page is no list, whatever the model says. ``numbers`` are of its layout.

    It is none if it has few links, and running text or few linked headlines, or if it is no shop's page and has a text
    of its own: long running text beside few linked headings, most of the page's text in one place under an address that
    numbers an article, or a wire item on a page that neither its address nor its titles call a list.
    """
    by_name = dict(zip(FEATURES, numbers, strict=True))
    is_shop = (by_name["og_product"] or by_name["products"] or expm1(by_name["prices"]) >= FEWEST_PRICES
               or expm1(by_name["filter_boxes"]) >= FEWEST_FILTERS)
    if is_shop:
        return False
    if (expm1(by_name["teasers"]) < FEWEST_TEASERS and expm1(by_name["own_pages"]) < FEWEST_PAGES
            and (any(weight > 0 for weight in chosen.weights)
                 or sum(linked_headline(block) != "" for block in page.blocks) < FEWEST_ENTRIES)):
        return True
    longest = expm1(max(by_name["below_headline"], by_name["longest_passage"]))
    is_first = is_front(signs.url)
    if longest > LONGEST_INTRODUCTION and expm1(by_name["linked_headings"]) < FEWEST_ENTRIES and not (
            is_first and not by_name["h1"]):
        return True
    if is_first or signs.is_marked_listing:
        return False
    has_number = numbers_article(signs.url)
    if has_number and _has_one_passage(page, chosen):
        return True
    is_named = is_named_list(signs.url, signs.titles)
    return (has_number and is_story(page, chosen, signs)) if is_named else (
        is_wire_item(page, chosen, signs, is_strict=True))


def _has_one_passage(page: Blocks, chosen: Chosen) -> bool:
    """Whether four or more sentences, with most of a page's text, are between two linked headlines."""
    sizes, sentences = [0], [0]
    for number, block in enumerate(page.blocks):
        if linked_headline(block):
            sizes.append(0)
            sentences.append(0)
        if is_sentence(page, chosen, number):
            sizes[-1] += size_of(block.text)
            sentences[-1] += count_sentences(block.text)
    longest = max(range(len(sizes)), key=lambda at: sizes[at])
    return sentences[longest] >= FEWEST_ALONE and sizes[longest] >= MOST_OF_TEXT * sum(sizes)


def is_named_list(url: str | None, titles: Sequence[str]) -> bool:
    """Whether an address or a short title names a list. A word of a headline, or of a section's name, does not.

    >>> is_named_list("https://pier.example/category/sport", []), is_named_list("https://pier.example/world/news", [])
    (True, True)
    >>> is_named_list("https://pier.example/news/all-boats-sold", ["All boats of the old library are sold"])
    False
    """
    tables = load_list_tables()
    parts = split_address(url) if url else None
    pieces = [piece for piece in parts.path.lower().split("/") if piece] if parts else []
    if any(map(tables.list_piece.fullmatch, pieces[-1 - NEAR_THE_END :])):
        return True
    if pieces and tables.path_word.fullmatch(pieces[-1].partition(".")[0]):
        return True
    return any(len(title.split()) <= LONGEST_NAME and tables.title_words.search(title.lower()) for title in titles)


def is_wire_item(page: Blocks, chosen: Chosen, signs: PageSigns, *, is_strict: bool = False,
                 fewest: int = FEWEST_SENTENCES) -> bool:
    """Whether three or more (``fewest``) sentences without links follow a headline that is a title of the page.

    If ``is_strict``, the headline must be too long to be a section's name, or be in the address beside a number. A page
    without a headline in an h1 must be a story (``is_story``).
    """
    heads = [number for number, block in enumerate(page.blocks)
             if page.boxes[block.box].tag == "h1" and any(block.text in title for title in signs.titles)
             and (not is_strict or is_headline(block.text) or is_numbered(block.text, signs.url))]
    return any(_sentences_below(page, chosen, head) >= fewest for head in heads[:2]) or is_story(page, chosen, signs)


def is_story(page: Blocks, chosen: Chosen, signs: PageSigns) -> bool:
    """Whether a page has three or more sentences, and most of its text, between its headline and the next link: a list
    has its text between links. A page with a headline in an h1 is none (``is_wire_item`` has that).

    The headline is a line that is a part of a title, and too long for a section's name. Under an address that numbers
    an article, it may be a link, as blogs have it below an h1 with their name, and there may be links inside the text.
    """
    has_number = numbers_article(signs.url)
    h1s = (block for block in page.blocks if page.boxes[block.box].tag == "h1")
    if any(not has_number or (not block.linked and is_headline(block.text)) for block in h1s):
        return False
    heads = (number for number, block in enumerate(page.blocks)
             if (has_number or not block.linked) and is_headline(line := block.opening or block.text)
             and any(is_part(line, title) for title in signs.titles))
    return any(_has_most_below(page, chosen, head, may_have_links=has_number) for head in islice(heads, 3))


def _has_most_below(page: Blocks, chosen: Chosen, head: int, *, may_have_links: bool) -> bool:
    """Whether most of a page's text is below the headline and before the next link.

    If it ``may_have_links``, links directly below the headline (to print, to send) do not end the text, nor does a box
    of links inside of it.
    """
    first = head if page.blocks[head].opening else head + 1
    below = elsewhere = sentences = 0
    last: int | None = None  # the last sentence below the headline
    links: list[int] = []  # since then
    is_ended = False
    for number, block in enumerate(page.blocks):
        if is_sentence(page, chosen, number):
            is_ended = is_ended or (len(links) > 0 and not (may_have_links and (
                last is None or _is_box_of_links(page, last, links, number))))
            if number < first or is_ended:
                elsewhere += size_of(block.text)
                continue
            below += size_of(block.text)
            sentences += count_sentences(block.text)
            last, links = number, []
        elif number >= first and block.linked and not is_ended:
            links.append(number)
    return sentences >= FEWEST_SENTENCES and below >= MOST_OF_TEXT * (below + elsewhere)


def _is_box_of_links(page: Blocks, before: int, links: Sequence[int], after: int) -> bool:
    """Whether links between two sentences are in boxes of their own inside of a text: a table of related stories.

    The sentences are in the same box, or in two of the same parent, and the links are not, nor is any of them the
    headline that a list's entry begins with.
    """
    boxes = page.boxes
    one, other = (boxes[page.blocks[number].box] for number in (before, after))
    around = one.number if one.number == other.number else one.parent if one.parent == other.parent else None
    return (around is not None and len(links) >= FEWEST_RELATED and not linked_headline(page.blocks[after])
            and all(around not in (box.number, box.parent)
                    for box in (boxes[page.blocks[number].box] for number in links)))


def is_front(url: str | None) -> bool:
    """Whether an address is that of an outlet's front page. One that numbers an article is not.

    >>> [is_front(f"http://pier.example/{rest}") for rest in ("", "index.php", "?id=1284", "harbour")]
    [True, True, False, False]
    """
    parts = split_address(url) if url else None
    return parts is not None and parts.path.strip("/").lower() in FRONTS and not numbers_article(url)


def numbers_article(url: str | None) -> bool:
    """
    >>> [numbers_article(f"http://pier.example/{rest}") for rest in ("news.php?id=1284", "?cat=12", "?id=123&page=2")]
    [True, False, False]
    >>> [numbers_article(f"http://pier.example/{rest}") for rest in ("?p=1284", "?p=12", "news?p=1284")]
    [True, False, False]
    """
    if url is None:
        return False
    return _POST.fullmatch(url) is not None or (_ITEM.search(url) is not None and _PAGED.search(url) is None)


def _sentences_below(page: Blocks, chosen: Chosen, head: int) -> int:
    """The longest run of sentences after a headline that no link ends.

    A run is of all paragraphs, or of those of one parent. Boxes with links between these have a parent of their own.
    """
    longest = 0
    runs: Counter[int] = Counter()
    for number in range(head + 1, min(head + WIRE_BLOCKS, len(page.blocks))):
        block = page.blocks[number]
        above = page.boxes[block.box].parent
        if is_sentence(page, chosen, number):
            sentences = count_sentences(block.text)
            runs[ALL] += sentences
            runs[above] += sentences
            longest = max(longest, runs[ALL], runs[above])
        elif block.linked:
            runs[ALL] = runs[above] = 0
    return longest
