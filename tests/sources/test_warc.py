"""WARC and WET files: encoded, truncated and untyped records, damage in one of them, and counts of all others."""

from __future__ import annotations

import gzip
import itertools
import zlib
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
import zstandard

from pipelines.records import OutgoingMessage
from pipelines.sources.files import messages_from
from pipelines.sources.left_out import LeftOutFile, reasons
from pipelines.sources.warc import DAMAGED

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
PAGE = b"<!doctype html><html><title>Lock gate fails at Brinmouth</title><p>The gate failed at dawn.</p></html>"
TEXT = b"Lock gate fails at Brinmouth\nThe gate failed at dawn, said Ivo Kest.\n"
FIRST = "https://brinmouth.example/lock"


def a_record(
    body: bytes = PAGE, *answer: str, kind: str = "response", url: str | bytes = FIRST, record: tuple[str, ...] = (),
    length: int | str | None = None,
) -> bytes:
    """A record with an HTTP response of these header lines if it has any; ``record`` are further lines of its own."""
    http = "\r\n".join(("HTTP/1.1 200 OK", *answer, "", "")) if answer else ""
    block = http.encode() + body
    said = url if isinstance(url, bytes) else url.encode()
    lines = (
        b"WARC/1.0", f"WARC-Type: {kind}".encode(), b"WARC-Target-URI: " + said, b"WARC-Date: 2026-03-01T05:00:00Z",
        *(line.encode() for line in record), f"Content-Length: {len(block) if length is None else length}".encode(),
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + block + b"\r\n\r\n"


HTML = "Content-Type: text/html; charset=utf-8"


def taken(folder: Path, content: bytes, name: str = "crawl.warc") -> tuple[list[OutgoingMessage], list[LeftOutFile]]:
    path = folder / name
    path.write_bytes(content)
    left: list[LeftOutFile] = []
    return list(messages_from([path], None, NOW, left.append)), left


def headers_of(message: OutgoingMessage) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers}


BARE_DEFLATE = zlib.compress(PAGE)[2:-4]


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("br", brotli.compress(PAGE)), ("zstd", zstandard.compress(PAGE)), ("gzip", gzip.compress(PAGE)),
        ("deflate", zlib.compress(PAGE)), ("deflate", BARE_DEFLATE), ("gzip, br", brotli.compress(gzip.compress(PAGE))),
        ("br", PAGE), ("gzip", PAGE), ("zstd", PAGE),  # crawlers that store what they decompressed keep the header
        ("identity", PAGE), ("x-unheard-of", PAGE),
        ("zstd", zstandard.compress(PAGE[:40]) + zstandard.compress(PAGE[40:])),
    ],
    ids=itertools.count(),  # gzip data has the time in it: shards would name these tests differently
)
def test_a_body_is_decompressed_as_its_encoding_says(tmp_path: Path, encoding: str, packed: bytes) -> None:
    (page,), left = taken(tmp_path, a_record(packed, HTML, f"Content-Encoding: {encoding}"))
    assert (page.value, left) == (PAGE, [])


def test_a_chunked_brotli_body_is_put_together(tmp_path: Path) -> None:
    packed = brotli.compress(PAGE)
    chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, packed[:9], len(packed) - 9, packed[9:])
    (page,), left = taken(tmp_path, a_record(chunks, HTML, "Content-Encoding: br", "Transfer-Encoding: chunked"))
    assert (page.value, left) == (PAGE, [])


def test_a_truncated_record_says_so_and_gives_what_it_has(tmp_path: Path) -> None:
    long = b"<!doctype html><html>" + b"".join(b"<p>Barge %d waited at the gate.</p>" % n for n in range(3_000))
    records = (
        a_record(long[:900], HTML, record=("WARC-Truncated: length",))
        + a_record(gzip.compress(long)[:4_000], HTML, "Content-Encoding: gzip", record=("WARC-Truncated: time",))
        + a_record(PAGE, HTML)
    )
    (cut, packed, whole), left = taken(tmp_path, records)
    assert (cut.value, left) == (long[:900], [])
    assert packed.value is not None
    assert 4_000 < len(packed.value) < len(long)
    assert long.startswith(packed.value)
    assert [headers_of(page).get("warc-truncated") for page in (cut, packed, whole)] == ["length", "time", None]


def test_records_without_a_content_type_are_sniffed(tmp_path: Path) -> None:
    records = (
        a_record(PAGE, "Server: pier") + a_record(TEXT, "Content-Type: application/octet-stream")
        + a_record(b"\x89PNG\r\n\x1a\n" + bytes(40), "Server: pier") + a_record(PAGE, kind="resource")
        + a_record(b"<?xml version='1.0'?><rss></rss>", "Server: pier")
    )
    found, left = taken(tmp_path, records)
    assert [(page.value, headers_of(page)["content-type"]) for page in found] == [
        (PAGE, "text/html"), (TEXT, "text/plain"), (PAGE, "text/html"),
    ]
    assert reasons(left) == {"record without a content type that is neither HTML nor text": 2}


@pytest.mark.parametrize("name", ["a.warc.wet", "a.warc.wet.gz", "a.wet", "a.warc"])
def test_the_texts_of_a_wet_file_are_read(tmp_path: Path, name: str) -> None:
    info = a_record(b"software: kest/1.0\r\n", kind="warcinfo", record=("Content-Type: application/warc-fields",))
    text = a_record(TEXT, kind="conversion", record=("Content-Type: text/plain",))
    packed = gzip.compress(info) + gzip.compress(text) if name.endswith("gz") else info + text
    (page,), (skipped,) = taken(tmp_path, packed, name)
    assert (page.key, page.value, headers_of(page)["content-type"]) == (FIRST.encode(), TEXT, "text/plain")
    assert (skipped.reason, skipped.is_fault) == ("warcinfo record", False)


@pytest.mark.parametrize("said", ["html", "'text/html'", '"text/html"; charset=utf-8', "utf-8", "text/html, text/html"])
def test_a_content_type_that_is_none_costs_no_page(tmp_path: Path, said: str) -> None:
    (page,), left = taken(tmp_path, a_record(PAGE, f"Content-Type: {said}"))
    assert (page.value, headers_of(page)["content-type"].startswith("text/html"), left) == (PAGE, True, [])


def test_every_record_that_is_no_page_is_counted(tmp_path: Path) -> None:
    records = (
        a_record(b"GET /lock HTTP/1.1\r\n\r\n", kind="request") * 3 + a_record(b"a: b", kind="metadata")
        + a_record(b"", "Content-Type: text/html", kind="revisit") + a_record(b"GIF89a", "Content-Type: image/gif") * 2
        + a_record(b"", HTML) + a_record(PAGE, HTML)
    )
    (page,), left = taken(tmp_path, records)
    assert page.value == PAGE
    assert reasons(left) == {
        "request record": 3, "record of type image/gif": 2, "metadata record": 1, "revisit record": 1,
        "record without a body": 1,
    }
    assert left[0].why == f"{tmp_path}/crawl.warc: 3 records left out: request record."
    assert not any(one.is_fault for one in left)


GOOD = a_record(PAGE, HTML)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"not a record at all\r\n\r\n", "does not begin with WARC/"),
        (a_record(PAGE, HTML, length="many"), "has no valid Content-Length"),
        (a_record(PAGE, HTML, length=20), "has a Content-Length that does not lead to its end"),
        (a_record(PAGE, HTML, length=400), "has a Content-Length that does not lead to its end"),
        (a_record(PAGE, HTML, length=9_000_000), "ends in the middle"),
        (a_record(PAGE, HTML, length=900_000_000), "ends in the middle"),
        (a_record(brotli.compress(PAGE)[:-9], HTML, "Content-Encoding: br"), "its br data"),
        (a_record(zstandard.compress(PAGE)[:-9], HTML, "Content-Encoding: zstd"), "its zstd data"),
        (a_record(PAGE, HTML).replace(b"WARC-Target-URI", b"X-Uri"), "its headers cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_record_is_reported_with_its_place_and_the_rest_is_read(tmp_path: Path, bad: bytes, why: str) -> None:
    found, (left,) = taken(tmp_path, GOOD + bad + GOOD + GOOD)
    assert [page.value for page in found] == [PAGE] * 3
    assert left.why.startswith(f"{tmp_path}/crawl.warc: record 2 at byte {len(GOOD)} is damaged: {why}")
    assert (left.path, left.reason, left.sent, left.is_fault) == (f"{tmp_path}/crawl.warc:2", DAMAGED, 1, True)


def _flipped(member: bytes, at: int) -> bytes:
    return member[:at] + bytes([member[at] ^ 0xFF]) + member[at + 1 :]


@pytest.mark.parametrize("at", [0, 1, 30, 120, -6], ids=["magic", "magic's end", "head", "middle", "checksum"])
def test_a_damaged_gzip_member_costs_its_own_record_alone(tmp_path: Path, at: int) -> None:
    member = gzip.compress(GOOD, mtime=0)
    bad = _flipped(member, at % len(member))
    found, (left,) = taken(tmp_path, member + bad + member + member, "crawl.warc.gz")
    assert [page.value for page in found] == [PAGE] * 3
    place = f"record 2 in the gzip member at byte {len(member)}"
    assert left.why.startswith(f"{tmp_path}/crawl.warc.gz: {place} is damaged: ")
    assert left.sent == 1


def test_a_page_that_quotes_a_record_is_no_record(tmp_path: Path) -> None:
    page = PAGE + b"\r\n\r\nWARC/1.0\r\nWARC-Type: response\r\n\r\n"
    (found,), left = taken(tmp_path, a_record(page, HTML))
    assert (found.value, left) == (page, [])


def test_an_address_that_is_not_utf8_is_percent_encoded(tmp_path: Path) -> None:
    (page,), left = taken(tmp_path, a_record(PAGE, HTML, url=b"https://brinmouth.example/a?q=caf\xe9&id=7"))
    assert (page.key, left) == (b"https://brinmouth.example/a?q=caf%E9&id=7", [])


def test_a_huge_record_is_left_out_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.sources.warc.BLOCK_BYTES", 1_000)
    monkeypatch.setattr("pipelines.sources.files.LINE_BYTES", 500)
    records = a_record(bytes(300_000), HTML) + GOOD + a_record(b"<p>" + b"x" * 700, HTML) + GOOD
    found, left = taken(tmp_path, records)
    assert [page.value for page in found] == [PAGE, PAGE]
    assert reasons(left) == {"record of more than 1,000 bytes": 1, "page of more than 500 bytes": 1}


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\n", b" \n\xef\xbb\xbf\r\n"])
def test_a_byte_order_mark_and_blank_lines_before_the_first_record_are_skipped(tmp_path: Path, before: bytes) -> None:
    messages, left = taken(tmp_path, before + a_record(PAGE, HTML))
    assert [message.value for message in messages] == [PAGE]
    assert left == []


def zstd_file(*records: bytes, dictionary: bytes | None = None, is_packed: bool = False) -> bytes:
    """A frame for each record, after a skippable frame with the dictionary if there is one."""
    used = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
    frames = b"".join(zstandard.ZstdCompressor(dict_data=used).compress(record) for record in records)
    stored = zstandard.compress(dictionary) if dictionary and is_packed else dictionary
    return (b"\x5d\x2a\x4d\x18" + len(stored).to_bytes(4, "little") + stored if stored else b"") + frames


RECORDS = tuple(a_record(PAGE, HTML, url=f"{FIRST}/{number}") for number in range(3))


@pytest.mark.parametrize(
    "content",
    [
        zstd_file(*RECORDS),
        zstandard.compress(b"".join(RECORDS)),
        zstd_file(*RECORDS, dictionary=TEXT * 20),
        zstd_file(*RECORDS, dictionary=TEXT * 20, is_packed=True),
    ],
    ids=["a frame for each record", "one frame", "a dictionary", "a packed dictionary"],
)
def test_a_warc_file_packed_with_zstd_is_read(tmp_path: Path, content: bytes) -> None:
    messages, left = taken(tmp_path, content, "crawl.warc.zst")
    assert [message.value for message in messages] == [PAGE] * 3
    assert left == []


@pytest.mark.parametrize(
    "content",
    [
        zstd_file(*RECORDS[:2]) + zstd_file(RECORDS[2])[:-30],
        zstd_file(*RECORDS[:2]) + b"no zstd data at all, but some words",
        zstd_file(*RECORDS[:2]) + b"(\xb5/\xfd\xff\xff",
    ],
)
def test_damage_in_a_zstd_file_is_reported_after_the_records_before_it(tmp_path: Path, content: bytes) -> None:
    messages, left = taken(tmp_path, content, "crawl.warc.zst")
    assert [message.value for message in messages] == [PAGE] * 2
    assert [one.reason for one in left] == [DAMAGED]


@pytest.mark.parametrize("size", [len(TEXT) * 20 + 500_000, 1 << 31])
def test_a_dictionary_that_is_longer_than_the_file_or_than_any_is_damage(tmp_path: Path, size: int) -> None:
    content = zstd_file(*RECORDS, dictionary=TEXT * 20)
    messages, left = taken(tmp_path, content[:4] + size.to_bytes(4, "little") + content[8:], "crawl.warc.zst")
    assert messages == []
    assert [one.reason for one in left] == [DAMAGED]


def test_a_packed_dictionary_that_would_fill_the_memory_is_damage(tmp_path: Path) -> None:
    packed = zstandard.compress(bytes(17 << 20))
    content = b"\x5d\x2a\x4d\x18" + len(packed).to_bytes(4, "little") + packed + zstd_file(*RECORDS)
    messages, left = taken(tmp_path, content, "crawl.warc.zst")
    assert (messages, [one.reason for one in left]) == ([], [DAMAGED])
