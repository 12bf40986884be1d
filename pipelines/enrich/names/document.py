"""Rules on the document as a whole: its dateline, names that need no context, and peoples side by side.

Every rule takes the text and its tidied spans in order, and returns the spans in order and without overlaps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.enrich.engine import Span
from pipelines.enrich.names.carry import taken_by
from pipelines.enrich.names.edges import words
from pipelines.enrich.places.gazetteer import Gazetteer
from pipelines.records import EntityType

CAPITALISED = re.compile(r"(?:[A-Z]\.){2,}|[^\W\d_a-z][\w&]*(?:['-](?:(?:[A-Z]\.){2,}|[A-Z]\w*))*")
HYPHENED = re.compile(r"-((?:[A-Z]\.){2,}|[A-Z]\w+)(?![\w-])")
LONGEST_NAME = 4  # words
DATELINE_WITHIN = 600  # characters at the beginning of the body that are searched for a dateline


MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d"
REGION = rf"(?:, (?!{MONTH})([A-Z][\w. ]{{1,20}}?))?"
DATELINE = re.compile(
    r"^([^\W\d_a-z][\w.'-]{2,}(?: [A-Z][\w.'-]+){0,2})" + REGION +
    r"(?:,? [A-Z][a-z]{2,8}\.? \d{1,2})? ?(?:\(([A-Z][\w &]{1,24})\) ?[-–—:]|(?<=\d) ?[-–—]|\d{4}-\d\d-\d\d$)",
    re.MULTILINE,
)
CAPITALS_DATELINE = re.compile(
    r"(?:^|(?<=[.!?] ))([A-Z][A-Z.'-]{2,}(?: [A-Z][A-Z.'-]+){0,2})" + REGION + r""" ?(?:--|[—–]) (?=["“]?[A-Z])()""",
    re.MULTILINE,
)
HYPHEN_DATELINE = re.compile(
    r"(?:^|(?<=[.!?] ))([A-Z][A-Z.'-]{3,}(?: [A-Z][A-Z.'-]+){0,2})" + REGION + r""" - (?=["“]?[A-Z][a-z ])()""",
    re.MULTILINE,
)
OPENING_PLACE = re.compile(r"""([A-Z][\w.'-]{2,}(?: [A-Z][\w.'-]+){0,2}) (?:--|[—–-]) (?=["“]?[A-Z])()()""")


def with_dateline(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """The spans, with the place, region and agency of the dateline in place of what the engine found there.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> text = "Marrowby, Ansel (HNA): The council met."
    >>> [(text[s.start:s.end], s.type) for s in with_dateline(text, [Span(0, 15, "PER")], load_gazetteer())]
    [('Marrowby', 'LOC'), ('Ansel', 'LOC'), ('HNA', 'ORG')]
    >>> text = "MARROWBY — The council met."
    >>> [(text[s.start:s.end], s.type) for s in with_dateline(text, [Span(0, 8, "ORG")], load_gazetteer())]
    [('MARROWBY', 'LOC')]
    >>> text = "MARROWBY, March 2 (HNA) – The council met."
    >>> [(text[s.start:s.end], s.type) for s in with_dateline(text, [], load_gazetteer())]
    [('MARROWBY', 'LOC'), ('HNA', 'ORG')]
    >>> text = "Lyon – The council met."
    >>> [(text[s.start:s.end], s.type) for s in with_dateline(text, [], load_gazetteer())]
    [('Lyon', 'LOC')]
    """
    found = DATELINE.search(text, 0, DATELINE_WITHIN) or CAPITALS_DATELINE.search(text, 0, DATELINE_WITHIN)
    if not found:
        found = HYPHEN_DATELINE.search(text, 0, DATELINE_WITHIN) or OPENING_PLACE.match(text)
        found = found if found and gazetteer.places(found[1]) else None
    if not found:
        return list(spans)
    types: tuple[EntityType, ...] = ("LOC", "LOC", "ORG")
    named = [Span(*found.span(group), kind, "dateline") for group, kind in enumerate(types, 1) if found[group]]
    return [*(span for span in spans if span.start < found.start()), *named,
            *(span for span in spans if span.start >= found.end())]


def add_known(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """The spans, with countries, large cities, demonyms and well-known organisations added that the engine missed.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> text = "The US and New York; China Harbour"
    >>> [text[span.start:span.end] for span in add_known(text, [], load_gazetteer())]
    ['US', 'New York']
    """
    taken = taken_by(text, spans)
    found = [word for word in CAPITALISED.finditer(text) if not taken[word.start()]]
    added, index = [*spans, *_hyphened(text, spans, taken, gazetteer)], 0
    while index < len(found):
        run = _run_length(text, found, index)
        first = index + (run > 1 and found[index][0] in words("openers"))
        for begin in dict.fromkeys((index, first)):
            start, end = found[begin].start(), found[index + run - 1].end()
            kind = known_type(text[start:end], gazetteer)
            joins_left = start > 1 and text[start - 1] == " " and taken[start - 2]
            joins_right = text[end : end + 1] == " " and taken[end + 1]
            if kind and not joins_left and not joins_right:
                added.append(Span(start, end, kind, "known"))
                break
        else:
            added += (part for word in found[index : index + run] for part in _known_parts(word, gazetteer))
        index += run
    return sorted(added, key=lambda span: span.start)


def _hyphened(text: str, spans: Sequence[Span], taken: bytearray, gazetteer: Gazetteer) -> list[Span]:
    """The known names that a hyphen joins to a span: U.S. in Canada-U.S., of which the engine found Canada."""
    found = (HYPHENED.match(text, span.end) for span in spans)
    return [Span(*part.span(1), kind, "known") for part in found
            if part and not any(taken[part.start() : part.end()]) and (kind := known_type(part[1], gazetteer))]


def _known_parts(word: re.Match[str], gazetteer: Gazetteer) -> list[Span]:
    """The parts of a word that a hyphen joins (Canada-U.S., NATO-Russia), if all of them are known.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> words = [CAPITALISED.match(word) for word in ("NATO-Russia", "Canada-U.S. alliance", "Falk-Russia", "Russia")]
    >>> [[(part.start, part.end, part.type) for part in _known_parts(word, load_gazetteer())] for word in words]
    [[(0, 4, 'ORG'), (5, 11, 'LOC')], [(0, 6, 'LOC'), (7, 11, 'LOC')], [], []]
    """
    if "-" not in word[0]:
        return []
    parts, at = [], word.start()
    for part in word[0].split("-"):
        kind = known_type(part, gazetteer)
        if kind is None:
            return []
        parts.append(Span(at, at + len(part), kind, "known"))
        at += len(part) + 1
    return parts


SEAT = re.compile(r"(?<=[(, ])(?:[DRI]|DFL)-(?=([A-Z][\w.']*)(?: ([A-Z][\w.']*))?(?: ([A-Z][\w.']*))?)")


def with_seats(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """The spans, with the place after a member's party (R-Charleston) in place of what the engine found there.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> text = "Sen. Ola Brandt, D-Fort Worth, met Rep. Ivo Kest (R-N.D.) today."
    >>> found = with_seats(text, [Span(17, 29, "ORG")], load_gazetteer())
    >>> [(text[span.start:span.end], span.type) for span in found]
    [('Fort Worth', 'LOC'), ('N.D.', 'LOC')]
    """
    seats = []
    for party in SEAT.finditer(text):
        ends = (end for group in (3, 2, 1) for end in (party.end(group), party.end(group) - 1)
                if party[group] and (end == party.end(group) or text[end] == "."))
        end = next((end for end in ends if gazetteer.places(text[party.end() : end])), None)
        if end is None and any(span.type == "PER" and 0 < party.start() - span.end < 3 for span in spans):
            end = party.end(1) - (text[party.end(1) - 1] == ".")
        if end is not None:
            seats.append(Span(party.end(), end, "LOC", "seat"))
    rest = [span for span in spans if all(span.end < seat.start - 1 or span.start >= seat.end for seat in seats)]
    return sorted([*rest, *seats], key=lambda span: span.start)


def _run_length(text: str, found: Sequence[re.Match[str]], index: int) -> int:
    """The number of adjacent capitalised words from the one at ``index`` on, at most ``LONGEST_NAME``."""
    run = 1
    while (run < LONGEST_NAME and index + run < len(found)
           and text[found[index + run - 1].end() : found[index + run].start()] == " "):
        run += 1
    return run


def known_type(name: str, gazetteer: Gazetteer) -> EntityType | None:
    """The type of a name that is known without context, or None."""
    if name in words("known_organisations"):
        return "ORG"
    if name in words("known_misc") or gazetteer.demonym_country(name):
        return "MISC"
    return "LOC" if name in gazetteer.prominent else None


def joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans, with adjacent MISC names (peoples) joined to one, as in CoNLL-2003, and overlaps removed.

    >>> joined("Iraqi-Kurdish", [Span(0, 5, "MISC"), Span(6, 13, "MISC")])
    [Span(start=0, end=13, type='MISC', label='')]
    """
    done: list[Span] = []
    for span in spans:
        last = done[-1] if done else None
        if last and span.start < last.end:
            continue
        if last and last.type == span.type == "MISC" and text[last.end : span.start] in (" ", "-"):
            done[-1] = Span(last.start, span.end, "MISC", last.label)
        else:
            done.append(span)
    return done
