"""Runs killed at random moments, in whatever stage, lose and double nothing; ``make soak`` kills hundreds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.soak.killing import Place, soak

KILLS = 5


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_five_kills_at_random_moments_lose_and_double_nothing(
    broker: str, prefect_server: str, tmp_path: Path
) -> None:
    survives(Place(tmp_path, broker, prefect_server))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_five_kills_of_runs_into_postgresql_lose_and_double_nothing(
    broker: str, prefect_server: str, postgres: str, tmp_path: Path
) -> None:
    survives(Place(tmp_path, broker, prefect_server, postgres))


def survives(place: Place) -> None:
    seed = time.time_ns() % 1_000_000
    found = soak(place, KILLS, seed)
    assert (found.kills, found.lost, found.doubled, found.problems) == (KILLS, 0, 0, []), f"seed {seed}: {found}"
    assert found.records > 100
