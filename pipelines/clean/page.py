"""An HTML page becomes a clean article."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines.clean.assembly import Findings, assemble
from pipelines.clean.html.blocks import Blocks, read_blocks
from pipelines.clean.html.kind import has_text, is_cut, kind_fault, listing_fault
from pipelines.clean.html.markup import read_markup
from pipelines.clean.html.notices import LONGEST_REQUEST, asks_only, is_unrelated
from pipelines.clean.html.reading import Body, read_body
from pipelines.clean.metadata.byline import Authors, pick_authors
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.moments import Moment
from pipelines.clean.metadata.page import Metadata, read_metadata
from pipelines.clean.metadata.state import date_in_state
from pipelines.clean.metadata.times import pick_times, warnings_of
from pipelines.clean.metadata.title import is_outlet, passed_over, pick_title, plain, title_in, title_warnings
from pipelines.clean.metadata.visible import near_body, seen_authors
from pipelines.clean.metadata.visible_times import seen_times
from pipelines.clean.rules import Rules
from pipelines.clean.text import repair, represented, tidy, without_references
from pipelines.failures import BodyMissing, TitleMissing
from pipelines.records import CleanArticle, Evidence, Outlet, RawArticle

LEAD = 1_500
"""Characters of the body whose words confirm a title."""

HEADING_WITHIN = 4
"""Blocks before the body that are searched for a heading where the page has no title."""

LONGEST_HEADING = 250
_BAR = re.compile(r"\s[-–—|»]\s|_")
_HEADINGS = frozenset(("h2", "h3", "h4"))
_HEADING_BOX = re.compile(
    r"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?i:head-?line|title|heading|titre|titulo|titolo|titel|tytul|rubrik)")


def clean_page(raw: RawArticle, rules: Rules) -> CleanArticle:
    """The article in a page.

    Rejects with ``BodyMissing``, ``ConsentWall``, ``ListingPage``, ``ErrorPage``, ``MarkupTooDeep`` or
    ``TitleMissing``.
    """
    markup = read_markup(raw.text, rules.limits.markup_depth)
    about = read_metadata(markup.root, raw.url, rules.rights.agents)
    page = read_blocks(markup.root)
    body = read_body(page, markup.text, about.signs, about.declared_bodies)
    if markup.has_noscript and not _has_story(page, body, about):
        markup = read_markup(raw.text, rules.limits.markup_depth, with_noscript=True)
        page = read_blocks(markup.root)
        body = read_body(page, markup.text, about.signs, about.declared_bodies)
    text = repair(tidy(without_references(body.text)))
    fault = kind_fault(page, body.chosen, text.text, about.signs)
    if fault is not None:
        raise fault
    if not _has_story(page, body, about):
        raise BodyMissing("a page has the text of an article", field="body", value=text.text)
    fault = listing_fault(page, body.chosen, body.blocks, about.signs)
    if fault is not None:
        raise fault
    chosen = _title(page, body, about, text.text, raw.url)
    if chosen is None:
        raise TitleMissing("a page has a headline", field="title")
    own = _without_titles(text.text, (*about.signs.titles, chosen.value))
    if is_unrelated(own, [chosen.value, *about.titles.visible, *about.signs.descriptions]):
        raise BodyMissing("the text of an article is about its headline", field="body", value=text.text)
    cut = is_cut(page, body.blocks, text.text, about.signs)
    title = repair(without_references(represented(chosen.value)))
    text = replace(text, text=_without_first(text.text, title.text))
    near = near_body(page, body.blocks)
    authors = pick_authors((*about.authors, seen_authors(page, near)), about.outlet_names)
    seen = seen_times(page, near, about.locale)
    times = pick_times(about.times, seen, raw.url, raw.fetched_at)
    published = times.get("published_at")
    if published is None or published.how == "url":
        stated = date_in_state(markup.root, (chosen.value, *about.signs.titles), raw.url)
        if stated is not None and (published is None or stated.value.at.date() == published.value.at.date()):
            times |= {"published_at": stated}
    evidence = _evidence(about, chosen, authors, times) | {"body": body.evidence}
    repairs = {"title_repair": title.evidence, "body_repair": text.evidence}
    evidence |= {name: seen for name, seen in repairs.items() if seen is not None}
    evidence |= dict(about.declared_rights.evidence) | ({"is_truncated": Evidence("paywall", cut)} if cut else {})
    published, modified = times.get("published_at"), times.get("modified_at")
    return assemble(raw, Findings(
        title=title.text,
        body=text.text,
        lasting=_without(text.text, body.passing),
        canonical_url=about.canonical_url.value if about.canonical_url else None,
        outlet=Outlet(about.outlet_domain.value if about.outlet_domain else None,
                      about.outlet_name.value if about.outlet_name else None),
        authors=authors.value if authors else (),
        published_at=published.value.at if published else None,
        published_zone=published.value.zone if published else None,
        modified_at=modified.value.at if modified else None,
        language=about.language.value if about.language else None,
        section=about.section.value if about.section else None,
        tags=about.tags.value if about.tags else (),
        image_url=about.image_url.value if about.image_url else None,
        is_truncated=cut is not None,
        rights=about.declared_rights.rights,
        evidence=evidence,
        warnings=(*markup.warnings, *warnings_of(times, seen), *title_warnings(chosen),
                  *("JsonLdNotRead: the page has JSON-LD that is not valid" for found in about.broken[:1]
                    if found.how == "not read")),
    ))


def _title(page: Blocks, body: Body, about: Metadata, text: str, url: str | None) -> Found[str] | None:
    """The headline; the outlet's name only if neither a heading nor the address has another."""
    section = about.section.value if about.section else None
    declared = pick_title(about.titles, about.outlet_names, section, (text[:LEAD],))
    if declared is not None and not is_outlet(declared.value, about.outlet_names, about.titles):
        return declared
    return _heading_before(page, body.blocks) or title_in(url) or declared


def _without(text: str, passing: Sequence[str]) -> str | None:
    """The text without these paragraphs; None if there are none."""
    if not passing:
        return None
    left_out = {repair(tidy(without_references(each))).text for each in passing}
    return "\n\n".join(paragraph for paragraph in text.split("\n\n") if paragraph not in left_out)


def _heading_before(page: Blocks, body: Sequence[int]) -> Found[str] | None:
    """The nearest line at or before the body's beginning in a heading, or in a box whose name says that it is one."""
    for number in range(body[0], max(-1, body[0] - 1 - HEADING_WITHIN), -1) if body else ():
        block = page.blocks[number]
        box = page.boxes[block.box]
        if len(block.text) <= LONGEST_HEADING and (box.tag in _HEADINGS or _HEADING_BOX.search(box.names)):
            return Found(block.text, "heading", block.text)
    return None


def _has_story(page: Blocks, body: Body, about: Metadata) -> bool:
    """Whether a body is an article's text, and not its headline again, or a request to sign up or to switch scripts on.
    """
    titles = about.signs.titles
    return has_text(_without_titles(body.text, titles)) and not asks_only(page, body.chosen, body.blocks, titles)


def _without_first(text: str, title: str) -> str:
    """A body without its first paragraph, if that is the headline and others follow."""
    first, _, rest = text.partition("\n\n")
    headline = max(_BAR.split(title), key=len)  # without the name of an outlet that is not known
    return rest if rest and plain(first) in (plain(title), plain(headline)) else text


def _without_titles(text: str, titles: Sequence[str]) -> str:
    """A text without the page's titles, if it is short."""
    for title in titles if len(text) < LONGEST_REQUEST else ():
        text = text.replace(title, "")
    return text.strip()


def _evidence(about: Metadata, title: Found[str], authors: Found[Authors] | None,
              times: Mapping[str, Found[Moment]]) -> dict[str, Evidence]:
    fields = {
        "title": title, "title.passed_over": passed_over(about.titles, title), "authors": authors,
        "canonical_url": about.canonical_url, "json-ld": next(iter(about.broken), None),
        "outlet.name": about.outlet_name, "outlet.domain": about.outlet_domain, "section": about.section,
        "tags": about.tags, "language": about.language, "image_url": about.image_url, **times,
    }
    return {name: seen.evidence for name, seen in fields.items() if seen is not None}
