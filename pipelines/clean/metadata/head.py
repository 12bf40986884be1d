"""The head of a page, read once: meta tags, links, the title element, the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from pipelines.clean.html.markup import finder, text_in
from pipelines.clean.metadata.jsonld import unescaped

_NAMING = ("property", "name", "itemprop", "http-equiv")
_TITLED = frozenset(("head", "body", "html"))
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PUBLISHER = finder("//*[@itemprop='publisher']//*[@itemprop='name']")
_MOST = 800

MICRODATA_PUBLISHER = "itemprop publisher"


@dataclass(frozen=True, slots=True)
class Head:
    """``metas`` maps a lower-case name, property or itemprop to its contents, in order.

    The name inside a microdata publisher is under ``MICRODATA_PUBLISHER`` where no ``og:site_name`` tells it.
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
    links: dict[str, list[str]] = {}
    title = None
    for tag in islice(root.iter("meta", "link", "title"), _MOST):
        if tag.tag == "meta":
            content = tag.get("content", "")
            content = unescaped(content) if "&" in content else " ".join(content.split())
            if content:
                for name in {tag.get(key, "").strip().lower() for key in _NAMING} - {""}:
                    metas.setdefault(name, []).append(content)
        elif tag.tag == "link":
            target = tag.get("href")
            if target is not None:
                for relation in tag.get("rel", "").lower().split():
                    links.setdefault(relation, []).append(target.strip())
        elif title is None and (above := tag.getparent()) is not None and above.tag in _TITLED:
            title = unescaped(text_in(tag)) or None
    for tag in _PUBLISHER(root)[:1] if "og:site_name" not in metas else ():
        if name := " ".join((tag.get("content") or text_in(tag)).split()):
            metas[MICRODATA_PUBLISHER] = [name]
    return Head(
        {name: tuple(contents) for name, contents in metas.items()},
        {relation: tuple(targets) for relation, targets in links.items()},
        title,
        (root.get("lang") or root.get(_XML_LANG) or "").strip() or None,
    )
