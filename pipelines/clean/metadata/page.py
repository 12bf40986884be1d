"""What a page says about its article, every field with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from pipelines.clean.html.markup import finder, text_in
from pipelines.clean.identity import registered_domain
from pipelines.clean.metadata.about import address_of, image_of, language_of, outlet_name_of, section_of, tags_of
from pipelines.clean.metadata.byline import Authors, read_authors
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head, read_head
from pipelines.clean.metadata.jsonld import JsonObject, articles_of, read_linked_data, text_of, types_of
from pipelines.clean.metadata.moments import Moment
from pipelines.clean.metadata.signs import PageSigns, read_signs
from pipelines.clean.metadata.times import read_times
from pipelines.clean.metadata.title import Titles, pick_title

_headlines = finder("//h1[not(ancestor::nav or ancestor::footer)]")
MOST_HEADLINES = 5
_NAME_METAS = ("og:site_name", "application-name", "apple-mobile-web-app-title")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Fields that the page gives, None for those that it does not.

    ``authors`` are the answers of JSON-LD and of meta tags; ``outlet_names`` every name of the outlet;
    ``locale`` the page's language with its country; ``told_bodies`` every ``articleBody``.
    """

    title: Found[str] | None
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
    told_bodies: tuple[object, ...]
    signs: PageSigns


def read_metadata(root: etree._Element, url: str | None) -> Metadata:
    """All that the page says of its article. Nothing is taken from elsewhere."""
    head, data = read_head(root), read_linked_data(root)
    article = next(iter(articles_of(data)), None)
    address = address_of(head, url)
    base = address.value if address is not None else url
    domain = registered_domain(base) if base else None
    outlet, section = outlet_name_of(head, data, article), section_of(head, article)
    names = _outlet_names(head, outlet, domain)
    titles = _titles(root, head, article)
    return Metadata(
        title=pick_title(titles, names, section.value if section else None),
        authors=tuple(read_authors(head, data, article)),
        times=read_times(head, article),
        canonical_url=address,
        outlet_name=outlet,
        outlet_domain=Found(domain, "url", base) if domain else None,
        section=section,
        tags=tags_of(head, article),
        language=language_of(head, article),
        image_url=image_of(head, article, base),
        outlet_names=names,
        locale=head.lang,
        told_bodies=tuple(found["articleBody"] for found in data.objects if "articleBody" in found),
        signs=read_signs(head, data, titles.all(), url),
    )


def _titles(root: etree._Element, head: Head, article: JsonObject | None) -> Titles:
    visible = [text for heading in _headlines(root)[:MOST_HEADLINES] if (text := text_in(heading))]
    return Titles(
        visible=tuple(visible),
        linked=text_of(article.get("headline")) if article is not None else None,
        shared=tuple(content for name in ("og:title", "twitter:title", "dc.title", "title")
                     for content in head.metas.get(name, ())[:1]),
        tab=head.title,
        is_news="article" in head.metas.get("og:type", ()) if article is None
        else any("news" in kind for kind in types_of(article)),
    )


def _outlet_names(head: Head, outlet: Found[str] | None, domain: str | None) -> tuple[str, ...]:
    names = [outlet.value] if outlet is not None else []
    names += [content for name in _NAME_METAS for content in head.metas.get(name, ())]
    names += [domain, domain.split(".")[0]] if domain is not None else []
    return tuple(dict.fromkeys(names))
