"""Finds the kind of a person's occupation in the words around the name.

Only words that surely refer to the person are used: those directly before the name ("striker Ines Falk"), and those in
the apposition or predicate after it ("Ines Falk, 34, a professor of ...", "Ines Falk is the mayor of ..."). The words
are in ``data/words.toml``, for English only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from pipelines.enrich.tables import load_table

BEFORE = 60  # characters before a name that are searched for an occupation
BEHIND = 110  # characters after a name that are searched for an occupation

HONORIFIC = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sir|Dame|Lord|Lady)\.?\s+)$")
AGE = re.compile(r",\s*(?:aged\s+)?\d{1,2}(?=,)")
SAID = re.compile(
    r"\s*(?:,\s*(?:who\s+(?:is|was)\s+)?|\s(?:is|was|became|has\s+been)\s+)"
    r"(?P<text>(?:an?|the|one|its|his|her|their|our|former|then|now|whose|[a-z][\w-]*|[A-Z][\w.-]*(?:\s[A-Z][\w.-]*)?['’]s)\s"
    r"[^,.;:!?()\"“”\n]*)"
)


def occupation_of(body: str, names: Iterable[tuple[int, int]]) -> str | None:
    """The kind of occupation that most of a person's mentions state; None if none does, or if two kinds are equal.

    >>> body = "Striker Ines Falk scored. Bo Marsh, 61, a professor of law, saw Falk, the widow of a senator."
    >>> occupation_of(body, [(8, 17)]), occupation_of(body, [(26, 34)]), occupation_of(body, [(64, 68)])
    ('sport', 'science', None)
    """
    found = Counter(kind for start, end in names if (kind := _before(body, start) or _behind(body, end)))
    ranked = found.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _before(body: str, start: int) -> str | None:
    text = HONORIFIC.sub("", body[max(0, start - BEFORE) : start])
    found = _adjacent().search(text)
    return _kind(found["word"]) if found else None


def _behind(body: str, end: int) -> str | None:
    """
    >>> text = "Ines Falk was once an owner of ships. Ines Falk, Marrowby's mayor, left. Ines Falk, President Bo Marsh"
    >>> _behind(text, 9), _behind(text, 47), _behind(text, 82)
    (None, 'public_office', None)
    """
    said = SAID.match(AGE.sub("", body[end : end + BEHIND], count=1))
    if said is None:
        return None
    found = _anywhere().search(said["text"])
    return _kind(found[0]) if found else None


def _kind(word: str) -> str | None:
    """The kind of a word. Words with a capital in the table match only with one: President, but not a club's president.
    """
    return _kinds().get(word) or _kinds().get(word.casefold())


@cache
def _kinds() -> dict[str, str]:
    return {word: kind for kind, said in load_table("words.toml")["occupations"].items() for word in said}


@cache
def _adjacent() -> re.Pattern[str]:
    """Matches an occupation directly before a name."""
    return re.compile(rf"\b(?P<word>{_either(_kinds())})\s+$", re.IGNORECASE)


@cache
def _anywhere() -> re.Pattern[str]:
    """Matches a word for an occupation, or one after which the text is about another person (``theirs``)."""
    return re.compile(rf"\b(?:{_either([*_kinds(), *load_table('words.toml')['others']['theirs']])})\b", re.IGNORECASE)


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
