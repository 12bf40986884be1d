"""A small convolutional network in numpy: from the features of lines or blocks to the probability that each is body.

Each line or block is classified together with its neighbours (by dilated convolutions as in Yu and Koltun, 2016) and
with the page as a whole. The weights are in ``tables/*_model.json``; ``tests/bench/train.py`` trains them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float32]

SMALLEST_THREADED = 250_000
"""Multiplications of the largest matrix product that OpenBLAS computes in one thread (its limit is 4 × 65,536)."""

LIMIT = 5.0
"""Features are clipped to this many standard deviations from their mean."""


@dataclass(frozen=True, slots=True)
class SequenceModel:
    """The network's weights. Layer ``n`` combines each row with those ``2 ** n`` rows before and after it."""

    mean: Numbers
    spread: Numbers
    enter: Numbers
    enter_bias: Numbers
    page: Numbers
    page_bias: Numbers
    layers: tuple[Numbers, ...]
    layer_biases: tuple[Numbers, ...]
    leave: Numbers
    leave_bias: Numbers

    def chances(self, rows: Numbers) -> Numbers:
        """For each row, the probability (0 to 1) that it is body."""
        scaled = np.clip((rows - self.mean) / self.spread, -LIMIT, LIMIT)
        first = np.maximum(_times(scaled, self.enter) + self.enter_bias, 0)
        state = first + np.tanh(first.max(axis=0) @ self.page + self.page_bias)
        for layer, (weights, bias) in enumerate(zip(self.layers, self.layer_biases, strict=True)):
            state = state + np.maximum(_times(_around(state, 2**layer), weights) + bias, 0)
        logits = np.concatenate([state, first], axis=1) @ self.leave + self.leave_bias
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)


@cache
def load_model(name: str, features: tuple[str, ...]) -> SequenceModel:
    """The model in a file of ``tables/``, which must have been trained for these features."""
    return read_model(files("pipelines.clean").joinpath(f"tables/{name}").read_text("utf-8"), features)


def read_model(text: str, features: tuple[str, ...]) -> SequenceModel:
    """The model in a JSON text. Raises ``ValueError`` if it was trained for other features."""
    table: dict[str, Any] = json.loads(text)
    if tuple(table["features"]) != features:
        raise ValueError("the model was trained for other features: train it again (tests/bench/train.py)")
    return SequenceModel(
        mean=unpacked(table["mean"]),
        spread=unpacked(table["spread"]),
        enter=unpacked(table["enter"]),
        enter_bias=unpacked(table["enter_bias"]),
        page=unpacked(table["page"]),
        page_bias=unpacked(table["page_bias"]),
        layers=tuple(map(unpacked, table["layers"])),
        layer_biases=tuple(map(unpacked, table["layer_biases"])),
        leave=unpacked(table["leave"]),
        leave_bias=unpacked(table["leave_bias"]),
    )


def _times(left: Numbers, right: Numbers) -> Numbers:
    """A matrix product, in parts so small that BLAS starts no threads for them: the workers use all cores already."""
    step = max(1, SMALLEST_THREADED // right.size)
    if len(left) <= step:
        return left @ right
    product = np.empty((len(left), right.shape[1]), dtype=np.float32)
    for at in range(0, len(left), step):
        np.matmul(left[at : at + step], right, out=product[at : at + step])
    return product


def _around(state: Numbers, dilation: int) -> Numbers:
    """Each row joined with the rows ``dilation`` before and after it; zeros beyond the first and last row."""
    total, width = state.shape
    wide = np.zeros((total, 3 * width), dtype=np.float32)
    if dilation < total:
        wide[dilation:, :width] = state[:-dilation]
        wide[:-dilation, 2 * width :] = state[dilation:]
    wide[:, width : 2 * width] = state
    return wide


def unpacked(packed: Mapping[str, Any]) -> Numbers:
    """The numbers of an array in a model's file."""
    numbers = np.frombuffer(base64.b64decode(packed["float16"]), dtype="<f2")
    return numbers.astype(np.float32).reshape(packed["shape"])
