"""Chooses the names of a text by a spaCy model's scores, for all tokens at once.

spaCy goes through a text token by token, and multiplies a matrix for each. But the scores of a token depend on nothing
except itself and, inside of a name, the name's first token and the token before. So they are computed for all tokens
as if no name was open, and then for the tokens of the names that begin. The names are spaCy's, and so are the scores,
bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FEATURES, PIECES = 3, 2
"""What a state is scored by (the token, the first token of an open name, the token before), and the pieces of a unit.
"""

STEPS = 12
"""Tokens up to which all names are continued together. The rest of a longer one is read only if the name is reached."""


@dataclass(frozen=True, slots=True)
class Transitions:
    """The moves of a recognizer, and the layers that score them.

    ``opening`` are the numbers of the moves of a token outside of names: out, and for each label to begin a name or to
    be one; ``begins`` and ``units`` have the label of these moves. ``inside`` and ``last`` are the numbers of the moves
    that continue and that end a name with a label.
    """

    layers: tuple[Any, Any, Any]
    opening: Any
    out: int
    begins: dict[int, str]
    units: dict[int, str]
    inside: dict[str, int]
    last: dict[str, int]

    def names_in(self, doc: Any) -> list[tuple[int, int, str]]:
        """The names of a document: first token, the token after the last one, label."""
        if not len(doc):
            return []
        embed, lower, upper = self.layers
        sums = lower.predict(embed.predict([doc]))
        scores = _Scores(sums[1:], sums[0], lower.get_param("b"), upper)
        moves = self._moves_outside(doc, scores)
        found = np.flatnonzero(moves != self.out)
        kinds = dict(zip(found.tolist(), moves[found].tolist(), strict=True))
        ends = self._ends(scores, {at: self.begins[kind] for at, kind in kinds.items() if kind in self.begins})
        names, free = [], 0
        for at, kind in kinds.items():
            if at < free:
                continue
            label = self.units.get(kind)
            if label is None:
                label = self.begins[kind]
                free = self._end_of(scores, at, label, ends[at])
            else:
                free = at + 1
            names.append((at, free, label))
        return names

    def _moves_outside(self, doc: Any, scores: _Scores) -> Any:
        """The number of the best move of each token if no name is open before it."""
        from spacy.attrs import IS_SPACE

        valid = scores.outside()[:, self.opening]
        begins = np.isin(self.opening, list(self.begins))
        valid[doc.to_array(IS_SPACE) > 0] = np.where(self.opening == self.out, np.float32(0), -np.inf)
        valid[-1, begins] = -np.inf
        return self.opening[valid.argmax(axis=1)]

    def _ends(self, scores: _Scores, begun: dict[int, str]) -> dict[int, int]:
        """For each first token of a name the token after its last one, or the negative number of the next to read."""
        starts = np.fromiter(begun, np.intp, len(begun))
        labels = list(begun.values())
        inside, last = (np.array([moves[label] for label in labels], np.intp) for moves in (self.inside, self.last))
        at = starts + 1
        ends: dict[int, int] = {}
        for _ in range(STEPS):
            if not len(starts):
                break
            goes_on = self._go_on(scores, at, starts, inside, last)
            ends.update(zip(starts[~goes_on].tolist(), (at[~goes_on] + 1).tolist(), strict=True))
            at, starts, inside, last = at[goes_on] + 1, starts[goes_on], inside[goes_on], last[goes_on]
        ends.update(zip(starts.tolist(), (-at).tolist(), strict=True))
        return ends

    def _end_of(self, scores: _Scores, start: int, label: str, end: int) -> int:
        """The token after the last one of a name, whose tokens were read up to ``-end`` if ``end`` is negative."""
        first, inside, last = (np.array([one]) for one in (start, self.inside[label], self.last[label]))
        while end < 0:
            goes_on = bool(self._go_on(scores, np.array([-end]), first, inside, last)[0])
            end = end - 1 if goes_on else 1 - end
        return end

    @staticmethod
    def _go_on(scores: _Scores, at: Any, starts: Any, inside: Any, last: Any) -> Any:
        """Whether each name goes on after the token ``at``. A tie is won by the move with the lower number."""
        rows = np.arange(len(at))
        found = scores.inside(at, starts)
        on, over = found[rows, inside], found[rows, last]
        return ((on > over) | ((on == over) & (inside < last))) & (at + 1 < len(scores.sums))


@dataclass(frozen=True, slots=True)
class _Scores:
    """Scores of moves. ``sums`` has, for each token, what it adds to the units as each of ``FEATURES``."""

    sums: Any
    padding: Any
    bias: Any
    upper: Any

    def outside(self) -> Any:
        """A row for each token, where no name is open."""
        return self._of(self.sums[:, 0] + self.padding[1] + self.padding[2])

    def inside(self, at: Any, starts: Any) -> Any:
        """A row for each of the tokens ``at``, inside of a name that begins at ``starts``."""
        return self._of(self.sums[at, 0] + self.sums[starts, 1] + self.sums[at - 1, 2])

    def _of(self, units: Any) -> Any:
        units += self.bias
        return self.upper.predict(np.maximum(units[..., 0], units[..., 1]))


def transitions_of(nlp: Any) -> Transitions | None:
    """The transitions of a pipeline that has nothing but a recognizer of the usual form; None for any other."""
    if list(nlp.pipe_names) != ["ner"]:
        return None
    finder = nlp.get_pipe("ner")
    layers, attrs = finder.model.layers, finder.model.attrs
    if (finder.cfg.get("beam_width") != 1 or len(layers) != len(("embed", "lower", "upper"))
            or not attrs.get("has_upper") or attrs.get("unseen_classes")
            or [layers[1].get_dim(name) for name in ("nF", "nP")] != [FEATURES, PIECES]):
        return None
    return _of_moves(tuple(layers), [finder.moves.get_class_name(number) for number in range(finder.moves.n_moves)])


def _of_moves(layers: tuple[Any, Any, Any], names: Sequence[str]) -> Transitions:
    by_kind: dict[str, dict[str, int]] = {kind: {} for kind in "BILUO"}
    for number, name in enumerate(names):
        kind, _, label = name.partition("-")
        by_kind[kind][label] = number
    by_kind["U"].pop("", None)  # only for a name that was set beforehand
    begins, units = ({number: label for label, number in by_kind[kind].items()} for kind in "BU")
    out = by_kind["O"][""]
    return Transitions(layers, np.array(sorted((out, *begins, *units))), out, begins, units, by_kind["I"], by_kind["L"])
