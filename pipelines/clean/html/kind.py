"""Classifies a page: an article, a consent wall, an error page or a section front; and whether it is truncated.

A real article must never be rejected here. So each kind needs several signs at once, and running text about something
else outweighs them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipelines.addresses import host_of
from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import Chosen
from pipelines.clean.html.layout import linked_headlines, longest_passage, repeated_entries
from pipelines.clean.html.listing import is_front, is_named_list, is_wire_item, listing_chance
from pipelines.clean.metadata.signs import PageSigns
from pipelines.clean.text import STOPS, size_of
from pipelines.failures import ConsentWall, ErrorPage, ListingPage, Rejected

LONGEST_WALL = 6_000
"""The most characters of running text on a consent wall, its list of purposes included."""

FEWEST_TERMS = 3
"""Different terms of consent pages in a text that is about consent."""

LONGEST_ERROR = 700
FEWEST_TEASERS = 6
FEWEST_ENTRIES = 6
"""Texts under headings that end in a link with the same words, as "Read more" is, and are nearly all of a page."""

LONGEST_FRONT_TEXT = 600
"""The most characters that a section front has in unlinked paragraphs under one parent (its description)."""

LONGEST_TEASER_LINE = 220
STYLE_RULES = 60
"""Characters for each opening brace of a style sheet or a script."""

LONGEST_WALL_LINE, FURTHEST_WALL_WORD = 120, 25
LONGEST_ASKING = 75
NEAREST = 3
"""Blocks after a body, of which one is a wall's. Headlines of other stories about readers come later."""

_ENDS = frozenset("\"”“»’'" + STOPS) - frozenset("!！")
"""Ends of a sentence or of what somebody said. A wall's line is a title or a button."""

LONGEST_ENDING = 100
SHORT = 1_200
_UNSPACED = re.compile("[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
LONGEST_TEASER = 2_500
"""A body longer than this is not a teaser before a paywall, whatever is around it."""


@dataclass(frozen=True, slots=True)
class KindTables:
    """The tables of ``tables/kinds.toml``, compiled. Only ``consent_terms`` expects lower-case text."""

    error_titles: re.Pattern[str]
    error_lines: re.Pattern[str]
    consent_stems: tuple[str, ...]
    consent_terms: tuple[re.Pattern[str], ...]
    consent_titles: re.Pattern[str]
    paywall_lines: re.Pattern[str]
    wall_readers: re.Pattern[str]
    wall_reading: re.Pattern[str]
    wall_others: re.Pattern[str]
    cut_endings: re.Pattern[str]


@cache
def load_kind_tables() -> KindTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/kinds.toml").read_text("utf-8"))
    any_of = {name: "|".join(entries) for name, entries in table.items()}
    return KindTables(
        error_titles=re.compile(rf"(?:{any_of['error_titles']})(?:\s+[|–—-]\s+.{{0,60}})?", re.I),
        error_lines=re.compile(any_of["error_lines"], re.I),
        consent_stems=tuple(table["consent_stems"]),
        consent_terms=tuple(re.compile(rf"\b(?:{term})\b") for term in table["consent_terms"]),
        consent_titles=re.compile(any_of["consent_titles"], re.I),
        paywall_lines=re.compile(any_of["paywall_lines"], re.I),
        **{name: re.compile(any_of[name], re.I) for name in ("wall_readers", "wall_reading", "wall_others")},
        cut_endings=re.compile(rf"(?:{any_of['cut_endings']})\s*$", re.I),
    )


def kind_fault(page: Blocks, chosen: Chosen, body: str, signs: PageSigns) -> Rejected | None:
    """The fault of a page that is not an article, or None."""
    for fault in (_error_page(page, body, signs), _consent_wall(page, chosen, signs), _listing(page, chosen, signs)):
        if fault is not None:
            return fault
    return None


def listing_fault(page: Blocks, chosen: Chosen, numbers: Sequence[int], signs: PageSigns) -> Rejected | None:
    """The fault of a page that has the layout of a list, or None. ``numbers`` are the blocks of its body."""
    chance = listing_chance(page, chosen, numbers, signs)
    if chance is None:
        return None
    return ListingPage(
        "a page has one article, not a list of them", field="body", value=f"the layout of a list, chance {chance:.2f}")


def _error_page(page: Blocks, body: str, signs: PageSigns) -> Rejected | None:
    tables = load_kind_tables()
    if len(body) > LONGEST_ERROR or signs.is_marked_article:
        return None
    title = next((title for title in signs.titles if tables.error_titles.fullmatch(title)), None)
    lines = [block.text for block in page.blocks if len(block.text) < 400 and tables.error_lines.search(block.text)]
    if title is not None and (lines or len(body) < 200):
        return ErrorPage("a page has an article, not an error", field="title", value=title)
    if len(lines) >= 2 and len(body) < 400:
        return ErrorPage("a page has an article, not an error", field="body", value=lines[0])
    return None


def may_ask_consent(text: str) -> bool:
    """Whether a text has any of the words that every consent page has: a cheap check before ``consent_terms_in``."""
    lower = text.lower()
    return any(stem in lower for stem in load_kind_tables().consent_stems)


def consent_terms_in(text: str) -> int:
    """The number of different terms of consent pages that a text mentions.

    >>> consent_terms_in("We and our partners use cookies to store information on your device.")
    3
    >>> consent_terms_in("The baker sold cookies to her partners.")
    2
    """
    text = text.lower()
    return sum(1 for term in load_kind_tables().consent_terms if term.search(text))


def _consent_wall(page: Blocks, chosen: Chosen, signs: PageSigns) -> Rejected | None:
    running = [number for number, weight in enumerate(chosen.weights) if weight > 0]
    whole = sum(chosen.weights[number] for number in running)
    if not running or whole > LONGEST_WALL:
        return None
    texts = {number: page.blocks[number].text for number in running}
    everything = " ".join(texts.values())
    if not may_ask_consent(everything) or (terms := consent_terms_in(everything)) < FEWEST_TERMS:
        return None
    about_consent = [number for number, text in texts.items() if consent_terms_in(text) >= FEWEST_TERMS]
    if not about_consent:
        return None
    titled = any(load_kind_tables().consent_titles.fullmatch(title) for title in signs.titles)
    host = host_of(signs.url or "") or ""
    is_addressed = host.startswith(("consent.", "cookie"))
    if not (titled or is_addressed) and signs.is_marked_article and whole > 1_500:
        return None
    share = sum(chosen.weights[n] for n in about_consent) / whole
    elsewhere = sum(chosen.weights[n] for n in set(chosen.blocks) & set(running) - set(about_consent))
    if terms >= 4 and share >= (0.3 if titled or is_addressed else 0.6) and elsewhere < 800:
        return ConsentWall("a page has an article, not a request for consent", field="body",
                           value=page.blocks[about_consent[0]].text)
    return None


def _listing(page: Blocks, chosen: Chosen, signs: PageSigns) -> Rejected | None:
    teasers = len(linked_headlines(page))
    is_first = is_front(signs.url)
    is_named = signs.is_marked_listing or is_first or is_named_list(signs.url, signs.titles)
    if is_named and not signs.is_marked_article and (entries := repeated_entries(page, chosen)) >= FEWEST_ENTRIES:
        return ListingPage("a page has one article, not a list of them", field="body",
                           value=f"{entries} texts that end in the same link")
    enough = FEWEST_TEASERS if signs.is_marked_listing or is_first else 2 * FEWEST_TEASERS
    if teasers < enough or longest_passage(page, chosen, chosen.blocks) > LONGEST_FRONT_TEXT:
        return None
    longest = max((chosen.weights[number] for number in chosen.blocks), default=0.0)
    if not (signs.is_marked_listing or is_first) and (signs.is_marked_article or longest > LONGEST_TEASER_LINE):
        return None
    if not is_first and is_wire_item(page, chosen, signs):
        return None
    return ListingPage("a page has one article, not a list of them", field="body", value=f"{teasers} linked headlines")


def has_text(body: str) -> bool:
    """Whether a body has at least a sentence's worth of letters, in any script.

    >>> has_text("The ferry is cancelled until Friday noon because of the ice."), has_text("Share Tweet")
    (True, False)
    """
    if STYLE_RULES * body.count("{", 0, 2_000) > len(body[:2_000]):
        return False
    letters = sum(map(str.isalpha, body[:400]))
    if letters < 40 < len(body):
        letters = sum(map(str.isalpha, body))
    return letters >= 40 or (letters >= 15 and any(letter > "\u2e80" for letter in body))


def is_cut(page: Blocks, blocks: Sequence[int], body: str, signs: PageSigns) -> str | None:
    """The evidence that the body is a teaser and not the whole article, or None."""
    tables = load_kind_tables()
    size = size_of(body)
    if size > LONGEST_TEASER:
        return None
    words = words_of(body)
    if signs.declared_words is not None and words >= 20 and signs.declared_words > 1.6 * words + 60:
        return f"json-ld declares {signs.declared_words} words"
    is_short, ends_cut = size < SHORT, tables.cut_endings.search(body[-LONGEST_ENDING:]) is not None
    if not (signs.is_marked_paid or is_short or ends_cut):
        return None
    mine = set(blocks)
    lines = dict.fromkeys(block.text for number, block in enumerate(page.blocks)
                          if number not in mine and len(block.text) < 300)
    near = {block.text for block in page.blocks[blocks[-1] + 1:][:NEAREST]} if blocks else set()
    wall = next((line for line in lines if tables.paywall_lines.search(line)
                 or ((signs.is_marked_paid or line in near) and _asks_to_pay(line))), None)
    if signs.is_marked_paid and (wall is not None or is_short):
        return wall or "json-ld declares that the article is not free"
    if wall is not None and (ends_cut or is_short) and _is_beside(page, blocks, wall):
        return wall
    return "the text ends in an ellipsis" if ends_cut and is_short else None


def words_of(text: str) -> int:
    """The number of words. A character of a script without spaces counts as half a word.

    >>> words_of("The pier opens."), words_of("港の議会は東埠頭を再建する")
    (3, 6)
    """
    wide = len(_UNSPACED.findall(text))
    return len(_UNSPACED.sub(" ", text).split()) + wide // 2 if wide else len(text.split())


def _is_beside(page: Blocks, blocks: Sequence[int], wall: str) -> bool:
    """Whether the line of a paywall is among the first blocks after the body."""
    if not blocks:
        return False
    last = blocks[-1]
    return any(block.text == wall for block in page.blocks[last:last + 8])


def before_wall(numbers: Sequence[int], texts: Mapping[int, str] | Sequence[str]) -> list[int]:
    """The numbers of a body's lines without those at its end that belong to a paywall. ``texts`` are the lines."""
    kept = list(numbers)
    while kept and is_wall(texts[kept[-1]]):
        kept.pop()
    return kept


def is_wall(text: str) -> bool:
    """Whether a line is a paywall's: it is short, and the words of a paywall are near its beginning.

    >>> is_wall("Subscribe to continue reading"), is_wall("He left the harbour office in order to continue reading.")
    (True, False)
    """
    found = load_kind_tables().paywall_lines.search(text) if len(text) < LONGEST_WALL_LINE else None
    return (found is not None and found.start() <= FURTHEST_WALL_WORD) or _asks_to_pay(text)


def _asks_to_pay(line: str) -> bool:
    """Whether a line of a few words that is no sentence asks the reader to do something in order to read on.

    >>> _asks_to_pay("Logga in för att läsa hela artikeln"), _asks_to_pay("Log in to read the comments")
    (True, False)
    >>> _asks_to_pay("Pupils register for reading lessons."), _asks_to_pay("Log in to save this article")
    (False, False)
    """
    tables = load_kind_tables()
    return (size_of(line) <= LONGEST_ASKING and line[-1:] not in _ENDS and tables.wall_others.search(line) is None
            and tables.wall_readers.search(line) is not None and tables.wall_reading.search(line) is not None)
