"""A tuned threshold that changes by a quarter is noticed: each has inputs of its own on both sides of it.

The first test says what comes of these inputs. The second one shows that the first would fail if the number were a
quarter smaller or larger.
"""

from __future__ import annotations

import pytest

from tests.quality.changed import QUARTER, Threshold
from tests.quality.thresholds import drift, names, pages, places, stories, titles

THRESHOLDS = tuple(each for part in (stories, drift, places, names, pages, titles) for each in part.THRESHOLDS)


@pytest.mark.parametrize("threshold", THRESHOLDS, ids=lambda threshold: threshold.id)
def test_both_sides_of_a_threshold(threshold: Threshold) -> None:
    assert threshold.seen() == threshold.expected


@pytest.mark.parametrize("factor", QUARTER)
@pytest.mark.parametrize("threshold", THRESHOLDS, ids=lambda threshold: threshold.id)
def test_a_change_by_a_quarter_is_seen(threshold: Threshold, factor: float) -> None:
    with threshold.times(factor):
        assert threshold.seen() != threshold.expected
