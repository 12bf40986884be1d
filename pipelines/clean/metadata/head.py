"""The head of a page, read once: meta tags, links, the title element, the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from pipelines.clean.html.markup import finder

_METAS = finder("//meta[@content]")
_LINKS = finder("//link[@rel and @href]")
_TITLE = etree.XPath("string((//head//title | //body/title)[1])")
_LANG = etree.XPath("string(/html/@lang | /html/@xml:lang)", namespaces={"xml": "http://www.w3.org/XML/1998/namespace"})
_PUBLISHER = finder("//*[@itemprop='publisher']//*[@itemprop='name']")
_MOST = 400

MICRODATA_PUBLISHER = "itemprop publisher"


@dataclass(frozen=True, slots=True)
class Head:
    """``metas`` maps a lower-case name, property or itemprop to its contents, in order.

    The name inside a microdata publisher is under ``MICRODATA_PUBLISHER``.
    """

    metas: Mapping[str, tuple[str, ...]]
    links: Mapping[str, tuple[str, ...]]
    title: str | None
    lang: str | None

    def meta(self, *names: str) -> tuple[str, str] | None:
        """The first of these names that has a content, with that content."""
        for name in names:
            for content in self.metas.get(name, ()):
                return name, content
        return None


def read_head(root: etree._Element) -> Head:
    """Meta tags and links wherever they stand: many pages open their body too early."""
    metas: dict[str, list[str]] = {}
    for tag in _METAS(root)[:_MOST]:
        content = " ".join((tag.get("content") or "").split())
        if not content:
            continue
        for name in {tag.get(key, "").strip().lower() for key in ("property", "name", "itemprop", "http-equiv")} - {""}:
            metas.setdefault(name, []).append(content)
    for tag in _PUBLISHER(root)[:1]:
        name = " ".join((tag.get("content") or "".join(str(part) for part in tag.itertext())).split())
        if name:
            metas[MICRODATA_PUBLISHER] = [name]
    links: dict[str, list[str]] = {}
    for tag in _LINKS(root)[:_MOST]:
        for relation in (tag.get("rel") or "").lower().split():
            links.setdefault(relation, []).append((tag.get("href") or "").strip())
    return Head(
        {name: tuple(contents) for name, contents in metas.items()},
        {relation: tuple(targets) for relation, targets in links.items()},
        " ".join(str(_TITLE(root)).split()) or None,
        str(_LANG(root)).strip() or None,
    )
