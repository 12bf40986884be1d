"""Rules for where a name begins and ends. Each is a small function on one span and the text around it.

Each takes a text and the bounds of a span and returns the new bounds. Empty bounds (start == end) drop the span.
"""

from __future__ import annotations

import re
from functools import cache

from pipelines.enrich.tables import load_table

type Bounds = tuple[int, int]

OUTER_LEFT = " \t\n\r\"'`([{<-–—*•,.;:/|!?&+=_~"
OUTER_RIGHT = " \t\n\r\"'`([{<-–—*•,;:/|!?&+=_~"
ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:[A-Z]\.(?:[A-Z]\.)+|(?:Inc|Corp|Co|Ltd|Jr|Sr|St|Bros|[A-Z])\.|[A-Z][a-z]{1,4}\.(?=$))$"
)
POSSESSIVE = re.compile(r"(?:'s|(?<=s)'|'S)$")
FIRST_WORD = re.compile(r"\S+")
ARTICLE = re.compile(r"(?:the|a|an|this|that|these|those|its|his|her|their|our|The|A|An|This|That|THE)\s+")


@cache
def words(table: str) -> frozenset[str]:
    """The words of a table, in all languages that the rules support."""
    return frozenset(word for file in ("words.toml", "words.fr.toml") for word in load_table(file).get(table, ()))


def trim(text: str, start: int, end: int) -> Bounds:
    """The bounds without quotes, brackets, dashes and spaces at either end. The final dot of an abbreviation stays.

    >>> text = 'said "Marrowby Tug Inc." of (Port Ansel).'
    >>> [text[slice(*trim(text, *bounds))] for bounds in ((5, 25), (28, 41))]
    ['Marrowby Tug Inc.', 'Port Ansel']
    """
    while start < end and text[start] in OUTER_LEFT:
        start += 1
    while end > start:
        last = text[end - 1]
        stop = last == "." and not ABBREVIATED.search(text[start:end])
        if not (stop or last in OUTER_RIGHT or _closes_nothing(text, start, end)):
            break
        end -= 1
    return start, end


def _closes_nothing(text: str, start: int, end: int) -> bool:
    """Whether the last character closes a bracket that is not opened inside the span."""
    opening = {")": "(", "]": "[", "}": "{"}.get(text[end - 1])
    return opening is not None and text.count(opening, start, end) < text.count(text[end - 1], start, end)


def without_possessive(text: str, start: int, end: int) -> Bounds:
    """The bounds without a final 's.

    >>> text = "Falk's pier"; text[slice(*without_possessive(text, 0, 6))]
    'Falk'
    """
    found = POSSESSIVE.search(text, start, end)
    if found and text[start:end] in words("kept_possessives"):
        return start, end
    return (start, found.start()) if found else (start, end)


def without_article(text: str, start: int, end: int) -> Bounds:
    """The bounds without a leading article. A capitalised The inside a sentence is part of the name (The Harbour Post).

    >>> text = "The Marrowby council read The Harbour Post and the Mail."
    >>> [text[slice(*without_article(text, *bounds))] for bounds in ((0, 20), (26, 42), (47, 55))]
    ['Marrowby council', 'The Harbour Post', 'Mail']
    """
    found = ARTICLE.match(text, start, end)
    if not found:
        return start, end
    inside_sentence = start > 1 and text[start - 1] == " " and (text[start - 2].islower() or text[start - 2] == ",")
    if found[0][0].isupper() and inside_sentence:
        return start, end
    return found.end(), end


def without_title(text: str, start: int, end: int) -> Bounds:
    """The bounds of a person's name without honorifics and offices before it.

    >>> text = "Prime Minister Dr. Ines Falk"; text[slice(*without_title(text, 0, 28))]
    'Ines Falk'
    """
    known = words("honorifics") | words("titles")
    while True:
        parts = list(FIRST_WORD.finditer(text, start, end))
        for count in (3, 2, 1):
            if len(parts) > count and text[parts[0].start() : parts[count - 1].end()].rstrip(".") in known:
                start = parts[count].start()
                break
        else:
            return start, end


def between_capitals(text: str, start: int, end: int) -> Bounds:
    """The bounds from the first to the last word with a capital: lower-case words at the ends are not part of a name.

    >>> text = "southern Lebanon province"; text[slice(*between_capitals(text, 0, 25))]
    'Lebanon'
    >>> text = "al Qaeda"; text[slice(*between_capitals(text, 0, 8))]
    'al Qaeda'
    """
    parts = list(FIRST_WORD.finditer(text, start, end))
    named = [index for index, part in enumerate(parts) if any(letter.isupper() for letter in part[0])]
    if not named:
        return start, start
    first, last = named[0], named[-1]
    if first == 1 and parts[0][0] in {"al", "el", "bin", "de", "van", "von", "da", "di", "du", "la", "le"}:
        first = 0
    if last + 1 < len(parts) and parts[last + 1][0][0].isdigit() and last + 2 == len(parts):
        last += 1
    return parts[first].start(), parts[last].end()
