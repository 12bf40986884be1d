"""What a page says about its article, every field with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from lxml import etree

from pipelines.clean.html.markup import finder, text_in
from pipelines.clean.identity import canonical_url, registered_domain
from pipelines.clean.metadata.byline import Authors, read_authors
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head, read_head
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, articles_of, read_linked_data, text_of, types_of
from pipelines.clean.metadata.moments import Moment
from pipelines.clean.metadata.signs import PageSigns, read_signs
from pipelines.clean.metadata.times import read_times
from pipelines.clean.metadata.title import pick_title

if TYPE_CHECKING:
    from collections.abc import Mapping

_H1 = finder("//h1[not(ancestor::nav or ancestor::footer)]")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Fields that the page gives, None for those that it does not; ``told_bodies`` is every ``articleBody``."""

    title: Found[str] | None
    authors: Found[Authors] | None
    times: Mapping[str, Found[Moment]]
    canonical_url: Found[str] | None
    outlet_name: Found[str] | None
    outlet_domain: Found[str] | None
    section: Found[str] | None
    tags: Found[tuple[str, ...]] | None
    language: Found[str] | None
    image_url: Found[str] | None
    told_bodies: tuple[object, ...]
    signs: PageSigns


def read_metadata(root: etree._Element, url: str | None) -> Metadata:
    """All that the page says of its article. Nothing is taken from elsewhere."""
    head, data = read_head(root), read_linked_data(root)
    article = next(iter(articles_of(data)), None)
    address = _address(head, url)
    base = address.value if address is not None else url
    outlet = _outlet_name(head, data, article)
    domain = registered_domain(base) if base else None
    return Metadata(
        title=_title(root, head, article, outlet, domain),
        authors=read_authors(root, head, data, article),
        times=read_times(root, head, article),
        canonical_url=address,
        outlet_name=outlet,
        outlet_domain=Found(domain, "url", base) if domain else None,
        section=_section(head, article),
        tags=_tags(head, article),
        language=_language(head, article),
        image_url=_image(head, article, base),
        signs=read_signs(head, data, _titles(root, head), url),
        told_bodies=tuple(found["articleBody"] for found in data.objects if "articleBody" in found),
    )


def _title(root: etree._Element, head: Head, article: JsonObject | None, outlet: Found[str] | None,
           domain: str | None) -> Found[str] | None:
    candidates = []
    if article is not None and (headline := text_of(article.get("headline"))):
        candidates.append(Found(headline, "json-ld"))
    candidates += [Found(c, n) for n in ("og:title", "twitter:title", "title", "dc.title") for c in head.metas.get(n, ())[:1]]
    candidates += [Found(text, "h1") for h in _H1(root)[:3] if (text := text_in(h))]
    if head.title:
        candidates.append(Found(head.title, "title element"))
    names = [outlet.value] if outlet else []
    names += [c for n in ("og:site_name", "application-name") for c in head.metas.get(n, ())]
    names += [domain, domain.split(".")[0]] if domain else []
    return pick_title(candidates, tuple(names))


def _titles(root: etree._Element, head: Head) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (head.title, *head.metas.get("og:title", ()),
                                             *(text_in(heading) for heading in _H1(root)[:3])))))


def _address(head: Head, url: str | None) -> Found[str] | None:
    declared = next(iter(head.links.get("canonical", ())), None) or next(iter(head.metas.get("og:url", ())), None)
    if declared and url:
        declared = urljoin(url, declared)
    if url is None:
        if not declared or not declared.startswith(("http:", "https:")):
            return None
        return Found(canonical_url(declared), "link canonical", declared)
    canonical = canonical_url(url, declared)
    if declared and canonical == canonical_url(declared) != canonical_url(url):
        return Found(canonical, "link canonical", declared)
    return Found(canonical, "url", url)


def _outlet_name(head: Head, data: LinkedData, article: JsonObject | None) -> Found[str] | None:
    if article is not None:
        publisher = data.resolve(article.get("publisher"))
        if isinstance(publisher, list):
            publisher = data.resolve(publisher[0]) if publisher else None
        if (name := text_of(publisher)) is not None and not name.startswith("http"):
            return Found(name, "json-ld", "publisher")
    seen = head.meta("og:site_name", "application-name", "apple-mobile-web-app-title", "dc.publisher", "publisher")
    if seen is not None and not seen[1].startswith("http"):
        return Found(seen[1], "meta", seen[0])
    for found in data.objects:
        if types_of(found) & {"newsmediaorganization", "organization", "website"} and (name := text_of(found.get("name"))):
            return Found(name, "json-ld", "organization")
    return None


def _section(head: Head, article: JsonObject | None) -> Found[str] | None:
    if article is not None and (name := text_of(article.get("articleSection"))):
        return Found(name, "json-ld", "articleSection")
    seen = head.meta("article:section", "og:section", "parsely-section", "section")
    return Found(seen[1], "meta", seen[0]) if seen and not seen[1].startswith("http") else None


def _tags(head: Head, article: JsonObject | None) -> Found[tuple[str, ...]] | None:
    for how, name, values in (("json-ld", "keywords", _keywords(article)), ("meta", "article:tag", head.metas.get("article:tag")),
                              ("meta", "news_keywords", head.metas.get("news_keywords")),
                              ("meta", "keywords", head.metas.get("keywords"))):
        tags = dict.fromkeys(tag for value in values or () for part in value.split(",") if (tag := part.strip())
                             and len(tag) <= 100)
        if tags:
            return Found(tuple(tags)[:50], how, name)
    return None


def _keywords(article: JsonObject | None) -> list[str]:
    words = article.get("keywords") if article is not None else None
    return [text for word in (words if isinstance(words, list) else [words]) if (text := text_of(word))]


def _language(head: Head, article: JsonObject | None) -> Found[str] | None:
    for how, tag in (("html lang", head.lang), ("json-ld", text_of(article.get("inLanguage")) if article else None),
                     ("meta", (head.meta("og:locale", "content-language", "dc.language") or ("", None))[1])):
        code = (tag or "").replace("_", "-").split("-")[0].lower()
        if len(code) == 2 and code.isalpha():
            return Found(code, how, tag)
    return None


def _image(head: Head, article: JsonObject | None, base: str | None) -> Found[str] | None:
    seen = head.meta("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src")
    how, address = ("meta", seen[1]) if seen else ("json-ld", _linked_image(article.get("image") if article else None))
    address = urljoin(base or "", address) if address else None
    return Found(address, how, seen[0] if seen else "image") if address and urlsplit(address).scheme in {"http", "https"} else None


def _linked_image(value: object) -> str | None:
    if isinstance(value, list):
        return next((address for item in value if (address := _linked_image(item))), None)
    if isinstance(value, dict):
        return text_of(value.get("url") or value.get("contentUrl"))
    return text_of(value)
