"""The features of a dump's lines, as numbers: how each line is written, its layout, and its position."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.clean.dump.lines import Lines
from pipelines.clean.model import Numbers
from pipelines.clean.wording import KINDS, WRITTEN, stacked, written

LAYOUT_FEATURES = (
    "gap", "next_gap", "gap_to_body", "indent", "indent_to_body", "links", "is_heading", "is_item", "is_numbered",
    "level", "repeats", "place", "from_start", "from_end", "share_before", "before", "after", "mass", "lines",
    "is_markdown", "density", "is_indented", "since_comments", "since_related", "since_good", "until_good",
    "since_first_level",
)
FEATURES = (*WRITTEN, *LAYOUT_FEATURES)

_FIRST_KIND = WRITTEN.index(KINDS[0])


def numbers_of(lines: Lines) -> Numbers:
    """A table with a row for each line of a dump and a column for each of ``FEATURES``."""
    own = stacked(written(lines.texts))
    counts: dict[str, int] = {}
    for text in lines.texts:
        counts[text] = counts.get(text, 0) + 1
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
    return stacked(columns)


def _heads(own: Numbers, kind: str) -> NDArray[np.bool_]:
    """For each line, whether it is a short heading of one kind of boilerplate, such as that of the comments."""
    return np.asarray((own[:, _FIRST_KIND + KINDS.index(kind)] >= 0.34) & (own[:, 1] < 2.0))


def _since(marks: NDArray[np.bool_], place: Numbers) -> Numbers:
    last = np.maximum.accumulate(np.where(marks, place, -200.0))
    return np.asarray(np.minimum(place - last, 200), dtype=np.float32)


def _heaviest(values: NDArray[np.floating[Any]], weights: Numbers) -> float:
    """The value that has the largest total weight."""
    kinds, where = np.unique(values, return_inverse=True)
    return float(kinds[np.argmax(np.bincount(where, weights=weights))])
