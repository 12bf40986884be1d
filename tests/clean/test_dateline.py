"""The words that open a body say where it was filed and for whom; a sentence that only looks so says nothing."""

from __future__ import annotations

import pytest

from pipelines.clean.dateline import read_dateline
from pipelines.records import Dateline


@pytest.mark.parametrize(
    ("opening", "place", "agency"),
    [
        ("Marrowby (HNA): The council voted.", "Marrowby", "HNA"),
        ("Port Ansel (Harbour News Agency): The council voted.", "Port Ansel", "Harbour News Agency"),
        ("MARROWBY, March 3 (Reuters) - Ships waited.", "MARROWBY", "Reuters"),
        ("MARROWBY (AP) — Ships waited.", "MARROWBY", "AP"),
        ("MARROWBY, Norland (AP) — Ships waited.", "MARROWBY, Norland", "AP"),
        ("Marrowby (dpa) - Die Schiffe warten.", "Marrowby", "dpa"),
        ("Marrowby (AFP) – Les navires attendent.", "Marrowby", "AFP"),
        ("Marrowby, 5 mar (EFE).- Los barcos esperan.", "Marrowby", "EFE"),
        ("MARROWBY — Ships waited.", "MARROWBY", None),
        ("PORT ANSEL, Norland — Ships waited.", "PORT ANSEL, Norland", None),
        ("NEW MARROWBY/PORT ANSEL, Jan 5 (Reuters) - Ships waited.", "NEW MARROWBY/PORT ANSEL", "Reuters"),
        ("MARROWBY: Ships waited.", "MARROWBY", None),
        ("(Reuters) - Ships waited.", None, "Reuters"),
    ],
)
def test_datelines(opening: str, place: str | None, agency: str | None) -> None:
    assert read_dateline(f"{opening}\n\nMore of it.") == Dateline(place, agency)


def test_a_place_before_a_colon_is_one_where_no_other_paragraph_opens_so() -> None:
    story = (
        "Marrowby: A fault in the locks kept forty ships in the harbour overnight.\n\nThey left at "
        "ten.\n\nNobody was hurt."
    )
    assert read_dateline(story) == Dateline("Marrowby", None)
    talk = (
        "Falk: We asked for a pier and were given a plan for one, in four volumes.\n\nOkafor: And who "
        "read it?\n\nFalk: I did."
    )
    assert read_dateline(talk) is None


@pytest.mark.parametrize(
    "opening",
    [
        "The council (which met on Monday) - or part of it - voted.",
        "Ships waited.",
        "Update: The council voted on Tuesday to keep the pier as it is, and that was that.",
        "Lee, however - as he said himself - went home.",
        "In March (2024): a year to forget.",
        "By the sea - that is where it stands.",
        "",
    ],
)
def test_what_only_looks_like_a_dateline(opening: str) -> None:
    assert read_dateline(f"{opening}\n\nMore of it.\n\nAnd more.") is None


def test_a_standfirst_may_come_first() -> None:
    assert read_dateline("The pier is to be rebuilt\n\nMarrowby (HNA): The council voted.") == Dateline(
        "Marrowby", "HNA"
    )
