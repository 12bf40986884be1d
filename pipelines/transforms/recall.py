"""Gives clean articles the names that are known of their texts, many articles at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import apache_beam as beam

from pipelines.records import CleanArticle, KnownNames
from pipelines.transforms import watch
from pipelines.transforms.shared import Loader, shared
from pipelines.transforms.stateless import StatelessDoFn
from pipelines.transforms.step import InFlight

LOOKED_UP = 500
"""Articles of one lookup. A larger page counts as several, which bounds the memory."""

BODY_OF_ONE = 20_000
"""Characters of a body that counts as one article."""

LOG = logging.getLogger("dateline.names")

type FindNames = Callable[[Sequence[CleanArticle]], Sequence[KnownNames | None]]


class RecallNames(beam.PTransform):
    """Adds to each clean article the names that are known of its text, if any are.

    Takes in-flight clean articles, gives them all, in the same order; what is no clean article passes unchanged.
    Rejects nothing: if the lookup fails, no names are known. Emits each element once per committed bundle.

    ``load`` returns the lookup.
    """

    def __init__(self, load: Loader[FindNames]) -> None:
        super().__init__()
        self.load = load

    def expand(self, articles: beam.PCollection) -> beam.PCollection:
        return (
            articles
            | "Batch" >> beam.BatchElements(LOOKED_UP, LOOKED_UP, element_size_fn=articles_worth)
            | "LookUp" >> beam.ParDo(_LookUp(self.load))
        )


def articles_worth(element: InFlight) -> int:
    """The number of articles that an element counts as in a lookup, by the size of its body."""
    body = element.record.body if isinstance(element.record, CleanArticle) else ""
    return 1 + len(body) // BODY_OF_ONE


class _LookUp(StatelessDoFn):
    def __init__(self, load: Loader[FindNames]) -> None:
        self.load = load

    def process(self, batch: Sequence[InFlight]) -> Iterator[InFlight]:
        clean = [n for n, element in enumerate(batch) if isinstance(element.record, CleanArticle)]
        names: dict[int, Any] = {}
        try:
            names = dict(zip(clean, shared(self.load)([batch[n].record for n in clean]), strict=True)) if clean else {}
        except Exception as fault:  # noqa: BLE001  the model finds the names then
            if watch.is_out_of_memory(fault):
                watch.out_of_memory()
            LOG.warning("the warehouse was not asked for known names: %s", fault)
        for n, element in enumerate(batch):
            known = names.get(n)
            yield element if known is None else replace(element, record=replace(element.record, known_names=known))
