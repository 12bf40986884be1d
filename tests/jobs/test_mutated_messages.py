"""A few hundred mutated messages through the whole job: ``make fuzz`` runs as many as you like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.messages import message
from tests.fuzz.running import SLOWEST_S, fuzz


@pytest.mark.slow
def test_no_mutated_message_crashes_hangs_is_lost_or_is_our_bug(tmp_path: Path) -> None:
    found = fuzz(tmp_path / "home", range(400), seed=20260304, workers=0)
    assert (found.messages, found.unexpected, found.unaccounted) == (400, [], []), str(found)
    assert found.slowest[0] < 2 * SLOWEST_S, str(found)  # a machine that does other things too
    assert {"loaded", "new_version", "deleted", "MalformedJson", "MalformedAvro"} <= found.outcomes.keys()


def test_a_message_of_a_seed_is_the_same_whenever_it_is_made() -> None:
    assert [message(3, n) for n in range(60)] == [message(3, n) for n in range(60)]
    assert message(3, 7) != message(4, 7)
