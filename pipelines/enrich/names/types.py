"""The type of each name, decided by the engine's votes in the whole document and other evidence in the text."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipelines.enrich.engine import Span
from pipelines.enrich.names.carry import INITIALLED_NAME
from pipelines.enrich.names.document import known_type
from pipelines.enrich.names.edges import words
from pipelines.enrich.places.gazetteer import Gazetteer
from pipelines.enrich.tables import load_lines
from pipelines.records import EntityType

BEFORE = re.compile(r"([\w-]+)\.?[ \n]$")
SPEAKS = re.compile(r" (?:said|says|told|added|asked|thinks|believes|argued|who|whose)\b|, (?:who|whose|qui)\b|, \d\d,")
OF_BUSINESS = re.compile(
    r"(?:'s)? (?:shares|stock|bonds|shareholders|subsidiary|subsidiaries|chief executive|CEO|CFO)\b"
)
BUSINESS = re.compile(
    r"\b(?:(?:shares|stake|investment) (?:of|in)|(?:subsidiary|unit|owner|shareholders?|arm|makers?) of|company|"
    r"companies|firm|bank|carmaker|automaker|airline|retailer|manufacturer|insurer|lender|club|newspaper|daily|magazine|broadcaster|"
    r"startup|giant) $"
)
IN_COUNTRY = re.compile(r" \(([^()]{2,30})\)")
INITIALLED = re.compile(INITIALLED_NAME)
ACRONYM = re.compile(r"[A-Z][A-Z&.-]{1,6}")
OF = frozenset({"of", "for", "de", "du", "des"})
AT_PLACE = re.compile(
    r"\b(?:(?:north|south|east|west)(?:east|west)?(?:ern)?(?: of)?|(?:miles|kilometres|kilometers|km|blocks) from|"
    r"(?:downtown|central|suburban|rural)|(?:cit(?:y|ies)|towns?|villages?|suburbs?|ports?|count(?:y|ies)|borough|district|"
    r"province) of|"
    r"(?:based|lives|lived|living|born|raised) in|residents? of|, (?:\d\d?, )?(?:both )?of) $"
)
OF_PLACE = re.compile(
    r"(?:'s)? (?:residents?|man|woman|men|women|teenager|officers?|police|firefighters?|natives?|area|suburbs?|"
    r"city|town|mayor|voters|homes?|residence|neighbou?rhoods?|streets?|schools?|hospitals?|jail|counties|county|region|officials|"
    r"apartments?|peninsula|mountains|coast|shore|valley)\b"
)
OF_CAPITALISED = re.compile(r"(?:[A-Z][\w.'-]+|\d+) of $")  # Ines Falk of Winfield, Troop 176 of Winfield
BESIDE = re.compile(r"(?:,| and|, and| or|,? &) ")
IN_REGION = re.compile(r",? \(?([A-Z][\w.]*(?: [A-Z][\w.]+)?)")
LARGE, WELL_PEOPLED = 100_000, 15_000  # people of a city whose name counts as a place by itself
PREPOSITIONS = frozenset({"in", "near", "from", "outside", "inside", "across", "à"})


def with_agreed_types(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """The spans, with one type for all spans of the same name: that with the most evidence in the whole document."""
    labels: defaultdict[str, Votes] = defaultdict(_Votes)
    around: defaultdict[str, Votes] = defaultdict(_Votes)
    beside = _beside_places(text, spans)
    for index, span in enumerate(spans):
        name = text[span.start : span.end]
        labels[name][span.type] += LABEL_WEIGHTS.get(span.label, 1.0)
        for kind, weight in _evidence_around(text, span, gazetteer).items():
            around[name][kind] = max(around[name][kind], weight)
        if index in beside and gazetteer.places(name):
            around[name]["LOC"] = max(around[name]["LOC"], BESIDE_PLACE)
    votes = {}
    for name, tally in labels.items():
        scale = min(1.0, LABELS_COUNT / sum(tally.values()))
        votes[name] = _Votes({kind: weight * scale for kind, weight in tally.items()})
        for kind, weight in (*around[name].items(), *_evidence_inside(name, gazetteer).items()):
            votes[name][kind] += weight
    for name in _lone_surnames(votes, around):
        votes[name]["PER"] *= LONE
    _lend_to_surnames(votes, {name for name, tally in around.items() if tally["LOC"]})
    agreed = {name: _winner(tally) for name, tally in votes.items()}
    return [Span(s.start, s.end, agreed[text[s.start : s.end]], s.label) for s in spans]


def _lone_surnames(votes: Mapping[str, Votes], around: Mapping[str, Votes]) -> list[str]:
    """The names that nothing but the engine takes for people's: beside places, and in no fuller name."""
    parts = {part for name in votes if " " in name for part in name.split(" ")}
    return [name for name, tally in around.items() if tally["LOC"] >= BESIDE_PLACE and not tally["PER"]
            and " " not in name and name not in parts]


def _beside_places(text: str, spans: Sequence[Span]) -> set[int]:
    """The indexes of the spans that a comma or an "and" joins to what the engine takes for a place.

    >>> _beside_places("Leeds, Hull and York won", [Span(0, 5, "LOC"), Span(7, 11, "ORG"), Span(16, 20, "PER")])
    {1}
    """
    return {
        index for first, (one, other) in enumerate(pairwise(spans)) if BESIDE.fullmatch(text, one.end, other.start)
        for index, neighbour in ((first, other), (first + 1, one))
        if neighbour.type == "LOC" and spans[index].type in ("PER", "ORG")
    }


class _Votes(dict[EntityType, float]):
    def __missing__(self, kind: EntityType) -> float:
        return 0.0


type Votes = _Votes
BESIDE_PLACE = 2.0
LONE = 0.5  # a person is mostly called by a full name first
LABELS_COUNT = 3.0  # the largest total weight of the engine's votes for a name, however many there are
LABEL_WEIGHTS = {
    "FAC": 0.6, "PRODUCT": 0.5, "WORK_OF_ART": 0.6, "ORG": 0.8, "repeat": 0.1, "dateline": 5.0, "seat": 5.0,
}


def _winner(tally: Votes) -> EntityType:
    return max(tally, key=lambda kind: (tally[kind], kind))


def _evidence_around(text: str, span: Span, gazetteer: Gazetteer) -> dict[EntityType, float]:
    """The evidence for types in the words before and after a mention, as weights.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> _evidence_around("Mayor Falk said", Span(6, 10, "ORG"), load_gazetteer())
    {'PER': 5.0}
    >>> _evidence_around("shares of Falk rose", Span(10, 14, "PER"), load_gazetteer())
    {'ORG': 4.0}
    """
    evidence: dict[EntityType, float] = {}
    before = BEFORE.search(text, max(0, span.start - 20), span.start)
    word = before[1] if before else ""
    if word in words("honorifics") or word in words("titles"):
        evidence["PER"] = 4.0
    elif word in PREPOSITIONS:
        evidence["LOC"] = 2.5 if gazetteer.places(text[span.start : span.end]) else 0.3
    place = _evidence_of_place(text, span, gazetteer)
    if place > evidence.get("LOC", 0.0):
        evidence["LOC"] = place
    country = IN_COUNTRY.match(text, span.end)
    if country and " " in text[span.start : span.end] and gazetteer.country_code(country[1]):
        evidence["PER"] = 3.0
    if OF_BUSINESS.match(text, span.end) or BUSINESS.search(text, max(0, span.start - 20), span.start):
        evidence["ORG"] = 4.0
    if SPEAKS.match(text, span.end):
        evidence["PER"] = evidence.get("PER", 0.0) + 1.0
    return evidence


def _evidence_of_place(text: str, span: Span, gazetteer: Gazetteer) -> float:
    """The weight of what the words around a mention say about a place that the gazetteer has.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> text = "Ola Brandt, 22, of Winfield, met a Winfield man in Hull, England."
    >>> [_evidence_of_place(text, Span(at, at + len(name), "ORG"), load_gazetteer()) for name in ("Winfield", "Hull")
    ...     for at in [text.rindex(name)]], _evidence_of_place(text, Span(0, 10, "PER"), load_gazetteer())
    ([3.0, 4.0], 0.0)
    """
    region = IN_REGION.match(text, span.end) if text.startswith(",", span.end) else None
    weight = 0.0
    if region and _is_container(region[1], gazetteer):
        weight = 4.0
    elif OF_PLACE.match(text, span.end) or AT_PLACE.search(text, max(0, span.start - 30), span.start):
        weight = 3.0
    elif text.startswith("of ", span.start - 3) and OF_CAPITALISED.search(text, max(0, span.start - 20), span.start):
        weight = 2.0
    return weight if weight and gazetteer.places(text[span.start : span.end]) else 0.0


def _is_container(name: str, gazetteer: Gazetteer) -> bool:
    """Whether the text is the name of a region or country, or begins with one."""
    return any(place.kind in ("region", "country") for part in (name, name.split(" ", maxsplit=1)[0])
               for place in gazetteer.places(part)[:1])


def _standing_alone(name: str, gazetteer: Gazetteer) -> float:
    """The weight of a place's name by itself: the more people the place has, the more the text must say against it.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> [_standing_alone(name, load_gazetteer()) for name in ("Aleppo", "Winfield", "Marrowby", "N.D.")]
    [3.0, 0.0, 0.0, 6.0]
    """
    places = gazetteer.places(name)
    if not places or name in words("no_places"):
        return 0.0
    if places[0].kind != "city":
        return 6.0
    people = math.exp(places[0].prior)
    return 3.0 if people >= LARGE else 2.0 if people >= WELL_PEOPLED else 0.0


def _evidence_inside(name: str, gazetteer: Gazetteer) -> dict[EntityType, float]:
    """The evidence for a type in the name itself, as a weight.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> [_evidence_inside(name, load_gazetteer()) for name in ("Falk Shipping Corp", "Ines Falk", "I. Falk", "Fog Cup")]
    [{'ORG': 4.0}, {'PER': 2.5}, {'PER': 2.5}, {'MISC': 3.0}]
    """
    kind = known_type(name, gazetteer)
    if kind:
        places = gazetteer.places(name) if kind == "LOC" else ()
        return {kind: 3.0 if places and places[0].kind == "city" else 8.0}
    evidence = _evidence_in_words(name.split())
    standing = 0.0 if evidence.keys() - {"PER"} else _standing_alone(name, gazetteer)
    if standing:
        return {"LOC": standing}
    return evidence or ({"ORG": 1.2} if ACRONYM.fullmatch(name) else {})


def _evidence_in_words(parts: Sequence[str]) -> dict[EntityType, float]:
    """The evidence in the first and last word of a name of several words."""
    last = parts[-1].rstrip(".")
    if len(parts) > 1:
        if last in words("organisations") or any(
            opening in words("organisation_openings") and of in OF for opening, of in pairwise(parts)
        ):
            return {"ORG": 4.0}
        if last in words("events"):
            return {"MISC": 3.0}
        if last in words("place_endings"):
            return {"LOC": 3.0}
        is_called = parts[0] in load_lines("given_names.txt") and len(parts) < 5 and last not in words("facilities")
        if is_called or INITIALLED.fullmatch(" ".join(parts)):
            return {"PER": 2.5}
    return {}


def _lend_to_surnames(votes: Mapping[str, Votes], used_as_places: set[str]) -> None:
    """Adds votes for PER to single words that are the surname or given name in a person's full name.

    A surname gets fewer votes if the text around it shows a place. A given name gets fewer because it may also be the
    name of a company or place.
    """
    people = [name.split(" ") for name, tally in votes.items() if " " in name and _winner(tally) == "PER"]
    for name in {parts[-1] for parts in people} & votes.keys():
        votes[name]["PER"] += 4.0 if name in used_as_places else 12.0
    for name in {parts[0] for parts in people} & votes.keys():
        votes[name]["PER"] += 2.5
