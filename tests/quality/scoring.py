"""How a body is measured: precision and recall of 4-word shingles, averaged over pages (scrapinghub's benchmark)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_WORD = re.compile(r"\w+")
_NO_WORD = re.compile(r"[^\w]+|_+")
SHINGLE = 4


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall, and the F1 of the two."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """The multiset of a text's runs of four words; a shorter text is one run.

    >>> sorted(shingles("a b c d e"))
    [('a', 'b', 'c', 'd'), ('b', 'c', 'd', 'e')]
    """
    words = _WORD.findall(text)
    if not words:
        return Counter()
    return Counter(tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1)))


def page_counts(gold: str, predicted: str) -> tuple[float, float, float]:
    """True positives, false positives and false negatives of a page, divided by their sum.

    >>> page_counts("a b c d e", "a b c d")
    (0.5, 0.0, 0.5)
    """
    true, found = shingles(gold), shingles(predicted)
    hits = sum((true & found).values())
    extra, missed = sum(found.values()) - hits, sum(true.values()) - hits
    total = hits + extra + missed
    return (hits / total, extra / total, missed / total) if total else (0.0, 0.0, 0.0)


def score_bodies(pairs: Iterable[tuple[str, str]]) -> Score:
    """Score of (gold, predicted) bodies: precision and recall are averaged over the pages that define them."""
    precisions: list[float] = []
    recalls: list[float] = []
    for gold, predicted in pairs:
        hits, extra, missed = page_counts(gold, predicted)
        if hits + extra:
            precisions.append(hits / (hits + extra))
        if hits + missed:
            recalls.append(hits / (hits + missed))
    return Score(_mean(precisions), _mean(recalls))


def normal(text: str | None) -> str:
    """A title or name as it is compared: NFKC, lower case, punctuation to single spaces.

    >>> normal("  O’Neill — “Pier”! ")
    'o neill pier'
    """
    return _NO_WORD.sub(" ", unicodedata.normalize("NFKC", text or "").lower()).strip()


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
