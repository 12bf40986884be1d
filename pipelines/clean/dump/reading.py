"""The lines of a text dump are told apart: headline, byline, body, furniture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.clean.text import repair, tidy
from pipelines.records import Author, Dateline, Evidence


@dataclass(frozen=True, slots=True)
class DumpReading:
    """What a dump says, each field with its evidence; ``title`` and ``body`` are empty where none was found."""

    title: str = ""
    body: str = ""
    authors: tuple[Author, ...] = ()
    dateline: Dateline | None = None
    outlet: str | None = None
    section: str | None = None
    page_date: str | None = None
    is_truncated: bool = False
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_dump(text: str, url: str | None = None) -> DumpReading:
    """The article in a dump."""
    lines = tidy(repair(text).text).split("\n\n")
    first = next((n for n, line in enumerate(lines) if len(line) > 80), None)
    if first is None:
        return DumpReading()
    title = next((line for line in reversed(lines[:first]) if len(line.split()) > 2), "")
    body = "\n\n".join(line for line in lines[first:] if len(line) > 80)
    return DumpReading(title, body, evidence={"title": Evidence("line before the body", title), "body": Evidence("text dump")})
