"""Names of counties, of local bodies and of places beside an office, which engines often miss or cut wrongly."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.enrich.engine import Span
from pipelines.enrich.names.carry import taken_by
from pipelines.enrich.names.edges import words
from pipelines.enrich.places.gazetteer import Gazetteer

NAME = r"[A-Z][a-z][\w'-]*"
LOCAL = re.compile(
    rf"(?<![\w.'-])({NAME}(?: {NAME})?) (?:(County|Parish|Township)|(?:Police|Sheriff|Fire|Volunteer|High|City|Town)\b)"
    rf"((?:'s)?(?: (?:{NAME}|of(?= {NAME})|and(?= {NAME}))){{0,6}})"
)
BODY = re.compile(
    r".*\b(?:Police(?: Department)?|Sheriff(?:'s (?:Office|Department))?|Fire Department|Fire District|High School|"
    r"Department|Court|Council|Board|Office|Commission|Schools?|District)\b"
)
NAMES = rf"{NAME}(?: {NAME})?"
LISTED_KINDS = ("counties", "townships", "parishes")
LISTED = re.compile(rf"((?:{NAMES}, ){{0,8}}{NAMES},? and {NAMES}) (?:{'|'.join(LISTED_KINDS)})\b")
LISTED_NAME = re.compile(NAMES)
OFFICE = re.compile(
    r"(?:City |Town |County |Village )?(?:Police Chief|Fire Chief|Chief|Mayor|Manager|Superintendent|Sheriff|Clerk|"
    r"Councilman|Councilwoman|Councillor|Commissioner|Republican|Democrat|Attorney|Administrator|Treasurer|Coroner)$"
)
SENTENCE = re.compile(r"((?:[A-Z]\.){2,}|[A-Z][a-z]{1,4}\.) (?=[A-Z][a-z])")


def with_local_names(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """The spans, with counties and local bodies added that the engine missed.

    A body of one word counts if the gazetteer has the place before it.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> text = "In Marrow County the Falk County Sheriff's Office, Winfield Police and the Marrowby Police met."
    >>> [(text[s.start:s.end], s.type) for s in with_local_names(text, [], load_gazetteer())]
    [('Marrow County', 'LOC'), ("Falk County Sheriff's Office", 'ORG'), ('Winfield Police', 'ORG')]
    """
    taken = taken_by(text, spans)
    added = []
    for found in LOCAL.finditer(text):
        body = BODY.match(text, found.end(1), found.end())
        start = _name_start(found)
        if body and not any(taken[start : body.end()]) and (
            found[2] or " " in body[0].strip() or gazetteer.places(text[start : found.end(1)])
        ):
            added.append(Span(start, body.end(), "ORG", "local"))
        elif found[2] and not any(taken[start : found.end(2)]):
            added.append(Span(start, found.end(2), "LOC", "local"))
    return sorted([*spans, *added], key=lambda span: span.start) if added else list(spans)


def _name_start(found: re.Match[str]) -> int:
    """Where the place's name begins: behind a weekday, a title or a small word with a capital."""
    first, _, rest = found[1].partition(" ")
    is_other = any(first in words(table) for table in ("openers", "titles", "honorifics", "no_names"))
    return found.start() + (len(first) + 1 if rest and is_other else 0)


def with_listed(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans, with each name in a list of counties or townships as a place of its own.

    >>> text = "in Harrow, Falk and Marrow counties"
    >>> [(text[s.start:s.end], s.type) for s in with_listed(text, [Span(3, 15, "ORG"), Span(20, 26, "PER")])]
    [('Harrow', 'LOC'), ('Falk', 'LOC'), ('Marrow', 'LOC')]
    """
    if not any(kind in text for kind in LISTED_KINDS):  # which is found much faster than a list of names
        return list(spans)
    listed = [Span(*name.span(), "LOC", "seat") for found in LISTED.finditer(text)
              for name in LISTED_NAME.finditer(text, found.start(), found.end(1))]
    if not listed:
        return list(spans)
    rest = [span for span in spans if all(span.end <= one.start or span.start >= one.end for one in listed)]
    return sorted([*rest, *listed], key=lambda span: span.start)


def apart(text: str, span: Span, gazetteer: Gazetteer) -> list[Span]:
    """The span without an office after a place, and without the end of the sentence before it; a facility is no person.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> found = [apart(text, Span(0, len(text), "PER"), load_gazetteer())
    ...          for text in ("Winfield Police Chief", "Kan. Falk", "Falk Mayor", "Winfield", "Falk Library")]
    >>> [[(span.start, span.end, span.type) for span in spans] for spans in found]
    [[(0, 8, 'LOC')], [(0, 4, 'LOC'), (5, 9, 'PER')], [(0, 10, 'PER')], [(0, 8, 'PER')], [(0, 12, 'ORG')]]
    """
    name = text[span.start : span.end]
    if " " not in name:
        return [span]
    office = OFFICE.search(name)
    if office and office.start() and gazetteer.places(name[: office.start() - 1]):
        return [Span(span.start, span.start + office.start() - 1, "LOC", "seat")]
    if span.type == "PER" and name.rpartition(" ")[2] in words("facilities"):
        return [Span(span.start, span.end, "ORG", span.label)]
    region = SENTENCE.match(name) if span.type in ("PER", "ORG") else None
    if region and region[1].replace(" ", "") in gazetteer.abbreviations:
        return [Span(span.start, span.start + region.end(1), "LOC", "seat"),
                Span(span.start + region.end(), span.end, span.type, span.label)]
    return [span]
