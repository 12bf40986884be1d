"""Lines that are boilerplate anywhere on a page: pointers to other articles, labels, remains of author boxes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LONGEST_POINTER = 240
LONGEST_CAPTION = 300


@dataclass(frozen=True, slots=True)
class BoilerplateTables:
    """The patterns of ``tables/dump.toml``, for lower-case text, as a case-insensitive search is much slower."""

    pointer: re.Pattern[str]
    label: re.Pattern[str]
    box: re.Pattern[str]
    box_end: re.Pattern[str]
    breaks: re.Pattern[str]
    blurb: re.Pattern[str]
    credit: re.Pattern[str]


@cache
def load_boilerplate() -> BoilerplateTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/dump.toml").read_text("utf-8"))["patterns"]
    return BoilerplateTables(
        *(
            re.compile("|".join(f"(?:{entry})" for entry in table[name]))
            for name in ("pointers", "labels", "boxes", "box_ends", "breaks", "blurbs", "credits")
        )
    )


def is_boilerplate(text: str) -> bool:
    """Whether a line points to another article, or is the label of an advert, a share bar or an author box.

    >>> is_boilerplate("Read More: Ferry dog elected harbour master"), is_boilerplate("Read more books, she said.")
    (True, False)
    """
    return is_break(text) or is_label(text)


def is_break(text: str) -> bool:
    """Whether a line interrupts the body: a pointer to another article, or the label of an advert."""
    if len(text) > LONGEST_POINTER:
        return False
    tables, text = load_boilerplate(), text.lower()
    return bool(tables.pointer.match(text) or tables.breaks.fullmatch(text))


def is_label(text: str) -> bool:
    """Whether a line is the label of a share bar or an advert, or a part of an author box."""
    return len(text) <= LONGEST_POINTER and (
        load_boilerplate().label.fullmatch(text.lower()) is not None or is_of_box(text))


def is_caption(text: str) -> bool:
    """Whether a short text ends with the credit of a picture, as captions do.

    >>> [is_caption(text) for text in ("The pier (Image: Getty)", "Die Mole © Ines Falk", "It opens (see photo).")]
    [True, True, False]
    """
    return len(text) <= LONGEST_CAPTION and load_boilerplate().credit.search(text.lower()) is not None


def is_of_box(text: str) -> bool:
    """Whether a line is what remains of an author box or a newsletter box.

    >>> is_of_box("Web Deskhttps://outlet.example/"), is_of_box("Website | + posts"), is_of_box("It opens.")
    (True, True, False)
    """
    tables, text = load_boilerplate(), text.lower()
    return tables.box.match(text) is not None or tables.box_end.search(text) is not None


def outlet_describing_itself(text: str) -> str | None:
    """The name of the outlet that a line describes, which is the text before the description; None for other lines.

    >>> outlet_describing_itself("The Example Post is an online newspaper that covers the coast.")
    'The Example Post '
    """
    found = load_boilerplate().blurb.search(text.lower())
    return None if found is None else text[:found.start()]
