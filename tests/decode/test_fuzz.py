"""Whatever the bytes, decoding gives a raw article or a named fault."""

from __future__ import annotations

import gzip
import json
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.decode import decode_message, load_decoder
from pipelines.failures import Rejected
from pipelines.records import RawArticle
from pipelines.settings import Limits
from tests.builders import FETCHED_AT, a_message

packed = partial(gzip.compress, mtime=0)  # parametrized tests are named the same in every process

DECODER = load_decoder(Limits(message_bytes=50_000, body_bytes=100_000), {7: "raw_article/1"})
RECORD = DECODER.registry.encode("raw_article", {
    "url": "https://harbour-news.example/pier", "fetched_at": FETCHED_AT, "source": "harbour-crawler",
    "charset": "utf-8", "http_status": 200,
    "body": "<html><body><p>Inés Falk spoke.</p></body></html>".encode(),
    "headers": {"server": "quay", "content-encoding": "gzip"},
    "content_type": "text/html",
})
ITEM = '{"url": "https://harbour-news.example/pier", "title": "Pier", "text": "Inés Falk.", "status": 200}'.encode()
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "url", "fetched-at", "source", "charset", "http-status"]),
        st.none() | st.binary(max_size=30) | st.sampled_from([
            b"text/html; charset=shift_jis", b"application/json", b"avro/binary", b"text/plain", b"1772616600",
            b"utf-16",
        ]),
    ),
    max_size=5,
).map(tuple)


def outcome(value: bytes, headers: tuple[tuple[str, bytes | None], ...] = (), key: bytes | None = None) -> None:
    try:
        raw = decode_message(a_message(value=value, headers=headers, key=key), DECODER)
    except Rejected as fault:
        assert all(violation.expectation for violation in fault.violations)
        return
    assert isinstance(raw, RawArticle)
    raw.text.encode("utf-8")
    assert "\x00" not in raw.text
    assert raw.fetched_at.tzinfo is not None


@QUICK
@given(value=st.binary(min_size=1, max_size=300), headers=HEADERS, key=st.none() | st.binary(max_size=20))
def test_any_bytes(value: bytes, headers: tuple[tuple[str, bytes | None], ...], key: bytes | None) -> None:
    outcome(value, headers, key)


@QUICK
@given(
    value=st.sampled_from(
        [b"\xc3\x01", b"\x00\x00\x00\x00\x07", RECORD[:10], b"\x1f\x8b\x08", b"{", b"<", b"\xff\xfe", b"\xfe\xff"]
    ),
    rest=st.binary(max_size=200),
)
def test_any_bytes_behind_a_beginning_that_means_something(value: bytes, rest: bytes) -> None:
    outcome(value + rest)


@QUICK
@given(base=st.sampled_from([RECORD, ITEM, packed(ITEM), b"\x00\x00\x00\x00\x07" + RECORD[10:]]), data=st.data())
def test_a_good_message_that_was_damaged(base: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(base)))
    until = data.draw(st.integers(at, min(len(base), at + 12)))
    outcome(base[:at] + data.draw(st.binary(max_size=12)) + base[until:])


@QUICK
@given(
    text=st.text(max_size=200),
    charset=st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis", "gb18030", "koi8-r", "utf-8-sig"]),
    headers=HEADERS,
)
def test_any_text_in_any_charset(text: str, charset: str, headers: tuple[tuple[str, bytes | None], ...]) -> None:
    outcome(text.encode(charset, "replace"), headers)


@QUICK
@given(item=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["url", "body", "text", "fetched_at", "scraped_at", "charset", "headers", "source", "status", "string", "a"]
        ),
        inner, max_size=5),
    max_leaves=20,
))
def test_any_json(item: object) -> None:
    outcome(json.dumps(item).encode())
    outcome(json.dumps(item).encode(), (("content-type", b"application/json"),))
