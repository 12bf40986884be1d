"""Reads the head of a page once: meta tags, links, the title element and the language, and the page's headlines (h1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from lxml import etree

from pipelines.clean.html.blocks import is_unseen
from pipelines.clean.html.markup import finder, text_in
from pipelines.clean.html.microdata import tags_of_others
from pipelines.clean.metadata.jsonld import unescaped

_NAMING = ("property", "name", "itemprop", "http-equiv")
_DRAWN = ("svg", "math", "iframe", "object")  # their title element is that of a picture
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_HEADLINE = finder("/descendant::body/descendant::*[@itemprop='headline'][not(self::meta)]")
_NO_HEADLINE = frozenset(("button", "svg", "script", "style", "template", "noscript", "select"))
_ASIDE = frozenset(("time", "small"))
_APART = frozenset(("br", "div", "p"))
_PUBLISHER = finder("/descendant::*[@itemprop='publisher']/descendant::*[@itemprop='name']")
_FRONT = re.compile(r"(?:(?:https?:)?//[^/?#\s]+)?(?:/[a-z]{2}(?:-[a-z]{2})?)?/?(?:index\.(?:html?|php|aspx?))?")
_MARKS = re.compile(r"[\W_]+")
_MOST = 800
MOST_HEADLINES = 5
_TEXT = ("article", "main", "section", "h1", "p")

MICRODATA_PUBLISHER = "itemprop publisher"


@dataclass(frozen=True, slots=True)
class Head:
    """``metas`` maps a lower-case name, property or itemprop to its contents, in order.

    If there is no ``og:site_name``, the name of a microdata publisher is stored under ``MICRODATA_PUBLISHER``.
    """

    metas: Mapping[str, tuple[str, ...]]
    links: Mapping[str, tuple[str, ...]]
    title: str | None
    headlines: tuple[str, ...]
    lang: str | None
    headings: tuple[str, ...] = ()

    def called(self, *names: str) -> Iterator[tuple[str, str]]:
        """The contents of metas whose ``bare_name`` is one of ``names``, in the order of ``names``, each with its name.

        >>> head = Head({"article:published:time": ("2026-05-04",)}, {}, None, (), None)
        >>> list(head.called("articlepublishedtime"))
        [('article:published:time', '2026-05-04')]
        """
        alike: dict[str, list[str]] = {}
        for name in self.metas:
            alike.setdefault(bare_name(name), []).append(name)
        return ((name, content) for bare in names for name in alike.get(bare, ()) for content in self.metas[name])

    def meta(self, *names: str) -> tuple[str, str] | None:
        """The first of these names that has a content, with that content; None if none has."""
        for name in names:
            for content in self.metas.get(name, ()):
                return name, content
        return None


@lru_cache(maxsize=1024)
def bare_name(name: str) -> str:
    """The name of a meta tag without punctuation, since sites write it differently (``article:published_time``)."""
    return _MARKS.sub("", name)


def read_head(root: etree._Element) -> Head:
    """The head of a page. Meta tags and links are read anywhere, because many pages start their body too early."""
    metas: dict[str, list[str]] = {}
    links: dict[str, list[str]] = {}
    title = None
    headlines: list[tuple[etree._Element, str]] = []
    headings: list[tuple[etree._Element, str]] = []
    of_others = tags_of_others(root)
    for tag in islice(root.iter("meta", "link", "title", "h1", "h2"), _MOST):
        if tag.tag == "meta":
            content = tag.get("content", "")
            content = unescaped(content) if "&" in content else " ".join(content.split())
            if content and tag not in of_others:
                for name in {tag.get(key, "").strip().lower() for key in _NAMING} - {""}:
                    metas.setdefault(name, []).append(content)
        elif tag.tag == "link":
            target = tag.get("href", "").strip()
            if target and not is_in_text(tag):
                for relation in tag.get("rel", "").lower().split():
                    links.setdefault(relation, []).append(target)
        elif tag.tag in ("h1", "h2"):
            same = headlines if tag.tag == "h1" else headings
            if len(same) < MOST_HEADLINES and next(tag.iterancestors("nav", "footer", "aside"), None) is None and (
                    not _is_logo(tag)):
                same += [(tag, text) for text in (unescaped(headline_text(tag) or text_in(tag)),) if text]
        elif title is None and next(tag.iterancestors(*_DRAWN), None) is None:
            title = unescaped(text_in(tag)) or None
    if "og:site_name" not in metas and (name := _publisher_in(root)):
        metas[MICRODATA_PUBLISHER] = [name]
    metas.setdefault("headline", list(_shown_headlines(root, of_others)))
    declared = [text for text in (title, *metas.get("og:title", ())) if text]
    return Head(
        {name: tuple(contents) for name, contents in metas.items()},
        {relation: tuple(targets) for relation, targets in links.items()},
        title,
        tuple(_shortest_declared(tag, text, declared) for tag, text in headlines),
        (root.get("lang") or root.get(_XML_LANG) or "").strip() or None,
        tuple(text for _, text in headings),
    )


def _publisher_in(root: etree._Element) -> str:
    """The name of the first publisher in the page's microdata; "" if there is none."""
    return next((" ".join((tag.get("content") or text_in(tag)).split()) for tag in _PUBLISHER(root)), "")


def _is_logo(heading: etree._Element) -> bool:
    """Whether an h1 above the article is wholly a link to a front page."""
    link = next(heading.iter("a"), None) if heading.tag == "h1" else None
    target = "" if link is None else link.get("href", "").strip()
    if link is None or not target or _FRONT.fullmatch(target) is None:
        return False
    return text_in(heading) == text_in(link) and next(heading.iterancestors("article", "main"), None) is None


def headline_text(tag: etree._Element, *, is_short: bool = False) -> str:
    """The text of a heading as a reader sees it, without controls and what is only read aloud.

    ``is_short`` leaves out times, small print and counters too, which may be words of the headline.

    >>> heading = etree.HTML("<h1><b>P</b>ier opens<br>early <button>Share</button> <a>12</a></h1>")[0][0]
    >>> headline_text(heading), headline_text(heading, is_short=True)
    ('Pier opens early 12', 'Pier opens early')
    """
    pieces = [tag.text or ""]
    for inner in tag:
        text = headline_text(inner, is_short=is_short) if isinstance(inner.tag, str) else ""
        is_aside = is_short and (inner.tag in _ASIDE or (inner.tag == "a" and text.isdecimal()))
        if inner.tag in _NO_HEADLINE or is_aside or is_unseen(inner, inner.keys()):
            text = " "
        elif inner.tag in _APART or (inner.tag == "span" and len(text) > 1):
            text = f" {text} "
        pieces += [text, inner.tail or ""]
    return " ".join("".join(pieces).split())


def _shortest_declared(heading: etree._Element, text: str, declared: list[str]) -> str:
    """A heading's text without times, small print and counters, if a declared title has it so and none has it whole."""
    short = unescaped(headline_text(heading, is_short=True))
    if not short or short == text or any(text in title for title in declared):
        return text
    return short if any(short in title for title in declared) else text


def _shown_headlines(root: etree._Element, of_others: frozenset[etree._Element]) -> Iterator[str]:
    """The first headline that microdata marks in the page's text."""
    shown = (tag for tag in _HEADLINE(root)[:MOST_HEADLINES] if tag not in of_others)
    yield from [text for tag in shown if (text := unescaped(text_in(tag)))][:1]


def is_in_text(tag: etree._Element) -> bool:
    """Whether a link or meta tag is in the page's body. A head that ends too early leaves its tags behind it."""
    above = tag.getparent()
    if above is None or above.tag in ("head", "html"):
        return False
    return above.tag != "body" or next(tag.itersiblings(*_TEXT, preceding=True), None) is not None
