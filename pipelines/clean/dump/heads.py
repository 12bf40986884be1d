"""Finds headline, byline, dates and outlet in the lines around a dump's body, each with its evidence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipelines.addresses import path_of
from pipelines.clean.boilerplate import is_boilerplate, outlet_describing_itself
from pipelines.clean.dump.lines import Lines, ends_sentence
from pipelines.clean.html.kind import words_of
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.moments import Moment
from pipelines.clean.metadata.title import plain, without_outlet
from pipelines.clean.metadata.written import labelled_dates, load_date_tables, read_written
from pipelines.clean.names import author_type, load_name_tables, parse_byline
from pipelines.records import Author

FURTHEST_HEADLINE = 60
"""Lines before the body that are searched for the headline. A dump's menu may come between the two."""

LONGEST_HEADLINE = 250
FURTHEST_BOX = 12
LONGEST_BYLINE = 120

_WORD, _DIGIT = re.compile(r"\w+"), re.compile(r"\d")
_BOX = re.compile(r"^(?P<name>\S.{1,58}?\S)https?://\S+$")
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|\bcopyright\b)[\s©]*(?:\d{4}(?:\s?[-–—]\s?\d{2,4})?)?[\s,.|–—-]*(?P<name>[^\d|.,©–—()]{3,60})"
    r"(?:\s*[,–—-]?\s*\d{4})?",
    re.I,
)
_RIGHTS = re.compile(
    r"[\s.,|–—-]*(?:all rights.*|alle rechte.*|tous droits.*|todos (?:los derechos|os direitos).*|tutti i diritti.*)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A dump's lines, with the numbers of its body's first and last line."""

    lines: Lines
    first: int
    last: int
    url: str | None


def find_headline(around: Surroundings) -> tuple[int, Found[str]] | None:
    """The number of the headline's line, and the headline: the line before the body with the best score; or None."""
    texts = around.lines.texts
    start = max(0, around.first - FURTHEST_HEADLINE)
    slug = _slug_words(around.url)
    if slug and slug.isdisjoint(_WORD.findall(" ".join(texts[start : around.last + 1]).casefold())):
        slug = frozenset()  # it is in other letters, or in another language
    tab = texts[0]
    candidates = [
        (_headline_score(around, at, slug, tab), -at) for at in range(start, min(around.first + 1, len(texts)))
    ]
    best, place = max(candidates, default=(0.0, 0))
    at = -place
    if best <= 0:
        return None
    text = texts[at]
    if at == 0 and around.first > 1:
        text = without_outlet(text, list(texts[1 : around.first]), ())
    return at, Found(text, "headline line", texts[at])


def _headline_score(around: Surroundings, at: int, slug: frozenset[str], tab: str) -> float:
    text = around.lines.texts[at]
    words = _WORD.findall(text.casefold())
    if (
        not 10 <= len(text) <= LONGEST_HEADLINE
        or (len(words) < 3 and text.isascii())
        or is_boilerplate(text)
        or _is_date(text)
        or _is_byline(text)
    ):
        return -1.0
    level = around.lines.levels[at]
    shared = len(slug & set(words)) / len(slug) if slug else 0.0
    is_tab = at > 0 and plain(tab).startswith(plain(text)) and len(plain(text)) > 12
    score = 1.0 + 4.0 * shared * (shared >= 0.4) + 3.0 * is_tab
    score += {1: 3.0, 2: 1.0}.get(level, 0.0)
    score -= 1.0 * around.lines.links[at] + (0.8 if level >= 7 else 0.0)
    score -= 1.2 * max(0.0, (max(len(words), words_of(text)) - 25) / 10) + (0.6 if text.endswith((".", ":")) else 0.0)
    score -= min(2.0, 0.08 * (around.first - at))
    if at == around.first:  # the first paragraph of the body is hardly ever the headline, but the model may include it
        is_before_text = not ends_sentence(text) and any(map(ends_sentence, around.lines.texts[at + 1 : at + 2]))
        score -= 0.5 if is_before_text and (shared or not slug) else 1.0
        score -= 1.0 if len(text) > 110 or text.endswith((".", "”", '"')) else 0.0
    if len(words) < 5:
        score -= 0.4
    return score + 0.5 * (sum(1 for other in around.lines.texts[: around.first] if other == text) > 1)


def find_authors(around: Surroundings, headline: int) -> Found[tuple[Author, ...]] | None:
    """The authors in a byline near the headline, or else in an author box or a byline after the body."""
    texts = around.lines.texts
    for at in range(headline + 1, min(around.first + 3, len(texts))):
        authors = _byline(texts, at)
        if authors:
            return Found(authors, "byline line", texts[at])
    for at in range(headline - 1, max(-1, headline - 4), -1):
        authors = _byline(texts, at)
        if authors:
            return Found(authors, "byline line", texts[at])
    for at in range(around.last + 1, min(around.last + 1 + FURTHEST_BOX, len(texts))):
        match = _BOX.match(texts[at])
        if match is not None and match["name"] in texts[max(0, at - 3) : at + 3]:
            authors = parse_byline(match["name"])
            if authors:
                return Found(authors, "author box", texts[at])
        authors = _byline(texts, at) if at <= around.last + 2 else ()
        if authors:
            return Found(authors, "byline line", texts[at])
    return None


def _byline(texts: Sequence[str], at: int) -> tuple[Author, ...]:
    """The authors in a line that is a byline: it begins like one, or is only the name of a desk; otherwise ()."""
    text = texts[at].strip("*_ |")
    if len(text) > LONGEST_BYLINE:
        return ()
    if _is_opener(text) and at + 1 < len(texts) and len(texts[at + 1]) <= 60:
        text = f"{text.rstrip(':')} {texts[at + 1]}"
    if not _is_byline(text):
        return ()
    authors = parse_byline(_without_date(text))
    return tuple(author for author in authors if author.type != "person" or _is_person(author.name))


def _is_byline(text: str) -> bool:
    """Whether a line begins with the words of a byline and a name, or is the name of a desk.

    >>> _is_byline("By Ines Falk"), _is_byline("By Monday the pier was gone"), _is_byline("Web Desk")
    (True, False, True)
    """
    if len(text) > LONGEST_BYLINE:
        return False
    match = load_name_tables().opener.match(text)
    if match is not None and text[0].isupper():
        names = re.split(
            r"\s*(?:[|,·•/]|\s[–—-]\s|\band\b|\bund\b|\bet\b|\by\b|\be\b)\s*", _without_date(text[match.end() :])
        )
        name = next((part for part in names if part), "")
        return _is_person(name) or (len(name.split()) <= 4 and author_type(name) != "person")
    return (
        len(text.split()) <= 3
        and text[0].isupper()
        and author_type(text) == "desk"
        and not text.endswith(".")
        and len(text.split()) >= 2
    )


def _is_opener(text: str) -> bool:
    word = text.rstrip(":").strip()
    match = load_name_tables().opener.match(f"{word} ")
    return bool(word) and match is not None and match.end() == len(word) + 1


def _is_person(name: str) -> bool:
    """Whether a name is written like a person's: two to five words, all capitalized except particles."""
    words = name.split()
    capital = [word for word in words if word[0].isupper()]
    return (
        2 <= len(words) <= 5
        and len(capital) >= 2
        and words[-1][0].isupper()
        and all(word in capital or len(word) <= 4 for word in words)
        and not any(letter.isdigit() for letter in name)
        and not any(month_like in load_date_tables_days() for month_like in map(str.casefold, words))
    )


@cache
def load_date_tables_days() -> frozenset[str]:
    """Days of the week: after "By" they begin a sentence ("By Monday …") and are not a name."""
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/dump.toml").read_text("utf-8"))
    return frozenset(table["days"]["names"].split())


def _without_date(text: str) -> str:
    return re.split(
        r"\s*(?:[|·•–—]|\s-\s|,\s)\s*(?=\S*\d|(?:published|updated|posted)\b)", text, maxsplit=1, flags=re.I
    )[0]


def _is_date(text: str) -> bool:
    """Whether a line is a date and little else."""
    return (
        len(text) <= 60
        and _DIGIT.search(text) is not None
        and read_written(text, "de") is not None
        and (len(_WORD.findall(text)) <= 8)
    )


def find_times(around: Surroundings, headline: int) -> Iterator[tuple[str, Found[Moment]]]:
    """The dates in a dump, each with its field.

    A date below the headline, or one labelled so, is ``published_at``; one labelled as an update is ``modified_at``.
    A date above the headline is ``page_date``: the day when the page was served, which is never the article's date.
    """
    texts = around.lines.texts
    labels = load_date_tables()
    header = [text for text in texts[:headline] if _is_date(text)]
    for text in header[-1:]:
        moment = read_written(text, None)
        if moment is not None:
            yield "page_date", Found(moment, "date above the headline", text)
    for at in range(headline + 1, min(around.first + 2, len(texts))):
        text = texts[at]
        if len(text) > LONGEST_BYLINE or text in header or _DIGIT.search(text) is None:
            continue
        is_update = labels.updated.search(text) is not None
        if at >= around.first and not (is_update or labels.published.search(text)):
            continue
        for field, part in labelled_dates(text, None):
            moment = read_written(part, None)
            if moment is not None:
                yield field or "published_at", Found(moment, "date below the headline", text)


def find_outlet(around: Surroundings, headline: str) -> Found[str] | None:
    """The outlet's name, from the page's title, the outlet's description of itself, or the copyright line."""
    texts = around.lines.texts
    tab = texts[0]
    if plain(tab).startswith(plain(headline)) and len(tab) > len(headline) + 3:
        rest = re.split(r"\s+[|–—-]\s+|\s*\|\s*", tab[len(headline) :].strip())
        name = next((part for part in reversed(rest) if part.strip()), "")
        if 2 <= len(name) <= 50:
            return Found(name.strip(), "title line", tab)
    after = texts[around.last + 1 :]
    for text in after[:40]:
        describer = outlet_describing_itself(text) if len(text) < 400 else None
        if describer is not None and _is_outlet_name(name := describer.strip()):
            return Found(name, "blurb", text)
    for text in (*reversed(after[-30:]), *texts[: min(5, around.first)]):
        match = _COPYRIGHT.search(text) if len(text) < 200 else None
        name = _RIGHTS.sub("", match["name"]).strip(" .,-–—|") if match is not None else ""
        if _is_outlet_name(name):
            return Found(name, "copyright line", text)
    return None


def _is_outlet_name(name: str) -> bool:
    words = name.split()
    return (
        1 <= len(words) <= 6
        and len(name) <= 50
        and name[0].isupper()
        and words[-1][0].isupper()
        and name.casefold() not in {"it", "this", "he", "she", "copyright", "here", "there", "all rights reserved"}
    )


def _slug_words(url: str | None) -> frozenset[str]:
    if url is None:
        return frozenset()
    pieces = [piece for piece in path_of(url).split("/") if piece.count("-") + piece.count("_") >= 2]
    words = re.split(r"[\W_]+", pieces[-1].casefold()) if pieces else []
    return frozenset(word for word in words if len(word) > 2 and not word.isdigit() and word != "html")
