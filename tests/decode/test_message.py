from __future__ import annotations

import gzip
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import brotli
import pytest
import zstandard

from pipelines.decode import Decoder, decode_message, load_decoder, readable_url
from pipelines.failures import (
    EmptyMessage,
    FetchFailed,
    ImplausibleTime,
    MalformedAvro,
    MalformedGzip,
    MalformedJson,
    OversizedMessage,
    Rejected,
    UnknownSchema,
    UnsupportedContent,
)
from pipelines.records import Evidence, RawArticle
from pipelines.settings import Limits
from tests.builders import FETCHED_AT, a_message

packed = partial(gzip.compress, mtime=0)  # parametrized tests are named the same in every process

PAGE = "<html><head><title>Pier to be rebuilt</title></head><body><p>Marrowby's pier, says Inés Falk.</p></body></html>"
DECODER = load_decoder(Limits(message_bytes=100_000, body_bytes=200_000), {7: "raw_article/1", 8: "article/1"})


def a_raw_record(**changes: Any) -> dict[str, Any]:
    return {
        "url": "https://harbour-news.example/pier", "fetched_at": FETCHED_AT, "source": "harbour-crawler",
        "content_type": "text/html", "charset": None, "body": PAGE.encode(), "http_status": 200, "headers": {},
    } | changes


def single_object(**changes: Any) -> bytes:
    return DECODER.registry.encode("raw_article", a_raw_record(**changes))


def confluent(schema_id: int = 7, **changes: Any) -> bytes:
    return b"\x00" + schema_id.to_bytes(4, "big") + single_object(**changes)[10:]


def headers(**changes: str | None) -> tuple[tuple[str, bytes], ...]:
    """Message headers: those of a page, changed; None leaves one out."""
    usual: Mapping[str, str | None] = {
        "content-type": "text/html; charset=utf-8", "url": "https://harbour-news.example/pier",
        "fetched-at": "2026-03-04T09:30:00Z", "source": "harbour-crawler",
    }
    named = usual | {name.replace("_", "-"): value for name, value in changes.items()}
    return tuple((name, value.encode()) for name, value in named.items() if value is not None)


def decode(value: bytes | str, decoder: Decoder = DECODER, **changes: Any) -> RawArticle:
    data = value if isinstance(value, bytes) else value.encode()
    return decode_message(a_message(**({"value": data, "headers": (), "key": None} | changes)), decoder)


def rejected(fault: type[Rejected], value: bytes | str, **changes: Any) -> tuple[str | None, str | None]:
    """Field and value of the one violation."""
    with pytest.raises(Rejected) as raised:
        decode(value, **changes)
    assert raised.type is fault, raised.value
    (violation,) = raised.value.violations
    return violation.field, violation.value


# framings


@pytest.mark.parametrize("value", [single_object(), confluent()])
def test_both_avro_framings_give_the_same_article(value: bytes) -> None:
    raw = decode(value)
    assert raw.kind == "html"
    assert raw.text == PAGE
    assert raw.url == "https://harbour-news.example/pier"
    assert raw.scraper == "harbour-crawler"
    assert raw.fetched_at == FETCHED_AT
    assert raw.http_status == 200
    assert raw.evidence["fetched_at"] == Evidence("avro raw_article/1", "1772616600000")
    assert raw.warnings == ()


def test_a_fingerprint_that_java_writes_is_known() -> None:
    plain = DECODER.registry.latest("raw_article").plain_fingerprint.to_bytes(8, "little")
    assert decode(b"\xc3\x01" + plain + single_object()[10:]).text == PAGE


def test_an_unknown_schema_is_named() -> None:
    assert rejected(UnknownSchema, b"\xc3\x01" + bytes(8) + b"datum") == ("schema", "fingerprint 0000000000000000")
    assert rejected(UnknownSchema, confluent(999)) == ("schema", "id 999")
    assert rejected(UnknownSchema, confluent(8)) == ("schema", "article/1 (id 8)")


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        pytest.param(single_object() + b"!", "1 bytes are left over", id="left over"),
        pytest.param(single_object()[:-1], None, id="cut by one"),
        pytest.param(single_object()[:40], None, id="cut within"),
        pytest.param(single_object()[:10], None, id="no datum"),
        pytest.param(single_object()[:6], "c3 01", id="cut within the fingerprint"),
        pytest.param(confluent()[:-1], None, id="cut, Confluent"),
        pytest.param(b"\x00\x00", "00 00", id="cut within the id"),
        pytest.param(single_object()[:10] + b"\x06" + b"rest", None, id="a union branch that is not there"),
        pytest.param(single_object()[:10] + b"\x02\x04\xff\xfe", None, id="text that is no UTF-8"),
        pytest.param(single_object()[:10] + b"\x02" + b"\xff" * 9 + b"\x01", None, id="a length past memory"),
        pytest.param(single_object()[:10] + b"\x02\x03", None, id="a negative length"),
    ],
)
def test_bytes_that_do_not_follow_their_schema_are_malformed(value: bytes, seen: str | None) -> None:
    _, shown = rejected(MalformedAvro, value)
    assert shown is not None
    assert seen is None or seen in shown


def test_a_header_that_says_avro_binds() -> None:
    rejected(MalformedAvro, PAGE, headers=headers(content_type="avro/binary"))
    rejected(MalformedAvro, '{"url": "https://a.example"}', headers=headers(content_type="application/avro"))


def test_text_that_begins_with_a_zero_byte_is_text_where_the_header_says_so() -> None:
    raw = decode(PAGE.encode("utf-16-be"), headers=headers(content_type="text/html"))
    assert raw.text == PAGE
    assert decode(b"\x00" + PAGE.encode(), headers=headers()).text == PAGE


def test_a_bare_page_is_read_by_its_headers() -> None:
    raw = decode(PAGE, headers=headers(http_status="200"))
    assert (raw.kind, raw.text, raw.scraper) == ("html", PAGE, "harbour-crawler")
    assert raw.url == "https://harbour-news.example/pier"
    assert raw.evidence["url"] == Evidence("headers", "https://harbour-news.example/pier")
    assert raw.evidence["charset"] == Evidence("transport", "transport utf-8; read as utf-8")
    assert raw.http_status == 200


def test_a_bare_page_without_headers_is_dated_and_addressed_by_kafka() -> None:
    raw = decode(PAGE, key=b"https://harbour-news.example/pier")
    assert raw.kind == "html"
    assert raw.fetched_at == FETCHED_AT
    assert raw.evidence["fetched_at"] == Evidence("kafka timestamp", "2026-03-04T09:30:00+00:00")
    assert raw.url == "https://harbour-news.example/pier"
    assert raw.evidence["url"] == Evidence("kafka key", "https://harbour-news.example/pier")
    assert raw.scraper == "unknown"


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "javascript:alert(1)", "pier", "https://a b.example", "https://" + "a" * 5000,
     "http://[::1", "http:///pier"],
)
def test_what_is_no_web_address_is_left_out(url: str) -> None:
    raw = decode(PAGE, headers=headers(url=url))
    assert raw.url is None
    assert raw.warnings == (f"url: {url[:80]!r} is not a web address",)


# kinds


DUMP = "HOME | HARBOUR | WEATHER 4°C\n\nPier to be rebuilt\n\nWork is to start in May.\n\nRead More: Ferry late"


@pytest.mark.parametrize(
    ("value", "content_type", "kind"),
    [
        (DUMP, "text/plain", "text"),
        (DUMP, None, "text"),
        (DUMP, "text/html", "text"),
        (DUMP + "\n\n2 < 3 and 4 > 3", None, "text"),
        (PAGE, "text/plain", "html"),
        (PAGE, "application/octet-stream", "html"),
        (PAGE, "application/xhtml+xml", "html"),
        ('<?xml version="1.0" encoding="utf-8"?>\n' + PAGE, "application/xml", "html"),
        ("<!-- cached -->\n<!DOCTYPE HTML>" + PAGE, "application/unheard-of", "html"),
        ("<p>Pier to be rebuilt</p>", None, "html"),
        ("{Updated} Pier to be rebuilt", "text/plain", "text"),
        (DUMP + '\n\n<iframe src="https://a.example"></iframe>\n' + "\n" * 8 + "Trending Now", None, "text"),
        ("Pier to be <b>rebuilt</b>", "text/html", "html"),
    ],
)
def test_the_kind_is_reported_by_the_characters_first(value: str, content_type: str | None, kind: str) -> None:
    raw = decode(value, headers=headers(content_type=content_type))
    assert (raw.kind, raw.text) == (kind, value)


@pytest.mark.parametrize(
    ("value", "content_type", "seen"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "text/html", "PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "text/html", "PNG image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", None, "JPEG image"),
        (b"PK\x03\x04\x14\x00", "text/html", "ZIP archive or office document"),
        (packed(b"%PDF-1.7"), "text/html", "PDF"),
        (b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', "text/html", "an XML document <rss>"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>', None, "an XML document <feed>"),
        (b'<?xml version="1.0"?><urlset></urlset>', "application/xml", "an XML document <urlset>"),
        (b'<?xml version="1.0"?><note>Pier</note>', "text/xml", "an XML document <note>"),
        (b"body { color: red }", "text/css", "text/css"),
        (b"var pier = 1", "application/javascript", "application/javascript"),
        (b"\x01\x02\x03\x04\x05\x06 pier \x07\x08", None, "binary data"),
    ],
)
def test_what_is_no_page_is_rejected(value: bytes, content_type: str | None, seen: str) -> None:
    assert rejected(UnsupportedContent, value, headers=headers(content_type=content_type))[1] == seen


@pytest.mark.parametrize(
    "value", [b"", b"  \n\t ", packed(b" \n"), single_object(body=b""), b"{}", b'{"body": " ", "url": "x"}']
)
def test_an_empty_message_is_rejected(value: bytes) -> None:
    rejected(EmptyMessage, value)


def test_a_fetch_that_failed_is_rejected() -> None:
    assert rejected(FetchFailed, single_object(http_status=404)) == ("http_status", "404")
    assert rejected(FetchFailed, PAGE, headers=headers(http_status="503")) == ("http_status", "503")
    assert rejected(FetchFailed, '{"text": "Not here.", "status_code": 410}') == ("http_status", "410")


# sizes and compression


def test_the_size_of_a_message_is_bounded() -> None:
    assert rejected(OversizedMessage, b"a" * 100_001) == ("value", "100,001 bytes")
    assert decode(b"a" * 100_000).kind == "text"


@pytest.mark.parametrize(
    "value",
    [
        packed(PAGE.encode()),
        packed(PAGE[:40].encode()) + packed(PAGE[40:].encode()),
        packed(packed(PAGE.encode())),
        packed(PAGE.encode()) + bytes(12),
        single_object(body=packed(PAGE.encode()), headers={"Content-Encoding": "gzip"}),
        single_object(body=PAGE.encode(), headers={"content-encoding": "gzip"}),
        packed(single_object()),
    ],
)
def test_a_compressed_page_is_unpacked(value: bytes) -> None:
    assert decode(value).text == PAGE


def test_a_bomb_is_stopped_at_the_bound() -> None:
    assert rejected(OversizedMessage, packed(bytes(50_000_000)))[0] == "body"
    assert rejected(OversizedMessage, packed(packed(bytes(90_000_000))))[0] == "body"


@pytest.mark.parametrize(
    "value",
    [
        packed(PAGE.encode())[:-1],
        packed(PAGE.encode())[:20],
        packed(PAGE.encode())[:10],
        packed(PAGE.encode())[:-8] + bytes(8),
        b"\x1f\x8b\x08" + b"pier" * 20,
        packed(packed(packed(PAGE.encode()))),
        packed(b"") * 1_500,
    ],
)
def test_a_cut_or_damaged_compressed_page_is_rejected(value: bytes) -> None:
    assert rejected(MalformedGzip, value)[0] == "body"


# JSON


def test_a_raw_article_may_be_json() -> None:
    envelope = a_raw_record(body=PAGE, fetched_at=1772616600000, headers={"Server": "quay"})
    raw = decode(json.dumps(envelope))
    assert (raw.kind, raw.text, raw.scraper, raw.fetched_at) == ("html", PAGE, "harbour-crawler", FETCHED_AT)
    assert raw.headers == {"server": "quay"}
    assert raw.warnings == ()


def test_a_raw_article_may_be_in_avros_own_json() -> None:
    envelope = {
        "url": {"string": "https://harbour-news.example/pier"}, "fetched_at": 1772616600000, "source": "quay",
        "body": PAGE.encode("windows-1252").decode("latin-1"), "charset": {"string": "windows-1252"},
        "http_status": {"int": 200}, "headers": {},
    }
    raw = decode(json.dumps(envelope))
    assert (raw.kind, raw.text, raw.http_status) == ("html", PAGE, 200)
    assert raw.url == "https://harbour-news.example/pier"


def test_a_news_please_item_is_an_item() -> None:
    item = {
        "title": "Pier to be rebuilt", "maintext": "Work is to start in May.", "authors": ["Inés Falk"],
        "date_publish": "2026-03-03 18:00:00", "date_download": "2026-03-04 09:30:00", "language": "en",
        "url": "https://harbour-news.example/pier", "source_domain": "harbour-news.example",
        "image_url": None,
    }
    raw = decode(json.dumps(item), headers=(("source", b"news-please"),))
    assert (raw.kind, raw.text, raw.scraper) == ("item", "Work is to start in May.", "news-please")
    assert raw.item == item
    assert raw.fetched_at == FETCHED_AT
    assert raw.evidence["fetched_at"] == Evidence("item", "2026-03-04 09:30:00")
    assert raw.evidence["body"] == Evidence("item", "maintext")


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"link": "https://a.example", "headline": "Pier", "articleBody": "May."}, "May."),
        ({"url": "https://a.example", "title": "Pier", "content": ["May.", " ", "June. "]}, "May.\n\nJune."),
        ({"url": "https://a.example", "title": "Pier", "text": "", "html": "<p>May.</p>"}, "<p>May.</p>"),
        ({"url": "https://a.example", "title": "Pier", "text": {"en": "May."}}, ""),
        ({"url": "https://a.example", "title": "Pier"}, ""),
    ],
)
def test_the_text_of_an_item_is_found_by_its_key(item: dict[str, object], text: str) -> None:
    raw = decode(json.dumps(item))
    assert (raw.kind, raw.text, raw.item) == ("item", text, item)


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "text/plain"])
def test_an_item_may_lie_in_an_avro_message(content_type: str) -> None:
    """A producer that leaves content_type out gets the schema's default, text/html."""
    item = json.dumps({"title": "Pier", "text": "Work is to start in May.", "url": "https://other.example"}).encode()
    raw = decode(single_object(body=item, content_type=content_type))
    assert (raw.kind, raw.text, raw.url) == ("item", "Work is to start in May.", "https://harbour-news.example/pier")
    assert raw.fetched_at == FETCHED_AT


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_may_come_in_any_unicode_encoding(charset: str) -> None:
    assert decode('{"title": "Pier", "text": "Inés Falk"}'.encode(charset)).text == "Inés Falk"


@pytest.mark.parametrize(
    "value",
    [
        b'{"title": "Pier"',
        b'{"title": "Pier"}{"title": "Ferry"}',
        b'{"title": "caf\xe9"}',
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b'{"a":' * 15_000 + b"1" + b"}" * 15_000,
        b'{"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"a": ' + b"1" * 6_000 + b"}",
        b"{title: 'Pier'}",
    ],
)
def test_what_is_no_json_object_is_rejected(value: bytes) -> None:
    rejected(MalformedJson, value)


@pytest.mark.parametrize("value", [b"[]", b'"Pier"', b"null", b"3", b"[{}]", PAGE.encode()])
def test_a_header_that_says_json_binds(value: bytes) -> None:
    rejected(MalformedJson, value, headers=headers(content_type="application/json"))


def test_nul_and_half_characters_are_left_out_of_an_item() -> None:
    raw = decode(r'{"title": "Pi\u0000er", "text": "May\ud800.", "n": NaN, "deep": [{"a": "\udc00b"}]}')
    assert raw.item == {"title": "Pier", "text": "May.", "n": None, "deep": [{"a": "b"}]}
    assert raw.warnings == ("text: NUL characters and lone surrogates were left out",)


def test_nul_is_left_out_of_a_page() -> None:
    raw = decode(PAGE.replace("pier", "pi\x00er"), headers=headers())
    assert raw.text == PAGE
    assert raw.warnings == ("text: NUL characters were left out",)


def test_u_fffd_of_the_page_itself_is_reported() -> None:
    raw = decode(PAGE.replace("é", "\ufffd"), headers=headers())
    assert raw.warnings == ("text: the page itself contains U+FFFD: an earlier program lost characters",)


def test_a_body_that_is_declared_json_and_is_not_is_rejected() -> None:
    rejected(MalformedJson, single_object(body=b"{", content_type="application/json"))
    assert decode(single_object(body=b"{Updated} Pier to be rebuilt", content_type="text/plain")).kind == "text"


def test_the_transports_charset_may_lie_in_the_response_headers() -> None:
    body, response = PAGE.encode("windows-1252"), {"Content-Type": "text/html; charset=iso-8859-1"}
    raw = decode(single_object(body=body, headers=response))
    assert (raw.text, raw.evidence["charset"].how) == (PAGE, "transport")


def test_headers_may_be_written_with_underscores() -> None:
    raw = decode(PAGE, headers=(("content_type", b"text/html; charset=utf-8"), ("fetched_at", b"2026-03-04T08:00:00Z")))
    assert raw.fetched_at == FETCHED_AT - timedelta(hours=1, minutes=30)


@pytest.mark.parametrize("changes", [{"http_status": 404}, {"body": b"%PDF-1.7"}, {"body": b""}])
def test_a_rejected_message_names_its_scraper(changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as raised:
        decode(single_object(**changes))
    assert raised.value.scraper == "harbour-crawler"


URL = "https://harbour-news.example/pier"


@pytest.mark.parametrize(("value", "url"), [
    (single_object(http_status=404), URL),
    (confluent(body=b""), URL),
    (single_object(http_status=404, url="no address"), None),
    (json.dumps({"link": URL, "statusCode": 500, "text": PAGE}), URL),
    (json.dumps({"url": URL, "source": "a", "content_type": "text/html", "body": " "}), URL),
    (single_object(url="", http_status=None, body=b'{"url": "%s", "httpStatus": 404}' % URL.encode()), URL),
    ('{"url": "https://harbour-news.example/pier", ', None),
])
def test_a_rejected_message_names_its_address_where_it_was_read(value: bytes | str, url: str | None) -> None:
    with pytest.raises(Rejected) as raised:
        decode(value, key=b"https://harbour-news.example/feed")
    assert raised.value.url == url


@pytest.mark.parametrize(("value", "url"), [
    ('{"title": "Pier", "url": "https://harbour-news.example/pier", "text": "It ope', URL),
    (r'{"url":"https:\/\/harbour-news.example\/pier","text":', URL),
    ('\ufeff {"URL" : "https://harbour-news.example/pier"} trailing', URL),
    ('{"link": "https://harbour-news.example/pier", "url": "no address"', URL),
    ('{"canonicalUrl": "https://b.example/", "page_url": "https://harbour-news.example/pier"', URL),
    ('{"author": {"url": "https://b.example/"}, "tags": ["url", "https://b.example/"], "x": "\\" \\"url\\": "', None),
    ('{"url": null, "note": "https://b.example/"', None),
    ('{"url": "https://harbour-news.example/p', None),
    ('{"url": "\ud800https://b.example"}', None),
    ('[{"url": "https://b.example/"}]', None),
    ("<a href='https://b.example/'>", None),
    ("{" + '"a": "' + "x" * 70_000 + '", "url": "https://b.example/"}', None),
    ("{" * 100_000, None),
    ("", None),
])
def test_the_address_in_a_broken_item_is_read_where_it_is_a_member_of_its_own(value: str, url: str | None) -> None:
    assert readable_url(a_message(value=value.encode("utf-8", "surrogatepass"))) == url


@pytest.mark.parametrize("value", [
    b'{"' + b'\\"' * 10**6, b'{"' + b"\\" * 10**6, b'{"a":' * 10**6, b'{"url":"' * 10**6, b"{" + b'"' * 10**6,
])
def test_no_broken_item_takes_long(value: bytes) -> None:
    began = time.process_time()
    assert readable_url(a_message(value=value)) is None
    assert time.process_time() - began < 1


# times


@pytest.mark.parametrize(
    ("said", "warned"),
    [
        ("2026-03-04T09:30:00Z", False), ("2026-03-04T10:30:00+01:00", False), ("2026-03-04 09:30:00", False),
        ("Wed, 04 Mar 2026 09:30:00 GMT", False), ("1772616600", False), ("1772616600000", False),
        ("1772616600.0", False), ("1772616600000000", False), ("1772616600000000000", False),
    ],
)
def test_a_header_may_write_the_time_in_any_usual_way(said: str, warned: bool) -> None:
    raw = decode(PAGE, headers=headers(fetched_at=said), timestamp=FETCHED_AT + timedelta(hours=3))
    assert raw.fetched_at == FETCHED_AT
    assert bool(raw.warnings) is warned


@pytest.mark.parametrize(
    ("number", "unit"),
    [(1772616600, "seconds"), (1772616600 * 10**6, "microseconds"), (1772616600 * 10**9, "nanoseconds")],
)
def test_another_unit_than_the_schema_promises_is_mended_with_a_warning(number: int, unit: str) -> None:
    envelope = json.dumps(a_raw_record(body=PAGE, fetched_at=number))
    for value in (single_object_of(number), envelope.encode()):
        raw = decode(value)
        assert raw.fetched_at == FETCHED_AT
        assert raw.warnings == (
            f"fetched_at: in {unit}, though the schema says milliseconds; read as 2026-03-04T09:30:00+00:00",
        )


def single_object_of(fetched_at: int) -> bytes:
    """A record whose fetched_at is any number: past any calendar, too."""
    zigzag, varint = fetched_at << 1 if fetched_at >= 0 else (-fetched_at << 1) - 1, bytearray()
    while zigzag > 0x7F:
        varint.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    varint.append(zigzag)
    usual = single_object(fetched_at=datetime(1970, 1, 1, tzinfo=UTC))
    at = usual.index(b"/pier") + len(b"/pier")
    assert usual[at : at + 1] == b"\x00"
    return usual[:at] + bytes(varint) + usual[at + 1 :]


def test_a_clock_two_hours_ahead_is_reported_and_moves_nothing() -> None:
    ahead = FETCHED_AT + timedelta(hours=2)
    raw = decode(single_object(fetched_at=ahead))
    assert raw.fetched_at == ahead
    assert raw.warnings == ("fetched_at: 2:00:00 ahead of Kafka's timestamp; the scraper's clock is off",)


@pytest.mark.parametrize(
    "value",
    [
        single_object(fetched_at=FETCHED_AT + timedelta(days=2)),
        single_object_of(2**62),
        single_object_of(-1),
        single_object_of(12_345),
        json.dumps(a_raw_record(body=PAGE, fetched_at=10**30)).encode(),
        json.dumps(a_raw_record(body=PAGE, fetched_at=1e300)).encode(),
        json.dumps(a_raw_record(body=PAGE, fetched_at="2036-01-01T00:00:00Z")).encode(),
    ],
)
def test_an_implausible_time_is_rejected(value: bytes) -> None:
    assert rejected(ImplausibleTime, value)[0] == "fetched_at"


@pytest.mark.parametrize("said", ["yesterday", "0", "9999-99-99", "12:30", "-", "nan", "1e400"])
def test_what_is_no_time_gives_way_to_kafkas(said: str) -> None:
    raw = decode(PAGE, headers=headers(fetched_at=said))
    assert raw.fetched_at == FETCHED_AT
    assert raw.evidence["fetched_at"].how == "kafka timestamp"
    assert len(raw.warnings) == 1


def test_no_time_at_all_is_rejected() -> None:
    rejected(ImplausibleTime, PAGE, timestamp=datetime(1970, 1, 1, tzinfo=UTC))


def test_a_topic_without_timestamps_bounds_nothing() -> None:
    assert decode(single_object(), timestamp=datetime(1970, 1, 1, tzinfo=UTC)).fetched_at == FETCHED_AT


def test_an_article_is_no_raw_article() -> None:
    registry = DECODER.registry
    fingerprint = registry.latest("article").fingerprint.to_bytes(8, "little")
    assert rejected(UnknownSchema, b"\xc3\x01" + fingerprint + b"datum")[0] == "schema"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", brotli.compress(PAGE.encode())), ("zstd", zstandard.compress(PAGE.encode())),
     (None, zstandard.compress(PAGE.encode())), ("gzip, br", brotli.compress(packed(PAGE.encode()))),
     ("br", PAGE.encode())],
)
def test_a_body_is_read_as_its_content_encoding_says(encoding: str | None, body: bytes) -> None:
    declared = {"content-encoding": encoding} if encoding else {}
    of_message = tuple((name, value.encode()) for name, value in {"content-type": "text/html", **declared}.items())
    bare = decode_message(a_message(value=body, headers=of_message), DECODER)
    framed = decode_message(a_message(value=single_object(body=body, headers=declared)), DECODER)
    assert (bare.text, framed.text) == (PAGE, PAGE)


@pytest.mark.parametrize(
    ("encoding", "body"), [("br", brotli.compress(bytes(500_000))), ("zstd", zstandard.compress(bytes(500_000)))]
)
def test_a_body_that_unpacks_to_too_much_is_rejected(encoding: str, body: bytes) -> None:
    with pytest.raises(OversizedMessage, match="after decompression"):
        decode_message(a_message(value=body, headers=(("content-encoding", encoding.encode()),)), DECODER)


def test_a_damaged_zstd_body_is_rejected() -> None:
    with pytest.raises(UnsupportedContent) as caught:
        decode_message(a_message(value=zstandard.compress(PAGE.encode())[:-9], headers=()), DECODER)
    assert caught.value.violations[0].value == "zstd-compressed body"


def test_a_page_that_was_stored_in_part_is_truncated() -> None:
    article = decode_message(a_message(value=PAGE.encode(), headers=(("warc-truncated", b"length"),)), DECODER)
    assert (article.is_truncated, article.evidence["is_truncated"]) == (True, Evidence("warc-truncated", "length"))
    assert decode_message(a_message(value=PAGE.encode()), DECODER).is_truncated is False


ROBOTS = {"x-robots-tag": "noai\nquaybot: noindex", "tdm-reservation": "1"}


def with_headers(*headers: tuple[str, bytes]) -> RawArticle:
    return decode_message(a_message(value=PAGE.encode(), headers=(("content-type", b"text/html"), *headers)), DECODER)


@pytest.mark.parametrize("before", ["", "http-", "HTTP-"])
def test_headers_that_declare_rights_are_read_from_those_of_the_message(before: str) -> None:
    article = with_headers(
        (f"{before}X-Robots-Tag", b"noai"), (f"{before}x-robots-tag", b"quaybot: noindex"),
        (f"{before}tdm-reservation", b"1"), (f"{before}tdm-policy", None), ("server", b"quay"),
    )
    assert article.headers == ROBOTS
    assert len(with_headers(("x-robots-tag", b"noai," * 9_000)).headers["x-robots-tag"]) == 4_096


def test_headers_that_declare_rights_are_read_from_an_envelope() -> None:
    value = {
        "body": PAGE, "url": "https://pier.example/a",
        "headers": {"X-Robots-Tag": ["noai", "quaybot: noindex"], "TDM-Reservation": 1},
    }
    article = decode_message(a_message(value=json.dumps(value).encode()), DECODER)
    assert article.headers == ROBOTS


@pytest.mark.parametrize("key", ["headers", "response_headers"])
def test_headers_that_declare_rights_are_read_from_an_item(key: str) -> None:
    headers = {"X-Robots-Tag": ["noai", "quaybot: noindex"], "tdm-reservation": "1", "server": "quay"}
    item = {"title": "Pier", "text": "It opened.", key: headers}
    assert decode_message(a_message(value=json.dumps(item).encode()), DECODER).headers == ROBOTS
    assert decode_message(a_message(value=json.dumps(item | {key: "x-robots-tag"}).encode()), DECODER).headers == {}
    framed = single_object(body=json.dumps(item).encode(), content_type="application/json", headers={"age": "1"})
    assert decode_message(a_message(value=framed), DECODER).headers == ROBOTS | {"age": "1"}
