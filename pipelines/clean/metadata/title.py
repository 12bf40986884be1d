"""Finds the headline without the outlet's name, by comparing the titles of the page with each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pipelines.clean.metadata.found import Found
from pipelines.clean.text import tidy_line

_SEPARATOR = re.compile(r"\s+[|\-–—•·«»‹›:>~/]+\s+|\s*[|»｜│]\s*|\s+::\s+|:\s+")
_LETTERS = re.compile(r"[^\w]+")
_WORD = re.compile(r"\w+")
_ARTICLE = re.compile(r"^(?:the\s+|www\.)", re.I)
_COUNT = re.compile(r"\s*\([\w-]+(?:\.[\w-]+)+\)(?:\s*\d{1,5})?")
SHORTEST_HEADLINE = 8
LONGEST_TITLE = 1_000
MOST_PARTS = 20
"""A title with more parts between separators than this is a list of words, and is not split."""

LONGEST_SHARED = 105
"""Characters. A longer title may be truncated without an ellipsis, because search engines show only 110."""

ALIKE = 0.3
"""The least share of words that a visible headline must have in common with another title of the page."""


@dataclass(frozen=True, slots=True)
class Titles:
    """A page's titles: its h1 elements, JSON-LD's headline, Open Graph and the like, and the title element.

    ``is_news`` says that a newsroom wrote them: JSON-LD has a NewsArticle, or the page has Open Graph tags together
    with other JSON-LD or news keywords. On other pages, plugins make the titles for search engines.
    """

    visible: tuple[str, ...] = ()
    linked: str | None = None
    shared: tuple[str, ...] = ()
    tab: str | None = None
    is_news: bool = False

    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(title for title in (self.tab, *self.shared, *self.visible) if title))


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """The letters and digits of a text, case-folded, for comparing titles.

    >>> plain("Pier opens – Harbour News")
    'pieropensharbournews'
    """
    return _LETTERS.sub("", text.casefold())


def pick_title(titles: Titles, names: tuple[str, ...], section: str | None = None) -> Found[str] | None:
    """The headline: a newsroom's declared one, else the visible one if another title confirms it, else the others.

    >>> pick_title(Titles(visible=("Pier opens",), tab="Pier opens - Harbour News"), ()).value
    'Pier opens'
    >>> pick_title(Titles(visible=("Harbour News",), shared=("Pier opens | Harbour News",)), ("Harbour News",)).value
    'Pier opens'
    """
    known = _known(names) | {""}
    given = [("json-ld", titles.linked), *(("meta", title) for title in titles.shared), ("title element", titles.tab)]
    named = [(how, title[:LONGEST_TITLE]) for how, title in given if title]
    declared = [(how, tidy_line(title)) for how, title in named if plain(title) not in known]
    visible = [tidy_line(title[:LONGEST_TITLE]) for title in titles.visible]
    seen = [title for title in visible if plain(title) not in known and not _is_beside(title, declared)]
    extra = (*names, section) if section else names
    others = [title for _, title in declared]
    bare = [(how, without_outlet(title, [*seen, *(other for other in others if other != title)], extra), title)
            for how, title in declared]
    is_declared = titles.is_news and bool(bare) and bare[0][0] != "title element"
    headline = None if is_declared else _confirmed(seen, [text for _, text, _ in bare])
    if headline is not None:
        parts = [title for _, *both in bare for title in both]
        text = _without_kicker(without_outlet(headline, others, extra), parts)
        return Found(_whole(text, others, extra), "h1", headline)
    for how, text, read_from in bare:
        return Found(_whole(text, [*others, *seen], extra), how, read_from)
    return Found(seen[0], "h1", seen[0]) if seen else None


def _confirmed(seen: list[str], declared: list[str]) -> str | None:
    if not declared:
        return seen[0] if seen else None
    shares = [(max(_in_common(title, other) for other in declared), -number) for number, title in enumerate(seen)]
    if not shares or max(shares)[0] < ALIKE:
        return None
    return seen[-max(shares)[1]]


@lru_cache(maxsize=64)
def _known(names: tuple[str, ...]) -> frozenset[str]:
    """The outlet's names in the form for comparison, with and without "the" or "www" in front.

    >>> sorted(_known(("The Harbour News",)))
    ['harbournews', 'theharbournews', 'wwwharbournews']
    """
    bare = {plain(_ARTICLE.sub("", name)) for name in names} - {""}
    return frozenset(before + name for name in bare for before in ("", "the", "www"))


def _is_beside(headline: str, declared: list[tuple[str, str]]) -> bool:
    """Whether the title element is ``headline`` joined with another title. Then ``headline`` is an outlet or a kicker.

    >>> _is_beside("Salt and Tide", [("meta", "The pier opens"), ("title element", "Salt and Tide: The pier opens")])
    True
    """
    first = plain(headline)
    both = [plain(title) for how, title in declared if how == "title element"]
    others = {plain(title) for how, title in declared if how != "title element"} - {first}
    return any(tab in (first + other, other + first) for tab in both for other in others if len(other) >= len(first))


def _in_common(one: str, other: str) -> float:
    """The share of the shorter title's words that the other has too. Titles of one or two words compare letters.

    >>> _in_common("Pier opens early", "East pier opens")
    0.6666666666666666
    """
    mine, theirs = (set(_WORD.findall(title.casefold())) for title in (one, other))
    if min(len(mine), len(theirs)) <= 2:
        mine, theirs = set(plain(one)), set(plain(other))
        return len(mine & theirs) / max(1, len(mine | theirs))
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))


def _without_kicker(headline: str, declared: list[str]) -> str:
    """The part of a visible headline that is another title, without a kicker before it or a count or source after it.

    >>> _without_kicker("Harbour Pier opens early", ["Pier opens early"])
    'Pier opens early'
    >>> _without_kicker("East pier opens early (wire.example) 87", ["East pier opens early"])
    'East pier opens early'
    """
    for title in declared:
        if len(title) >= max(SHORTEST_HEADLINE, 0.5 * len(headline)) and headline != title and (
                headline.endswith(title) or (headline.startswith(title) and _COUNT.fullmatch(headline[len(title):]))):
            return title
    return headline


def _whole(title: str, others: list[str], names: tuple[str, ...]) -> str:
    """The full title if ``title`` is truncated and another title begins with it; otherwise ``title``."""
    is_cut = title.endswith(("…", "...")) or title.count("(") > title.count(")") or len(title) >= LONGEST_SHARED
    stem = title.rstrip("…. ")
    for other in others if is_cut and len(stem) >= 15 else ():
        is_longer = other.startswith(stem) and len(other) > len(title) and not _SEPARATOR.match(other[len(stem):])
        if is_longer and not other.endswith(("…", "...")):
            return without_outlet(other, [], names)
    return title


def without_outlet(title: str, others: list[str], names: tuple[str, ...]) -> str:
    """``title`` without the part before or after a separator that names the outlet.

    A part is removed if it is one of the outlet's names, or if the rest is another of the page's titles.

    >>> without_outlet("Pier opens - early - Harbour News", [], ("Harbour News",))
    'Pier opens - early'
    >>> without_outlet("Pier opens early | The Harbour News", [], ("Harbour News",))
    'Pier opens early'
    >>> without_outlet("Storm: pier closed", [], ("Harbour News",))
    'Storm: pier closed'
    """
    known = _known(names)
    alike = {plain(other) for other in others}
    cuts = list(_SEPARATOR.finditer(title))
    if len(cuts) > MOST_PARTS:
        return title
    for cut in cuts:
        head, tail = title[: cut.start()], title[cut.end():]
        is_headline = plain(head) in alike and len(plain(head)) >= SHORTEST_HEADLINE and not cut.group().startswith(":")
        if (plain(tail) in known and len(plain(head)) >= SHORTEST_HEADLINE) or is_headline:
            return without_outlet(head.strip(), [], names)
    for cut in reversed(cuts):
        head, tail = title[: cut.start()], title[cut.end():]
        if len(plain(tail)) >= SHORTEST_HEADLINE and (plain(head) in known or (
                plain(tail) in alike and not cut.group().startswith(":"))):
            return tail.strip()
    return title
