"""The steps as transforms: each a ``Step`` around one plain function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import apache_beam as beam

from pipelines.clean import clean_article, load_rules
from pipelines.decode import decode_message, load_decoder
from pipelines.enrich import enrich_article, load_models
from pipelines.records import Article, Provenance
from pipelines.settings import Settings
from pipelines.transforms.processor import processor_of
from pipelines.transforms.shared import shared
from pipelines.transforms.step import Outcome, Step
from pipelines.validate import Contract, check_contract, load_contract


class _StepTransform(beam.PTransform):
    """Takes in-flight records, gives ``Outcome``; see ``Step`` for what is rejected and guaranteed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings


class DecodeArticles(_StepTransform):
    """Messages become raw articles: framing, schema resolution, charset. Rejects as decode does."""

    def expand(self, messages: beam.PCollection) -> Outcome:
        load = partial(load_decoder, self.settings.limits, self.settings.schema_ids, self.settings.schemas_folder)
        return messages | Step("decode", decode_message, load)


class CleanArticles(_StepTransform):
    """Raw articles become clean articles, without boilerplate, with evidence. Rejects as clean does."""

    def expand(self, raw: beam.PCollection) -> Outcome:
        return raw | Step("clean", clean_article, partial(load_rules, self.settings.limits))


class EnrichArticles(_StepTransform):
    """Clean articles become articles with language, mentions, entities and places. Rejects nothing."""

    def expand(self, clean: beam.PCollection) -> Outcome:
        return clean | Step("enrich", enrich_article, partial(load_models, self.settings.models))


@dataclass(frozen=True, slots=True)
class _Validator:
    contract: Contract
    provenance: Provenance


class ValidateArticles(beam.PTransform):
    """Articles become Avro records that fit the contract. Rejects ``ContractViolated`` with every violation."""

    def __init__(self, settings: Settings, processed_at: datetime) -> None:
        super().__init__()
        self.settings, self.processed_at = settings, processed_at

    def expand(self, articles: beam.PCollection) -> Outcome:
        return articles | Step("validate", _validate, partial(_load_validator, self.settings, self.processed_at))


def _validate(article: Article, validator: _Validator) -> dict[str, Any]:
    record: dict[str, Any] = check_contract(article, validator.contract, validator.provenance)
    return record


def _load_validator(settings: Settings, processed_at: datetime) -> _Validator:
    return _Validator(shared(load_contract), Provenance(processor_of(settings), processed_at))
