"""Copies of one story are told by the MinHash signatures of their bodies, also when an outlet trimmed the end.

The signature is made by the clean step: 128 numbers, of which two bodies share as many as their sets of word
shingles overlap (Broder 1997). Lookups go by bands: runs of three numbers, hashed. Two bodies of Jaccard
similarity 0.4 meet in one of the 42 bands with probability 0.94, of 0.3 with 0.68, of 0.05 with 0.005.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

BAND_LENGTH = 3
LEAST_JACCARD = 0.25  # an agency's next story on the same event repeats a paragraph or two: 0.05 to 0.2
LEAST_CONTAINMENT = 0.6  # of the shorter text: a copy may have a paragraph of its own, two stories rarely share more

MOST_IN_A_BAND = 64  # of articles alike (one boilerplate under many addresses) the first are enough: cost stays bounded

_FNV_OFFSET = np.uint64(14695981039346656037)
_FNV_PRIME = np.uint64(1099511628211)


@dataclass(frozen=True, slots=True)
class Member:
    """An article that later ones may be copies of."""

    article_id: str
    story_id: str
    signature: tuple[int, ...]
    word_count: int
    fetched_at: datetime


def bands(signature: Sequence[int]) -> tuple[int, ...]:
    """Lookup keys of a signature: 64-bit numbers, some of which near-identical texts share.

    They are stored, so the hash is written out: FNV-1a over a band's numbers, begun with its place.

    >>> first, other = bands((1, 2, 3, 4, 5, 6)), bands((9, 2, 3, 4, 5, 6))
    >>> len(first), first[0] == other[0], first[1] == other[1]
    (2, False, True)
    """
    count = len(signature) // BAND_LENGTH
    runs = np.array(signature[: count * BAND_LENGTH], dtype=np.int64).astype(np.uint64).reshape(count, BAND_LENGTH)
    keys = np.arange(count, dtype=np.uint64) + _FNV_OFFSET
    for column in runs.T:
        keys = (keys ^ column) * _FNV_PRIME
        keys ^= keys >> np.uint64(32)
    return tuple(keys.astype(np.int64).tolist())


def jaccard(one: Sequence[int], other: Sequence[int]) -> float:
    """Estimated share of shingles that two bodies have in common; 0 when either has no signature.

    >>> jaccard((1, 2, 3, 4), (1, 2, 3, 9))
    0.75
    """
    if not one or len(one) != len(other):
        return 0.0
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def containment(similarity: float, words: int, other_words: int) -> float:
    """Estimated share of the shorter text that the longer one contains.

    >>> containment(0.5, 400, 800), containment(0.5, 600, 600)
    (1.0, 0.6666666666666666)
    """
    shorter = min(words, other_words)
    if shorter <= 0:
        return 0.0
    return min(1.0, similarity * (words + other_words) / (1 + similarity) / shorter)


class StoryIndex:
    """Articles that a new one may be a copy of. Which is found does not depend on the order of adding."""

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self._members: dict[str, Member] = {}
        self._by_band: dict[int, list[tuple[datetime, str]]] = {}
        for member in members:
            self.add(member)

    def add(self, member: Member) -> None:
        """Adds an article, in place of its former text."""
        self.remove(member.article_id)
        self._members[member.article_id] = member
        for band in bands(member.signature):
            insort(self._by_band.setdefault(band, []), (member.fetched_at, member.article_id))

    def remove(self, article_id: str) -> None:
        member = self._members.pop(article_id, None)
        if member is not None:
            for band in bands(member.signature):
                self._by_band[band].remove((member.fetched_at, article_id))

    def story_of(self, signature: Sequence[int], word_count: int, *, except_for: str) -> str | None:
        """Story of the nearest copy, or None: near-equal ones go to the article that was fetched first."""
        met = {
            article_id
            for band in bands(signature)
            for _, article_id in self._by_band.get(band, ())[:MOST_IN_A_BAND]
        }
        met.discard(except_for)
        found: list[tuple[float, datetime, str, str]] = []
        for article_id in met:
            member = self._members[article_id]
            similarity = jaccard(signature, member.signature)
            contained = containment(similarity, word_count, member.word_count)
            if similarity >= LEAST_JACCARD and contained >= LEAST_CONTAINMENT:
                found.append((-similarity, member.fetched_at, article_id, member.story_id))
        return min(found)[3] if found else None
