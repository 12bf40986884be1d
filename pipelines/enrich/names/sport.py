"""In reports on sport, a city is mostly its team."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.enrich.engine import Span
from pipelines.enrich.names.edges import words
from pipelines.enrich.places.gazetteer import Gazetteer

WORD = re.compile(r"[a-z]{3,}(?:-[a-z]+)?")
ENOUGH = 5  # different words of sport
AT = re.compile(r"(?:\b(?:in|at|from|near|of|to|outside|around|for|across) |, |\()$")
DATELINE = re.compile(r"(?:, [A-Z][\w. ]+)?\s?(?:\d{4}-\d\d-\d\d|\(|,? ?[A-Z][a-z]+ \d|[-–—]| [-–—])")
READ = 6_000


def with_teams(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """Cities and counties as teams (ORG), in a text on sport, where nothing says that the place is meant.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> text = "Leeds beat Hull in the league match; the striker scored two goals in Leeds."
    >>> [(text[s.start:s.end], s.type) for s in with_teams(text, [Span(0, 5, "LOC"), Span(11, 15, "LOC"),
    ...     Span(69, 74, "LOC")], load_gazetteer())]
    [('Leeds', 'ORG'), ('Hull', 'ORG'), ('Leeds', 'LOC')]
    """
    if len(words("sport").intersection(WORD.findall(text[:READ]))) < ENOUGH:
        return list(spans)
    return [Span(s.start, s.end, "ORG", s.label) if s.type == "LOC" and _is_team(text, s, gazetteer) else s for s in spans]


def _is_team(text: str, span: Span, gazetteer: Gazetteer) -> bool:
    places = gazetteer.places(text[span.start : span.end])
    if places and (places[0].kind in ("country", "nowhere") or _is_nation(text[span.start : span.end])):
        return False
    if AT.search(text, max(0, span.start - 8), span.start):
        return False
    opens_line = span.start == 0 or text[span.start - 1] == "\n"
    return not (opens_line and DATELINE.match(text, span.end))


def _is_nation(name: str) -> bool:
    return name.title() in {"England", "Scotland", "Wales", "Northern Ireland"}
