"""The spans of an engine become names: split, trimmed, completed, and given one type in the whole document."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.enrich.engine import Span
from pipelines.enrich.names import carry, cuts, document, edges, local, sport, types
from pipelines.enrich.places.gazetteer import Gazetteer

DAY = ". 0123456789"  # removed from the end before the check against words that are not names (March 5)
EDGES = (edges.without_possessive, edges.without_article, edges.between_capitals)


def names_of(text: str, spans: Sequence[Span], gazetteer: Gazetteer) -> list[Span]:
    """The names of a text, in order, from the spans that an engine found."""
    names = [name for span in spans for part in tidy(text, span) for name in local.apart(text, part, gazetteer)]
    names = document.with_dateline(text, names, gazetteer)
    names = local.with_listed(text, local.with_local_names(text, names, gazetteer))
    names = document.add_known(text, names, gazetteer)
    names = document.with_seats(text, names, gazetteer)
    names = carry.with_given_names(text, names)
    names = carry.with_initialled(text, names)
    names = carry.with_introduced_acronyms(text, names)
    names = carry.with_missed_repeats(text, names)
    names = types.with_agreed_types(text, names, gazetteer)
    names = [cuts.whole_event(text, cuts.whole_adjective(text, name)) for name in names]
    names = document.joined(text, names)
    return sport.with_teams(text, names, gazetteer)


def tidy(text: str, span: Span) -> list[Span]:
    """The names in a span, trimmed: several if it contained several names, none if nothing is left."""
    tidied = []
    for part in cuts.parts(text, span):
        start, end = edges.trim(text, part.start, part.end)
        if text[start:end] in edges.words("no_names"):
            continue
        for rule in (*EDGES, edges.without_title, edges.trim) if span.type == "PER" else (*EDGES, edges.trim):
            start, end = rule(text, start, end)
        name = text[start:end]
        if name and edges.words("no_names").isdisjoint((name.rstrip("."), name.rstrip(DAY))):
            tidied.append(Span(start, end, span.type, span.label))
    return tidied
