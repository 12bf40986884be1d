"""Finds the headline without the outlet's name, by comparing the titles of the page with each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from pipelines.addresses import path_of
from pipelines.clean.metadata.found import Found
from pipelines.clean.text import count_words, size_of, tidy_line

_SEPARATOR = re.compile(
    r"\s+[|\-–—•·«»‹›:<>~/]+\s+|\s*[|»｜│—]\s*|\s+::\s+|:\s+|\s?：\s?"
    r"|(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af”」』）？！])\s?[_＿\-–—－]+\s?")
"""In Chinese and Japanese, a separator may be without spaces, or be "_"."""

_DIVIDERS = "|-–—•·«»‹›:<>~/_｜│：＿－"
_BARS = frozenset("|｜│•»«›‹><_＿")
_QUOTES = {"«": "»", "»": "«", "‹": "›", "›": "‹"}
_UNSPACED_BARS = frozenset(("_", "＿", "-", "－"))
_LETTERS = re.compile(r"[^\w]+")
_WORD = re.compile("[\\w\u0300-\u036f\u064b-\u065f\u0900-\u0963\u0966-\u0eff\u1000-\u109f\u1780-\u17ff]+")
"""Words with their combining marks, by which those of Indic scripts would be cut into letters."""

_ARTICLE = re.compile(r"^(?:the\s+|www\.)", re.I)
_COUNT = re.compile(r"\s*\([\w-]+(?:\.[\w-]+)+\)(?:\s*\d{1,5})?")
SHORTEST_HEADLINE = 8
FEWEST_WORDS, SIZE_OF_HEADLINE = 3, 20
"""Words, or size in letters, of what is more than an outlet's name."""

LONGEST_TITLE = 1_000
MOST_PARTS = 20
"""A title with more parts between separators than this is a list of words, and is not split."""

LONGEST_SHARED = 105
"""Characters. A longer title may be truncated without an ellipsis, because search engines show only 110."""

MOST_OF_NAME = 0.7
"""The share of a title that an outlet's name is if the title says no more ("Harbour News Online")."""

LONGEST_TAIL = 4
LONGEST_NAME = 6
"""Words. A supposed name of an outlet with more words is a headline."""

CONFIRMED = 0.5
"""The least share of a headline's words that the text has, where no other title confirms it."""

FEWEST_STEMS = 4
"""The fewest longer words of a title that a text can confirm: fewer are in it by chance ("More from Kent")."""

ALIKE = 0.3
"""The least share of words that a visible headline must have in common with another title of the page."""


@dataclass(frozen=True, slots=True)
class Titles:
    """A page's titles: its h1 elements, JSON-LD's headline, Open Graph and the like, and the title element.

    ``headings`` are the headings below h1; ``others`` are further declared titles, each with how it is declared.
    """

    visible: tuple[str, ...] = ()
    linked: str | None = None
    shared: tuple[str, ...] = ()
    tab: str | None = None
    headings: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()

    def declared(self) -> list[tuple[str, str | None]]:
        """All declared titles, the best first, each with how it is declared."""
        return [("json-ld", self.linked), *(("meta", title) for title in self.shared), ("title element", self.tab),
                *self.others]

    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(title for title in (self.tab, *self.shared, *self.visible) if title))


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """The letters and digits of a text, case-folded, for comparing titles.

    >>> plain("Pier opens – Harbour News")
    'pieropensharbournews'
    """
    return _LETTERS.sub("", text.casefold())


def pick_title(titles: Titles, names: tuple[str, ...], section: str | None = None,
               about: Sequence[str] = ()) -> Found[str] | None:
    """The headline: the visible one if another title or the text confirms it, else a declared one, else a heading.

    ``about`` are texts that say what the article is about: its beginning and its address. If the outlet's names would
    leave no title, they are ignored.

    >>> pick_title(Titles(visible=("Pier opens",), tab="Pier opens - Harbour News"), ()).value
    'Pier opens'
    >>> pick_title(Titles(visible=("Harbour News",), shared=("Pier opens | Harbour News",)), ("Harbour News",)).value
    'Pier opens'
    """
    words = frozenset(stem for text in about for stem in stems_of(text))
    names = tuple(name for name in names if not is_headline(name, titles))
    found = _picked(titles, names, section, words) or (_picked(titles, (), None, words) if names else None)
    if found is None or (_support(found.value, words) == 0 and not _is_seen_and_linked(found.value, titles)):
        heading = max(titles.headings, key=lambda heading: _support(heading, words), default="")
        if found is None or (_support(heading, words) >= CONFIRMED and len(stems_of(heading)) >= FEWEST_STEMS):
            found = Found(tidy_line(heading[:LONGEST_TITLE]), "heading", heading) if heading else found
    return found


def _picked(titles: Titles, names: tuple[str, ...], section: str | None,
            words: frozenset[str]) -> Found[str] | None:
    known = _known(names) | {""}
    named = [(how, title[:LONGEST_TITLE]) for how, title in titles.declared() if title]
    declared = [(how, tidy_line(title)) for how, title in named if plain(title) not in known]
    visible = [tidy_line(title[:LONGEST_TITLE]) for title in titles.visible]
    is_section = plain(section or "") in set(map(plain, visible)) and bool(declared)
    passed = known | ({plain(section)} if section and is_section else set())
    seen = [title for title in visible if plain(title) not in passed and not _is_beside(title, declared)]
    extra = (*names, section) if section else names
    others = [title for _, title in declared]
    bare = [(how, without_outlet(title, [*seen, *titles.headings, *_alternatives(title, others)], extra), title)
            for how, title in declared]
    bare = [(how, _without_tail(text) if how != "json-ld" else text, title) for how, text, title in bare]
    headline = _confirmed(seen, [text for _, text, _ in bare], words) or _supported(seen, bare, words)
    if headline is not None:
        parts = [title for _, *both in bare for title in both]
        text = _without_kicker(without_outlet(headline, others, extra), parts)
        return Found(_whole(text, others, extra), "h1", headline)
    for how, text, read_from in bare:
        return Found(_whole(text, [*others, *seen], extra), how, read_from)
    return Found(seen[0], "h1", seen[0]) if seen else None


def passed_over(titles: Titles, chosen: Found[str]) -> Found[str] | None:
    """The first title of the other kind, visible or declared, that is not part of the chosen one or around it."""
    visible = [("h1", title) for title in titles.visible]
    for how, title in titles.declared() if chosen.how == "h1" else visible:
        one, other = plain(title or ""), plain(chosen.value)
        if title and one not in other and other not in one:
            return Found(tidy_line(title[:LONGEST_TITLE]), how, title)
    return None


def title_warnings(chosen: Found[str]) -> tuple[str, ...]:
    """The warning of a title that is from a heading or an address, because nothing states one."""
    if chosen.how not in ("heading", "url"):
        return ()
    return (f"TitleUnsure: the page has no title; the title is from {chosen.how}",)


def title_in(url: str | None) -> Found[str] | None:
    """The words of the last part of an address, if it has at least three: the last resort for a title.

    >>> title_in("https://outlet.example/local/ferry-crews-walk-out-812.html").value
    'Ferry crews walk out'
    >>> title_in("https://outlet.example/news.php?id=812") is None
    True
    """
    parts = [part for part in path_of(url).split("/") if part]
    words = [word for word in re.split(r"[-_+\s]+", parts[-1].rpartition(".")[0] or parts[-1]) if word] if parts else []
    words = [word for word in words if not any(map(str.isdigit, word))]
    if len(words) < 3:
        return None
    text = tidy_line(" ".join(words)[:LONGEST_TITLE])
    return Found(text[:1].upper() + text[1:], "url", url)


def is_part(text: str, title: str) -> bool:
    """Whether a text is all of a title, or of what is before or after a separator in it.

    >>> is_part("Pier opens", "Ports | Pier opens - Harbour News"), is_part("Pier", "Pier opens - Harbour News")
    (True, False)
    """
    at = title.find(text)
    before, after = title[:at].rstrip(), title[at + len(text) :].lstrip()
    return at >= 0 and before[-1:] in _DIVIDERS and after[:1] in _DIVIDERS


def is_headline(name: str, titles: Titles) -> bool:
    """Whether a supposed name of the outlet is a headline: longer than a name, or a long title of the page itself."""
    words = len(name.split())
    return words > LONGEST_NAME or (
        words > 3 and plain(name) in {plain(title) for title in (titles.linked, *titles.visible) if title})


def is_outlet(title: str, names: tuple[str, ...], titles: Titles) -> bool:
    """Whether a title is one of the outlet's names, or little more, and no headline."""
    known = _known(tuple(name for name in names if not is_headline(name, titles)))
    text = plain(title)
    domain = next((plain(name.partition(".")[0]) for name in names if "." in name and " " not in name), "")
    if text in map(plain, titles.visible) and domain and domain not in text and text not in domain:
        return False  # a headline that a template repeats as the site's name
    stated = {plain(other) for other in (titles.linked, *titles.visible, *titles.shared) if other}
    return text in known or (text not in stated and any(
        len(name) >= SHORTEST_HEADLINE and text.startswith(name) and MOST_OF_NAME * len(text) <= len(name)
        for name in known))


def _is_seen_and_linked(title: str, titles: Titles) -> bool:
    """Whether a title is visible and JSON-LD's headline too: it is the headline, even if the text has no word of it."""
    return plain(title) == plain(titles.linked or "") and plain(title) in {plain(text) for text in titles.visible}


def _confirmed(seen: list[str], declared: list[str], words: frozenset[str]) -> str | None:
    """The visible headline that is most like a declared title, and whose words the text has."""
    if not declared:
        return seen[0] if seen else None
    shares = {title: max(1.0 if _opens(title, other) else _in_common(title, other) for other in declared)
              for title in seen}
    alike = [title for title in seen if shares[title] >= ALIKE]
    said = {title: _support(title, words) if len(stems_of(title)) >= FEWEST_STEMS else 0.0 for title in alike}
    return max(alike, key=lambda title: shares[title] + said[title], default=None)


def _supported(seen: list[str], declared: list[tuple[str, str, str]], words: frozenset[str]) -> str | None:
    """The visible headline that no declared title confirms but the text does, better than it does the declared ones."""
    best = max(seen, key=lambda title: _support(title, words), default=None)
    if best is None or _support(best, words) < CONFIRMED or len(stems_of(best)) < FEWEST_STEMS:
        return None
    return best if all(_support(text, words) < _support(best, words) for _, text, _ in declared) else None


def _opens(title: str, other: str) -> bool:
    """Whether a title is all of another one before a separator, and no headline follows, as after a section's name."""
    rest = _SEPARATOR.match(other, len(title)) if other.startswith(title) else None
    after = other[rest.end() :] if rest is not None else ""
    return rest is not None and count_words(after) < FEWEST_WORDS and size_of(after) < SIZE_OF_HEADLINE


def _support(title: str, words: frozenset[str]) -> float:
    """The share of a title's longer words that the article's text or address has."""
    stems = stems_of(title)
    return len(stems & words) / len(stems) if stems else 0.0


def stems_of(text: str) -> frozenset[str]:
    """The beginnings of a text's longer words; in scripts without spaces, its pairs of characters."""
    return frozenset(stem for word in _WORD.findall(text.casefold()) for stem in (
        map("".join, pairwise(word)) if word > "\u0e00" else [word[:5]] if len(word) > 3 else []))


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


def _alternatives(title: str, others: list[str]) -> list[str]:
    """The other declared titles, whole and up to each separator."""
    return [part for other in others if other != title for part in (other, *_heads_of(other, title))]


def _heads_of(title: str, other: str) -> list[str]:
    """The parts of a title before each separator that are most of it; none if one of both titles has all of the other.
    """
    if plain(title) in plain(other) or plain(other) in plain(title):
        return []
    cuts = (cut for cut in _SEPARATOR.finditer(title) if not cut.group().strip().startswith((":", "：")))
    return [head for cut in cuts if 2 * len(head := title[: cut.start()]) >= len(title)]


def _in_common(one: str, other: str) -> float:
    """The share of the shorter title's words that the other has too. In scripts without spaces, letters are compared,
    or pairs of them where letters are few.

    >>> _in_common("Pier opens early", "East pier opens"), _in_common("Local news", "Crews call in council's bluff")
    (0.6666666666666666, 0.0)
    >>> _in_common("การเมือง", "คนขับรถรางลงมติยุติการหยุดงาน") < 0.2, _in_common("राजनीति", "नौ दिन की हड़ताल खत्म")
    (True, 0.0)
    """
    mine, theirs = (set(_WORD.findall(title.casefold())) for title in (one, other))
    if any(word > "\u0e00" for word in (*mine, *theirs)):
        has_few = not any(word > "\u2e80" for word in (*mine, *theirs))
        mine, theirs = (set(map("".join, pairwise(plain(text)))) if has_few else set(plain(text))
                        for text in (one, other))
        return len(mine & theirs) / max(1, len(mine | theirs))
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))


def _without_kicker(headline: str, declared: list[str]) -> str:
    """The part of a visible headline that is another title, without a kicker before it or a count or source after it.

    >>> _without_kicker("Harbour Pier opens early", ["Pier opens early"])
    'Pier opens early'
    >>> _without_kicker("East pier opens early (wire.example) 87", ["East pier opens early"])
    'East pier opens early'
    """
    for title in (part for whole in declared for part in (whole, *_heads_of(whole, headline))):
        if len(title) >= max(SHORTEST_HEADLINE, 0.5 * len(headline)) and headline != title and (
                headline.endswith(title) or (headline.startswith(title) and _COUNT.fullmatch(headline[len(title):]))):
            return title
    return headline


def _whole(title: str, others: list[str], names: tuple[str, ...]) -> str:
    """The full title if ``title`` is truncated and another title begins with it; otherwise ``title``."""
    is_cut = title.endswith(("…", "...")) or title.count("(") > title.count(")") or len(title) >= LONGEST_SHARED
    stem = title.rstrip("…. ")
    for other in others if is_cut and len(stem) >= (6 if stem > "\u0e00" else 15) else ():
        is_longer = other.startswith(stem) and len(other) > len(title) and not _SEPARATOR.match(other[len(stem):])
        if is_longer and not other.endswith(("…", "...")):
            return without_outlet(other, [], names)
    return title


def _without_tail(title: str) -> str:
    """A title without the names of a site and a section after bars, where nothing says what they are.

    >>> _without_tail("Pier opens early in the spring | Ports | Harbour"), _without_tail("Falk | Okafor: who won")
    ('Pier opens early in the spring', 'Falk | Okafor: who won')
    >>> _without_tail("The pier's budget for two years | In charts")
    "The pier's budget for two years | In charts"
    >>> _without_tail("방앗간 지구를 지나는 전차 노선 승인 :: 항구신문"), _without_tail("Pier opens early :: in May")
    ('방앗간 지구를 지나는 전차 노선 승인', 'Pier opens early :: in May')
    >>> _without_tail("东码头重建工程五月开工-港口-海港网"), _without_tail("东码头重建工程五月开工-六月通航")
    ('东码头重建工程五月开工', '东码头重建工程五月开工-六月通航')
    """
    whole, bars = title, []
    for cut in reversed(list(_SEPARATOR.finditer(title))):
        head, tail, bar = title[: cut.start()], title[cut.end():], cut.group()
        mark = bar.strip()[:1]
        is_quoted = mark in _QUOTES and any(quote in title.replace(bar, "") for quote in _QUOTES[mark])
        is_bar = ((mark in _BARS and not is_quoted) or bar.strip() == "::"
                  or (bar in _UNSPACED_BARS and tail[:1] > "\u2e80"))
        is_tail = len(tail.split()) <= LONGEST_TAIL and 2 * len(plain(tail)) <= len(plain(head))
        if not (is_bar and is_tail and _may_be_name(tail)) or len(plain(head)) < SHORTEST_HEADLINE:
            break
        title = head.strip()
        bars.append(bar)
    return whole if bars in (["-"], ["－"]) else title  # one dash is no bar: it may join two halves of a headline


def _may_be_name(text: str) -> bool:
    """Whether every word of a text begins with a capital, or has none in its script."""
    return all(word[0].isalpha() and not word[0].islower() for word in _WORD.findall(text))


def without_outlet(title: str, others: list[str], names: tuple[str, ...]) -> str:
    """``title`` without the part before or after a separator that names the outlet.

    A part is removed if it is one of the outlet's names, or if the rest is another of the page's titles. So are a
    section before and a name after such a title.

    >>> without_outlet("Pier opens - early - Harbour News", [], ("Harbour News",))
    'Pier opens - early'
    >>> without_outlet("Pier opens early | The Harbour News", [], ("Harbour News",))
    'Pier opens early'
    >>> without_outlet("Storm: pier closed", [], ("Harbour News",))
    'Storm: pier closed'
    >>> without_outlet("Sport | Rowers win on the quay | Daily", ["Rowers win on the quay"], ())
    'Rowers win on the quay'
    >>> without_outlet("Regatta: Rowers win on the quay - Daily", ["Rowers win on the quay"], ("Daily",))
    'Regatta: Rowers win on the quay'
    """
    known = _known(names)
    alike = {plain(other) for other in others}
    cuts = list(_SEPARATOR.finditer(title))
    if len(cuts) > MOST_PARTS:
        return title
    for before, after in pairwise(cuts):
        middle, size = title[before.end(): after.start()].strip(), after.start() - before.end()
        is_longest = size >= max(SHORTEST_HEADLINE, before.start(), len(title) - after.end())
        if is_longest and plain(middle) in alike and not before.group().startswith((":", "：")):
            return middle
    for cut in cuts:
        head, tail = title[: cut.start()], title[cut.end():]
        is_long = len(plain(head)) >= SHORTEST_HEADLINE
        is_headline = plain(head) in alike and is_long and not cut.group().startswith((":", "："))
        if (plain(tail) in known and is_long) or is_headline:
            return without_outlet(head.strip(), [], names)
    divided = next((cut for cut in cuts if cut.group().strip() in ("_", "＿")), None)
    if divided is not None and len(plain(title[: divided.start()])) >= SHORTEST_HEADLINE:
        return title[: divided.start()].strip()
    for cut in reversed(cuts):
        head, tail = title[: cut.start()], title[cut.end():]
        if len(plain(tail)) >= SHORTEST_HEADLINE and (plain(head) in known or (
                plain(tail) in alike and not cut.group().startswith((":", "：")))):
            return tail.strip()
    return title
