"""The body's language is told from the body; the page's hint helps where the body does not tell."""

from __future__ import annotations

import pytest

from pipelines.enrich.language import load_language_detector

DETECTOR = load_language_detector()
ENGLISH = "The harbour council voted on Tuesday to rebuild the east pier, two winters after a storm broke it."
FRENCH = "Le conseil du port a voté mardi la reconstruction de la jetée, deux hivers après la tempête qui l'a brisée."
SPANISH = "El consejo del puerto votó el martes reconstruir el muelle, dos inviernos tras la tormenta que lo rompió."


@pytest.mark.parametrize(("body", "hint", "expected"), [
    (ENGLISH, None, "en"), (FRENCH, None, "fr"), (SPANISH, None, "es"),
    (ENGLISH, "en-GB", "en"), (FRENCH, "en", "fr"),
    ("Pier shut.", None, None), ("Pier shut.", "en-US", "en"), ("", "x-default", None), ("12 34 " * 200, None, None),
])
def test_language(body: str, hint: str | None, expected: str | None) -> None:
    assert DETECTOR.detect(body, hint)[0] == expected


def test_the_evidence_says_how_it_was_reported() -> None:
    shown = [DETECTOR.detect(*asked)[1] for asked in ((FRENCH, "fr"), ("Quai clos.", "fr"), ("Quai clos.", None))]
    assert [evidence.how for evidence in shown if evidence] == ["body text", "page hint", "none"]
