"""Tables that are data: TOML files beside the code, read once a process."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"


@cache
def load_table(name: str) -> dict[str, Any]:
    """A table of ``data/``, by file name."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def load_lines(name: str) -> frozenset[str]:
    """The words of a text table of ``data/``, comment lines aside."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
