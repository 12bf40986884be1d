"""Features of how the lines of a page are written, computed for all lines at once: the models' first columns."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.clean.text import STOPS, sentences_unmarked

type Column = NDArray[Any]

KINDS = (
    "stop", "strong", "address", "ours", "share", "menu", "comments", "related", "subscribe", "legal", "media",
    "author", "time", "advert",
)
WRITTEN = (
    "length", "words", "word_length", "ends", "colon", "sentences", "commas", "capitals", "uppers", "digits", "foreign",
    "lower_start", "digit_start", "bracket_start", "quotes", "marks", "opener", "question", "credit", "stop_count",
    "strong_count", *KINDS,
)
LONGEST_READ = 200
"""Characters of a line whose words are counted. Its letters are all counted."""

LONGEST_OPENER = 40
CREDIT_WORDS = 6
"""Words at the end of a caption that are searched for a photo credit."""

_CREDIT, _LINE_END = 1 << len(KINDS), 2 << len(KINDS)
_BITS = 1 << np.arange(len(KINDS))
_WORDS_AND_ENDS = re.compile(r"\w+|\n")
_ENDS = (*STOPS, "…", ".”", '."', "!”", "?”", "」", ".)", ".’", ".«", ".“", "：")
_UPPER, _DIGIT, _FOREIGN, _MARK, _QUOTE, _COMMA, _STOP, _SPACE = (1 << bit for bit in range(8))


@cache
def _letter_kinds() -> Column:
    """The kinds of each character of Unicode's first plane, as bits."""
    kinds = np.zeros(0x10000, dtype=np.uint8)
    letters = list(map(chr, range(0x10000)))
    kinds[[letter.isupper() for letter in letters]] |= _UPPER
    kinds[[letter.isdigit() for letter in letters]] |= _DIGIT
    kinds[0x250:] |= _FOREIGN  # beyond Latin letters
    for kind, members in ((_MARK, "|[©→»›•/@#_{}=<>↓↑▼▲★✓"), (_QUOTE, "“\"„«"), (_COMMA, ",、"), (_STOP, ".?!。"),
                          (_SPACE, " ")):
        kinds[list(map(ord, members))] |= kind
    return kinds


@dataclass(frozen=True, slots=True)
class Words:
    """The words of ``tables/dump.toml`` with their bits (one for each of ``KINDS``, one for credits), and openers."""

    kinds: dict[str, int]
    openers: tuple[str, ...]


@cache
def load_words() -> Words:
    table: dict[str, Any] = tomllib.loads(files("pipelines.clean").joinpath("tables/dump.toml").read_text("utf-8"))
    word = re.compile(r"\w+")
    kinds: dict[str, int] = {}
    for place, kind in enumerate(KINDS):
        written = " ".join(table["stop_words"].values()) if kind == "stop" else table["boilerplate"][kind]
        for found in word.findall(written):
            kinds[found] = kinds.get(found, 0) | 1 << place
    for found in table["credits"]["words"].split():
        kinds[found] = kinds.get(found, 0) | _CREDIT
    kinds["\n"] = _LINE_END
    return Words(kinds, tuple(table["openers"]["phrases"]))


def written(texts: Sequence[str]) -> list[Column]:
    """The columns of ``WRITTEN``, some of them grouped into one array. No text may be empty or have a line end.

    >>> length, words, *_ = written(["Pier opens.", "It rained."])
    >>> np.expm1(words).round().tolist()
    [2.0, 2.0]
    """
    known = load_words()
    letters = _Letters(texts)
    sizes, counts = letters.sizes, letters.counts[_SPACE] + 1
    looked, kinds, is_credit = _words(texts, known)
    return [
        np.log1p(sizes),
        np.log1p(counts),
        sizes / counts,
        column([text.endswith(_ENDS) or sentences_unmarked(text) > 0 for text in texts]),
        column([text[-1] == ":" for text in texts]),
        np.log1p(letters.sentences),
        letters.counts[_COMMA] / counts,
        letters.capitals / counts,
        letters.counts[_UPPER] / sizes,
        letters.counts[_DIGIT] / sizes,
        letters.counts[_FOREIGN] / sizes,
        column([text[0].islower() for text in texts]),
        column([text[0].isdigit() for text in texts]),
        column([text[0] in "[(【（" for text in texts]),
        letters.counts[_QUOTE] > 0,
        np.log1p(letters.counts[_MARK]),
        column([text[:LONGEST_OPENER].lower().startswith(known.openers) for text in texts]),
        column([text[-1] in "?!" for text in texts]),
        is_credit,
        np.log1p(kinds[:, :2]),
        kinds / looked[:, None],
    ]


def stacked(columns: Sequence[Column]) -> NDArray[np.float32]:
    """Columns and groups of columns, joined into one table."""
    widths = [1 if each.ndim == 1 else each.shape[1] for each in columns]
    table = np.empty((len(columns[0]), sum(widths)), dtype=np.float32)
    at = 0
    for each, width in zip(columns, widths, strict=True):
        table[:, at:at + width] = each.reshape(-1, width)
        at += width
    return table


def column(values: Sequence[Any]) -> Column:
    return np.array(values, dtype=np.float32)


def _words(texts: Sequence[str], known: Words) -> tuple[Column, Column, Column]:
    """For each line: how many words were counted, how many of them are of each kind, whether it ends in a credit."""
    total = len(texts)
    pieces = _WORDS_AND_ENDS.findall("".join([text[:LONGEST_READ] + "\n" for text in texts]).lower())
    bits = np.fromiter(map(known.kinds.get, pieces, repeat(0)), np.int32, len(pieces))
    ends = np.flatnonzero(bits & _LINE_END)
    line_of = np.repeat(np.arange(total), np.diff(np.concatenate(([0], ends + 1))))
    places = np.flatnonzero(bits & ~_LINE_END)
    lines, bits = line_of[places], bits[places]
    so_far = np.zeros((len(bits) + 1, len(KINDS)), dtype=np.float32)
    np.cumsum(bits[:, None] & _BITS > 0, axis=0, out=so_far[1:])
    kinds = np.diff(so_far[np.searchsorted(lines, np.arange(total + 1))], axis=0)
    looked = np.maximum(np.bincount(line_of, minlength=total) - 1, 1).astype(np.float32)
    is_near_end = (bits & _CREDIT > 0) & (ends[lines] - places <= CREDIT_WORDS)
    is_credit = np.bincount(lines[is_near_end], minlength=total) > 0
    return looked, kinds, is_credit & column([len(text) <= LONGEST_READ for text in texts]).astype(np.bool_)


class _Letters:
    """Counts of the kinds of characters in each line."""

    def __init__(self, texts: Sequence[str]) -> None:
        joined = "\n".join(texts)
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        kinds = _letter_kinds().take(codes, mode="clip")
        self._starts = np.concatenate(([0], np.flatnonzero(codes == ord("\n")) + 1))
        self.sizes = np.diff(np.append(self._starts, len(codes) + 1)).astype(np.float32) - 1
        after = np.append(kinds[1:], np.uint8(0))
        before = np.concatenate((np.array([_SPACE], dtype=np.uint8), kinds[:-1]))
        before[self._starts] = _SPACE
        after[self._starts[1:] - 2] = 0  # a mark at the end of a line does not start a sentence
        self.counts = {kind: self._sum(kinds & kind > 0) for kind in
                       (_UPPER, _DIGIT, _FOREIGN, _MARK, _QUOTE, _COMMA, _SPACE)}
        self.capitals = self._sum((kinds & _UPPER > 0) & (before & _SPACE > 0))
        self.sentences = self._sum((kinds & _STOP > 0) & (after & _SPACE > 0))

    def _sum(self, found: Column) -> Column:
        return np.add.reduceat(found, self._starts, dtype=np.float32)
