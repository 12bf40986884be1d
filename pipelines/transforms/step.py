"""The one Beam idiom: turns a step's function into a transform with the outputs passed and rejected."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics

from pipelines.failures import Failure, RegistryFault, Rejected, Violation
from pipelines.personal import mask_personal
from pipelines.records import RawMessage, scraper_name
from pipelines.transforms import watch
from pipelines.transforms.naming import named_in, url_in
from pipelines.transforms.shared import Loader, shared
from pipelines.transforms.stateless import StatelessDoFn

PASSED = "passed"
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class InFlight:
    """A record between two steps, with the message that it was made from, which a dead letter needs."""

    message: RawMessage
    record: Any


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message that was rejected, and why; ``scraper`` is None if it had not been read yet.

    ``article_ids`` are the ids of the articles that its value names (see ``named_in``), ``url`` is its page's address.
    """

    message: RawMessage
    failure: Failure
    scraper: str | None
    article_ids: tuple[str, ...] = ()
    url: str | None = None


class Outcome(NamedTuple):
    """The two outputs of a step."""

    passed: beam.PCollection
    rejected: beam.PCollection


class Step(beam.PTransform):
    """Applies a step's function to each record.

    Takes in-flight records, gives in-flight records. Rejects a record for which the function raises ``Rejected``, with
    its reason; any other exception becomes an ``UnexpectedFault`` with its traceback. A lack of memory or disk fails
    the bundle, and so does a schema registry that does not give the schema of a message. In a local worker process, a
    message that takes all memory or too much time ends the worker (see ``watch``). Emits each element once per
    committed bundle.

    ``name`` is the step's name (decode, clean, …), ``function`` a module-level function, and ``load`` returns the
    function's second argument.
    """

    def __init__(self, name: str, function: Callable[[Any, Any], Any], load: Loader[Any]) -> None:
        super().__init__()
        self.name, self.function, self.load = name, function, load

    def expand(self, records: beam.PCollection) -> Outcome:
        both = records | beam.ParDo(_Apply(self.name, self.function, self.load)).with_outputs(REJECTED, main=PASSED)
        return Outcome(both[PASSED], both[REJECTED])


class _Apply(StatelessDoFn):
    def __init__(self, name: str, function: Callable[[Any, Any], Any], load: Loader[Any]) -> None:
        self.name, self.function, self.load = name, function, load

    def setup(self) -> None:
        self.context = shared(self.load)
        self.cost = Metrics.distribution("cpu_us", self.name)

    def process(self, element: InFlight) -> Iterator[Any]:
        started = time.thread_time_ns()
        outcome = self._applied(element)
        self.cost.update((time.thread_time_ns() - started) // 1_000)
        yield outcome  # later steps run inside this yield, so their cost is not included

    def _applied(self, element: InFlight) -> InFlight | beam.pvalue.TaggedOutput:
        watch.begin(self.name, element.message.coordinates)
        try:
            return InFlight(element.message, self.function(element.record, self.context))
        except (MemoryError, OSError) as fault:
            if watch.is_out_of_memory(fault):
                watch.out_of_memory()
            raise
        except RegistryFault:
            raise
        except Rejected as fault:
            failure = Failure(self.name, fault.reason, fault.violations)
            return self._rejected(element, failure, fault.scraper, fault.url)
        except Exception as fault:  # noqa: BLE001  one bad page must not fail the bundle; the batch counts these
            if watch.is_out_of_memory(fault):  # libraries raise exceptions of their own for it
                watch.out_of_memory()
            return self._rejected(element, unexpected(self.name, fault))
        finally:
            watch.end()

    def _rejected(
        self, element: InFlight, failure: Failure, scraper: str | None = None, url: str | None = None
    ) -> beam.pvalue.TaggedOutput:
        scraper = scraper or scraper_of(element.record) or scraper_name(element.message.header("source"))
        rejected = RejectedMessage(
            element.message, failure, scraper, named_in(element.record, url), url_in(element.record, url)
        )
        return beam.pvalue.TaggedOutput(REJECTED, rejected)


def scraper_of(record: Any) -> str | None:
    """The scraper of a record of any step; None if the record has none yet."""
    if isinstance(record, dict):
        return record.get("scraper")
    return getattr(getattr(record, "clean", record), "scraper", None)


def unexpected(step: str, fault: BaseException) -> Failure:
    """The failure of an unexpected exception: its type and place, which group such failures, and its traceback."""
    *_, last = traceback.extract_tb(fault.__traceback__)
    where = f"{type(fault).__name__} in {last.name} ({PurePath(last.filename).name}:{last.lineno})"
    trace = "".join(traceback.format_exception(fault))[-8_000:]
    violations = (Violation.of(where, value=fault), Violation("traceback", None, mask_personal(trace)))
    return Failure(step, Failure.UNEXPECTED, violations)
