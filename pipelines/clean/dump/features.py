"""The lines of a dump become numbers: how each is written, how it is laid out, and where it stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.clean.dump.lines import Lines

type Numbers = NDArray[np.float32]

KINDS = (
    "stop",
    "strong",
    "address",
    "ours",
    "share",
    "menu",
    "comments",
    "related",
    "subscribe",
    "legal",
    "media",
    "author",
    "time",
    "advert",
)
TEXT_FEATURES = (
    "length",
    "words",
    "word_length",
    "ends",
    "colon",
    "sentences",
    "commas",
    "titles",
    "uppers",
    "digits",
    "lower_start",
    "digit_start",
    "bracket_start",
    "quotes",
    "marks",
    "opener",
    "question",
    "credit",
    "stop_count",
    "strong_count",
    *KINDS,
)
LAYOUT_FEATURES = (
    "gap",
    "next_gap",
    "gap_to_body",
    "indent",
    "indent_to_body",
    "links",
    "is_heading",
    "is_item",
    "is_numbered",
    "level",
    "repeats",
    "place",
    "from_start",
    "from_end",
    "share_before",
    "before",
    "after",
    "mass",
    "lines",
    "is_markdown",
    "density",
    "is_indented",
    "since_comments",
    "since_related",
    "since_good",
    "until_good",
    "since_first_level",
)
FEATURES = (*TEXT_FEATURES, *LAYOUT_FEATURES)

_FIRST_KIND = TEXT_FEATURES.index(KINDS[0])
_FIELD = 16  # bits of a packed count: no line has 65,536 words
_SHIFTS = tuple(place * _FIELD for place in range(len(KINDS)))
_MASK = (1 << _FIELD) - 1
_WORD = re.compile(r"\w+")
_MARKS = re.compile(r"[|©→»›•/@#_{}=<>↓↑▼▲★✓]")
_ENDS = (".", "!", "?", "…", ".”", '."', "!”", "?”", "。", "」", "।", ".)", ".’", ".«", ".“", "؟", "：")
_LONGEST = 3_000
LONGEST_OPENER = 40
CREDIT_WORDS = 6
"""Words at the end of a caption in which its maker is named."""


@dataclass(frozen=True, slots=True)
class Words:
    """``tables/dump.toml``, read: words to packed counts by kind, openers of furniture lines, words of credits."""

    kinds: dict[str, int]
    openers: tuple[str, ...]
    credits: frozenset[str]


@cache
def load_words() -> Words:
    table: dict[str, Any] = tomllib.loads(files("pipelines.clean").joinpath("tables/dump.toml").read_text("utf-8"))
    kinds: dict[str, int] = {}
    for place, kind in enumerate(KINDS):
        written = " ".join(table["stop_words"].values()) if kind == "stop" else table["furniture"][kind]
        for word in set(_WORD.findall(written)):
            kinds[word] = kinds.get(word, 0) | 1 << place * _FIELD
    return Words(kinds, tuple(table["openers"]["phrases"]), frozenset(table["credits"]["words"].split()))


def text_numbers(text: str, words: Words) -> tuple[float, ...]:
    """How one line is written: the values of ``TEXT_FEATURES``."""
    text = text[:_LONGEST]
    size = len(text)
    pieces = _WORD.findall(text)
    lowers = list(map(str.lower, pieces))
    count = len(pieces) or 1
    packed = sum(filter(None, map(words.kinds.get, lowers)))
    counts = [packed >> shift & _MASK for shift in _SHIFTS] if packed else _NOTHING
    head, last = text[0], text[-1]
    return (
        log1p(size),
        log1p(count),
        size / count,
        text.endswith(_ENDS),
        last == ":",
        log1p(text.count(". ") + text.count("? ") + text.count("! ") + text.count("。")),
        (text.count(",") + text.count("、")) / count,
        sum(map(str.istitle, pieces)) / count,
        sum(map(str.isupper, pieces)) / count,
        sum(map(str.isdigit, pieces)) / count,
        head.islower(),
        head.isdigit(),
        head in "[(【（",
        "“" in text or '"' in text or "„" in text or "«" in text,
        log1p(len(_MARKS.findall(text))),
        text[:LONGEST_OPENER].lower().startswith(words.openers),
        last in "?!",
        "©" in text or not words.credits.isdisjoint(lowers[-CREDIT_WORDS:]),
        log1p(counts[0]),
        log1p(counts[1]),
        *[number / count for number in counts],
    )


_NOTHING = [0] * len(KINDS)


def numbers_of(lines: Lines, words: Words) -> Numbers:
    """A row of numbers for each line of a dump: the values of ``FEATURES``."""
    known: dict[str, tuple[float, ...]] = {}
    counts: dict[str, int] = {}
    rows = []
    for text in lines.texts:
        row = known.get(text)
        if row is None:
            row = known[text] = text_numbers(text, words)
        counts[text] = counts.get(text, 0) + 1
        rows.append(row)
    own = np.array(rows, dtype=np.float32)
    repeats = np.array([counts[text] for text in lines.texts], dtype=np.float32)
    return np.concatenate([own, _layout(own, lines, repeats)], axis=1)


def _layout(own: Numbers, lines: Lines, repeats: Numbers) -> Numbers:
    total = len(own)
    chars = np.expm1(own[:, 0])
    good = np.where((own[:, 3] > 0) & (chars > 60) & (repeats < 2), chars, 0).astype(np.float32)
    gaps = np.log1p(np.array(lines.gaps, dtype=np.float32))
    indents = np.array(lines.indents, dtype=np.float32)
    levels = np.array(lines.levels, dtype=np.float32)
    mass = float(good.sum()) or 1.0
    place = np.arange(total, dtype=np.float32)
    before = np.concatenate(([0], np.cumsum(good)))
    ones = np.ones(total, dtype=np.float32)
    is_good = good > 0
    columns = [
        gaps,
        np.append(gaps[1:], 0),
        gaps - _heaviest(np.round(gaps, 1), good),
        np.minimum(indents, 60),
        np.clip(indents - _heaviest(indents, good), -30, 30),
        np.array(lines.links, dtype=np.float32),
        (levels > 0) & (levels < 7),
        levels == 7,
        levels == 8,
        levels,
        np.minimum(repeats, 5),
        place / total,
        np.minimum(place, 300),
        np.minimum(total - place, 300),
        before[:-1] / mass,
        np.log1p(before[:-1]),
        np.log1p(np.maximum(mass - before[1:], 0)),
        ones * np.log1p(mass),
        ones * np.log1p(total),
        ones * lines.is_markdown,
        ones * (mass / (chars.sum() + 1)),
        ones * (indents.max() > 0),
        _since(_heads(own, "comments"), place),
        _since(_heads(own, "related"), place),
        _since(is_good, place),
        _since(is_good[::-1], place)[::-1],
        _since(levels == 1, place),
    ]
    return np.column_stack(columns).astype(np.float32)


def _heads(own: Numbers, kind: str) -> NDArray[np.bool_]:
    """Short lines that are mostly words of one kind of furniture, such as the heading of the comments."""
    return np.asarray((own[:, _FIRST_KIND + KINDS.index(kind)] >= 0.34) & (own[:, 1] < 2.0))


def _since(marks: NDArray[np.bool_], place: Numbers) -> Numbers:
    last = np.maximum.accumulate(np.where(marks, place, -200.0))
    return np.asarray(np.minimum(place - last, 200), dtype=np.float32)


def _heaviest(values: NDArray[np.floating[Any]], weights: Numbers) -> float:
    """The value that most of the weight lies on."""
    kinds, where = np.unique(values, return_inverse=True)
    return float(kinds[np.argmax(np.bincount(where, weights=weights))])
