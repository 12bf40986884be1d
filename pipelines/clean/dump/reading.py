"""Classifies the lines of a text dump: headline, byline, dates, body, outlet, boilerplate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.clean.dump.choose import choose_lines, paragraphs, without_breaks
from pipelines.clean.dump.features import FEATURES, numbers_of
from pipelines.clean.dump.heads import Surroundings, find_authors, find_headline, find_outlet, find_times
from pipelines.clean.dump.lines import Lines, lines_of
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.moments import Moment
from pipelines.clean.model import load_model
from pipelines.clean.text import plain_lines, repair, tidy_line, without_references
from pipelines.records import Author, Evidence

LONGEST_DUMP = 2_000_000
"""Characters of a dump that are read: a hundred times the longest article found so far."""


@dataclass(frozen=True, slots=True)
class DumpReading:
    """The fields found in a dump, with their evidence. ``title`` and ``body`` are empty if they were not found.

    ``published_at`` is None unless there is a date below the headline. A date above the headline is the page's own; it
    is recorded only in the evidence of ``published_at``.
    """

    title: str = ""
    body: str = ""
    authors: tuple[Author, ...] = ()
    outlet: str | None = None
    published_at: Moment | None = None
    modified_at: Moment | None = None
    lines: Lines | None = None
    chosen: tuple[int, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_dump(text: str, url: str | None = None) -> DumpReading:
    """The article in a dump; ``url`` helps to recognise the headline."""
    repaired = repair(plain_lines(text[:LONGEST_DUMP]))
    lines = without_breaks(lines_of(repaired.text))
    evidence: dict[str, Evidence] = {"body_repair": repaired.evidence} if repaired.evidence else {}
    warnings = (
        () if len(text) <= LONGEST_DUMP else (f"Cut: only the first {LONGEST_DUMP} characters of the dump were read",)
    )
    if not lines.texts:
        return DumpReading(lines=lines)
    chances = load_model("dump_model.json", FEATURES).chances(numbers_of(lines))
    chosen = choose_lines(lines, chances)
    if not chosen:
        return DumpReading(lines=lines, evidence=evidence, warnings=warnings)
    around = Surroundings(lines, chosen[0], chosen[-1], url)
    found = find_headline(around)
    at = -1
    if found is not None:
        at, headline = found
        chosen = [number for number in chosen if number > at or lines.texts[number] != lines.texts[at]]
        around = Surroundings(lines, next((number for number in chosen if number > at), around.first), around.last, url)
        evidence["title"] = headline.evidence
    title = tidy_line(without_references(found[1].value)) if found else ""
    authors = find_authors(around, at)
    times = _first_of_each(find_times(around, max(at, 0)))
    outlet = find_outlet(around, title) if title else None
    heads = {found[0]} if found else set()
    taken = {seen.read_from for seen in (authors, *times.values()) if seen is not None}
    chosen = [number for number in chosen if number not in heads and lines.texts[number] not in taken]
    for name, seen in (("authors", authors), ("outlet.name", outlet), ("modified_at", times.get("modified_at"))):
        if seen is not None:
            evidence[name] = seen.evidence
    evidence["published_at"] = _date_evidence(times)
    evidence["body"] = Evidence(
        "text dump",
        f"{len(chosen)} of {len(lines.texts)} lines, chance {float(np.mean(chances[chosen])):.2f}" if chosen else None,
    )
    published, modified = times.get("published_at"), times.get("modified_at")
    return DumpReading(
        title=title,
        body=paragraphs([without_references(lines.texts[number]) for number in chosen]),
        authors=authors.value if authors else (),
        outlet=outlet.value if outlet else None,
        published_at=published.value if published else None,
        modified_at=modified.value if modified else None,
        lines=lines,
        chosen=tuple(chosen),
        evidence=evidence,
        warnings=warnings,
    )


def _first_of_each(times: Iterable[tuple[str, Found[Moment]]]) -> dict[str, Found[Moment]]:
    found: dict[str, Found[Moment]] = {}
    for name, moment in times:
        found.setdefault(name, moment)
    return found


def _date_evidence(times: Mapping[str, Found[Moment]]) -> Evidence:
    if "published_at" in times:
        return times["published_at"].evidence
    if "page_date" in times:
        return Evidence("page date seen, not used", times["page_date"].read_from)
    return Evidence("not found")
