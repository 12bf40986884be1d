"""Finds the body of a page: rules choose blocks, a model corrects the choice, a second extractor checks doubtful ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import rs_trafilatura

from pipelines.clean.boilerplate import is_boilerplate
from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import Chosen, choose_body
from pipelines.clean.html.boilerplate import is_boilerplate_line, load_page_tables
from pipelines.clean.html.declared import declared_body
from pipelines.clean.html.features import FEATURES, numbers_of, weighed_blocks
from pipelines.clean.html.kind import before_wall
from pipelines.clean.metadata.signs import PageSigns
from pipelines.clean.model import load_model
from pipelines.records import Evidence

BAR, BAR_ALONE = 0.4, 0.7
"""The probability from which a block is body: if the rules chose it, and if they did not."""

FEWEST_CHARACTERS = 250


@dataclass(frozen=True, slots=True)
class Body:
    """An article's paragraphs, separated by empty lines, with their evidence.

    ``chosen`` is the choice of the rules. ``blocks`` are the numbers of the blocks that the rules and the model chose.
    """

    text: str
    evidence: Evidence
    blocks: tuple[int, ...]
    chosen: Chosen


def read_body(page: Blocks, markup: str, signs: PageSigns, declared: Iterable[object]) -> Body:
    """The article's paragraphs; "" if there are none. ``declared`` are the bodies that JSON-LD declares."""
    chosen = choose_body(page)
    numbers = _likely(page, chosen, declared_body(declared), signs.titles) or chosen.blocks
    body = "\n\n".join(page.blocks[number].text for number in numbers)
    if len(body) < FEWEST_CHARACTERS or chosen.is_doubtful(page):
        second = _second_opinion(markup, signs)
        if len(second) > 2 * len(body):
            how = Evidence("rs-trafilatura", f"the blocks chosen have {len(body)} characters")
            return Body(second, how, numbers, chosen)
    return Body(body, Evidence("blocks"), numbers, chosen)


def _likely(page: Blocks, chosen: Chosen, declared: str, titles: Sequence[str]) -> tuple[int, ...]:
    """The numbers of the blocks that the model classifies as body, without lines that are always boilerplate."""
    numbers = weighed_blocks(page, chosen)
    if not numbers:
        return ()
    chances = load_model("page_model.json", FEATURES).chances(numbers_of(page, chosen, numbers, declared, titles))
    first = set(chosen.blocks)
    likely = [number for number, chance in zip(numbers, chances.tolist(), strict=True)
              if chance > (BAR if number in first else BAR_ALONE)]
    texts = {number: page.blocks[number].text for number in likely}
    kept = [number for number, text in texts.items() if not (is_boilerplate(text) or is_boilerplate_line(text))]
    return tuple(before_wall(kept, texts))


def _second_opinion(markup: str, signs: PageSigns) -> str:
    text = rs_trafilatura.extract(markup, url=signs.url, page_type="article").main_content or ""
    boilerplate = load_page_tables().lines
    titles = set(signs.titles)
    lines = dict.fromkeys(line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines
                     if line not in titles and (len(line) > 150 or not boilerplate.match(line.lower())))
