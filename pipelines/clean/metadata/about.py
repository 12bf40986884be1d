"""Address, outlet, section, tags, language and lead image, as JSON-LD and the page's head declare them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipelines.addresses import host_of, joined_address, path_of
from pipelines.clean.identity import accepts_declared, canonical_url
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import MICRODATA_PUBLISHER, Head
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, text_of, types_of
from pipelines.clean.metadata.title import stems_of
from pipelines.clean.names import load_name_tables

MOST_TAGS = 50
LONGEST_TAG = 100
LONGEST_SECTION = 60
_PUBLISHERS = frozenset(("newsmediaorganization", "organization", "website"))
_SITES = frozenset(("website", "newsmediaorganization"))
_FREE_DOMAINS = frozenset(("ai", "cc", "co", "eu", "fm", "gg", "io", "ly", "me", "sh", "su", "to", "tv", "ws"))
"""Countries' domains that outlets elsewhere use, and that of a union of countries."""

_TAG_CUT = re.compile(r"[,;،、，|]")
_OUTLET_METAS = (
    "og:site_name", MICRODATA_PUBLISHER, "application-name", "apple-mobile-web-app-title", "dc.publisher", "publisher",
)
_SECTION_METAS = ("article:section", "og:section", "parsely-section", "section")
_TAG_METAS = ("article:tag", "news_keywords", "parsely-tags", "keywords")
_IMAGE_METAS = ("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src")


def address_of(head: Head, url: str | None) -> Found[str] | None:
    """The canonical address: the declared one if it is of the same publisher, or else the address that was fetched."""
    declared = next(iter(head.links.get("canonical", ())), None) or next(iter(head.metas.get("og:url", ())), None)
    if url is None:
        if not declared or not _is_web(declared) or not accepts_declared(None, declared):
            return None
        return Found(canonical_url(declared), "link canonical", declared)
    host = host_of(url)
    if declared and host and declared.startswith(f"{host}/"):  # the scheme was forgotten
        declared = f"//{declared}"
    joined = joined_address(url, declared) if declared else None
    is_other = joined is not None and _names_another(joined, url, (*head.headlines, head.title or ""))
    canonical = canonical_url(url, None if is_other else joined)
    if joined and not is_other and canonical != canonical_url(url):
        return Found(canonical, "link canonical", declared)
    is_refused = declared is not None and (is_other or joined is None or not accepts_declared(url, joined))
    return Found(canonical, "url, not link canonical" if is_refused else "url", declared if is_refused else url)


def _names_another(declared: str, url: str, titles: Sequence[str]) -> bool:
    """Whether the words of a canonical link are another story's: the page's title has none, but has the fetched URL's.

    A template that repeats one link gives it to all pages of an outlet.
    """
    words = frozenset(stem for title in titles for stem in stems_of(title))
    theirs, ours = (stems_of(path_of(address).rstrip("/").rpartition("/")[2]) for address in (declared, url))
    return len(theirs) > 2 and not theirs & words and 2 * len(ours & words) >= len(ours) > 1


def outlet_names_of(head: Head, data: LinkedData, article: JsonObject | None) -> Iterator[Found[str]]:
    """The outlet's names: that of the article's publisher, of the site, or of an organisation that the page describes.

    If the publisher is a company ("Harbour Media GmbH"), the name of the site is used instead.
    """
    name = _publisher_of(data, article)
    seen = head.meta(*_OUTLET_METAS)
    is_named = seen is not None and _is_name(seen[1])
    if name is not None and _is_name(name) and not (is_named and load_name_tables().company.search(name)):
        yield Found(name, "json-ld", "publisher")
    if seen is not None and is_named:
        yield Found(seen[1], "meta", seen[0])
    for found in data.own():
        if types_of(found) & _PUBLISHERS and (name := text_of(found.get("name"))) is not None and _is_name(name):
            yield Found(name, "json-ld", "organization")


def _is_name(text: str) -> bool:
    """Whether a text may be a name: no address, and nothing that a faulty template writes."""
    return not _is_web(text) and text.casefold() not in load_name_tables().placeholders and "{{" not in text


def _publisher_of(data: LinkedData, article: JsonObject | None) -> str | None:
    publisher = article.get("publisher") if article is not None else None
    if isinstance(publisher, list):
        publisher = publisher[0] if publisher else None
    return text_of(data.resolve(publisher))


def publisher_names(data: LinkedData) -> list[str]:
    """All names of publishers and sites in JSON-LD."""
    given = [text_of(data.resolve(found["publisher"])) for found in data.objects if "publisher" in found]
    for found in data.own():
        if types_of(found) & _SITES:
            given += [text_of(found.get("name")), text_of(found.get("alternateName"))]
    return [name for name in dict.fromkeys(given) if name]


def section_of(head: Head, data: LinkedData, article: JsonObject | None, address: str | None) -> Found[str] | None:
    """The article's section: from JSON-LD, from a meta tag, or else the first breadcrumb."""
    name = text_of(article.get("articleSection")) if article is not None else None
    if name is not None and len(name) <= LONGEST_SECTION:
        return Found(name, "json-ld", "articleSection")
    seen = head.meta(*_SECTION_METAS)
    if seen is not None and not _is_web(seen[1]) and len(seen[1]) <= LONGEST_SECTION:
        return Found(seen[1], "meta", seen[0])
    crumb = _first_crumb(data, address)
    return Found(crumb, "json-ld", "BreadcrumbList") if crumb is not None else None


def _first_crumb(data: LinkedData, address: str | None) -> str | None:
    """The first breadcrumb after the home page, recognised by the addresses.

    >>> crumbs = [{"name": "Start", "item": "https://outlet.example/"}, {"name": "Port", "item": "https://outlet.example/port"}]
    >>> _first_crumb(LinkedData(({"@type": "BreadcrumbList", "itemListElement": crumbs},)), "https://outlet.example/port/1")
    'Port'
    """
    crumbs = next((found.get("itemListElement") for found in data.objects if "breadcrumblist" in types_of(found)), None)
    here = _path(address or "")
    for crumb in crumbs[:10] if isinstance(crumbs, list) else ():
        if not isinstance(crumb, dict):
            return None
        item = crumb.get("item")
        name = text_of(crumb.get("name")) or (text_of(item.get("name")) if isinstance(item, dict) else None)
        target = item.get("@id") or item.get("url") or item.get("@url") if isinstance(item, dict) else item
        if not isinstance(target, str) or not name:
            return None
        if _path(target) not in ("", here):
            return name if len(name) <= LONGEST_SECTION else None
    return None


def _path(address: str) -> str:
    return path_of(address).strip("/")


def tags_of(head: Head, article: JsonObject | None) -> Found[tuple[str, ...]] | None:
    words = article.get("keywords") if article is not None else None
    given = [text for word in (words if isinstance(words, list) else [words]) if (text := text_of(word))]
    for how, name, values in (("json-ld", "keywords", given),
                              *(("meta", name, list(head.metas.get(name, ()))) for name in _TAG_METAS)):
        parts = (part.strip() for value in values for part in _TAG_CUT.split(value))
        tags = dict.fromkeys(part for part in parts if 0 < len(part) <= LONGEST_TAG)
        if tags:
            return Found(tuple(tags)[:MOST_TAGS], how, name)
    return None


def language_of(head: Head, article: JsonObject | None) -> Found[str] | None:
    """The language that the page declares. It is only a hint: the enrich step detects the language of the text."""
    locale = head.meta("og:locale", "content-language", "dc.language")
    for how, tag in (("html lang", head.lang), ("json-ld", text_of(article.get("inLanguage")) if article else None),
                     ("meta", locale[1] if locale else None)):
        code = (tag or "").replace("_", "-").split("-")[0].lower()
        if len(code) == 2 and code.isalpha():
            return Found(code, how, tag)
    return None


def locale_of(lang: str | None, address: str | None) -> str | None:
    """The page's language with its country, which is that of the outlet's domain if the language has none.

    >>> locale_of("en", "https://outlet.co.in/pier"), locale_of("en-GB", "https://outlet.in/"), locale_of(None, None)
    ('en-IN', 'en-GB', None)
    >>> locale_of("en", "https://outlet.example/"), locale_of("de", "https://outlet.tv/")
    ('en', 'de')
    """
    host = host_of(address) if address else None
    country = (host or "").rpartition(".")[2]
    if not lang or "-" in lang or "_" in lang or len(country) != 2 or country in _FREE_DOMAINS:
        return lang.replace("_", "-") if lang else None
    return f"{lang}-{'GB' if country == 'uk' else country.upper()}"


def image_of(head: Head, article: JsonObject | None, base: str | None) -> Found[str] | None:
    seen = head.meta(*_IMAGE_METAS)
    linked = _linked_image(article.get("image")) if article is not None else None
    for how, source, written in (("meta", seen[0] if seen else None, seen[1] if seen else None),
                                 ("json-ld", "image", linked)):
        address = joined_address(base, written) if written else None
        if address is not None:
            return Found(address, how, source)
    return None


def _linked_image(value: object, depth: int = 0) -> str | None:
    if isinstance(value, list) and depth < 5:
        return next((address for item in value[:20] if (address := _linked_image(item, depth + 1))), None)
    if isinstance(value, dict):
        return text_of(value.get("url") or value.get("contentUrl"))
    return text_of(value)


def _is_web(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))
