"""Counties, local bodies and places beside an office, whatever the engine makes of them."""

from __future__ import annotations

import pytest

from pipelines.records import EntityType
from tests.enrich.test_countries import types_in

type Given = tuple[str, EntityType, str]


@pytest.mark.parametrize(("text", "names"), [
    ("He left Marrow County in spring.", [("Marrow County", "LOC")]),
    ("On Sunday Winfield Police came.", [("Winfield Police", "ORG")]),
    ("On Sunday Marrowby Police came.", []),
    ("The Marrowby Fire Department came.", [("Marrowby Fire Department", "ORG")]),
    ("The Marrow County Court of Tides sat.", [("Marrow County Court", "ORG")]),
    ("It rained in Harrow, Marrow and Pine Hill counties.", [
        ("Harrow", "LOC"), ("Marrow", "LOC"), ("Pine Hill", "LOC"),
    ]),
    ("WINFIELD - The council met.", [("WINFIELD", "LOC")]),
    ("MARROWBY - The council met.", []),
    ("the Canada-U.S. border", [("Canada", "LOC"), ("U.S.", "LOC")]),
    ("a NATO-Russia council", [("NATO", "ORG"), ("Russia", "LOC")]),
    ("a Falk-Russia council", []),
    ("the Kenyan-German talks", [("Kenyan-German", "MISC")]),
])
def test_local_names_that_the_engine_missed(text: str, names: list[tuple[str, str]]) -> None:
    assert types_in(text) == names


@pytest.mark.parametrize(("text", "span", "names"), [
    ("So said Winfield Mayor Ola Brandt.", ("Winfield Mayor", "ORG", "ORG"), [("Winfield", "LOC")]),
    ("So said a Winfield Republican.", ("Winfield Republican", "PER", "PERSON"), [("Winfield", "LOC")]),
    ("So said Falk Clerk.", ("Falk Clerk", "PER", "PERSON"), [("Falk Clerk", "PER")]),
    ("He left Winfield, Kan. Falk stayed.", ("Kan. Falk", "PER", "PERSON"), [("Kan.", "LOC"), ("Falk", "PER")]),
    ("They met in the Wayne Falk Center.", ("Wayne Falk Center", "PER", "PERSON"), [("Wayne Falk Center", "ORG")]),
    ("He left Harrow, Marrow and Hill counties.", ("Harrow, Marrow", "ORG", "ORG"), [
        ("Harrow", "LOC"), ("Marrow", "LOC"), ("Hill", "LOC"),
    ]),
    ("the Kenya-Uganda border", ("Kenya", "LOC", "GPE"), [("Kenya", "LOC"), ("Uganda", "LOC")]),
])
def test_names_that_the_engine_cut_wrongly(text: str, span: Given, names: list[tuple[str, str]]) -> None:
    assert types_in(text, span) == names


def test_a_name_beside_places_is_a_person_only_if_the_text_has_a_fuller_name() -> None:
    idlib, winfield = ("Idlib", "LOC", "GPE"), ("Winfield", "PER", "PERSON")
    assert types_in("Winfield and Idlib are quiet.", winfield, idlib)[0] == ("Winfield", "LOC")
    full: Given = ("Ola Winfield", "PER", "PERSON")
    assert types_in("Winfield and Idlib: so said Ola Winfield.", winfield, idlib, full)[0] == ("Winfield", "PER")
