"""Tables whose patterns are searched for in lower-case text hold no capital, which would never be found."""

import re
import tomllib
from importlib.resources import files

import pytest


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        ("page", ("strong_names", "weak_names", "headings", "lines", "signatures")),
        ("kinds", ("consent_stems", "consent_terms")),
        ("dump", ("pointers", "labels", "breaks")),
    ],
)
def test_no_capitals(name: str, lists: tuple[str, ...]) -> None:
    table = tomllib.loads(files("pipelines.clean").joinpath(f"tables/{name}.toml").read_text("utf-8"))
    table = table.get("patterns", table)
    letters = {entry: re.sub(r"\\.", "", entry) for key in lists for entry in table[key]}
    assert [entry for entry, plain in letters.items() if plain != plain.lower()] == []
