"""Splits text into sentences without a parser: at full stops that do not end an abbreviation, and at line ends."""

from __future__ import annotations

import re
from bisect import bisect_right

END = re.compile(r"[.!?…]{1,4}[\"'”’)\]]{0,4}\s+(?=[\"'“‘(\[]?[^\W_a-z])|\n+\s*")
ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sen|Rep|Gov|Gen|Col|Lt|Sgt|Capt|Maj|St|Jr|Sr|Inc|Corp|Co|Ltd|No|vs|Rev|Hon|Jan|Feb|Mar|"
    r"Apr|Aug|Sept|Oct|Nov|Dec)|\b[A-Z]|\.[A-Z])\.$"
)
LOOKED_BACK = 12


def sentence_starts(text: str) -> list[int]:
    """The positions at which the second and all later sentences begin.

    >>> text = "Mr. Falk left. He went to Port Ansel.\\n\\nIt rained."
    >>> [text[start:start + 2] for start in sentence_starts(text)]
    ['He', 'It']
    """
    return [
        end.end() for end in END.finditer(text)
        if "\n" in end[0] or not ABBREVIATION.search(text, max(0, end.start() - LOOKED_BACK), end.start() + 1)
    ]


def sentence_of(position: int, starts: list[int]) -> int:
    """The number of the sentence that contains a position, from 0."""
    return bisect_right(starts, position)
