"""Reads the metadata that a page declares about its article, each field with its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from lxml import etree

from pipelines.clean.identity import registered_domain
from pipelines.clean.metadata.about import (
    address_of,
    image_of,
    language_of,
    locale_of,
    outlet_names_of,
    publisher_names,
    section_of,
    tags_of,
)
from pipelines.clean.metadata.byline import Authors, read_authors
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head, read_head
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, own_article, read_linked_data, text_of, types_of
from pipelines.clean.metadata.list_signs import read_list_signs
from pipelines.clean.metadata.moments import Moment
from pipelines.clean.metadata.rights import Declared, describing, read_rights
from pipelines.clean.metadata.signs import PageSigns, read_signs
from pipelines.clean.metadata.times import read_times
from pipelines.clean.metadata.title import Titles, is_headline

_TITLE_METAS = ("og:title", "twitter:title", "dc.title", "title")
_OTHER_METAS = ("headline", "parsely-title", "sailthru.title", "citation_title", "dcterms.title", "name")
_NAME_METAS = ("og:site_name", "application-name", "apple-mobile-web-app-title")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The declared fields; those that the page does not declare are None.

    ``authors`` has an answer for JSON-LD and for each meta tag. ``outlet_names`` are all names of the outlet.
    ``locale`` is the page's language with its country. ``declared_bodies`` are all values of ``articleBody``.
    ``broken`` are the blocks of JSON-LD that are invalid.
    """

    titles: Titles
    broken: tuple[Found[str], ...]
    authors: tuple[Found[Authors], ...]
    times: Mapping[str, Found[Moment]]
    canonical_url: Found[str] | None
    outlet_name: Found[str] | None
    outlet_domain: Found[str] | None
    section: Found[str] | None
    tags: Found[tuple[str, ...]] | None
    language: Found[str] | None
    image_url: Found[str] | None
    outlet_names: tuple[str, ...]
    locale: str | None
    declared_bodies: tuple[object, ...]
    signs: PageSigns
    declared_rights: Declared


def read_metadata(root: etree._Element, url: str | None, agents: Collection[str] = ()) -> Metadata:
    """All metadata that the page declares, and the domain of its address. Nothing is added from elsewhere.

    ``agents`` are the names of robots whose directives are read as well as those for all robots.
    """
    head, data = read_head(root), read_linked_data(root)
    address = address_of(head, url)
    base = address.value if address is not None else url
    article = own_article(data, (base, url), (*head.headlines, *_shared_titles(head), head.title))
    domain = registered_domain(base) if base else None
    outlets, section = list(outlet_names_of(head, data, article)), section_of(head, data, article, base)
    outlet = outlets[0] if outlets else None
    names = _outlet_names(head, data, outlet, domain)
    locale = locale_of(head.lang, base)
    titles = Titles(head.headlines, _headline_in(article), _shared_titles(head), head.title, head.headings,
                    tuple(_other_titles(head, data, article)))
    outlet = next((found for found in outlets if not is_headline(found.value, titles)), None)
    return Metadata(
        titles=titles,
        broken=tuple(Found(text, how, text) for how, text in data.broken),
        authors=tuple(read_authors(head, data, article)),
        times=read_times(head, data, article, locale),
        canonical_url=address,
        outlet_name=outlet,
        outlet_domain=Found(domain, "url", base) if domain else None,
        section=section,
        tags=tags_of(head, article),
        language=language_of(head, article),
        image_url=image_of(head, article, base),
        outlet_names=names,
        locale=locale,
        declared_bodies=tuple(found["articleBody"] for found in data.objects if "articleBody" in found),
        signs=replace(read_signs(head, data, article, titles.all(), url),
                      listed=read_list_signs(root, head, data, url)),
        declared_rights=read_rights(root, head, describing(data, article), base, agents),
    )


def _headline_in(article: JsonObject | None) -> str | None:
    return text_of(article.get("headline")) if article is not None else None


def _shared_titles(head: Head) -> tuple[str, ...]:
    return tuple(content for name in _TITLE_METAS for content in head.metas.get(name, ())[:1])


def _other_titles(head: Head, data: LinkedData, article: JsonObject | None) -> Iterator[tuple[str, str]]:
    """Titles that are declared in other places than usual: a last resort."""
    for name in _OTHER_METAS:
        yield from (("meta", content) for content in head.metas.get(name, ())[:1])
    pages = (found for found in data.own() if any(kind.endswith("page") for kind in types_of(found)))
    for found in (*((article,) if article is not None else ()), *pages):
        for key in ("headline", "name", "alternativeHeadline"):
            if (text := text_of(found.get(key))) is not None:
                yield "json-ld", text


def _outlet_names(head: Head, data: LinkedData, outlet: Found[str] | None, domain: str | None) -> tuple[str, ...]:
    names = [outlet.value] if outlet is not None else []
    names += publisher_names(data)
    names += [content for name in _NAME_METAS for content in head.metas.get(name, ())]
    names += [domain, domain.split(".")[0]] if domain is not None else []
    return tuple(dict.fromkeys(names))
