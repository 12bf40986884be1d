"""Which title is the headline: titles with so many words in common, and texts that have so many of a title's words."""

from __future__ import annotations

from functools import partial

from pipelines.clean.metadata import title
from pipelines.clean.metadata.title import Titles
from tests.quality.changed import Threshold

WORDS = [f"harbour{chr(97 + n)}" for n in range(26)]


def heading_and_declared(common: int, words: int) -> tuple[str, str]:
    """Two titles of so many words, so many of which are the same."""
    return " ".join(WORDS[:words]), " ".join([*WORDS[:common], *(f"quay{n}" for n in range(words - common))])


def are_confirmed(*shares: tuple[int, int]) -> tuple[bool, ...]:
    """Whether a heading is confirmed by a declared title with which it has so many of its words in common."""
    pairs = [heading_and_declared(*share) for share in shares]
    return tuple(title._confirmed([heading], [declared], frozenset()) == heading for heading, declared in pairs)


def are_supported(*shares: tuple[int, int]) -> tuple[bool, ...]:
    """Whether a heading that no title confirms is taken, if the text has so many of its words."""
    found = []
    for has, words in shares:
        heading = " ".join(f"{chr(97 + n)}harbour" for n in range(words))
        text = frozenset(f"{chr(97 + n)}harb" for n in range(has))
        found.append(title._supported([heading], [], text) == heading)
    return tuple(found)


def are_headlines(*lengths: int) -> tuple[bool, ...]:
    """Whether a supposed name of an outlet of so many words is a headline."""
    return tuple(title.is_headline(" ".join(WORDS[:count]), Titles()) for count in lengths)


BELOW_AND_ABOVE = (False, True)
THRESHOLDS = (
    Threshold(title, "ALIKE", partial(are_confirmed, (2, 8), (3, 9)), BELOW_AND_ABOVE),
    Threshold(title, "CONFIRMED", partial(are_supported, (9, 20), (6, 11)), BELOW_AND_ABOVE),
    Threshold(title, "LONGEST_NAME", partial(are_headlines, 6, 7), BELOW_AND_ABOVE),
)
