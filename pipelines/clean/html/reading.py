"""The body of a page: a fast first answer, JSON-LD held against it, and a second opinion where it is doubtful."""

from __future__ import annotations

from collections.abc import Iterable

import rs_trafilatura

from pipelines.clean.html.blocks import Blocks
from pipelines.clean.html.body import choose_body
from pipelines.clean.html.told import held_against, told_body
from pipelines.clean.metadata.found import Found

FEWEST_CHARACTERS = 250


def read_body(page: Blocks, markup: str, url: str | None, told: Iterable[object]) -> Found[str]:
    """The article's paragraphs, divided by empty lines; "" where there are none."""
    chosen = choose_body(page)
    how, numbers = "densest box", chosen.blocks
    if text := told_body(told):
        agreed = held_against(chosen, page, text)
        if agreed is not None:
            how, numbers = "densest box and json-ld", agreed
    body = "\n\n".join(page.blocks[number].text for number in numbers)
    if len(body) < FEWEST_CHARACTERS or chosen.is_doubtful(page):
        second = rs_trafilatura.extract(markup, url=url, page_type="article").main_content or ""
        if len(second) > 2 * len(body):
            return Found(second, "second opinion", f"rs-trafilatura; the densest box has {len(body)} characters")
    return Found(body, how)
