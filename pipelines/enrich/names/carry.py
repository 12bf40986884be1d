"""Adds names that the engine missed: repeats, surnames, given names and initials, acronyms that the text introduces."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from pipelines.enrich.engine import Span
from pipelines.enrich.names.edges import words
from pipelines.enrich.tables import load_lines
from pipelines.records import EntityType

INTRODUCED = re.compile(r"\s?\((?:the )?([A-Z][A-Za-z&.-]{1,9})\)")
WORD = re.compile(r"(?<![^\W_])[^\W_a-z][^\W_]*")  # names begin with a capital or a digit
WORD_BEFORE = re.compile(r"(?:^|(\S) *|(?<=\n))\b([A-Z][\w'-]*)\.? $")
NO_END = re.compile(r"\w|-[a-z]|\.\w")


def taken_by(text: str, spans: Sequence[Span]) -> bytearray:
    """For each character of the text, 1 if it is in a span, otherwise 0; and one more 0 at the end."""
    taken = bytearray(len(text) + 1)
    for span in spans:
        taken[span.start : span.end] = b"\x01" * (span.end - span.start)
    return taken


def with_introduced_acronyms(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans, with each acronym in parentheses after a name added, with the name's type.

    >>> text = "The Harbour News Agency (HNA) said"
    >>> with_introduced_acronyms(text, [Span(4, 23, "ORG")])[1]
    Span(start=25, end=28, type='ORG', label='acronym')
    """
    found = list(spans)
    for span in spans:
        acronym = INTRODUCED.match(text, span.end)
        if acronym and stands_for(acronym[1], text[span.start : span.end]):
            found = [other for other in found if other.end <= acronym.start(1) or other.start >= acronym.end(1)]
            found.append(Span(acronym.start(1), acronym.end(1), span.type, "acronym"))
    return sorted(found, key=lambda span: span.start)


def stands_for(acronym: str, name: str) -> bool:
    """Whether the acronym consists of the initials of the name's words, with or without small words.

    >>> [stands_for("PUH", name) for name in ("Patriotic Union of Havens", "Patriotic Harbours")]
    [True, False]
    """
    letters = [letter.lower() for letter in acronym if letter.isalpha()]
    parts = [part for part in re.split(r"[\s-]+", name) if part]
    small = {"of", "the", "and", "for", "in", "on", "to", "de", "&", "et", "du", "des", "la"}
    every = [part[0].lower() for part in parts]
    main = [part[0].lower() for part in parts if part.lower() not in small]
    return len(letters) > 1 and letters in (every, main)


def with_missed_repeats(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans, with every further occurrence of their names added, and of the surnames of full names.

    >>> text = "Ines Falk came. Later Falk left."
    >>> [(text[s.start:s.end], s.type) for s in with_missed_repeats(text, [Span(0, 9, "PER")])]
    [('Ines Falk', 'PER'), ('Falk', 'PER')]
    """
    types = _carried(text, spans)
    openings: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(types, key=len, reverse=True):
        found = WORD.match(name)
        if found:
            openings[found[0]].append(name)
    taken = taken_by(text, spans)
    repeats = []
    for word in WORD.finditer(text):
        start = word.start()
        for name in openings.get(word[0], ()):
            end = start + len(name)
            if text.startswith(name, start) and not any(taken[start:end]) and _stands_alone(text, start, end):
                repeats.append(Span(start, end, types[name], "repeat"))
                taken[start:end] = b"\x01" * len(name)
                break
    return sorted([*spans, *repeats], key=lambda span: span.start)


def _carried(text: str, spans: Sequence[Span]) -> dict[str, EntityType]:
    """The names whose further occurrences are searched for, with their types."""
    types: dict[str, EntityType] = {}
    for span in spans:
        name = text[span.start : span.end]
        if len(name) > 2 or name.isupper():
            types.setdefault(name, span.type)
    for name, kind in list(types.items()):
        surname = name.rsplit(" ", 1)[-1]
        if kind == "PER" and surname != name and len(surname) > 2 and surname[0].isupper():
            types.setdefault(surname, "PER")
    return types


INITIALLED_NAME = r"[A-Z]\. ?[A-Z][a-z'][\w'-]*"
INITIALLED = re.compile(rf"(?<![\w.&]){INITIALLED_NAME}[a-z](?![\w.]|'s [A-Z])")
INITIALS = re.compile(r"(?:[A-Z]\. ?){1,3}$")
CAPITALISED = re.compile(r"([A-Z][\w'-]+) $")


def with_given_names(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans, with people's names extended by the initials or the given name before them.

    >>> text = "said K. Falk and Ines Falk"
    >>> [text[s.start:s.end] for s in with_given_names(text, [Span(8, 12, "PER"), Span(22, 26, "PER")])]
    ['K. Falk', 'Ines Falk']
    """
    done: list[Span] = []
    for span in spans:
        start, floor = span.start, done[-1].end if done else 0
        if span.type == "PER" and start - floor > 1:
            initials = INITIALS.search(text, max(floor, start - 10), start)
            given = CAPITALISED.search(text, max(floor, start - 16), start)
            if initials:
                start = initials.start()
            elif given and given[1] in load_lines("given_names.txt"):
                start = given.start()
        done.append(Span(start, span.end, span.type, span.label) if start != span.start else span)
    return done


def with_initialled(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans, with surnames after an initial (A. Falk 69) that the engine missed added as people.

    >>> text = "Hull 214 (A. Falk 84; I. Ansel-Dale 4-55), the U.S. Open"
    >>> [text[s.start:s.end] for s in with_initialled(text, [Span(0, 4, "ORG")])]
    ['Hull', 'A. Falk', 'I. Ansel-Dale']
    """
    taken = taken_by(text, spans)
    found = [Span(*name.span(), "PER", "initialled") for name in INITIALLED.finditer(text)
             if not any(taken[name.start() : name.end()])]
    return sorted([*spans, *found], key=lambda span: span.start) if found else list(spans)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the span is a whole name: no capitalised word or hyphen beside it belongs to the same name.

    >>> _stands_alone("the Falk Street", 4, 8), _stands_alone("Yesterday Falk left. He", 10, 14)
    (False, True)
    >>> _stands_alone("for Ansel Falk left", 10, 14), _stands_alone("a Falk-like man", 2, 6)
    (False, False)
    """
    after = text[end : end + 2]
    if (after[:1] in (" ", "-") and after[1:].isupper()) or NO_END.match(text, end):
        return False
    before = WORD_BEFORE.search(text, max(0, start - 40), start)
    if not before:
        return text[start - 1 : start] not in ("-", ".", "@", "_") or start == 0
    opens_sentence = not before[1] or before[1] in ".!?\n\"'("
    return opens_sentence or before[2] in words("titles") or before[2] in words("honorifics")
