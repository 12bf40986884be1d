"""A scraper's JSON item becomes a clean article. Its page or text is read like any other; its fields fill the gaps."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

from pipelines.clean.assembly import Findings, assemble
from pipelines.clean.dump import findings_of_dump
from pipelines.clean.html.markup import read_markup
from pipelines.clean.identity import accepts_declared, canonical_url, registered_domain
from pipelines.clean.item import ItemFields, is_markup, is_nothing, read_item
from pipelines.clean.metadata.moments import Moment, read_moment
from pipelines.clean.metadata.page import read_metadata
from pipelines.clean.metadata.rights import Declared, read_item_rights
from pipelines.clean.metadata.title import title_in, title_warnings, without_outlet
from pipelines.clean.metadata.written import read_written
from pipelines.clean.names import parse_byline, parse_person
from pipelines.clean.page import clean_page
from pipelines.clean.rules import Rules
from pipelines.clean.text import repair
from pipelines.failures import BodyMissing, Rejected, TitleMissing
from pipelines.records import Author, CleanArticle, Evidence, Outlet, RawArticle


def clean_item(raw: RawArticle, rules: Rules) -> CleanArticle:
    """The article of an item: from the text that the scraper extracted, or else from the item's markup.

    Rejects with ``BodyMissing``, ``ConsentWall``, ``ListingPage``, ``ErrorPage``, ``MarkupTooDeep`` or
    ``TitleMissing``.
    """
    fields = read_item(raw.item or {}, raw.scraper)
    text, html = fields.text, fields.html
    if text is None and html is None and not is_nothing(raw.text):
        text, html = (None, raw.text) if is_markup(raw.text) else (raw.text, None)
    found = _with_rights(_declared_by(fields, raw.url), read_item_rights(raw.item or {}))
    if text is not None:
        if html is not None:
            found = _with_rights(found, _rights_of(html, raw, rules))
        return assemble(raw, _of_text(text, found))
    if html is None:
        raise BodyMissing("an item has a text or a page", field="body", value=", ".join(sorted(raw.item or {})))
    return _of_page(html, found, raw, rules)


def _with_rights(found: Findings, declared: Declared) -> Findings:
    """The findings with rights from elsewhere, which the findings' own take precedence over."""
    both = Declared(found.rights, found.evidence).over(declared)
    return replace(found, rights=both.rights, evidence=both.evidence)


def _rights_of(html: str, raw: RawArticle, rules: Rules) -> Declared:
    """The rights that the markup of an item declares whose text is read from elsewhere."""
    try:
        root = read_markup(html, rules.limits.markup_depth).root
    except Rejected:
        return Declared()
    return read_metadata(root, raw.url, rules.rights.agents).declared_rights


def _declared_by(fields: ItemFields, url: str | None) -> Findings:
    """The fields that the item declares. ``body`` is empty."""
    published, modified = (_moment(written, fields.language) for written in (fields.published_at, fields.modified_at))
    address = url or fields.url
    declared = fields.canonical_url if accepts_declared(None, fields.canonical_url or "") else None
    canonical = canonical_url(address, declared) if address else declared
    title = repair(without_outlet(fields.title or "", [], (fields.outlet,) if fields.outlet else ()))
    evidence = {name: seen for name, seen in fields.evidence.items() if name not in {"body", "html", "outlet", "url"}}
    for name, moment in (("published_at", published), ("modified_at", modified)):
        if moment is None and name in evidence:
            evidence[name] = Evidence("item, not read as a date", evidence[name].read_from)
    if "outlet" in fields.evidence:
        evidence["outlet.name"] = fields.evidence["outlet"]
    if canonical is not None:
        evidence.setdefault("canonical_url", Evidence("url", address))
    return Findings(
        title=title.text,
        body="",
        canonical_url=canonical,
        outlet=Outlet(registered_domain(canonical) if canonical else None, fields.outlet),
        authors=_authors(fields),
        language=fields.language[:2].lower() if fields.language else None,
        published_at=published.at if published else None,
        published_zone=published.zone if published else None,
        modified_at=modified.at if modified else None,
        section=fields.section,
        tags=fields.tags,
        image_url=fields.image_url,
        evidence=evidence,
    )


def _authors(fields: ItemFields) -> tuple[Author, ...]:
    found: dict[str, Author] = {}
    for byline in fields.authors:
        for line in byline.splitlines():
            for author in parse_person(line) if byline in fields.people else parse_byline(line):
                found.setdefault(author.name.casefold(), author)
    return tuple(found.values())


_REPRESENTED = re.compile(r"datetime\.date(?:time)?\((\d+), (\d+), (\d+)(?:, (\d+))?(?:, (\d+))?")
"""A time as Python represents it."""


def _moment(written: str | None, language: str | None) -> Moment | None:
    if written is None:
        return None
    if (numbers := _REPRESENTED.match(written)) is not None:
        written = "{:0>4}-{:0>2}-{:0>2} {:0>2}:{:0>2}".format(*(number or "0" for number in numbers.groups()))
    moment = read_moment(written.removesuffix(".0"))
    return moment if moment is not None and moment.has_time else read_written(written, language) or moment


def _of_text(text: str, declared: Findings) -> Findings:
    """The item's text, read as a dump under its headline. The item's own fields take precedence."""
    seen = findings_of_dump(f"{declared.title}\n\n{text}" if declared.title else text, None)
    title = declared.title or seen.title
    from_url = title_in(declared.canonical_url) if not title else None
    if from_url is not None:
        title, seen = from_url.value, replace(
            seen, evidence={**seen.evidence, "title": from_url.evidence},
            warnings=(*seen.warnings, *title_warnings(from_url)))
    if not title:
        raise TitleMissing("an item has a headline", field="title", value=text)
    body = seen.body.removeprefix(f"{title}\n\n")
    return replace(
        declared,
        title=title,
        body=body,
        is_truncated=seen.is_truncated,
        authors=declared.authors or seen.authors,
        evidence={**{name: entry for name, entry in seen.evidence.items() if name in _FROM_TEXT}, **declared.evidence},
        warnings=seen.warnings,
    )


_FROM_TEXT = frozenset({"body", "body_repair", "authors", "title", "is_truncated"})


def _of_page(html: str, declared: Findings, raw: RawArticle, rules: Rules) -> CleanArticle:
    """The item's markup, read as a page. The item's own fields take precedence, except for language and outlet domain.
    """
    if "<html" not in html[:2_000].lower():
        heading = f"<h1>{escape(declared.title)}</h1>" if declared.title else ""
        head = f"<head><title>{escape(declared.title)}</title></head>"
        html = f"<html>{head}<body><article>{heading}{html}</article></body></html>"
    url = raw.url or declared.canonical_url
    page = clean_page(replace(raw, kind="html", text=html, url=url), rules)
    both = Declared(declared.rights, declared.evidence).over(Declared(page.rights, page.evidence))
    found = Findings(
        title=declared.title or page.title,
        body=page.body,
        canonical_url=declared.canonical_url or page.canonical_url,
        outlet=Outlet(page.outlet.domain or declared.outlet.domain, declared.outlet.name or page.outlet.name),
        authors=declared.authors or page.authors,
        published_at=declared.published_at or page.published_at,
        published_zone=declared.published_zone if declared.published_at else page.published_zone,
        modified_at=declared.modified_at or page.modified_at,
        language=page.language or declared.language,
        section=declared.section or page.section,
        tags=declared.tags or page.tags,
        image_url=declared.image_url or page.image_url,
        is_truncated=page.is_truncated,
        rights=both.rights,
        evidence=both.evidence,
        warnings=tuple(
            w for w in page.warnings if w not in raw.warnings and not w.startswith(("PublishedAhead", "Truncated"))
        ),
    )
    return assemble(raw, found)
