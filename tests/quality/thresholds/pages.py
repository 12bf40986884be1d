"""Which blocks of a page and lines of a dump are body, by the probability that the model gives them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from pipelines.clean.dump import choose
from pipelines.clean.dump.lines import lines_of
from pipelines.clean.html import reading
from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.body import choose_body
from pipelines.clean.html.markup import read_markup
from tests.quality.changed import Threshold

PARAGRAPHS = [
    f"The {thing} of Marrowby was opened again on Tuesday after {n + 2} weeks, and the council said that it had cost "
    f"less than the {n + 3} million that were feared in spring, when nobody knew how far the damage went."
    for n, thing in enumerate(("east pier", "ferry hall", "fish market", "old crane", "sea wall"))
]
MENU = [f"<li><a href='/{word}'>{word.title()}</a></li>" for word in ("harbour", "council", "weather", "tides")]
PAGE = (
    f"<html><body><ul>{''.join(MENU)}</ul><article><h1>East pier opens again</h1>"
    f"{''.join(f'<p>{text}</p>' for text in PARAGRAPHS)}</article>"
    "<div><p>Write to the Echo at its office in Quay Street, Marrowby, any day but Sunday.</p></div></body></html>"
)


class OneChance:
    """A model that gives every block the same probability."""

    def __init__(self, chance: float) -> None:
        self.chance = chance

    def chances(self, rows: Sequence[object]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.full(len(rows), self.chance)


def blocks_at(*chances: float) -> tuple[str, ...]:
    """Which blocks of the page are body at each probability: none, those that the rules chose, or more of them."""
    page = read_blocks(read_markup(PAGE, 200).root)
    chosen = choose_body(page)
    found = []
    for chance in chances:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "load_model", lambda *_, chance=chance: OneChance(chance))
            numbers = reading._likely(page, chosen, "", ("East pier opens again",))
        kept = set(numbers) & set(chosen.blocks)
        found.append("more" if set(numbers) - kept else "chosen" if kept else "none")
    return tuple(found)


def lines_at(*chances: float) -> tuple[bool, ...]:
    """Whether the lines of a dump are body at each probability."""
    lines = lines_of("\n\n".join(PARAGRAPHS))
    return tuple(bool(choose.choose_lines(lines, np.full(len(lines.texts), chance))) for chance in chances)


def lines_after(*chances: float) -> tuple[bool, ...]:
    """Whether a long line right before the body is part of it at each probability."""
    lines = lines_of("\n\n".join(PARAGRAPHS))
    likely = np.full(len(lines.texts), 0.9)
    return tuple(0 in choose.choose_lines(lines, np.array([chance, *likely[1:]])) for chance in chances)


def notices_after(*shares: float) -> tuple[bool, ...]:
    """Whether notices in Latin letters after a text in Thai are part of it, for the text's share of all characters."""
    found = []
    for share in shares:
        texts = ["\u0e01" * round(1_000 * share), "notices " * round(125 * (1 - share))]
        lines = lines_of("\n\n".join(texts))
        found.append(choose.choose_lines(lines, np.full(2, 0.9)) == [0, 1])
    return tuple(found)


THRESHOLDS = (
    Threshold(reading, "BAR", partial(blocks_at, 0.36, 0.44), ("none", "chosen")),
    Threshold(reading, "BAR_ALONE", partial(blocks_at, 0.63, 0.77), ("chosen", "more")),
    Threshold(choose, "BAR", partial(lines_at, 0.45, 0.55), (False, True)),
    Threshold(choose, "BAR_FIRST", partial(lines_after, 0.35, 0.45), (False, True)),
    Threshold(choose, "OTHER_SCRIPT", partial(notices_after, 0.35, 0.45), (True, False)),
)
