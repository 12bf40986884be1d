"""A page's layout as numbers, by which the model of lists (``listing.py``) separates lists from articles.

The numbers are of how much of the page is links, whether boxes with a linked headline repeat, how long the text is that
no link interrupts, what the boxes are called, and what the address and the declared data say.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import log1p

from pipelines.addresses import split_address
from pipelines.clean.html.blocks import Block, Blocks
from pipelines.clean.html.body import HEADINGS, NEARLY_ALL, Chosen
from pipelines.clean.metadata.signs import PageSigns

FEATURES = (
    "teasers", "linked_headings", "blocks", "linked_share", "linked_share_own", "paragraphs", "longest_passage",
    "h1", "headline_text", "below_headline", "body_share", "pagers", "short_share", "longest_run_share",
    "linked_paragraphs", "first_paragraph", "repeated_texts", "prices", "title_list_words", "title_words",
    "depth", "last_words", "last_hyphens", "has_date", "list_words", "is_front",
    "filter_boxes", "cart_boxes", "grid_boxes", "comments_boxes", "pager_boxes", "post_boxes", "rating_boxes",
    "page_of_list", "marked_article", "marked_listing", "og_product", "og_website", "has_article", "has_person",
    "has_list", "has_next", "has_shortlink", "products", "fields", "own_pages", "own_queries",
)
LONGEST_SHORT, LONGEST_PRICE = 40, 80
"""Characters of a block that is a scrap, and of one that may be a price."""

FARTHEST_NEXT = 3
"""Blocks from one paragraph to the next one of the same run."""

_PAGES = re.compile(r"(?:\d{1,3}\W*){2,12}(?:\W*(?:next|last|…|\.\.\.)\W*)*")
_DATE = re.compile(r"/(?:19|20)\d{2}[/-]\d{1,2}")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_NAME_WORDS = re.compile(r"[a-z]+")
FRONTS = frozenset(("", "index.html", "index.php", "home", "en"))
"""The paths of an outlet's front page."""


@dataclass(frozen=True, slots=True)
class ListTables:
    """The tables of ``tables/lists.toml``, compiled. ``groups`` has the group of each word of a box's names."""

    path_words: re.Pattern[str]
    path_word: re.Pattern[str]
    list_piece: re.Pattern[str]
    title_words: re.Pattern[str]
    prices: re.Pattern[str]
    groups: dict[str, int]
    page_words: frozenset[str]


@cache
def load_list_tables() -> ListTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/lists.toml").read_text("utf-8"))
    before, after = ("|".join(table[name]) for name in ("signs_before", "signs_after"))
    return ListTables(
        path_words=re.compile(rf"(?:^|[/_-])(?:{'|'.join(table['path_words'])})(?=$|[/_?.-])"),
        path_word=re.compile("|".join(table["path_words"])),
        list_piece=re.compile("|".join(table["list_pieces"])),
        title_words=re.compile(rf"\b(?:{'|'.join(table['title_words'])})\b"),
        prices=re.compile(rf"(?:{before})\s?\d|\d\s?(?:{after})"),
        groups={word: at for at, words in enumerate(table["names"].values()) for word in words},
        page_words=frozenset(table["page"]["list"]),
    )


def layout_numbers(page: Blocks, chosen: Chosen, body: Sequence[int], signs: PageSigns) -> list[float]:
    """A number for each of ``FEATURES``; ``body`` are the numbers of the blocks that are the body."""
    listed = signs.listed
    return [
        *_of_links(page, chosen, body),
        *_of_text(page, chosen, body),
        *_of_titles(signs),
        *_of_address(signs.url),
        *_of_names(page),
        signs.is_marked_article,
        signs.is_marked_listing,
        listed.is_product,
        listed.is_website,
        listed.has_article,
        listed.has_person,
        listed.has_list,
        listed.has_next,
        listed.has_shortlink,
        log1p(listed.products),
        log1p(listed.fields),
        log1p(listed.own_pages),
        log1p(listed.own_queries),
    ]


def _of_links(page: Blocks, chosen: Chosen, body: Sequence[int]) -> list[float]:
    """The columns from ``teasers`` to ``longest_passage``."""
    blocks = page.blocks
    linked = [min(block.linked, len(block.text)) for block in blocks]
    own = [n for n in range(len(blocks)) if chosen.boilerplate[blocks[n].box] is None]
    return [
        log1p(len(linked_headlines(page))),
        log1p(sum(is_link(block) for block in blocks if page.boxes[block.box].tag in HEADINGS)),
        log1p(len(blocks)),
        sum(linked) / (sum(len(block.text) for block in blocks) or 1),
        sum(linked[n] for n in own) / (sum(len(blocks[n].text) for n in own) or 1),
        log1p(sum(chosen.weights[n] > 0 for n in body)),
        log1p(longest_passage(page, chosen, body)),
    ]


def _of_text(page: Blocks, chosen: Chosen, body: Sequence[int]) -> list[float]:
    """The columns from ``h1`` to ``prices``."""
    blocks, boxes, weights = page.blocks, page.boxes, chosen.weights
    prices = load_list_tables().prices
    count = len(blocks) or 1
    total = sum(len(block.text) for block in blocks) or 1
    prose = [n for n in body if weights[n] > 0]
    short = [block.text for block in blocks if len(block.text) < LONGEST_SHORT]
    head = next((n for n, block in enumerate(blocks) if boxes[block.box].tag == "h1"), None)
    return [
        head is not None,
        5.0 if head is None else log1p(max(0, (prose[0] if prose else 0) - head)),
        0.0 if head is None else log1p(run_below(page, chosen, head)),
        (sum(len(blocks[n].text) for n in body) or 1) / total,
        any(len(block.text) < LONGEST_PRICE and _PAGES.fullmatch(block.text.lower()) for block in blocks),
        len(short) / count,
        _longest_run_share(page, chosen),
        log1p(sum(0 < 2 * blocks[n].linked < len(blocks[n].text) for n in prose)),
        prose[0] / count if prose else 0.5,
        log1p(max(Counter(short).values(), default=0)),
        log1p(sum(len(block.text) < LONGEST_PRICE and prices.search(block.text) is not None for block in blocks)),
    ]


def _of_titles(signs: PageSigns) -> list[float]:
    """The columns ``title_list_words`` and ``title_words``."""
    words = load_list_tables().title_words
    return [
        max((len(words.findall(title.lower())) for title in signs.titles), default=0),
        float(min(20, max((len(title.split()) for title in signs.titles if title), default=6))),
    ]


def _of_address(url: str | None) -> list[float]:
    """The columns from ``depth`` to ``is_front``."""
    parts = split_address(url) if url else None
    if parts is None:
        return [1.0, 3.0, 0.0, 0.0, 0.0, 0.0]
    path = parts.path.strip("/").lower()
    pieces = [piece for piece in path.split("/") if piece]
    last = pieces[-1] if pieces else ""
    return [
        float(min(len(pieces), 6)),
        float(min(len(_WORDS.findall(last)), 10)),
        float(min(last.count("-") + last.count("_"), 10)),
        _DATE.search("/" + path) is not None,
        float(len(load_list_tables().path_words.findall(path))),
        path in FRONTS,
    ]


def _of_names(page: Blocks) -> list[float]:
    """The columns from ``filter_boxes`` to ``page_of_list``."""
    tables = load_list_tables()
    counts = [0] * (1 + max(tables.groups.values()))
    for names, many in Counter(box.names for box in page.boxes[2:]).items():
        for group in _groups_in(names):
            counts[group] += many
    whole = {word for box in page.boxes[:2] for word in _NAME_WORDS.findall(box.names.lower())}
    return [*map(log1p, counts), not whole.isdisjoint(tables.page_words)]


@lru_cache(maxsize=20_000)
def _groups_in(names: str) -> frozenset[int]:
    groups = load_list_tables().groups
    return frozenset(groups[word] for word in _NAME_WORDS.findall(names[:2_000].lower()) if word in groups)


def is_link(block: Block) -> bool:
    """Whether nearly all of a block is a link."""
    return block.linked >= 0.8 * len(block.text)


def linked_headlines(page: Blocks) -> set[str]:
    """The different linked headlines: headings, or separate lines with the length of a headline."""
    return {block.text for block in page.blocks if is_link(block) and (
        len(block.text) >= 15 if page.boxes[block.box].tag in HEADINGS else 40 <= len(block.text) <= 200)}


def repeated_entries(page: Blocks, chosen: Chosen) -> int:
    """The number of texts that end in a link with the same words, if these and their neighbours are most of the page.

    Each has a heading directly before it.
    """
    blocks = page.blocks
    ends = [block.text[-block.linked :] if 0 < block.linked <= LONGEST_SHORT else "" for block in blocks]
    most, _ = next(iter(Counter(end for end in ends if len(end) > 3).most_common(1)), ("", 0))
    if not most:
        return 0
    entries, text, since, has_heading = 0, 0.0, 0.0, False
    for number, block in enumerate(blocks):
        if page.boxes[block.box].tag in HEADINGS:
            since, has_heading = 0.0, True
            continue
        since += max(0.0, chosen.weights[number])
        if ends[number] == most and has_heading:
            entries, text, has_heading = entries + 1, text + since, False
    return entries if text >= NEARLY_ALL * sum(max(0.0, weight) for weight in chosen.weights) else 0


def longest_passage(page: Blocks, chosen: Chosen, numbers: Sequence[int]) -> float:
    """The largest weight of running text among these blocks without a linked headline in it, under one parent or
    grandparent.

    On a section front, there is a headline between each teaser and the next.
    """
    since: Counter[int] = Counter()
    best = 0.0
    for number in numbers:
        block = page.blocks[number]
        box = page.boxes[block.box]
        if is_link(block):
            since.clear()
        elif chosen.weights[number] > 0:
            parent = page.boxes[box.parent] if box.parent >= 0 else box
            for above in {box.number, parent.number, parent.parent}:
                since[above] += int(chosen.weights[number])
                best = max(best, since[above])
    return best


def run_below(page: Blocks, chosen: Chosen, head: int) -> float:
    """The weight of the running text after the headline, up to a linked headline or ten scraps in a row."""
    total, scraps = 0.0, 0
    for number in range(head + 1, len(page.blocks)):
        if chosen.weights[number] > 0:
            total, scraps = total + chosen.weights[number], 0
            continue
        scraps += 1
        block = page.blocks[number]
        if total and (scraps >= 10 or (is_link(block) and page.boxes[block.box].tag in HEADINGS)):
            break
    return total


def _longest_run_share(page: Blocks, chosen: Chosen) -> float:
    """The share of the page's running text that is in its longest run of paragraphs close to each other."""
    total = best = run = 0.0
    last = -FARTHEST_NEXT
    for number, weight in enumerate(chosen.weights):
        if weight > 0 and chosen.boilerplate[page.blocks[number].box] is None:
            run = weight if number - last > FARTHEST_NEXT else run + weight
            best, total, last = max(best, run), total + weight, number
    return best / (total or 1.0)
