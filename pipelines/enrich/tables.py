"""Loads the tables in ``data/``. Each is read once per process."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"


@cache
def load_table(name: str) -> dict[str, Any]:
    """A TOML table in ``data/``, by its file name."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def load_lines(name: str) -> frozenset[str]:
    """The words of a text file in ``data/``, without comment lines."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
