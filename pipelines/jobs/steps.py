"""The steps that every message goes through, in order.

An ingest and a replay run them as Beam transforms, and ``dateline inspect`` calls them one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from pipelines.clean import Rules, clean_article, load_rules
from pipelines.decode import decode_message
from pipelines.enrich import Models, RecentNames, enrich_article, load_models
from pipelines.failpoints import Failpoint, reach
from pipelines.jobs.decoder import decoder_loader
from pipelines.records import Article, CleanArticle, Provenance, RawArticle
from pipelines.settings import Settings
from pipelines.transforms.processor import processor_of
from pipelines.transforms.shared import Loader
from pipelines.validate import Contract, check_contract, load_contract, refuse_violations


@dataclass(frozen=True, slots=True)
class StepCode:
    """A step: its name, the function that turns a record into the next, and the loader of its second argument."""

    name: str
    function: Callable[[Any, Any], Any]
    load: Loader[Any]


def steps(settings: Settings, processed_at: datetime) -> tuple[StepCode, ...]:
    """The steps, configured by the settings. ``processed_at`` is the processing time of each article.

    Call it once for each batch: the enrich step remembers the names in the batch's texts.
    """
    return (
        StepCode("decode", decode_message, decoder_loader(settings)),
        StepCode("clean", _clean, partial(load_rules, settings.limits, settings.rights)),
        StepCode("enrich", partial(_enrich, RecentNames()), partial(load_models, settings.models)),
        StepCode("validate", partial(_validate, settings, processed_at), load_contract),
    )


type Made = dict[str, Any]
"""An Avro article that another Dateline made, which was cleaned and enriched there."""


def _clean(raw: RawArticle | Made, rules: Rules) -> CleanArticle | Made:
    return raw if isinstance(raw, dict) else clean_article(raw, rules)


def _enrich(recent: RecentNames, clean: CleanArticle | Made, models: Models) -> Article | Made:
    reach(Failpoint.ENRICHING)
    if isinstance(clean, dict):
        return clean
    article = enrich_article(recent.recall(clean), models)
    recent.remember(article)
    return article


def _validate(settings: Settings, processed_at: datetime, article: Article | Made, contract: Contract) -> Made:
    """The Avro record of an article that fits the contract. Rejects ``ContractViolated`` with every violation."""
    if isinstance(article, dict):
        refuse_violations(article, contract)
        return article
    record: dict[str, Any] = check_contract(article, contract, Provenance(processor_of(settings), processed_at))
    return record
