"""What a text says of a person's occupation, and what it only seems to say."""

from __future__ import annotations

import pytest

from pipelines.enrich.occupations import occupation_of


def shown(text: str, name: str = "Falk") -> str | None:
    starts = [at for at in range(len(text)) if text.startswith(name, at)]
    return occupation_of(text, [(at, at + len(name)) for at in starts])


@pytest.mark.parametrize(("text", "occupation"), [
    ("The game turned when striker Falk came on.", "sport"),
    ("The game turned when Marrowby Town's wide receiver Falk came on.", "sport"),
    ("Prime Minister Falk said so.", "public_office"),
    ("President Falk said so.", "public_office"),
    ("Falk, a professor of law, said so.", "science"),
    ("Falk, 61, a retired professor of law, said so.", "science"),
    ("Falk, aged 61, an actress, said so.", "arts"),
    ("Falk, who was the bishop of Marrowby, said so.", "religion"),
    ("Falk, Marrowby's mayor, said so.", "public_office"),
    ("Falk, Port Ansel's mayor, said so.", "public_office"),
    ("Falk, chief executive of Harbour Bank, said so.", "business"),
    ("Falk is the chief executive of Harbour Bank.", "business"),
    ("Falk became a novelist at 50.", "arts"),
    ("Professor Dr. Falk said so.", "science"),
])
def test_it_is_read_beside_the_name(text: str, occupation: str) -> None:
    assert shown(text) == occupation


@pytest.mark.parametrize("text", [
    "Falk said so.",
    "Falk, the widow of a senator, said so.",
    "Falk, a friend of the novelist, said so.",
    "Falk, Prime Minister Bo Marsh and the bishop met.",
    "The minister told Falk so.",
    "The club's president Falk said so.",
    "The stage manager Falk said so.",
    "Falk was once with a singer.",
    "Falk is the lawyer of the singer.",
    "Falk is old. The mayor is young.",
    "An impactor Falk found.",
    "Falk",
    "",
])
def test_it_is_not_made_up(text: str) -> None:
    assert shown(text) is None


def test_most_mentions_decide_and_a_draw_tells_nothing() -> None:
    assert shown("Striker Falk fell. Falk, a singer, sang. Falk, a singer, left.") == "arts"
    assert shown("Striker Falk fell. Falk, a singer, sang.") is None
