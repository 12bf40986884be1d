"""The signs that a page is a list of other pages: what it declares, and where its links lead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from lxml import etree

from pipelines.addresses import split_address
from pipelines.clean.html.markup import finder
from pipelines.clean.metadata.head import Head
from pipelines.clean.metadata.jsonld import LinkedData, types_of

_LISTS = frozenset(("collectionpage", "itemlist", "searchresultspage", "offercatalog", "productgroup", "blog"))
_ARTICLES = ("article", "posting")
_PRODUCTS = finder("//*[@itemtype][contains(@itemtype, 'Product') or contains(@itemtype, 'Offer')]")
_FIELDS = finder("//input")
_TARGETS = etree.XPath("//a/@href", smart_strings=False)
_OTHER_LINKS = ("mailto:", "tel:", "javascript:")


@dataclass(frozen=True, slots=True)
class ListSigns:
    """The first flags are of Open Graph's type, then of JSON-LD's types, then of the links in the head.

    ``products`` counts microdata of products and offers, ``fields`` the input fields, ``own_pages`` the paths of the
    same host that the page links to, and ``own_queries`` the queries in links to the page's own path: filters, orders
    and further pages of a list.
    """

    is_product: bool = False
    is_website: bool = False
    has_article: bool = False
    has_person: bool = False
    has_list: bool = False
    has_next: bool = False
    has_shortlink: bool = False
    products: int = 0
    fields: int = 0
    own_pages: int = 0
    own_queries: int = 0


NO_LIST_SIGNS = ListSigns()

MOST_LINKS = 20_000
"""Links of a page that are looked at."""


def read_list_signs(root: etree._Element, head: Head, data: LinkedData, url: str | None) -> ListSigns:
    types = head.metas.get("og:type", ())
    own = {kind for found in data.own() for kind in types_of(found)}
    pages, queries = _own_links(set(cast("list[str]", _TARGETS(root))[:MOST_LINKS]), url)
    return ListSigns(
        is_product=any("product" in kind for kind in types),
        is_website="website" in types,
        has_article=any(kind.endswith(_ARTICLES) for kind in own),
        has_person=any("person" in types_of(found) for found in data.objects),
        has_list=bool(own & _LISTS),
        has_next="next" in head.links,
        has_shortlink="shortlink" in head.links,
        products=len(_PRODUCTS(root)),
        fields=len(_FIELDS(root)),
        own_pages=pages,
        own_queries=queries,
    )


def _own_links(targets: Iterable[str], url: str | None) -> tuple[int, int]:
    """The number of different paths of the page's host that these links lead to, and of queries to the page's own path.

    >>> _own_links(("/a?sort=price", "?page=2", "//pier.example/b#top", "https://dock.example/c"), "https://pier.example/a")
    (2, 2)
    """
    parts = split_address(url) if url else None
    host, here = ("", "") if parts is None else (_host(parts.netloc), parts.path.rstrip("/"))
    paths: set[str] = set()
    queries: set[str] = set()
    for target in targets:
        link = target.partition("#")[0].strip()
        if not link or link.startswith(_OTHER_LINKS):
            continue
        place, _, query = link.partition("?")
        path = place or here
        if "//" in place[:8]:
            named, slash, rest = place.partition("//")[2].partition("/")
            if _host(named) != host:
                continue
            path = slash + rest
        path = path.rstrip("/")
        paths.add(path)
        if query and path == here:
            queries.add(query)
    return len(paths), len(queries)


def _host(text: str) -> str:
    return text.lower().removeprefix("www.")
