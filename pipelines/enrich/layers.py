"""Makes a spaCy model find the same names in less time: by layers that only predict, and a memory of embedded tokens.

spaCy's layers are made for training: they also return which values won, and copy what only a gradient needs. The layers
here return the same numbers, bit for bit. The embedding of a token depends on nothing but its own attributes, and most
tokens of a text were in an earlier one, so it is computed once for each different token.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

REMEMBERED = 60_000
"""Different tokens whose embeddings are kept: they take 24 MB. When there are more, all are forgotten."""

PIECES = 3
EPSILON = np.float32(1e-08)


def make_faster(model: Any) -> None:
    """Changes the layers of a spaCy component's model in place. It can no longer be trained."""
    for node in model.walk():
        if node.name == "maxout" and node.get_dim("nP") == PIECES:
            node._func = Maxout(node)
        elif node.name == "layernorm":
            node._func = _layernorm
    for node in list(model.walk()):
        if node.layers and _is_embedding(node.layers[0]):
            node.layers[0] = Embedding(node.layers[0]).model


def _is_embedding(node: Any) -> bool:
    """Whether the node turns documents into one vector for each token, by attributes of the token alone."""
    names = {each.name for each in node.walk()}
    ends = node.layers[-1].name if node.layers else ""
    return "extract_features" in names and "expand_window" not in names and ends == "ragged2list"


class Maxout:
    """Maxout of three pieces, whose weights are sorted by piece: the largest of three blocks is found much faster."""

    def __init__(self, model: Any) -> None:
        outputs, pieces, width = (model.get_dim(name) for name in ("nO", "nP", "nI"))
        self.outputs = outputs
        self.weights = np.ascontiguousarray(model.get_param("W").transpose(1, 0, 2)).reshape(pieces * outputs, width)
        self.bias = np.ascontiguousarray(model.get_param("b").T).ravel()

    def __call__(self, model: Any, inputs: Any, is_train: bool) -> tuple[Any, Any]:
        sums = model.ops.gemm(inputs, self.weights, trans2=True)
        sums += self.bias
        first, second, third = (sums[:, at : at + self.outputs] for at in range(0, sums.shape[1], self.outputs))
        best = np.maximum(first, second)
        return np.maximum(best, third, out=best), _untrained


def _layernorm(model: Any, inputs: Any, is_train: bool) -> tuple[Any, Any]:
    width = np.float32(inputs.shape[1])
    off = inputs - np.add.reduce(inputs, axis=1, keepdims=True) / width
    spread = np.add.reduce(off * off, axis=1, keepdims=True) / width
    spread += EPSILON
    off *= spread ** (-1.0 / 2.0)
    off *= model.get_param("G")
    off += model.get_param("b")
    return off, _untrained


def _untrained(gradient: Any) -> Any:
    raise NotImplementedError("these layers only predict")


class _Tokens:
    """Some tokens of a document, which the layers that embed tokens take for a document."""

    def __init__(self, doc: Any, chosen: Sequence[int]) -> None:
        self.doc, self.vocab, self.chosen = doc, doc.vocab, chosen

    def __len__(self) -> int:
        return len(self.chosen)

    def to_array(self, attributes: Any) -> Any:
        return np.ascontiguousarray(self.doc.to_array(attributes)[self.chosen])


class Embedding:
    """Embeds tokens by the layer ``embed``, each different token once."""

    def __init__(self, embed: Any) -> None:
        from spacy.attrs import ORTH
        from thinc.api import Model

        (features,) = (node for node in embed.walk() if node.name == "extract_features")
        self.attributes = [*features.attrs["columns"], ORTH]
        self.embed = embed
        self.model: Any = Model("remembered_embedding", self._forward, layers=[embed], dims=_dims(embed))
        self.rows: dict[bytes, int] = {}
        self.vectors: Any = None
        self.lock = Lock()  # a runner may process bundles in threads

    def _forward(self, model: Any, docs: Sequence[Any], is_train: bool) -> tuple[list[Any], Any]:
        with self.lock:
            return [self._vectors(doc) for doc in docs], _untrained

    def _vectors(self, doc: Any) -> Any:
        if not 0 < len(doc) <= REMEMBERED:
            return self.embed.predict([doc])[0]
        keys = _row_keys(doc.to_array(self.attributes))
        if len(self.rows) + len(keys) > REMEMBERED:
            self.rows = {}
        new: dict[bytes, int] = {}
        for place, key in enumerate(keys):
            if key not in self.rows:
                new.setdefault(key, place)
        if new:
            (vectors,) = self.embed.predict([_Tokens(doc, list(new.values()))])
            self._remember(list(new), vectors)
        return self.vectors[[self.rows[key] for key in keys]]

    def _remember(self, keys: Sequence[bytes], vectors: Any) -> None:
        first = len(self.rows)
        if self.vectors is None:
            self.vectors = np.empty((REMEMBERED, vectors.shape[1]), vectors.dtype)
        self.vectors[first : first + len(keys)] = vectors
        self.rows.update(zip(keys, range(first, first + len(keys)), strict=True))


def _row_keys(attributes: Any) -> list[bytes]:
    """The rows of a matrix as bytes."""
    rows: Any = np.ascontiguousarray(attributes)
    keys: list[bytes] = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel().tolist()
    return keys


def _dims(model: Any) -> dict[str, int | None]:
    return {name: model.maybe_get_dim(name) for name in ("nO", "nI") if model.has_dim(name) is not None}
