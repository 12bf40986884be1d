"""The lines of a dump become numbers: how each is written, how it is laid out, and where it stands."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import repeat
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
    *("length", "words", "word_length", "ends", "colon", "sentences", "commas", "titles", "uppers", "digits"),
    *("lower_start", "digit_start", "bracket_start", "quotes", "marks", "opener", "question", "credit"),
    *("stop_count", "strong_count", *KINDS),
)
LAYOUT_FEATURES = (
    *("gap", "next_gap", "gap_to_body", "indent", "indent_to_body", "links", "is_heading", "is_item", "is_numbered"),
    *("level", "repeats", "place", "from_start", "from_end", "share_before", "before", "after", "mass", "lines"),
    *("is_markdown", "density", "is_indented", "since_comments", "since_related", "since_good", "until_good"),
    "since_first_level",
)
FEATURES = (*TEXT_FEATURES, *LAYOUT_FEATURES)

_FIRST_KIND = TEXT_FEATURES.index(KINDS[0])
_KIND_BITS = np.array([1 << place for place in range(len(KINDS))], dtype=np.int64)
_MEDIA = 1 << KINDS.index("media")
LONGEST_OPENER = 40
CREDIT_WORDS = 6
"""Words at the end of a caption in which its maker is named."""

# Classes of characters, one bit each.
_WORD, _UPPER, _DIGIT, _COMMA, _STOP, _SPACE, _QUOTE, _MARK, _CLOSER, _BRACKET, _LOWER, _COLON, _ASKING, _COPYRIGHT = (
    1 << place for place in range(14)
)
_CLASSED = {
    _COMMA: ",、，",
    _STOP: ".!?…。！？।؟",
    _SPACE: " \u00a0",
    _QUOTE: "“„«\"",
    _MARK: "|©→»›•/@#_{}=<>↓↑▼▲★✓",
    _CLOSER: "”\"’)]»«“」",
    _BRACKET: "[(【（",
    _COLON: ":：",
    _ASKING: "?!",
    _COPYRIGHT: "©",
}


@cache
def _classes() -> NDArray[np.int32]:
    """Class bits of every character of the basic plane; those beyond count as the last one."""
    table = np.zeros(0x10000, dtype=np.int32)
    for code in range(0x10000):
        letter = chr(code)
        if letter.isalnum() or letter == "_":
            table[code] = (
                _WORD | (_UPPER if letter.isupper() else 0) | (_LOWER if letter.islower() else 0) | (_DIGIT if letter.isdigit() else 0)
            )
    for bit, letters in _CLASSED.items():
        for letter in letters:
            table[ord(letter)] |= bit
    return table


@dataclass(frozen=True, slots=True)
class Words:
    """``tables/dump.toml``, read: words to bits of their kinds, and openers of furniture lines."""

    kinds: Mapping[str, int]
    openers: tuple[str, ...]


@cache
def load_words() -> Words:
    table: dict[str, Any] = tomllib.loads(files("pipelines.clean").joinpath("tables/dump.toml").read_text("utf-8"))
    kinds: dict[str, int] = {}
    for place, kind in enumerate(KINDS):
        written = " ".join(table["stop_words"].values()) if kind == "stop" else table["furniture"][kind]
        for word in set(re.findall(r"\w+", written)):
            kinds[word] = kinds.get(word, 0) | 1 << place
    return Words(kinds, tuple(table["openers"]["phrases"]))


def numbers_of(lines: Lines, words: Words) -> Numbers:
    """A row of numbers for each line of a dump: the values of ``FEATURES``."""
    counts = Counter(lines.texts)
    repeats = np.array([counts[text] for text in lines.texts], dtype=np.float32)
    own = _text_numbers(lines.texts, words)
    return np.concatenate([own, _layout(own, lines, repeats)], axis=1)


def _text_numbers(texts: Sequence[str], words: Words) -> Numbers:
    """How each line is written: the values of ``TEXT_FEATURES``, counted over all characters of the dump at once."""
    together = "\n".join(texts) + "\n"
    codes = np.frombuffer(together.encode("utf-32-le", "replace"), dtype=np.uint32)
    classes = _classes()[np.minimum(codes, 0xFFFF)]
    ends = np.flatnonzero(codes == 10)  # noqa: PLR2004  the line feeds just put in
    starts = np.concatenate(([0], ends[:-1] + 1))
    sizes = (ends - starts).astype(np.float32)

    def per_line(mask: NDArray[np.bool_]) -> Numbers:
        return np.asarray(np.add.reduceat(mask, starts, dtype=np.int32), dtype=np.float32)

    is_word = (classes & _WORD) > 0
    begins = is_word.copy()
    begins[1:] &= ~is_word[:-1]
    is_upper = (classes & _UPPER) > 0
    next_upper = np.append(is_upper[1:], False)
    next_word = np.append(is_word[1:], False)
    next_space = np.append((classes[1:] & _SPACE) > 0, False)
    places = np.flatnonzero(begins)
    count = np.maximum(per_line(begins), 1)
    last, before = classes[np.maximum(ends - 1, starts)], classes[np.maximum(ends - 2, starts)]
    head = classes[starts]
    ending = ((last & _STOP) > 0) | (((last & _CLOSER) > 0) & ((before & _STOP) > 0))
    kinds, tails = _kinds_of(together, is_word, places, ends, words)
    columns = [
        np.log1p(sizes), np.log1p(count), sizes / count, ending, (last & _COLON) > 0,
        np.log1p(per_line(((classes & _STOP) > 0) & next_space)), per_line((classes & _COMMA) > 0) / count,
        per_line(begins & is_upper & next_word & ~next_upper) / count, per_line(begins & is_upper & next_upper) / count,
        per_line(begins & ((classes & _DIGIT) > 0)) / count,
        (head & _LOWER) > 0, (head & _DIGIT) > 0, (head & _BRACKET) > 0, per_line((classes & _QUOTE) > 0) > 0,
        np.log1p(per_line((classes & _MARK) > 0)),
        [text[:LONGEST_OPENER].lower().startswith(words.openers) for text in texts],
        (last & _ASKING) > 0, tails | (per_line((classes & _COPYRIGHT) > 0) > 0),
        np.log1p(kinds[:, 0]), np.log1p(kinds[:, 1]),
    ]  # fmt: skip
    return np.concatenate([np.column_stack(columns).astype(np.float32), kinds / count[:, None]], axis=1)


def _kinds_of(
    together: str, is_word: NDArray[np.bool_], places: NDArray[np.intp], ends: NDArray[np.intp], words: Words
) -> tuple[Numbers, NDArray[np.bool_]]:
    """How many words of each kind a line has, and whether its last words name the maker of a picture."""
    lower = together.lower()
    if len(lower) != len(together):  # some letters are two in lower case
        lower = "".join(letter.lower()[0] for letter in together)
    codes = np.frombuffer(lower.encode("utf-32-le", "replace"), dtype=np.uint32)
    spaced = np.where(is_word, codes, 32).astype(np.uint32).tobytes().decode("utf-32-le")
    bits = np.fromiter(map(words.kinds.get, spaced.split(), repeat(0)), dtype=np.int64)
    owners = np.searchsorted(ends, places)
    known = np.flatnonzero(bits)
    sums = np.zeros((len(known) + 1, len(KINDS)), dtype=np.int32)
    np.cumsum((bits[known, None] & _KIND_BITS) > 0, axis=0, out=sums[1:])
    until = np.searchsorted(owners[known], np.arange(len(ends)), side="right")
    counts = np.diff(sums[np.concatenate(([0], until))], axis=0).astype(np.float32)
    pictures = known[(bits[known] & _MEDIA) > 0]
    beyond = np.searchsorted(owners, owners[pictures], side="right")
    tails = np.zeros(len(ends), dtype=np.bool_)
    tails[owners[pictures[beyond - pictures <= CREDIT_WORDS]]] = True
    return counts, tails


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
