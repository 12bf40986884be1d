"""Chances become the body: the lines that are chosen, and what is furniture whatever its chance."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipelines.clean.dump.features import Numbers
from pipelines.clean.dump.lines import Lines

BAR = 0.5
"""A line more likely body than not is body; a higher bar gave precision what it took from recall."""

LONGEST_POINTER = 240


@dataclass(frozen=True, slots=True)
class FurnitureTables:
    """The patterns of ``tables/dump.toml``."""

    pointer: re.Pattern[str]
    label: re.Pattern[str]
    box: re.Pattern[str]


@cache
def load_furniture() -> FurnitureTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/dump.toml").read_text("utf-8"))["patterns"]
    return FurnitureTables(*(re.compile(f"(?:{'|'.join(table[name])})", re.I) for name in ("pointers", "labels", "boxes")))


def choose_lines(lines: Lines, chances: Numbers) -> list[int]:
    """Numbers of the lines that are body, in order."""
    return [at for at, chance in enumerate(chances) if chance > BAR and not is_furniture(lines.texts[at])]


def is_furniture(text: str) -> bool:
    """Whether a line points to another article, or labels a share bar, advert or author box.

    >>> is_furniture("Read More: Ferry dog elected harbour master"), is_furniture("Read more books, she said.")
    (True, False)
    """
    if len(text) > LONGEST_POINTER:
        return False
    tables = load_furniture()
    return bool(tables.pointer.match(text) or tables.label.fullmatch(text) or tables.box.search(text))


def paragraphs(texts: Sequence[str]) -> str:
    """Lines become a body: one paragraph a line."""
    return "\n\n".join(texts)
