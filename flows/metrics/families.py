"""Turns what was read into Prometheus' metric families. This module has all names of metrics.

Names follow Prometheus' conventions: base units as suffixes, ``_total`` for counters. The values of every label come
from a fixed set, or their number is limited by ``DATELINE_METRICS__SCRAPERS``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)

from flows.lag import PartitionLag, lag_of
from flows.metrics.tally import BOUNDS, OTHER, Delays, Tally
from pipelines.failures import Failure

if TYPE_CHECKING:
    from flows.metrics.figures import LedgerFigures, RunFigures, Seen, WarehouseFigures

KINDS = ("ingest", "replay", "release", "reprocess", "forget")
ENDED = ("completed", "failed", "abandoned")
UNEXPECTED = Failure.UNEXPECTED


def families(seen: Seen) -> Iterator[Metric]:
    """All metrics of a scrape. Those of a system that could not be read are left out."""
    yield _gauge("dateline_build_info", "1, with the version of Dateline.", [((seen.version,), 1)], ("version",))
    is_up = seen.warehouse is not None and seen.kafka is not None
    yield _gauge("dateline_up", "1 if the warehouse and the broker could be read in time, otherwise 0.", [((), is_up)])
    yield _gauge("dateline_reachable", "1 if the system could be read in time, otherwise 0.", [
        (("warehouse",), seen.warehouse is not None), (("kafka",), seen.kafka is not None),
    ], ("system",))
    yield _gauge("dateline_collection_duration_seconds", "Time that it took to read these metrics.",
                 [((), seen.seconds)])
    if seen.kafka is not None:
        saved = None if seen.warehouse is None else seen.warehouse.tally.read
        yield from _lag(seen.topic, lag_of(seen.kafka, saved), seen.most)
    if seen.warehouse is not None:
        yield from _records(seen.warehouse.tally)
        yield from _loads(seen.warehouse)
        yield from _runs(seen.warehouse.runs)
        yield from _waiting(seen.warehouse)
    if seen.ledger is not None:
        yield from _ledger(seen.ledger)


def _lag(topic: str, partitions: Iterable[PartitionLag], most: int) -> Iterator[Metric]:
    lag: Counter[tuple[str, str]] = Counter()
    waiting: Counter[tuple[str, str]] = Counter()
    is_known = True
    for n, one in enumerate(partitions):
        labels = (topic, str(one.partition) if n < most else OTHER)
        is_known = is_known and one.lag is not None
        lag[labels] += one.lag or 0
        waiting[labels] += one.waiting
    names = ("topic", "partition")
    if is_known:
        yield _gauge("dateline_lag_offsets", "Offsets of the partition that are not loaded yet.", lag.items(), names)
    yield _gauge("dateline_waiting_offsets", "Offsets of the lag that are behind an open transaction.",
                 waiting.items(), names)


def _records(tally: Tally) -> Iterator[Metric]:
    yield _counter("dateline_records", "Kafka records that were read, by the outcome that they first had.",
                   tally.records, ("scraper", "outcome"))
    rejected = Counter({(scraper, UNEXPECTED): 0 for scraper, _ in tally.records})  # an increase from 0 can be seen
    for (scraper, reason), records in tally.rejected.items():
        rejected[scraper, reason if reason in _reasons() else OTHER] += records
    yield _counter("dateline_rejected_records", "Kafka records that were rejected when they were first read.",
                   rejected, ("scraper", "reason"))
    yield _gauge("dateline_scraper_last_message_timestamp_seconds", "Timestamp of the scraper's newest Kafka record.",
                 [((scraper,), at.timestamp()) for scraper, at in sorted(tally.last_message_at.items())], ("scraper",))


def _loads(found: WarehouseFigures) -> Iterator[Metric]:
    tally = found.tally
    yield _histogram("dateline_message_to_load_seconds",
                     "Time from the timestamp of the Kafka record until its article was in the warehouse.",
                     tally.delays["message"])
    yield _histogram("dateline_fetch_to_load_seconds",
                     "Time from the fetch of the page until its article was in the warehouse.", tally.delays["fetch"])
    yield SummaryMetricFamily("dateline_batch_load_seconds",
                              "Time of a batch from the end of its staging to the commit of its rows.",
                              count_value=tally.batches, sum_value=tally.batch_seconds)
    yield _at("dateline_last_load_timestamp_seconds", "When the offsets of the topic were last moved.",
              found.last_load_at)


def _runs(runs: tuple[RunFigures, ...]) -> Iterator[Metric]:
    ended = Counter({(kind, status): 0 for kind in KINDS for status in ENDED})
    ended.update({(run.kind, run.status): run.runs for run in runs if run.status in ENDED})
    yield _counter("dateline_runs", "Runs that ended, by kind and status.", ended, ("kind", "status"))
    yield _gauge("dateline_running_runs", "Runs that are recorded as running.",
                 [((r.kind,), r.runs) for r in runs if r.status == "running"], ("kind",))
    completed = [r for r in runs if r.status == "completed"]
    duration = SummaryMetricFamily("dateline_run_duration_seconds", "Time that completed runs took.", labels=("kind",))
    for run in completed:
        duration.add_metric((run.kind,), run.runs, run.seconds)
    yield duration
    yield _gauge("dateline_last_success_timestamp_seconds", "When the last completed run ended.",
                 [((r.kind,), r.last_finished_at.timestamp()) for r in completed if r.last_finished_at], ("kind",))


def _waiting(found: WarehouseFigures) -> Iterator[Metric]:
    yield _gauge("dateline_quarantined_scrapers", "Scrapers that are quarantined.", [((), len(found.quarantined))])
    articles: Counter[tuple[str]] = Counter()
    for n, (scraper, waiting) in enumerate(found.quarantined):
        articles[found.tally.label(scraper) if n < found.tally.most else OTHER,] += waiting
    yield _gauge("dateline_quarantined_articles", "Articles that wait because their scraper is quarantined.",
                 articles.items(), ("scraper",))
    yield _gauge("dateline_outbox_letters", "Dead letters that still have to be sent to their topic.",
                 [((), sum(waiting.letters for waiting in found.outbox if waiting.kind == "dead letters"))])
    yield _at("dateline_outbox_oldest_timestamp_seconds", "When the oldest unsent dead letter was committed.",
              min((waiting.since for waiting in found.outbox if waiting.kind == "dead letters"), default=None))
    yield _gauge("dateline_outbox_articles", "Clean articles and deletions that still have to be sent to their topic.",
                 [((), sum(waiting.letters for waiting in found.outbox if waiting.kind == "articles"))])
    yield _at("dateline_outbox_articles_oldest_timestamp_seconds",
              "When the oldest unsent clean article was committed.",
              min((waiting.since for waiting in found.outbox if waiting.kind == "articles"), default=None))


def _ledger(found: LedgerFigures) -> Iterator[Metric]:
    yield _gauge("dateline_ledger_problems", "Problems that the last check of the ledger found.",
                 [((), found.problems)])
    yield _at("dateline_ledger_check_timestamp_seconds", "When the ledger was last checked.", found.checked_at)


def _gauge(
    name: str, says: str, values: Iterable[tuple[tuple[str, ...], float]], labels: tuple[str, ...] = ()
) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, float(value))
    return family


def _at(name: str, says: str, at: datetime | None) -> Metric:
    """A gauge of a time; without a sample if there is none."""
    return _gauge(name, says, [] if at is None else [((), at.timestamp())])


def _counter(name: str, says: str, values: Counter[tuple[str, str]], labels: tuple[str, ...]) -> Metric:
    family = CounterMetricFamily(name, says, labels=labels)
    for label_values, value in sorted(values.items()):
        family.add_metric(label_values, value)
    return family


def _histogram(name: str, says: str, delays: Delays) -> Metric:
    below = accumulate(delays.articles[bound] for bound in (*BOUNDS, None))
    names = (*(str(float(bound)) for bound in BOUNDS), "+Inf")
    return HistogramMetricFamily(name, says, buckets=list(zip(names, below, strict=True)), sum_value=delays.seconds)


@cache
def _reasons() -> frozenset[str]:
    """The reasons that Dateline itself gives."""
    from pipelines import failures

    named = {
        name for name, kind in vars(failures).items()
        if isinstance(kind, type) and issubclass(kind, failures.Rejected)
    }
    return frozenset(named | {UNEXPECTED})
