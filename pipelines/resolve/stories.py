"""Finds copies of one story by the MinHash signatures of their bodies, also where an outlet cut the end.

The signature is made by the clean step: 126 numbers of the whole body and 66 of its lead (its first 150 words), of
which two texts share as many as their sets of word shingles overlap (Broder 1997). A brief cut from a long text is
found by its lead, a text whose lead was rewritten by the rest. Outlets' boilerplate and agencies' background paragraphs
make unrelated texts similar, mostly at the ends of short texts. Texts with different leads must therefore share more of
the rest.

Lookups go by bands: runs of three numbers, hashed. Two bodies of Jaccard similarity 0.4 meet in one of the 42 bands
of the whole with probability 0.94, of 0.2 with 0.29, of 0.05 with 0.005; two leads of 0.4 in one of 22 with 0.76.

Only articles that were fetched within ``COPIED_WITHIN`` of each other are compared. A story that goes on being copied
stays one, and what a batch costs depends on how much is fetched in that time, and not on all that ever was.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

type Numbers = np.ndarray[Any, Any]

BAND_LENGTH = 3
LEAD_AT = 126  # in a signature: where the numbers of the lead begin
LEAD_WORDS = 150
UNSPACED_WORDS = 30  # a text of fewer that has a signature is written without spaces: its words were not counted

COPIED_LEAD = 0.65  # of the shorter lead: enough by itself, a brief is a lead and no more
COPIED_BODY = 0.75  # of the shorter text
COPIED_BOTH = (0.65, 0.5)  # of the text, when so much of the lead is copied too
COPIED_LONG = 0.55  # of the text, when this comes to LONG_WORDS: more than boilerplate and background come to
LONG_WORDS = 180
LEAST_LEAD = 0.2  # a text found with another lead is in a digest, or is background: unless the two are one all through
ONE_TEXT = 0.6  # Jaccard similarity of such two
LEAST_JACCARD = 0.05  # of the whole: below, the few places that agree say too little about containment
LEAST_AGREEMENT = 0.5  # of a story's articles that were met: likeness to one of them alone joins no stories

COPIED_WITHIN = timedelta(days=30)
"""How far apart the times may be at which an article and a copy of it were fetched."""
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
    return tuple(_bands(np.array([signature], dtype=np.int64))[0].tolist())


def _bands(signatures: Numbers) -> Numbers:
    """The bands of signatures of one length, a row each."""
    of, count = len(signatures), signatures.shape[1] // BAND_LENGTH
    runs = signatures[:, : count * BAND_LENGTH].astype(np.uint64).reshape(of, count, BAND_LENGTH)
    keys = np.broadcast_to(np.arange(count, dtype=np.uint64) + _FNV_OFFSET, (of, count))
    for place in range(BAND_LENGTH):
        keys = (keys ^ runs[:, :, place]) * _FNV_PRIME
        keys = keys ^ (keys >> np.uint64(32))
    return keys.astype(np.int64)


def each_band(signatures: Sequence[Sequence[int]]) -> tuple[Numbers, Numbers]:
    """The different bands of each signature, as numbers, beside the place of the signature in the sequence.

    >>> of, keys = each_band([(1, 2, 3), (), (1, 2, 3, 4, 5, 6)])
    >>> of.tolist(), tuple(keys[1:].tolist()) == bands((1, 2, 3, 4, 5, 6))
    ([0, 2, 2], True)
    """
    of_length: dict[int, list[int]] = defaultdict(list)
    for place, signature in enumerate(signatures):
        of_length[len(signature)].append(place)
    of, keys = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for length, places in sorted(of_length.items()):
        if length < BAND_LENGTH:
            continue
        found = _bands(np.array([signatures[place] for place in places], dtype=np.int64))
        ordered = np.sort(found, axis=1)
        repeats = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        is_first = np.ones(found.shape, bool)
        for row in repeats:
            is_first[row] = False
            is_first[row, np.unique(found[row], return_index=True)[1]] = True
        keys.append(found[is_first])
        of.append(np.repeat(np.array(places, np.int64), is_first.sum(axis=1)))
    return np.concatenate(of), np.concatenate(keys)


def common_bands(signatures: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[int, ...]]:
    """By signature, those of its bands that more than one of the signatures has: no other can be met by.

    >>> found = common_bands([(1, 2, 3, 4, 5, 6), (9, 2, 3, 4, 5, 6), (7, 8, 9)])
    >>> found[1, 2, 3, 4, 5, 6] == bands((1, 2, 3, 4, 5, 6))[1:], found[7, 8, 9]
    (True, ())
    """
    listed = list(signatures)
    of, keys = each_band(listed)
    found: list[list[int]] = [[] for _ in listed]
    order = np.argsort(keys)
    is_next = keys[order[1:]] == keys[order[:-1]]
    is_common = np.zeros(len(keys), bool)
    is_common[order[1:]] = is_next
    is_common[order[:-1]] |= is_next
    for place, band in zip(of[is_common].tolist(), keys[is_common].tolist(), strict=True):
        found[place].append(band)
    return {signature: tuple(common) for signature, common in zip(listed, found, strict=True)}


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


def likeness(one: Sequence[int], words: int, other: Sequence[int], other_words: int) -> float:
    """How much of the shorter text and of the shorter lead is in the other, added; 0 when neither copies the other.

    >>> likeness((1, 2, 3), 100, (1, 2, 3), 100), likeness((1, 2, 3), 100, (1, 8, 9), 100)
    (1.0, 0.0)
    """
    if min(words, other_words) < UNSPACED_WORDS:
        words = other_words = LEAD_WORDS
    shorter = min(words, other_words)
    similarity = jaccard(one[:LEAD_AT], other[:LEAD_AT])
    body = containment(similarity, words, other_words) if similarity >= LEAST_JACCARD else 0.0
    leads = jaccard(one[LEAD_AT:], other[LEAD_AT:])
    lead = containment(leads, min(words, LEAD_WORDS), min(other_words, LEAD_WORDS))
    if lead < LEAST_LEAD and similarity < ONE_TEXT:
        return 0.0
    is_copy = (
        lead >= COPIED_LEAD
        or body >= COPIED_BODY
        or (body >= COPIED_BOTH[0] and lead >= COPIED_BOTH[1])
        or (body >= COPIED_LONG and body * shorter >= LONG_WORDS)
    )
    return body + lead if is_copy else 0.0


class StoryIndex:
    """Articles that a new one may be a copy of. Which is found does not depend on the order of adding.

    ``bands_of`` gives the bands of a signature by which it can be met.
    """

    def __init__(
        self, members: Iterable[Member] = (), bands_of: Callable[[tuple[int, ...]], Sequence[int]] = bands
    ) -> None:
        self._bands_of = bands_of
        self._members: dict[str, Member] = {}
        self._by_band: dict[int, list[tuple[datetime, str]]] = {}
        for member in members:
            self.add(member)

    def add(self, member: Member) -> None:
        """Adds an article, in place of its former text."""
        self.remove(member.article_id)
        self._members[member.article_id] = member
        for band in self._bands_of(member.signature):
            insort(self._by_band.setdefault(band, []), (member.fetched_at, member.article_id))

    def remove(self, article_id: str) -> None:
        member = self._members.pop(article_id, None)
        if member is not None:
            for band in self._bands_of(member.signature):
                self._by_band[band].remove((member.fetched_at, article_id))

    def story_of(
        self, signature: tuple[int, ...], word_count: int, fetched_at: datetime, *, except_for: str
    ) -> str | None:
        """Story of the nearest copy, or None: of equally near ones the article that was fetched first.

        A story counts when at least half of its articles that were met, by a band, are copies: what chains of
        half-alike texts have in common is boilerplate.
        """
        met = {article_id for band in self._bands_of(signature) for article_id in self._first_in(band, fetched_at)}
        met.discard(except_for)
        found: list[tuple[float, datetime, str, str]] = []
        of_story: Counter[str] = Counter()
        copies: Counter[str] = Counter()
        for article_id in met:
            member = self._members[article_id]
            of_story[member.story_id] += 1
            alike = likeness(signature, word_count, member.signature, member.word_count)
            if alike > 0:
                copies[member.story_id] += 1
                found.append((-alike, member.fetched_at, article_id, member.story_id))
        agreed = [one for one in found if copies[one[3]] >= LEAST_AGREEMENT * of_story[one[3]]]
        return min(agreed)[3] if agreed else None

    def _first_in(self, band: int, fetched_at: datetime) -> Iterable[str]:
        """The first articles in a band that were fetched near enough to that time."""
        of_band = self._by_band.get(band, [])
        start = bisect_left(of_band, (fetched_at - COPIED_WITHIN, ""))
        near = of_band[start : start + MOST_IN_A_BAND]
        return (article_id for at, article_id in near if at <= fetched_at + COPIED_WITHIN)
