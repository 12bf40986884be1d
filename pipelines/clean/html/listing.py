"""Classifies a page as a list of other pages (section front, tag page, search result, collection) by a small model.

The numbers are of the page's layout: how much of it is links, whether boxes with a linked headline repeat, how long the
text is that no link interrupts, and what the address and the declared data say. ``tests/bench/listings.py`` trains the
weights in ``tables/listing_model.json``.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log1p
from typing import Any

import numpy as np

from pipelines.addresses import split_address
from pipelines.clean.html.blocks import Block, Blocks
from pipelines.clean.html.body import HEADINGS, Chosen
from pipelines.clean.metadata.signs import PageSigns
from pipelines.clean.model import Numbers, unpacked

LIMIT = 4.0
"""Numbers are clipped to this many standard deviations from their mean."""


FEATURES = (
    "teasers",
    "linked_headings",
    "headings",
    "blocks",
    "linked_share",
    "linked_share_own",
    "body",
    "paragraphs",
    "longest_passage",
    "passage_share",
    "longest_block",
    "mean_block",
    "links_in_body",
    "headings_in_body",
    "linked_headings_in_body",
    "cards",
    "text_in_cards",
    "card_share",
    "card_times",
    "times",
    "articles",
    "h1",
    "marked_article",
    "marked_listing",
    "declared_words",
    "depth",
    "last_words",
    "has_date",
    "has_id",
    "has_query",
    "list_words",
    "is_front",
    "is_page",
    "title_list_words",
    "repeated_links",
    "next_links",
    "scraps_in_body",
    "headline_text",
    "below_headline",
    "author_marks",
    "body_share",
    "long_blocks",
    "pagers",
)

BAR, BAR_MARKED = 0.95, 0.97
"""The probability from which a page is a list: in general, and if it is declared to be an article."""

LONGEST_INTRODUCTION = 1_000
"""Weight of the running text right below a list's headline."""

FEWEST_SENTENCES = 3
_SENTENCE = re.compile(r"[.!?。！？](?=\s|$|[\u3040-\u9fff])")
_PATH_WORDS = re.compile(
    r"(?:^|[/_-])(?:tags?|categor(?:y|ies|ia|ie)|topics?|themen?|search|suche|archives?|archiv|authors?|page|pages|"
    r"collections?|"
    r"sections?|events?|news|blogs?|latest|articles?|posts?|stories|resources?|guides|list|listings?|index|directory|"
    r"products?|shop|videos?|galler(?:y|ies)|rubrik|dossiers?|kategorie|all|library|hub|series|topics?)(?=$|[/_?.-])"
)
_TITLE_WORDS = re.compile(
    r"\b(?:archives?|category|categories|tag|tags|topics?|search|results?|latest|all|news|blog|articles|posts|stories|"
    r"events|"
    r"resources|collections?|page \d+|list of|directory|library|guides|products|shop|browse|explore|archiv|thema|"
    r"nachrichten|actualités|noticias|notizie|aktuell)\b"
)
_MORE = re.compile(
    r"(?:read|see|view|learn|show|load|continue|more|mehr|weiter|lire|leer|leggi|lees|les|läs|czytaj|devamı|далее|читать|"
    r"続き|更多|더)\b.{0,25}"
)
_NEXT = re.compile(
    r"\W*(?:next(?: page)?|older(?: posts| entries)?|load more.{0,15}|show more.{0,15}|view more.{0,15}|"
    r"more (?:posts|articles|stories)|"
    r"last|nächste.{0,10}|weitere.{0,15}|suivante?.{0,10}|siguiente|successiva|volgende|nästa|następna.{0,10}|"
    r"sonraki|следующая|次へ|下一页|다음)\W*"
)
_PAGES = re.compile(r"(?:\d{1,3}\W*){2,12}(?:\W*(?:next|last|…|\.\.\.)\W*)*")
_DATE = re.compile(r"/(?:19|20)\d{2}[/-]\d{1,2}")
_ID = re.compile(r"\d{5,}")
_WORDS = re.compile(r"[^\W\d_]{2,}")


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
    numbers = listing_numbers(page, chosen, body, signs)
    chance = load_listing_model().chance(numbers)
    if chance <= (BAR_MARKED if signs.is_marked_article else BAR):
        return None
    by_name = dict(zip(FEATURES, numbers, strict=True))
    if by_name["below_headline"] > log1p(LONGEST_INTRODUCTION):
        return None
    is_named = by_name["list_words"] or by_name["title_list_words"] or by_name["is_front"] or signs.is_marked_listing
    return chance if is_named or not is_wire_item(page, chosen, signs) else None


def is_wire_item(page: Blocks, chosen: Chosen, signs: PageSigns) -> bool:
    """Whether three or more sentences without links follow a headline that is a title of the page."""
    heads = [number for number, block in enumerate(page.blocks)
             if page.boxes[block.box].tag == "h1" and any(block.text in title for title in signs.titles)]
    for head in heads[:2]:
        sentences = 0
        for number in range(head + 1, min(head + 20, len(page.blocks))):
            block = page.blocks[number]
            if chosen.weights[number] > 0 and 3 * block.linked < len(block.text):
                sentences += len(_SENTENCE.findall(block.text))
            elif sentences and block.linked:
                break
        if sentences >= FEWEST_SENTENCES:
            return True
    return False


def listing_numbers(page: Blocks, chosen: Chosen, body: Sequence[int], signs: PageSigns) -> list[float]:
    """A number for each of ``FEATURES``; ``body`` are the numbers of the blocks that are the body."""
    boxes, blocks = page.boxes, page.blocks
    sizes = [len(block.text) for block in blocks]
    total = sum(sizes) or 1
    is_link = [_is_link(block) for block in blocks]
    tags = [boxes[block.box].tag for block in blocks]
    headings = [number for number, tag in enumerate(tags) if tag in HEADINGS]
    own = [n for n in range(len(blocks)) if chosen.boilerplate[blocks[n].box] is None]
    own_size = sum(sizes[n] for n in own) or 1
    body_size = sum(sizes[n] for n in body) or 1
    prose = [n for n in body if chosen.weights[n] > 0]
    passage = longest_passage(page, chosen, body)
    weight = sum(chosen.weights[n] for n in prose) or 1.0
    cards, in_cards, card_times = _cards(page, chosen)
    first = prose[0] if prose else 0
    heads = [n for n in headings if tags[n] == "h1"]
    below = _run_below(page, chosen, heads[0], is_link) if heads else 0.0
    texts = Counter(block.text for number, block in enumerate(blocks) if is_link[number] and len(block.text) < 40)
    return [
        log1p(len(linked_headlines(page))),
        log1p(sum(is_link[n] for n in headings)),
        log1p(len(headings)),
        log1p(len(blocks)),
        sum(min(block.linked, size) for block, size in zip(blocks, sizes, strict=True)) / total,
        sum(min(blocks[n].linked, sizes[n]) for n in own) / own_size,
        log1p(body_size),
        log1p(len(prose)),
        log1p(passage),
        passage / weight,
        log1p(max((chosen.weights[n] for n in prose), default=0.0)),
        log1p(weight / max(1, len(prose))),
        sum(is_link[n] for n in body) / max(1, len(body)),
        sum(tags[n] in HEADINGS for n in body) / max(1, len(body)),
        log1p(sum(is_link[n] and tags[n] in HEADINGS for n in body)),
        log1p(cards),
        in_cards / weight,
        cards / max(1, len(blocks)),
        card_times,
        log1p(len({mark.block for mark in page.marks if mark.kind == "time"})),
        log1p(sum(box.tag == "article" for box in boxes)),
        len(heads) > 0,
        signs.is_marked_article,
        signs.is_marked_listing,
        0.0 if signs.declared_words is None else log1p(signs.declared_words),
        *_address(signs.url),
        max((len(_TITLE_WORDS.findall(title.lower())) for title in signs.titles), default=0),
        log1p(max((count for text, count in texts.items() if _MORE.match(text.lower())), default=0)),
        any(
            is_link[n] and sizes[n] < 40 and _NEXT.fullmatch(blocks[n].text.lower()) is not None
            for n in range(len(blocks))
        ),
        sum(chosen.weights[n] < 0 for n in body) / max(1, len(body)),
        log1p(max(0, first - heads[0])) if heads else 5.0,
        log1p(below),
        log1p(sum(mark.kind != "time" for mark in page.marks)),
        body_size / total,
        log1p(sum(weight >= 200 for weight in chosen.weights)),
        any(
            size < 80 and _PAGES.fullmatch(block.text.lower()) is not None
            for block, size in zip(blocks, sizes, strict=True)
        ),
    ]


def _address(url: str | None) -> list[float]:
    """The columns from ``depth`` to ``is_page``."""
    parts = split_address(url) if url else None
    if parts is None:
        return [1.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    path = parts.path.strip("/").lower()
    pieces = [piece for piece in path.split("/") if piece]
    last = pieces[-1] if pieces else ""
    return [
        float(min(len(pieces), 6)),
        float(min(len(_WORDS.findall(last)), 10)),
        _DATE.search("/" + path) is not None,
        _ID.search(path) is not None,
        parts.query != "",
        float(len(_PATH_WORDS.findall(path))),
        path in {"", "index.html", "index.php", "home", "en"},
        re.search(r"page[/=]?\d+$", path + parts.query) is not None,
    ]


def _is_link(block: Block) -> bool:
    """Whether nearly all of a block is a link."""
    return block.linked >= 0.8 * len(block.text)


def linked_headlines(page: Blocks) -> set[str]:
    """The different linked headlines: headings, or separate lines with the length of a headline."""
    return {block.text for block in page.blocks if _is_link(block) and (
        len(block.text) >= 15 if page.boxes[block.box].tag in HEADINGS else 40 <= len(block.text) <= 200)}


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
        if _is_link(block):
            since.clear()
        elif chosen.weights[number] > 0:
            parent = page.boxes[box.parent] if box.parent >= 0 else box
            for above in {box.number, parent.number, parent.parent}:
                since[above] += int(chosen.weights[number])
                best = max(best, since[above])
    return best


def _run_below(page: Blocks, chosen: Chosen, head: int, is_link: Sequence[bool]) -> float:
    """The weight of the running text after the headline, up to a linked headline or ten scraps in a row."""
    total, scraps = 0.0, 0
    for number in range(head + 1, len(page.blocks)):
        if chosen.weights[number] > 0:
            total, scraps = total + chosen.weights[number], 0
            continue
        scraps += 1
        if total and (scraps >= 10 or (is_link[number] and page.boxes[page.blocks[number].box].tag in HEADINGS)):
            break
    return total


def _cards(page: Blocks, chosen: Chosen) -> tuple[int, float, float]:
    """The most boxes of one parent that are alike and have a link; the weight of their text; the share with a time."""
    boxes = page.boxes
    text, links, many, times = ([0.0] * len(boxes) for _ in range(4))
    for number, block in enumerate(page.blocks):
        text[block.box] += max(0.0, chosen.weights[number])
        links[block.box] += block.linked >= 15
        many[block.box] += 1
    for mark in page.marks:
        if mark.kind == "time" and mark.block < len(page.blocks):
            times[page.blocks[mark.block].box] += 1
    for box in reversed(boxes[1:]):
        for counts in (text, links, many, times):
            counts[box.parent] += counts[box.number]
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    for box in boxes:
        at = box.number
        if (
            box.tag in ("div", "li", "article", "section", "tr", "td", "figure")
            and links[at]
            and 1 <= many[at] <= 12
            and (text[at] <= 700 and chosen.boilerplate[at] is None)
        ):
            groups[box.parent, box.tag].append(at)
    if not groups:
        return 0, 0.0, 0.0
    best = max(groups.values(), key=lambda group: (sum(many[at] >= 2 for at in group), len(group)))
    return len(best), sum(text[at] for at in best), sum(times[at] > 0 for at in best) / len(best)
