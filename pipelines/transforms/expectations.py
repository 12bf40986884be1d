"""Runs Great Expectations suites on batches; only the rows that violate a critical expectation are rejected."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any

import apache_beam as beam
import pandas as pd
from tqdm import tqdm

from pipelines.failures import ExpectationFailed, Failure, Violation
from pipelines.transforms.naming import named_in
from pipelines.transforms.shared import Loader, shared
from pipelines.transforms.stateless import StatelessDoFn
from pipelines.transforms.step import PASSED, REJECTED, InFlight, Outcome, RejectedMessage
from pipelines.validate import Suite, row_columns

BATCH_ROWS = 1_000  # up to this size, a validation takes 0.3 s whatever the number of rows
BYTES_A_ROW = 64_000  # an original larger than this counts as several rows, which bounds the memory of a batch


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """The result of one expectation on one data frame; ``failing_rows`` are positions in the frame."""

    expectation: str
    column: str | None
    severity: str
    success: bool
    failing_rows: tuple[int, ...]
    observed: str | None
    reason: str

    @property
    def rule(self) -> str:
        return f"{self.expectation}: {self.reason}" if self.reason else self.expectation


def load_engine() -> Any:
    """Imports Great Expectations, which takes seconds, with its usage statistics turned off."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings(), _imported_when_used("altair", "scipy.stats"):
        warnings.simplefilter("ignore")  # importing it raises warnings about its own dependencies
        import great_expectations
    tqdm.set_lock(threading.RLock())  # its own leaves a semaphore behind if a worker is killed
    return great_expectations


class _Later(ModuleType):
    """A placeholder for a module, which imports the real module when an attribute is used."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _imported_when_used(*names: str) -> Iterator[None]:
    """Within the block, importing one of these modules gives a placeholder that is replaced at its first use.

    Great Expectations imports libraries for charts and statistics that no suite of ours needs. That takes a third of
    its import time.
    """
    stand_ins = {name: _Later(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


class SuiteRunner:
    """Validates data frames against one suite, in an ephemeral context of Great Expectations.

    Share one per process, since creating the context takes longer than validating a small batch. Great Expectations is
    not thread-safe: a lock lets only one frame be validated at a time.

    Expectations that every row has to fulfil are first only asked whether they hold, which takes a third of the time.
    Only those that do not hold are asked again, for the rows that violate them.
    """

    def __init__(self, suite: Suite) -> None:
        self._gx = gx = load_engine()
        from great_expectations.data_context.types.base import ProgressBarsConfig
        from great_expectations.expectations.registry import get_expectation_impl

        self._lock = threading.Lock()
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("frames").add_dataframe_asset("rows")
        self._whole = asset.add_batch_definition_whole_dataframe("all")
        self._expectations = [
            get_expectation_impl(e.expectation_type)(
                **e.kwargs, severity=e.severity, meta={"reason": e.reason, "position": i}
            )
            for i, e in enumerate(suite.expectations)
        ]
        strict = [e for e in self._expectations if _is_strict(e)]
        self._strict = gx.ExpectationSuite(name=suite.name, expectations=strict)

    def run(self, frame: pd.DataFrame) -> tuple[ExpectationResult, ...]:
        """Results of the suite on ``frame`` (positional index), in the order of the suite.

        Raises ``RuntimeError`` if an expectation cannot run.
        """
        with self._lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            batch = self._whole.get_batch({"dataframe": frame})
            found = [r for r in batch.validate(self._strict, result_format="BOOLEAN_ONLY").results if r.success]
            done = {r.expectation_config.meta["position"] for r in found}
            if others := [e for e in self._expectations if e.meta["position"] not in done]:
                rest = self._gx.ExpectationSuite(name=self._strict.name, expectations=others)
                found += batch.validate(rest, result_format="COMPLETE").results
        return tuple(_result(r) for r in sorted(found, key=lambda r: r.expectation_config.meta["position"]))


def _is_strict(expectation: Any) -> bool:
    """Whether the expectation holds only if every row fulfils it, so that no row violates one that holds."""
    from great_expectations.expectations.expectation import ColumnMapExpectation

    return isinstance(expectation, ColumnMapExpectation) and expectation.mostly == 1


def run_suite(suite: Loader[Suite]) -> SuiteRunner:
    """A runner of the suite; call it through ``runner_of``."""
    return SuiteRunner(shared(suite))


def runner_of(suite: Loader[Suite]) -> SuiteRunner:
    """The runner of the suite, created once per process."""
    return shared(partial(run_suite, suite))


def _result(found: Any) -> ExpectationResult:
    config = found.expectation_config
    if found.exception_info and found.exception_info.get("raised_exception"):
        message = found.exception_info["exception_message"]
        raise RuntimeError(f"{config.type} on column {config.kwargs.get('column')} could not run: {message}")
    observed = found.result.get("observed_value", found.result.get("unexpected_count"))
    if found.success and not found.result:  # it was only asked whether it holds: no row violates it
        observed = 0
    return ExpectationResult(
        expectation=config.type,
        column=config.kwargs.get("column"),
        severity=str(getattr(config.severity, "value", config.severity)),
        success=bool(found.success),
        failing_rows=tuple(found.result.get("unexpected_index_list") or ()),
        observed=None if observed is None else str(observed),
        reason=config.meta["reason"],
    )


class ExpectArticles(beam.PTransform):
    """Runs the row suite on batches of up to 1,000 articles.

    Takes in-flight Avro articles, gives them with a warning for each violated ``warning`` expectation. Rejects as
    ``ExpectationFailed`` the rows that violate a ``critical`` one, with all their violations; the other rows pass.
    Emits each element once per committed bundle.
    """

    def __init__(self, suite: Loader[Suite]) -> None:
        super().__init__()
        self.suite = suite

    def expand(self, records: beam.PCollection) -> Outcome:
        both = (
            records
            | "Batch" >> beam.BatchElements(BATCH_ROWS, BATCH_ROWS, element_size_fn=rows_worth)
            | "Validate" >> beam.ParDo(_Expect(self.suite)).with_outputs(REJECTED, main=PASSED)
        )
        return Outcome(both[PASSED], both[REJECTED])


def rows_worth(element: InFlight) -> int:
    """The number of rows that an element counts as in a batch, by the size of its original."""
    return 1 + len(element.message.value or b"") // BYTES_A_ROW


class _Expect(StatelessDoFn):
    def __init__(self, suite: Loader[Suite]) -> None:
        self.suite = suite

    def setup(self) -> None:
        self.runner = runner_of(self.suite)

    def process(self, batch: Sequence[InFlight]) -> Iterator[Any]:
        rows = [row_columns(e.record) for e in batch]
        broken: list[list[ExpectationResult]] = [[] for _ in batch]
        for result in self.runner.run(pd.DataFrame.from_records(rows)):
            for row in result.failing_rows:
                broken[row].append(result)
        for element, results, columns in zip(batch, broken, rows, strict=True):
            yield _judged(element, results, columns)


def _judged(element: InFlight, results: list[ExpectationResult], row: dict[str, Any]) -> Any:
    if any(r.severity == "critical" for r in results):
        violations = tuple(
            Violation.of(f"{r.rule} ({r.severity})", field=r.column, value=row.get(r.column or "")) for r in results
        )
        failure = Failure("validate", ExpectationFailed.__name__, violations)
        scraper, named = element.record["scraper"], named_in(element.record)
        return beam.pvalue.TaggedOutput(REJECTED, RejectedMessage(element.message, failure, scraper, named))
    if not results:
        return element
    warned = [*element.record["warnings"], *(f"{r.expectation}: {r.column}: {r.reason}" for r in results)]
    return replace(element, record={**element.record, "warnings": warned})
