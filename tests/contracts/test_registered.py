"""Which schemas of a registry can be read as raw_article, and which are refused."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer

from pipelines.decode import Decoder, decode_message, load_decoder
from pipelines.failures import RegistryUnavailable, UnknownSchema
from pipelines.settings import Limits
from schemas import SchemaMissing, load
from schemas.registered import RegisteredSchema
from tests.builders import FETCHED_AT, a_message

RAW = load("raw_article", 1)
PAGE = b"<html><head><title>Pier to be rebuilt</title></head><body><p>Marrowby's pier.</p></body></html>"
RECORD = {
    "url": "https://harbour-news.example/pier", "fetched_at": FETCHED_AT, "source": "harbour-crawler",
    "content_type": "text/html", "charset": None, "body": PAGE, "http_status": 200, "headers": {},
}
OTHER: Mapping[str, Any] = {
    **RAW, "namespace": "com.acme", "doc": "Theirs.",
    "fields": [{"name": "crawl", "type": "string"}, *reversed(RAW["fields"])],
}


def decoder(registered: Mapping[int, RegisteredSchema], asked: list[int] | None = None) -> Decoder:
    def fetch(schema_id: int) -> RegisteredSchema:
        if asked is not None:
            asked.append(schema_id)
        try:
            return registered[schema_id]
        except KeyError:
            raise SchemaMissing("none") from None

    return load_decoder(Limits(), {5: "raw_article/1"}, fetch=fetch)


def written(schema: Mapping[str, Any], schema_id: int, **more: Any) -> bytes:
    stream = io.BytesIO()
    schemaless_writer(stream, parse_schema(json.loads(json.dumps(schema))), RECORD | more)
    return b"\x00" + schema_id.to_bytes(4, "big") + stream.getvalue()


def violation(value: bytes, own: Decoder) -> tuple[str, str]:
    with pytest.raises(UnknownSchema) as caught:
        decode_message(a_message(value=value, headers=()), own)
    (found,) = caught.value.violations
    return found.expectation, found.value or ""


def test_a_message_of_a_registered_schema_is_read_and_its_id_asked_for_once() -> None:
    asked: list[int] = []
    own = decoder({300: RegisteredSchema(json.dumps(OTHER))}, asked)
    for _ in range(2):
        raw = decode_message(a_message(value=written(OTHER, 300, crawl="c1"), headers=()), own)
        assert (raw.url, raw.text, raw.fetched_at) == (RECORD["url"], PAGE.decode(), FETCHED_AT)
        assert raw.evidence["url"].how == "avro raw_article (id 300)"
    assert asked == [300]


def test_a_registered_schema_that_dateline_ships_has_its_name() -> None:
    own = decoder({300: RegisteredSchema(json.dumps({**RAW, "doc": "Reworded."}))})
    raw = decode_message(a_message(value=written(RAW, 300), headers=()), own)
    assert raw.evidence["url"].how == "avro raw_article/1"


def test_a_listed_id_is_not_asked_for_and_the_shipped_ids_are_left_out() -> None:
    asked: list[int] = []
    own = decoder({}, asked)
    assert decode_message(a_message(value=written(RAW, 5), headers=()), own).url == RECORD["url"]
    assert violation(written(RAW, 1), own) == ("a schema that schemas/ or the schema registry has", "id 1")
    assert asked == [1]


@pytest.mark.parametrize(("registered", "why"), [
    (RegisteredSchema("syntax = 'proto3'", "PROTOBUF"), "it is a schema of type PROTOBUF"),
    (RegisteredSchema('"string"'), "it is not an Avro schema of a record"),
    (RegisteredSchema("{"), "it is not an Avro schema of a record"),
    (RegisteredSchema('{"type": "record", "name": "X", "fields": [{"name": "a", "type": "Gone"}]}'),
     "it is not an Avro schema of a record"),
    (RegisteredSchema(json.dumps({**RAW, "fields": RAW["fields"][:5]})), "raw_article/1 cannot read version 300"),
    (RegisteredSchema(json.dumps({**RAW, "name": "Page"})), "raw_article/1 cannot read version 300: name_mismatch"),
])
def test_a_schema_that_cannot_be_read_rejects_its_messages(registered: RegisteredSchema, why: str) -> None:
    rule, value = violation(written(RAW, 300), decoder({300: registered}))
    assert rule == "a schema that can be read as raw_article"
    assert value.startswith(f"id 300: {why}")


def test_a_registered_article_is_no_raw_article() -> None:
    own = decoder({300: RegisteredSchema(json.dumps(load("article", 1)))})
    assert violation(written(RAW, 300), own) == ("a version of raw_article", "article/1 (id 300)")


def test_a_schema_is_read_with_those_that_it_refers_to() -> None:
    text = {"type": "record", "name": "Crawl", "namespace": "com.acme", "fields": [{"name": "id", "type": "string"}]}
    twice = [{"name": name, "type": "Crawl"} for name in ("first", "last")]
    main = {**RAW, "namespace": "com.acme", "fields": [*twice, *RAW["fields"]]}
    whole = {**main, "fields": [{"name": "first", "type": text}, twice[1], *RAW["fields"]]}
    own = decoder({300: RegisteredSchema(json.dumps(main), references=(json.dumps(text),))})
    value = written(whole, 300, first={"id": "a"}, last={"id": "b"})
    assert decode_message(a_message(value=value, headers=()), own).text == PAGE.decode()


def test_a_registry_that_is_away_is_no_fault_of_the_message() -> None:
    def fetch(_: int) -> RegisteredSchema:
        raise RegistryUnavailable("away")

    own = load_decoder(Limits(), {}, fetch=fetch)
    with pytest.raises(RegistryUnavailable):
        decode_message(a_message(value=written(RAW, 7), headers=()), own)
