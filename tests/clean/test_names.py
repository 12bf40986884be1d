"""A byline becomes people, desks and organisations, and nobody whom it does not name."""

from __future__ import annotations

import pytest

from pipelines.clean.names import author_type, parse_byline


def names(byline: str) -> list[tuple[str, str]]:
    return [(author.name, author.type) for author in parse_byline(byline)]


@pytest.mark.parametrize(
    ("byline", "expected"),
    [
        ("By Ines Falk", [("Ines Falk", "person")]),
        ("BY INES FALK", [("INES FALK", "person")]),
        ("By Ines Falk and Tom Okafor", [("Ines Falk", "person"), ("Tom Okafor", "person")]),
        ("Ines Falk, Tom Okafor & Li Wei", [("Ines Falk", "person"), ("Tom Okafor", "person"), ("Li Wei", "person")]),
        ("Von Ines Falk und Tom Okafor", [("Ines Falk", "person"), ("Tom Okafor", "person")]),
        ("Par Inès Falque avec AFP", [("Inès Falque", "person"), ("AFP", "organisation")]),
        ("Por Inés Falcón", [("Inés Falcón", "person")]),
        ("Di Ines Falco", [("Ines Falco", "person")]),
        ("Ines Falk (Berlin)", [("Ines Falk", "person")]),
        ("Ines Falk | Harbour Desk", [("Ines Falk", "person"), ("Harbour Desk", "desk")]),
        ("Ines Falk, https://outlet.example/ines @ines", [("Ines Falk", "person")]),
        ("Ines de la Falk", [("Ines de la Falk", "person")]),
        ("Web Desk", [("Web Desk", "desk")]),
        ("Staff Reporter", [("Staff Reporter", "desk")]),
        ("Our Correspondent", [("Our Correspondent", "desk")]),
        ("Redaktion", [("Redaktion", "desk")]),
        ("La Rédaction", [("La Rédaction", "desk")]),
        ("Arts and Culture Desk", [("Arts and Culture Desk", "desk")]),
        ("Reuters", [("Reuters", "organisation")]),
        ("dpa", [("dpa", "organisation")]),
        ("Agencies", [("Agencies", "organisation")]),
        ("Harbour News Agency", [("Harbour News Agency", "organisation")]),
        ("Ines Falk; Ines Falk", [("Ines Falk", "person")]),
        ("Ines Falk, Marrowby", [("Ines Falk", "person")]),
        ("Reuters, MARROWBY", [("Reuters", "organisation")]),
        ("Ines Falk, Political Editor", [("Ines Falk", "person")]),
        ("Ines Falk, Reporterin und Tom Okafor", [("Ines Falk", "person"), ("Tom Okafor", "person")]),
        ("Ines Falk, Ph.D., MD", [("Ines Falk", "person")]),
        ("Ines Falk, Web Desk", [("Ines Falk", "person"), ("Web Desk", "desk")]),
        ("Reporting by Ines Falk; Editing by Tom Okafor", [("Ines Falk", "person")]),
        ("Text: Ines Falk; Fotos: Tom Okafor", [("Ines Falk", "person")]),
        ("Falk, Ines", [("Ines Falk", "person")]),
        ("Redacción Puerto", [("Redacción Puerto", "desk")]),
        ("Por Redacción", [("Redacción", "desk")]),
        ("Reuters, AFP", [("Reuters", "organisation"), ("AFP", "organisation")]),
        ("Ines Falk, Wu Xi, and Li Wei", [("Ines Falk", "person"), ("Wu Xi", "person"), ("Li Wei", "person")]),
        ("By Ines Falk in Marrowby and Tom Okafor in Port Ansel", [("Ines Falk", "person"), ("Tom Okafor", "person")]),
        ("Ines Falk, in Marrowby, 3 min read", [("Ines Falk", "person")]),
        ("Text: Ines Falk Foto: Tom Okafor", [("Ines Falk", "person")]),
        ("Ines Falk / Journalist; Tom Okafor / Journalist", [("Ines Falk", "person"), ("Tom Okafor", "person")]),
        ("Eine Kolumne von Ines Falk", [("Ines Falk", "person")]),
        ("View all posts by Ines Falk", [("Ines Falk", "person")]),
        ("This post was written by Ines Falk, MD.", [("Ines Falk", "person")]),
        ("A Staff Reporter, e Tom Okafor", [("A Staff Reporter", "desk"), ("Tom Okafor", "person")]),
        ("Human Rights in Marrowby", [("Human Rights in Marrowby", "person")]),
        ("Human in the Loop", [("Human in the Loop", "person")]),
        ("港 花子、岸本太郎", [("港 花子", "person"), ("岸本太郎", "person")]),
    ],
)
def test_bylines(byline: str, expected: list[tuple[str, str]]) -> None:
    assert names(byline) == expected


@pytest.mark.parametrize(
    "nobody", ["", "By ", "by", "https://outlet.example/author/7", "Advertisement", "12.03.2026 14:05", "—", "null"]
)
def test_nobody_is_named_whom_the_byline_does_not_name(nobody: str) -> None:
    assert names(nobody) == []


def test_a_byline_is_bounded() -> None:
    assert len(names(", ".join(f"Ann {chr(65 + n % 26)}{chr(97 + n // 26)}yes" for n in range(90)))) <= 30


def test_types() -> None:
    assert [author_type(name) for name in ("Ines Falk", "Newsroom", "AFP", "Harbour Times")] == [
        "person",
        "desk",
        "organisation",
        "organisation",
    ]
