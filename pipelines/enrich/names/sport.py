"""Teams in sports reports, where the name of a city mostly means its team, and in tables and lists of results."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.enrich.engine import Span
from pipelines.enrich.names.edges import words
from pipelines.enrich.places.gazetteer import Gazetteer, Place

WORD = re.compile(r"[a-z]{3,}(?:-[a-z]+)?")
ENOUGH = 6  # points from which a text is on sport: 3 for a word of sport alone, 1 for a word that is common in sport.
# Without a word of sport alone it is not: elections too have runs, rounds, points and winners.
AT = re.compile(r"(?:\b(?:[Ii]n|[Aa]t|[Nn]ear|[Oo]utside|[Aa]round|[Aa]cross) |\()$")
BEHIND = re.compile(r"(\b(?:at|in) (?:the )?)?([A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,2}),\s$")
IN_REGION = re.compile(r", ([A-Z][\w.]*(?: [A-Z][\w.]+)?)")
SIDE = re.compile(r" (?:club|side|outfit|stadium|arena|marathon|suburb)\b")
FIXTURE = re.compile(r"^.{1,50} v [A-Z].{1,50}$", re.MULTILINE)  # a whole line, so that court cases do not match
DATELINE = re.compile(r"(?:, [A-Z][\w. ]+)?\s?(?:\d{4}-\d\d-\d\d|\(|,? ?[A-Z][a-z]+ \d|[-–—]| [-–—])")
READ = 6_000
TEAM = r"[A-Z][\w.'&-]*(?: [A-Z][\w.'&-]*){0,2}"
TABLE_LINE = re.compile(rf"(?:^|(?<=\d ))({TEAM})(?: [\d.]+){{3,}}", re.MULTILINE)
RESULT_LINE = re.compile(rf"(?:^|(?<=\d ))({TEAM}) \d{{1,3}},? ({TEAM}) \d{{1,3}}\b", re.MULTILINE)
PLACES = ("dateline", "seat")  # labels of what is a place in any text
OF_PERSON = re.compile(r", (?:\d\d?, )?of $")
LINES = 3  # similar lines from which they are a table
NATIONS = frozenset({"England", "Scotland", "Wales", "Northern Ireland"})


def is_on_sport(text: str) -> bool:
    """Whether a text is a sports report, or a list of fixtures or results.

    >>> is_on_sport("May 1 v Hull\\nMay 8 v Leeds\\nMay 9 v York")
    True
    >>> is_on_sport("The striker scored two goals in the match."), is_on_sport("They scored points in the debate.")
    (True, False)
    """
    seen = set(WORD.findall(text[:READ].lower()))
    if len(FIXTURE.findall(text, 0, READ)) >= LINES or len(RESULT_LINE.findall(text, 0, READ)) > LINES:
        return True
    own, common = len(words("sport") & seen), len(words("sport_too") & seen)
    return own > 0 and 3 * own + common >= ENOUGH


def with_teams(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """The spans of a sports report, with the teams of tables added, and with cities and counties as teams (ORG).

    A city or county stays a place if the text around it shows that the place is meant.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> text = "Leeds beat Hull; the striker scored two goals in Leeds, and soccer won."
    >>> [(text[s.start:s.end], s.type) for s in with_teams(text, [Span(0, 5, "LOC"), Span(11, 15, "LOC"),
    ...     Span(49, 54, "LOC")], load_gazetteer())]
    [('Leeds', 'ORG'), ('Hull', 'ORG'), ('Leeds', 'LOC')]
    >>> text = "At Leeds, England: Essex, Kent and Surrey won in soccer. The striker of two goals left the Hull club."
    >>> spans = [Span(text.index(name), text.index(name) + len(name), "LOC") for name in
    ...     ("Leeds", "England", "Essex", "Kent", "Surrey", "Hull")]
    >>> [(text[s.start:s.end], s.type) for s in with_teams(text, spans, load_gazetteer())]
    [('Leeds', 'LOC'), ('England', 'LOC'), ('Essex', 'ORG'), ('Kent', 'ORG'), ('Surrey', 'ORG'), ('Hull', 'LOC')]
    """
    if not is_on_sport(text):
        return list(spans)
    spans = _with_tabled(text, spans, gazetteer)
    return [
        Span(span.start, span.end, "ORG", span.label)
        if (span.label == "NORP" and _is_nickname(text, span, gazetteer))
        or (span.type == "LOC" and span.label not in PLACES and _is_team(text, span, gazetteer)) else span
        for span in spans
    ]


def _is_nickname(text: str, span: Span, gazetteer: Gazetteer) -> bool:
    """Whether a name that the engine classifies as a people is a team's nickname (Rangers): a plural, not a demonym."""
    name = text[span.start : span.end]
    return name.endswith("s") and name not in words("known_misc") and not gazetteer.demonym_country(name)


def _is_team(text: str, span: Span, gazetteer: Gazetteer) -> bool:
    name = text[span.start : span.end]
    places = gazetteer.places(name)
    if name.title() in NATIONS or (places and places[0].kind in ("country", "nowhere")):
        return False
    if AT.search(text, max(0, span.start - 8), span.start) and (places or " " not in name):
        return False
    if text.startswith("the ", max(0, span.start - 4)) and SIDE.match(text, span.end):
        return False
    if OF_PERSON.search(text, max(0, span.start - 10), span.start) or _is_in_region(text, span, gazetteer):
        return False
    behind = BEHIND.search(text, max(0, span.start - 40), span.start)
    if behind and (behind[1] or not _are_alike(gazetteer.places(behind[2]), places)):
        return False  # Leeds, England; not: Leeds, Hull and York
    opens_line = span.start == 0 or text[span.start - 1] == "\n"
    return not (opens_line and (text.startswith(":", span.end) or DATELINE.match(text, span.end)))


def _is_in_region(text: str, span: Span, gazetteer: Gazetteer) -> bool:
    """Whether a region follows, and the place lies in it: Akron, Ohio."""
    region = IN_REGION.match(text, span.end)
    own = gazetteer.places(text[span.start : span.end]) if region else ()
    regions = [place for place in gazetteer.places(region[1]) if place.kind == "region"][:1] if region else []
    return any(place.admin1 and place.admin1 == one.admin1 for one in regions for place in own)


def _are_alike(places: Sequence[Place], others: Sequence[Place]) -> bool:
    return bool(places and others) and places[0].kind == others[0].kind


def _with_tabled(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """The spans, with the teams of tables (name, figures) and results (name, figure, name, figure) added.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> text = "Ansel 4 3 1 9\\nFalk Town 4 2 2 8\\nNorth Bay 4 1 1 3"
    >>> [text[s.start:s.end] for s in _with_tabled(text, [], load_gazetteer())]
    ['Ansel', 'Falk Town', 'North Bay']
    """
    found = {match.span(group) for pattern, groups in ((TABLE_LINE, (1,)), (RESULT_LINE, (1, 2)))
             for match in _if_many(list(pattern.finditer(text))) for group in groups}
    if not found:
        return list(spans)
    teams = [Span(start, end, "ORG", "table") for start, end in found if not _is_country(text[start:end], gazetteer)]
    rest = [span for span in spans if all(span.end <= team.start or span.start >= team.end for team in teams)]
    return sorted([*rest, *teams], key=lambda span: span.start)


def _if_many(lines: list[re.Match[str]]) -> list[re.Match[str]]:
    return lines if len(lines) >= LINES else []


def _is_country(name: str, gazetteer: Gazetteer) -> bool:
    return name in NATIONS or gazetteer.country_code(name) is not None
