"""Lines that are furniture wherever they stand: pointers to other articles, labels, what author boxes leave."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LONGEST_POINTER = 240


@dataclass(frozen=True, slots=True)
class FurnitureTables:
    """The patterns of ``tables/dump.toml``: ``pointer``, ``label`` and ``breaks`` for text in lower case."""

    pointer: re.Pattern[str]
    label: re.Pattern[str]
    box: re.Pattern[str]
    breaks: re.Pattern[str]
    blurb: re.Pattern[str]


@cache
def load_furniture() -> FurnitureTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/dump.toml").read_text("utf-8"))["patterns"]
    return FurnitureTables(
        *(
            re.compile("|".join(f"(?:{entry})" for entry in table[name]), flags)
            for name, flags in (("pointers", 0), ("labels", 0), ("boxes", re.I), ("breaks", 0), ("blurbs", re.I))
        )
    )


def is_furniture(text: str) -> bool:
    """Whether a line points to another article, or labels an advert, a share bar or an author box.

    >>> is_furniture("Read More: Ferry dog elected harbour master"), is_furniture("Read more books, she said.")
    (True, False)
    """
    return is_break(text) or is_label(text)


def is_break(text: str) -> bool:
    """Whether a line stands between a body's paragraphs and belongs to neither: a pointer, the label of an advert."""
    if len(text) > LONGEST_POINTER:
        return False
    tables, text = load_furniture(), text.lower()
    return bool(tables.pointer.match(text) or tables.breaks.fullmatch(text))


def is_label(text: str) -> bool:
    """Whether a line labels a share bar, an advert, or what an author box holds."""
    tables = load_furniture()
    return len(text) <= LONGEST_POINTER and bool(tables.label.fullmatch(text.lower()) or tables.box.search(text))
