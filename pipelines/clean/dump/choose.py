"""Chooses the lines of the body by the model's probabilities, without lines that are always boilerplate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.clean.boilerplate import LONGEST_POINTER, is_break, is_label, is_of_box, outlet_describing_itself
from pipelines.clean.dump.lines import Lines
from pipelines.clean.html.kind import before_wall
from pipelines.clean.model import Numbers

BAR = 0.5
"""The probability from which a line is body. A higher value gained as much precision as it lost recall."""


def without_breaks(lines: Lines) -> Lines:
    """The dump without lines that interrupt the body: pointers to other articles, labels of adverts.

    They are removed before the model runs, so that it sees the paragraphs around them as neighbours.
    """
    kept = [at for at, text in enumerate(lines.texts) if not is_break(text)]
    if len(kept) == len(lines.texts):
        return lines
    return replace(
        lines,
        texts=[lines.texts[at] for at in kept],
        gaps=[lines.gaps[at] for at in kept],
        indents=[lines.indents[at] for at in kept],
        links=[lines.links[at] for at in kept],
        levels=[lines.levels[at] for at in kept],
    )


def choose_lines(lines: Lines, chances: Numbers) -> list[int]:
    """The numbers of the lines that are body, in order."""
    chosen = [at for at, chance in enumerate(chances) if chance > BAR and not is_label(lines.texts[at])]
    return before_wall([at for at in chosen if not _is_blurb(lines.texts, at)], lines.texts)


def _is_blurb(texts: Sequence[str], at: int) -> bool:
    """Whether the outlet describes itself in a line, which is also repeated or next to an author box."""
    text = texts[at]
    if len(text) > 2 * LONGEST_POINTER or outlet_describing_itself(text) is None:
        return False
    beside = (*texts[max(0, at - 2) : at], *texts[at + 1 : at + 3])
    return texts.count(text) > 1 or any(map(is_of_box, beside))


def paragraphs(texts: Sequence[str]) -> str:
    """The body of these lines: each is a paragraph, with single spaces."""
    return "\n\n".join(" ".join(text.split()) for text in texts)
