"""Failpoints do something only where a test has armed them, and each is a place of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.failpoints import Failpoint, armed, reach

ROOT = Path(__file__).parents[1]


def test_a_hook_is_called_with_the_place_while_it_is_armed() -> None:
    seen = []
    with armed(lambda point, where: seen.append((point, where))):
        reach(Failpoint.STAGED)
        reach(Failpoint.TABLE_CHANGED, "ledger")
    reach(Failpoint.COMMITTED)
    assert seen == [(Failpoint.STAGED, ""), (Failpoint.TABLE_CHANGED, "ledger")]


def test_a_block_that_fails_disarms_its_hook() -> None:
    seen = []
    with pytest.raises(KeyboardInterrupt), armed(lambda point, _where: seen.append(point)):
        raise KeyboardInterrupt
    reach(Failpoint.STAGED)
    assert seen == []


def test_each_failpoint_is_one_place() -> None:
    shipped = [path for package in ("pipelines", "flows") for path in sorted((ROOT / package).rglob("*.py"))]
    code = "\n".join(path.read_text("utf-8") for path in shipped)
    assert sorted(re.findall(r"\breach\(Failpoint\.(\w+)", code)) == sorted(point.name for point in Failpoint)
