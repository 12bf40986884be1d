"""Splits spans that contain several names, and extends spans to whole adjectives and events."""

from __future__ import annotations

import re

from pipelines.enrich.engine import Span
from pipelines.enrich.names.edges import words

BREAK = re.compile(r"\n|\s[-–—]\s|\s?[(;:]|/(?=[A-Z])|\s[\d.,/:-]*\d[\d.,/:-]*(?=\s|$)|[\"]")
COMMA = re.compile(r",\s")
INNER_POSSESSIVE = re.compile(r"(?:'s|(?<=s)')\s(?=\S)")
TAIL = re.compile(r"-([a-z]+)\b")
EVENT = re.compile(
    r"(?: (?:Amateur|Junior|Senior|Women's|Men's|Indoor))?"
    r" (?:Open|OPEN|Cup|CUP|Championships?|Masters|Grand Prix|GRAND PRIX|Classic|Games|Olympics|Marathon|Trophy)\b"
)
HEAD = re.compile(r"\b(?:ex|anti|pro|non|pre|post|trans)-$")


def parts(text: str, span: Span) -> list[Span]:
    """The parts of a span, split at line ends, brackets, dashes and figures, and after a possessive.

    >>> text = "Marrowby 3 Ansel 2"; [text[s.start:s.end] for s in parts(text, Span(0, 16, "ORG"))]
    ['Marrowby', ' Ansel']
    >>> text = "Falk's Harbour Party"; [text[s.start:s.end] for s in parts(text, Span(0, 20, "ORG"))]
    ['Falk', 'Harbour Party']
    """
    keeps_figures = span.type == "MISC"
    cut, at = [], span.start
    for found in BREAK.finditer(text, span.start, span.end):
        if keeps_figures and found[0][-1:].isdigit():
            continue
        cut.append((at, found.start()))
        at = found.end()
    cut.append((at, span.end))
    if span.type == "PER":
        cut = [piece for start, end in cut for piece in _split(COMMA, text, start, end)]
    cut = [piece for start, end in cut for piece in _split(INNER_POSSESSIVE, text, start, end)]
    return [Span(start, end, span.type, span.label) for start, end in cut if end > start]


def _split(mark: re.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces, at = [], start
    for found in mark.finditer(text, start, end):
        if mark is INNER_POSSESSIVE and text[start : found.end()].rsplit(None, 1)[-1] in words("inner_possessives"):
            continue
        pieces.append((at, found.start()))
        at = found.end()
    return [*pieces, (at, end)]


def whole_event(text: str, span: Span) -> Span:
    """A place or people, extended to the sporting event that is named after it, as MISC; otherwise the span itself.

    >>> text = "the Ansel Open"; span = whole_event(text, Span(4, 9, "LOC"))
    >>> text[span.start:span.end], span.type
    ('Ansel Open', 'MISC')
    """
    found = EVENT.match(text, span.end) if span.type in ("LOC", "MISC") else None
    return Span(span.start, found.end(), "MISC", "event") if found else span


def whole_adjective(text: str, span: Span) -> Span:
    """A name, extended to the hyphenated adjective that it is part of, as MISC; otherwise the span itself.

    >>> text = "an Oslo-based firm"; span = whole_adjective(text, Span(3, 7, "LOC"))
    >>> text[span.start:span.end], span.type
    ('Oslo-based', 'MISC')
    """
    tail = TAIL.match(text, span.end)
    if tail and tail[1] in words("adjective_tails"):
        return Span(span.start, tail.end(), "MISC", "adjective")
    head = HEAD.search(text, max(0, span.start - 6), span.start)
    if head:
        return Span(head.start(), span.end, "MISC", "adjective")
    return span
