"""The message of a clean article: its key, its headers and its framing."""

from __future__ import annotations

from dataclasses import replace

from pipelines.records import Provenance
from pipelines.resolve.outgoing import WaitingMessage
from pipelines.sinks.clean_articles import clean_message
from pipelines.validate import article_to_avro
from schemas import Registry, latest
from tests.builders import FETCHED_AT, an_article

RECORD = article_to_avro(an_article(), Provenance("test", FETCHED_AT))
WAITING = WaitingMessage(
    "batch-1/1", "a" * 32, "new_version", True, 3, Registry.load().encode("article", RECORD), "batch-1"
)
NEWEST = f"article/{latest('article')}"


def test_an_article_is_in_single_object_encoding_unless_an_id_of_its_schema_is_listed() -> None:
    message = clean_message(WAITING, Registry.load())
    assert (message.key, message.value) == (b"a" * 32, WAITING.article)
    assert Registry.load().decode(message.value or b"") == RECORD


def test_an_article_is_in_confluent_framing_with_the_smallest_listed_id_of_its_schema() -> None:
    registry = Registry.load(ids={4_711: NEWEST, 300: NEWEST, 2: "article/1"})
    value = clean_message(WAITING, registry).value or b""
    assert value[:5] == bytes.fromhex("00 00 00 01 2c")
    assert registry.read(registry.by_id(300), value[5:]) == RECORD


def test_headers_say_what_an_article_is_without_reading_it() -> None:
    assert clean_message(WAITING, Registry.load()).headers == (
        ("outcome", b"new_version"), ("batch-id", b"batch-1"), ("version", b"3"), ("current", b"true"),
        ("content-type", b"application/vnd.apache.avro+binary"),
    )
    late = clean_message(replace(WAITING, is_current=False), Registry.load())
    assert late.headers[3] == ("current", b"false")


def test_a_deletion_is_a_tombstone_under_the_key_of_its_article() -> None:
    message = clean_message(WaitingMessage("batch-2/1", "a" * 32, "deleted", False, None, None, "batch-2"),
                            Registry.load())
    assert (message.key, message.value) == (b"a" * 32, None)
    assert message.headers == (("outcome", b"deleted"), ("batch-id", b"batch-2"))
