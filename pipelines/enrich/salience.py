"""Salience: how much an article is about each of its entities."""

from __future__ import annotations

import math
from collections.abc import Sequence

TITLE = 2.0  # factor for an entity in the headline
EARLY = 1.0  # added to the factor of an entity whose first mention is at the beginning; less for a later one


def salience(count: int, first: int, length: int, *, in_title: bool) -> float:
    """The weight of an entity with ``count`` mentions, the first at character ``first`` of a body of ``length``.

    >>> salience(1, 100, 100, in_title=False), salience(1, 0, 100, in_title=True)
    (1.0, 4.0)
    """
    early = 1.0 + EARLY * (1.0 - first / max(1, length))
    return (1.0 + math.log2(count)) * early * (TITLE if in_title else 1.0)


def shares(weights: Sequence[float]) -> list[float]:
    """The weights as shares that sum to 1.

    >>> shares([1.0, 3.0])
    [0.25, 0.75]
    """
    total = math.fsum(weights)
    return [weight / total for weight in weights]
