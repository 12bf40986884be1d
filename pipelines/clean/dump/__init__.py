"""A plain-text dump of a page becomes an article: its body without the page's furniture."""

from __future__ import annotations

from pipelines.clean.assembly import Findings, assemble
from pipelines.clean.dump.reading import DumpReading, read_dump
from pipelines.clean.identity import canonical_url, registered_domain
from pipelines.clean.rules import Rules
from pipelines.failures import BodyMissing, TitleMissing
from pipelines.records import CleanArticle, Outlet, RawArticle

__all__ = ["DumpReading", "clean_dump", "read_dump"]


def clean_dump(raw: RawArticle, rules: Rules) -> CleanArticle:
    """The article in a text dump; what the dump does not say stays empty, and the evidence says so.

    Rejects with ``BodyMissing``, ``ConsentWall``, ``ListingPage``, ``ErrorPage`` or ``TitleMissing``.
    """
    reading = read_dump(raw.text, raw.url)
    if not reading.body:
        raise BodyMissing("the dump has an article's text", field="body", value=raw.text[:200])
    if not reading.title:
        raise TitleMissing("the dump has a headline", field="title", value=reading.body[:200])
    address = canonical_url(raw.url) if raw.url else None
    return assemble(raw, Findings(
        title=reading.title,
        body=reading.body,
        canonical_url=address,
        outlet=Outlet(registered_domain(address) if address else None, reading.outlet),
        authors=reading.authors,
        section=reading.section,
        is_truncated=reading.is_truncated,
        evidence=reading.evidence,
        warnings=reading.warnings,
    ))
