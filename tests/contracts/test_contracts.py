"""The contracts accept what they should, refuse what they should, and read alike in two libraries."""

from __future__ import annotations

import io
import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import avro.io
import avro.schema
import pytest
from fastavro.validation import ValidationError, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.validate import load_contract
from pipelines.validate.contract import contract_violations
from pipelines.validate.types import fitting, type_violations
from schemas import Registry, latest, load
from tests.contracts.examples import Example, examples

REGISTRY = Registry.load()
FAILING, PASSING = examples("fail"), examples("pass")
TODAY = [example for example in PASSING if example.version == latest(example.subject)]
EARLIER = [example for example in PASSING if example.version < latest(example.subject)]


def violations(example: Example) -> list[tuple[str | None, str]]:
    found = tuple(type_violations(example.record, example.schema))
    assert fitting(example.schema)(example.record) == (found == ())
    if example.subject == "article" and example.version == latest("article"):
        found = contract_violations(example.record, load_contract())
    return [(each.field, each.expectation) for each in found]


def read_by_avro(datum: bytes, schema: Any) -> Any:
    parsed = avro.schema.parse(json.dumps(schema))
    return avro.io.DatumReader(parsed, parsed).read(avro.io.BinaryDecoder(io.BytesIO(datum)))


def written_by_avro(record: Any, schema: Any) -> bytes:
    parsed, stream = avro.schema.parse(json.dumps(schema)), io.BytesIO()
    avro.io.DatumWriter(parsed).write(record, avro.io.BinaryEncoder(stream))
    return stream.getvalue()


def test_every_version_of_every_subject_has_examples_of_both_kinds() -> None:
    versions = {(subject, n) for subject in REGISTRY.subjects() for n in range(1, latest(subject) + 1)}
    assert {(e.subject, e.version) for e in PASSING} == {(e.subject, e.version) for e in FAILING} == versions


@pytest.mark.parametrize("example", EARLIER, ids=lambda e: e.name)
def test_what_an_earlier_version_wrote_is_read_as_the_latest(example: Example) -> None:
    assert violations(example) == []
    written = written_by_avro(example.record, example.schema)
    fingerprint = REGISTRY.version(example.subject, example.version).fingerprint.to_bytes(8, "little")
    name = example.name.replace(f".{example.version}.", f".{latest(example.subject)}.")
    (expected,) = [each.record for each in TODAY if each.name == name]
    assert REGISTRY.decode(b"\xc3\x01" + fingerprint + written) == expected


@pytest.mark.parametrize("example", TODAY, ids=lambda e: e.name)
def test_what_passes_has_no_violation_and_reads_back_the_same(example: Example) -> None:
    assert violations(example) == []
    assert validate(example.record, example.schema, strict=True)
    encoded = REGISTRY.encode(example.subject, example.record)
    assert REGISTRY.decode(encoded) == example.record
    assert read_by_avro(encoded[10:], example.schema) == example.record
    assert written_by_avro(example.record, example.schema) == encoded[10:]


@pytest.mark.parametrize("example", FAILING, ids=lambda e: e.name)
def test_what_fails_names_every_violation(example: Example) -> None:
    assert example.violations
    assert violations(example) == list(example.violations)


@pytest.mark.parametrize(
    "example", [e for e in FAILING if "types" in e.name or "missing" in e.name], ids=lambda e: e.name
)
def test_what_fails_by_its_types_fails_in_fastavro_too(example: Example) -> None:
    with pytest.raises(ValidationError):
        validate(example.record, example.schema, strict=True)


def test_an_extra_field_is_never_dropped_in_silence() -> None:
    (full,) = [e for e in PASSING if e.name == "article.3.full.pass.json"]
    with pytest.raises(ValueError, match="byline"):
        REGISTRY.encode("article", full.record | {"byline": "Tove Anders"})


TIMES = st.datetimes(datetime(1995, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
RAW_ARTICLES = st.fixed_dictionaries({
    "url": st.none() | st.text(), "fetched_at": TIMES, "source": st.text(), "content_type": st.text(),
    "charset": st.none() | st.text(), "body": st.binary(), "http_status": st.none() | st.integers(-(2**31), 2**31 - 1),
    "headers": st.dictionaries(st.text(), st.text(), max_size=3),
})
DEAD_LETTERS = st.fixed_dictionaries({
    "step": st.text(), "reason": st.text(), "fingerprint": st.text(), "processor": st.text(), "rejected_at": TIMES,
    "details": st.lists(st.fixed_dictionaries({
        "field": st.none() | st.text(), "expectation": st.text(), "value": st.none() | st.text()}), max_size=3),
    "scraper": st.none() | st.text(), "timestamp": TIMES, "key": st.none() | st.binary(),
    "coordinates": st.fixed_dictionaries({
        "topic": st.text(), "partition": st.integers(0, 2**31 - 1), "offset": st.integers(0, 2**63 - 1)}),
    "headers": st.lists(st.fixed_dictionaries({"name": st.text(), "value": st.none() | st.binary()}), max_size=3),
    "original": st.none() | st.binary(), "original_path": st.none() | st.text(),
    "original_key_id": st.none() | st.text(),
    "original_bytes": st.integers(0, 2**63 - 1),
})


@settings(max_examples=60, deadline=None)
@given(data=st.data(), subject=st.sampled_from(["raw_article", "dead_letter"]))
def test_any_record_reads_back_the_same_in_both_libraries(data: st.DataObject, subject: str) -> None:
    record = data.draw(RAW_ARTICLES if subject == "raw_article" else DEAD_LETTERS)
    schema = load(subject, latest(subject))
    assert list(type_violations(record, schema)) == []
    assert fitting(schema)(record)
    encoded = REGISTRY.encode(subject, record)
    assert REGISTRY.decode(encoded) == record
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_by_avro(encoded[10:], schema) == record


def test_a_time_keeps_its_instant_whatever_its_zone() -> None:
    (full,) = [e for e in PASSING if e.name == "raw_article.1.full.pass.json"]
    at = datetime.fromisoformat("2026-03-04T10:30:00.123+01:00")
    read = REGISTRY.decode(REGISTRY.encode("raw_article", full.record | {"fetched_at": at}))["fetched_at"]
    assert read == at
    assert read.utcoffset() == timedelta(0)
