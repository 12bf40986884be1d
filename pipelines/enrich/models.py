"""The models of the enrich step: engines that find names, the language detector and the gazetteer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.enrich.engine import Engine, load_engine
from pipelines.enrich.language import LanguageDetector, load_language_detector
from pipelines.enrich.places.gazetteer import Gazetteer, load_gazetteer


class ModelsClash(ValueError):
    """Two models are for the same language, so that it is not clear which one to use."""


@dataclass(frozen=True, slots=True)
class Models:
    """The models, which take long to load, so that each process loads them once."""

    engines: Mapping[str, Engine]
    detector: LanguageDetector
    gazetteer: Gazetteer

    @property
    def fingerprint(self) -> str:
        """The names and hashes of the engines. ``processor_of`` adds those of Dateline's own code and tables."""
        return ",".join(dict.fromkeys(engine.fingerprint for engine in self.engines.values()))


def load_models(names: Sequence[str]) -> Models:
    """The models of the enrich step, with the engines of these names (``load_engine``), one for each language.

    Raises ``ModelsClash`` if two of them are for the same language, and what ``load_engine`` raises.
    """
    engines: dict[str, Engine] = {}
    for engine in map(load_engine, names):
        for language in sorted(engine.languages):
            if language in engines:
                raise ModelsClash(
                    f"{engines[language].fingerprint} and {engine.fingerprint} both find names in texts of language "
                    f"{language}: leave one of them out of DATELINE_MODELS."
                )
            engines[language] = engine
    return Models(engines, load_language_detector(), load_gazetteer())
