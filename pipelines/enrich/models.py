"""What the enrich step is given: an engine for names, and the tables of languages and places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.enrich.engine import Engine, load_engine
from pipelines.enrich.language import LanguageTeller, load_teller
from pipelines.enrich.places.gazetteer import Gazetteer, load_gazetteer
from pipelines.enrich.tables import tables_fingerprint


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that takes long to load; one a process."""

    engines: Mapping[str, Engine]
    teller: LanguageTeller
    gazetteer: Gazetteer
    fingerprint: str


def load_models(package: str) -> Models:
    """The models of the enrich step, for names by the spaCy model in ``package``."""
    engine = load_engine(package)
    gazetteer = load_gazetteer()
    fingerprint = f"{engine.fingerprint}+places:{gazetteer.fingerprint}+tables:{tables_fingerprint()}"
    return Models(dict.fromkeys(engine.languages, engine), load_teller(), gazetteer, fingerprint)
