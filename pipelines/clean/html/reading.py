"""The body of a page: a fast first answer, JSON-LD held against it, and a second opinion where it is doubtful."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import rs_trafilatura

from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import Chosen, choose_body
from pipelines.clean.html.furniture import load_page_tables
from pipelines.clean.html.told import held_against, told_body
from pipelines.clean.metadata.signs import PageSigns
from pipelines.records import Evidence

FEWEST_CHARACTERS = 250


@dataclass(frozen=True, slots=True)
class Body:
    """An article's paragraphs, divided by empty lines, how they were found, and the blocks chosen first."""

    text: str
    evidence: Evidence
    chosen: Chosen


def read_body(page: Blocks, markup: str, signs: PageSigns, told: Iterable[object]) -> Body:
    """The article's paragraphs; "" where there are none. ``told`` are the bodies that JSON-LD tells."""
    chosen = choose_body(page)
    how, numbers = "densest box", chosen.blocks
    if text := told_body(told):
        agreed = held_against(chosen, page, text)
        if agreed is not None:
            how, numbers = "densest box and json-ld", agreed
    body = "\n\n".join(page.blocks[number].text for number in numbers)
    if len(body) < FEWEST_CHARACTERS or chosen.is_doubtful(page):
        second = _second_opinion(markup, signs)
        if len(second) > 2 * len(body):
            return Body(second, Evidence("rs-trafilatura", f"the densest box has {len(body)} characters"), chosen)
    return Body(body, Evidence(how), chosen)


def _second_opinion(markup: str, signs: PageSigns) -> str:
    text = rs_trafilatura.extract(markup, url=signs.url, page_type="article").main_content or ""
    furniture = load_page_tables().lines
    titles = set(signs.titles)
    lines = dict.fromkeys(line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line not in titles and (len(line) > 150 or not furniture.search(line)))
