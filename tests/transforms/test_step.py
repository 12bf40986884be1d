"""The one idiom: what passes, what is rejected under its name, and what is a bug of ours."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter

from pipelines.failures import BodyMissing, Violation
from pipelines.transforms.step import InFlight, RejectedMessage, Step
from tests.builders import a_clean_article, a_message, coordinates
from tests.transforms.pipelines import ends_of

MESSAGES = [a_message(coordinates=coordinates(n)) for n in range(4)]


def load_nothing() -> str:
    return "table"


def halve(record: int, table: str) -> int:
    assert table == "table"
    if record == 1:
        raise BodyMissing("no paragraph", field="body", value="x" * 500)
    if record == 2:
        return record // 0
    return record // 2


def no_disk(record: int, table: str) -> int:
    raise OSError(28, "No space left on device")


def run(tmp_path: Path, function: object = halve) -> dict[str, list[object]]:
    step = Step("clean", function, load_nothing)  # type: ignore[arg-type]
    return ends_of(step, [InFlight(m, n) for n, m in enumerate(MESSAGES)], ("passed", "rejected"), tmp_path)


def test_what_passes_keeps_its_message(tmp_path: Path) -> None:
    assert sorted(run(tmp_path)["passed"], key=lambda e: e.message.coordinates) == [
        InFlight(MESSAGES[0], 0), InFlight(MESSAGES[3], 1),
    ]


def test_a_named_fault_rejects_its_message_under_its_name(tmp_path: Path) -> None:
    named, _ = sorted(run(tmp_path)["rejected"], key=lambda e: e.message.coordinates)
    assert isinstance(named, RejectedMessage)
    assert (named.message, named.scraper) == (MESSAGES[1], "harbour-crawler")
    assert (named.failure.step, named.failure.reason) == ("clean", "BodyMissing")
    assert named.failure.violations == (Violation("no paragraph", "body", "x" * 199 + "…"),)


def test_an_exception_nobody_named_rejects_its_message_with_the_traceback(tmp_path: Path) -> None:
    _, unnamed = sorted(run(tmp_path)["rejected"], key=lambda e: e.message.coordinates)
    assert unnamed.failure.reason == "UnexpectedFault"
    where, trace = unnamed.failure.violations
    assert where.expectation.startswith("ZeroDivisionError in halve (test_step.py:")
    assert trace.expectation == "traceback"
    assert trace.value.rstrip().endswith("ZeroDivisionError: integer division or modulo by zero")


def test_what_the_machine_lacks_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="No space left on device"):
        run(tmp_path, no_disk)


def test_alike_failures_share_a_fingerprint_whatever_their_values() -> None:
    from pipelines.failures import Failure

    def failure(value: str, expectation: str = "at most 10 characters") -> Failure:
        return Failure("validate", "ContractViolated", (Violation.of(expectation, field="title", value=value),))

    assert failure("a" * 11).fingerprint == failure("b" * 12).fingerprint
    assert failure("a").fingerprint != failure("a", "not empty").fingerprint


def test_a_loader_runs_once_for_equal_arguments() -> None:
    from pipelines.transforms.shared import shared

    assert shared(partial(load_table, "a")) is shared(partial(load_table, "a"))
    assert shared(partial(load_table, "a")) is not shared(partial(load_table, "b"))


def load_table(name: str) -> list[str]:
    return [name]


def test_the_scraper_is_read_from_the_record_where_the_header_is_absent(tmp_path: Path) -> None:
    message = a_message(headers=())
    step = Step("enrich", no_body, load_nothing)
    ends = ends_of(step, [InFlight(message, a_clean_article(scraper="pier-bot"))], ("rejected",), tmp_path)
    assert [r.scraper for r in ends["rejected"]] == ["pier-bot"]


def no_body(record: object, table: str) -> object:
    raise BodyMissing("no paragraph")


def spin(record: int, table: str) -> int:
    until = time.thread_time_ns() + 20_000_000
    while time.thread_time_ns() < until:
        pass
    return record


def keep(record: int, table: str) -> int:
    return record


def test_a_step_s_cost_is_its_own_and_not_that_of_the_steps_behind_it() -> None:
    pipeline = beam.Pipeline(runner="FnApiRunner")
    elements = pipeline | beam.Create([InFlight(m, n) for n, m in enumerate(MESSAGES)])
    kept = elements | "Keep" >> Step("keep", keep, load_nothing)
    _ = kept.passed | "Spin" >> Step("spin", spin, load_nothing)
    result = pipeline.run()
    result.wait_until_finish()
    found = result.metrics().query(MetricsFilter().with_namespace("cpu_us"))["distributions"]
    sums = {d.key.metric.name: d.result.sum for d in found}
    assert sums["spin"] >= 80_000
    assert sums["keep"] < 20_000
