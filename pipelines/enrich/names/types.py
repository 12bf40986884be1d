"""What a name names: the engine's votes over the document, with what else the text tells."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from pipelines.enrich.engine import Span
from pipelines.enrich.names.document import known_type
from pipelines.enrich.names.edges import words
from pipelines.enrich.places.gazetteer import Gazetteer
from pipelines.enrich.tables import load_lines
from pipelines.records import EntityType

type Votes = Counter[EntityType]

BEFORE = re.compile(r"([\w-]+)\.?[ \n]$")
SPEAKS = re.compile(r" (?:said|says|told|added|asked|thinks|believes|argued|who)\b|, who\b|, \d\d,")
IN_COUNTRY = re.compile(r" \(([^()]{2,30})\)")
ACRONYM = re.compile(r"[A-Z][A-Z&.-]{1,6}")
PREPOSITIONS = frozenset({"in", "near", "from", "outside", "inside", "across"})


def with_agreed_types(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """Every name with the one type that the document as a whole speaks for."""
    votes: defaultdict[str, Votes] = defaultdict(Counter)
    for span in spans:
        name = text[span.start : span.end]
        votes[name][span.type] += LABEL_WEIGHTS.get(span.label, 1.0)
        votes[name].update(_evidence_around(text, span))
    for name, tally in votes.items():
        tally.update(_evidence_inside(name, gazetteer))
    _lend_to_surnames(votes)
    agreed = {name: _winner(tally) for name, tally in votes.items()}
    return [Span(s.start, s.end, agreed[text[s.start : s.end]], s.label) for s in spans]


LABEL_WEIGHTS = {"FAC": 0.6, "PRODUCT": 0.5, "WORK_OF_ART": 0.6, "ORG": 0.8}


def _winner(tally: Votes) -> EntityType:
    return max(tally, key=lambda kind: (tally[kind], kind))


def _evidence_around(text: str, span: Span) -> dict[EntityType, float]:
    """What stands before and behind one mention.

    >>> _evidence_around("Mayor Falk said", Span(6, 10, "ORG"))
    {'PER': 4.0}
    """
    evidence: dict[EntityType, float] = {}
    before = BEFORE.search(text, max(0, span.start - 20), span.start)
    word = before[1] if before else ""
    if word in words("honorifics") or word in words("titles"):
        evidence["PER"] = 3.0
    elif word in PREPOSITIONS:
        evidence["LOC"] = 0.3
    if SPEAKS.match(text, span.end):
        evidence["PER"] = evidence.get("PER", 0.0) + 1.0
    return evidence


def _evidence_inside(name: str, gazetteer: Gazetteer) -> dict[EntityType, float]:
    """What the name itself tells.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> [_evidence_inside(name, load_gazetteer()) for name in ("Falk Shipping Corp", "Ines Falk", "Fog Cup")]
    [{'ORG': 4.0}, {'PER': 2.5}, {'MISC': 3.0}]
    """
    kind = known_type(name, gazetteer)
    if kind:
        return {kind: 2.0 if kind == "LOC" and gazetteer.places(name)[:1] and gazetteer.places(name)[0].kind == "city" else 8.0}
    parts = name.split()
    last = parts[-1].rstrip(".")
    if len(parts) > 1:
        if last in words("organisations") or (parts[0] in words("organisation_openings") and parts[1] in {"of", "for"}):
            return {"ORG": 4.0}
        if last in words("events"):
            return {"MISC": 3.0}
        if parts[0] in load_lines("given_names.txt") and len(parts) < 5:
            return {"PER": 2.5}
    elif ACRONYM.fullmatch(name):
        return {"ORG": 1.2}
    return {}


def _lend_to_surnames(votes: Mapping[str, Votes]) -> None:
    """A single word that ends a person's full name elsewhere is that person."""
    people = {part for name, tally in votes.items() if " " in name and _winner(tally) == "PER"
              for part in (name.rsplit(" ", 1)[1], )}
    for name, tally in votes.items():
        if " " not in name and name in people:
            tally["PER"] += 3.0
