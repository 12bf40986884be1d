"""What the enrich step is given: engines for names, and the tables of languages and places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.enrich.engine import Engine, load_engine
from pipelines.enrich.language import LanguageDetector, load_language_detector
from pipelines.enrich.places.gazetteer import Gazetteer, load_gazetteer


class ModelsClash(ValueError):
    """Two models read one language, so that it cannot be said which finds its names."""


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that takes long to load; one a process."""

    engines: Mapping[str, Engine]
    detector: LanguageDetector
    gazetteer: Gazetteer

    @property
    def fingerprint(self) -> str:
        """Names and hashes of the engines. Dateline's own code and tables are not in it, see ``processor_of``."""
        return ",".join(dict.fromkeys(engine.fingerprint for engine in self.engines.values()))


def load_models(names: Sequence[str]) -> Models:
    """The models of the enrich step, with the engines of these names (``load_engine``), one for each language.

    Raises ``ModelsClash`` where two of them read one language.
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
