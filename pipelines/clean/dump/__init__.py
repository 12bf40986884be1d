"""A plain-text dump of a page becomes an article: its body without the page's boilerplate."""

from __future__ import annotations

from pipelines.clean.assembly import Findings, assemble
from pipelines.clean.dump.kind import cut_by, dump_fault
from pipelines.clean.dump.reading import DumpReading, read_dump
from pipelines.clean.identity import canonical_url, registered_domain
from pipelines.clean.metadata.title import title_in, title_warnings
from pipelines.clean.rules import Rules
from pipelines.failures import BodyMissing, TitleMissing
from pipelines.records import CleanArticle, Evidence, Outlet, RawArticle

__all__ = ["DumpReading", "clean_dump", "findings_of_dump", "read_dump"]


def clean_dump(raw: RawArticle, rules: Rules) -> CleanArticle:
    """The article in a text dump. Fields that the dump does not have stay empty, and the evidence says so.

    Rejects with ``BodyMissing``, ``ConsentWall``, ``ListingPage``, ``ErrorPage`` or ``TitleMissing``.
    """
    found = findings_of_dump(raw.text, raw.url)
    if not found.title:
        raise TitleMissing("a dump has a headline", field="title", value=found.body)
    return assemble(raw, found)


def findings_of_dump(text: str, url: str | None) -> Findings:
    """The fields that are found in a dump. ``title`` is empty if no line is a headline and the address names nothing.

    Rejects with ``BodyMissing``, ``ConsentWall``, ``ListingPage`` or ``ErrorPage``.
    """
    reading = read_dump(text, url)
    if reading.lines is None or not reading.lines.texts:
        raise BodyMissing("a dump has the text of an article", field="body", value=text)
    fault = dump_fault(reading.lines, reading.chosen, reading.body)
    if fault is not None:
        raise fault
    address = canonical_url(url) if url else None
    cut = cut_by(reading.lines, reading.chosen, reading.body)
    evidence = dict(reading.evidence)
    if address is not None:
        evidence["canonical_url"] = Evidence("url", url)
    if cut is not None:
        evidence["is_truncated"] = Evidence("paywall", cut)
    published, modified = reading.published_at, reading.modified_at
    named = None if reading.title else title_in(url)
    if named is not None:
        evidence["title"] = named.evidence
    return Findings(
        title=named.value if named is not None else reading.title,
        body=reading.body,
        canonical_url=address,
        outlet=Outlet(registered_domain(address) if address else None, reading.outlet),
        authors=reading.authors,
        published_at=published.at if published else None,
        published_zone=published.zone if published else None,
        modified_at=modified.at if modified else None,
        is_truncated=cut is not None,
        evidence=evidence,
        warnings=(*reading.warnings, *title_warnings(named)) if named is not None else reading.warnings,
    )
