"""Chooses the lines of the body by the model's probabilities, without lines that are always boilerplate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from pipelines.clean.boilerplate import LONGEST_POINTER, is_break, is_label, is_of_box, outlet_describing_itself
from pipelines.clean.dump.lines import Lines, ends_sentence
from pipelines.clean.html.kind import before_wall
from pipelines.clean.model import Numbers
from pipelines.clean.text import size_of

BAR = 0.5
"""The probability from which a line is body. A higher value gained as much precision as it lost recall."""

BAR_FIRST = 0.4
"""The same for paragraphs right before the body: what stands above it, a date or a menu, makes the model doubt them."""

SHORTEST_FIRST = 60
"""Characters. A shorter line right before the body is its headline, a date or a byline."""


FEWEST_HEADLINES = 3
SHORTEST_HEADLINE, LONGEST_HEADLINE = 32, 160
"""Characters. Lines of a list at the end of a text, of its parts, results or addresses, are shorter or have numbers."""

LIST_ITEM = 7
"""The level of a line from which it is an item."""

_WORD = re.compile(r"\w{4,}")

OTHER_SCRIPT = 0.4
"""The least share of a text in another script than the Latin one, from which it is the script of the text."""


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
    chosen = _in_the_script_of_most(lines.texts, _with_doubted_first(lines.texts, chances, chosen))
    chosen = _without_last_headlines(lines, chosen)
    return before_wall([at for at in chosen if not _is_blurb(lines.texts, at)], lines.texts)


def _without_last_headlines(lines: Lines, chosen: list[int]) -> list[int]:
    """The lines without the headlines of other articles after the last sentence: lines that end like no sentence.

    Other lines separate them from the sentence, or there are several of them, and none is an item of a list. A
    sentence that ends with a colon begins a list; so may lines with numbers or commas, or with words of the text.
    """
    texts = lines.texts
    last = next((at for at in reversed(chosen) if ends_sentence(texts[at])), None)
    tail = [] if last is None else [at for at in chosen if at > last]
    if last is None or not tail:
        return chosen
    if tail[0] == last + 1 and texts[last].endswith((":", "：")):
        return chosen
    own = set(_WORD.findall(" ".join(texts[at] for at in chosen if at <= last).lower()))
    listed = sum(any(map(str.isdigit, texts[at])) or texts[at].count(",") > 1 or _has_words_of(own, texts[at])
                 for at in tail)
    are_many = FEWEST_HEADLINES <= len(tail) <= len(chosen) - FEWEST_HEADLINES
    are_headlines = are_many and 2 * listed <= len(tail) and all(
        SHORTEST_HEADLINE <= size_of(texts[at]) <= LONGEST_HEADLINE and lines.levels[at] < LIST_ITEM for at in tail)
    return [at for at in chosen if at <= last] if tail[0] > last + 1 or are_headlines else chosen


def _has_words_of(own: set[str], line: str) -> bool:
    words = _WORD.findall(line.lower())
    return len(own.intersection(words)) * 3 > len(words)


def _with_doubted_first(texts: Sequence[str], chances: Numbers, chosen: list[int]) -> list[int]:
    """The lines with the paragraphs right before them that are half as long as they are and nearly likely enough."""
    if not chosen:
        return chosen
    shortest = max(SHORTEST_FIRST, median(len(texts[at]) for at in chosen) / 2)
    first = chosen[0]
    while first > 0 and chances[first - 1] > BAR_FIRST and len(texts[first - 1]) >= shortest:
        first -= 1
    return [*range(first, chosen[0]), *chosen]


def _in_the_script_of_most(texts: Sequence[str], chosen: list[int]) -> list[int]:
    """The lines without those in Latin letters before and after a text that is written in another script.

    Notices of a site are in English on many sites of other languages.

    >>> texts = ["About us", "港の議会は東埠頭を再建する", "OK", "四月に決めた", "All rights reserved."]
    >>> _in_the_script_of_most(texts, [0, 1, 2, 3, 4])
    [1, 2, 3]
    """
    other = [at for at in chosen if not _is_latin(texts[at])]
    sizes = {at: size_of(texts[at]) for at in chosen}
    if sum(sizes[at] for at in other) < OTHER_SCRIPT * sum(sizes.values()):
        return chosen
    return [at for at in chosen if other[0] <= at <= other[-1]]


def _is_latin(text: str) -> bool:
    """Whether most letters of a text are of the Latin script."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter < "\u0250" for letter in letters) * 2 > len(letters)


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
