"""Files become messages: each kind, with and without gzip, a manifest, damage."""

from __future__ import annotations

import gzip
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sources.files import OTHER_TYPE, TOO_LONG, FileUnreadable, ManifestBroken, OutgoingMessage, messages_from
from pipelines.sources.left_out import LeftOutFile, reasons

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
PAGE = b"<html><title>Pier to be rebuilt</title></html>"


def headers_of(message: OutgoingMessage) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers}


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def a_manifest(folder: Path, *entries: dict[str, object]) -> Path:
    return written(folder, "items.jsonl", "\n".join(json.dumps(entry) for entry in entries).encode())


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.html", "text/html"), ("A.HTM", "text/html"), ("a.html.gz", "text/html"), ("a.txt", "text/plain"),
     ("a.txt.gz", "text/plain"), ("a.json", "application/json")],
)
def test_a_page_is_sent_as_it_is(tmp_path: Path, name: str, kind: str) -> None:
    path = written(tmp_path, name, PAGE)
    (message,) = messages_from([path], None, NOW)
    assert (message.key, message.value, message.path) == (name.encode(), PAGE, str(path))
    assert headers_of(message) == {"content-type": kind, "fetched-at": "2026-03-04T09:30:00Z", "source": "files"}


def test_a_manifest_knows_more(tmp_path: Path) -> None:
    beside = written(tmp_path, "pages/a.html.gz", PAGE)
    unnamed = written(tmp_path, "pages/b.html", PAGE)
    elsewhere = written(tmp_path, "other/c.txt", b"text")
    manifest = a_manifest(
        tmp_path / "pages",
        {"path": "a.html.gz", "url": "https://pier.example/a", "content_type": "text/html; charset=latin-1",
         "fetched_at": "2026-01-02T03:04:05Z", "source": "harbour-crawler", "http_status": 200},
        {"path": "c.txt", "url": "https://pier.example/c", "title": "not for us"},
    )
    first, second, third = messages_from([beside, unnamed, elsewhere], manifest, NOW)
    assert first.key == b"https://pier.example/a"
    assert headers_of(first) == {
        "content-type": "text/html; charset=latin-1", "fetched-at": "2026-01-02T03:04:05Z",
        "source": "harbour-crawler", "url": "https://pier.example/a", "http-status": "200",
    }
    assert "url" not in headers_of(second)
    assert headers_of(third)["url"] == "https://pier.example/c"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"path": "gone.html", "url": "https://pier.example"}', "items.jsonl has no line about any of the 1 files"),
        (b'\n{"path": ', "items.jsonl:2 is not JSON"),
        (b'{"url": "https://pier.example"}', "items.jsonl:1 has no path"),
        (b'["a.html"]', "items.jsonl:1 has no path"),
        (b'{"path": "a.html", "url": ["x"]}', "items.jsonl:1 has no plain value for url"),
        (b"\xff\xfe", "items.jsonl cannot be read"),
    ],
)
def test_a_broken_manifest_is_named_by_line(tmp_path: Path, line: bytes, why: str) -> None:
    page = written(tmp_path, "a.html", PAGE)
    with pytest.raises(ManifestBroken, match=why):
        messages_from([page], written(tmp_path, "items.jsonl", line), NOW)


def test_a_manifest_serves_any_part_of_a_folder(tmp_path: Path) -> None:
    page = written(tmp_path, "a.html", PAGE)
    manifest = a_manifest(
        tmp_path, {"path": "crawl/7/a.html", "url": "https://pier.example/a"}, {"path": "crawl/7/b.html", "url": "b"}
    )
    (message,) = messages_from([page], manifest, NOW)
    assert headers_of(message)["url"] == "https://pier.example/a"


def test_json_lines_are_items_keyed_by_their_url(tmp_path: Path) -> None:
    items = b'{"url": "https://pier.example/a", "text": "one"}\n\n  {"link": "https://pier.example/b"}\r\n{"broken": \n'
    for name in ("items.jsonl", "items.jsonl.gz", "items.ndjson"):
        path = written(tmp_path, name, items)
        found = list(messages_from([path], None, NOW))
        assert [message.value for message in found] == [
            b'{"url": "https://pier.example/a", "text": "one"}', b'{"link": "https://pier.example/b"}', b'{"broken":',
        ]
        assert [message.key for message in found] == [
            b"https://pier.example/a", b"https://pier.example/b", f"{name}:4".encode(),
        ]
        assert [message.path for message in found] == [f"{path}:1", f"{path}:3", f"{path}:4"]
        assert headers_of(found[1])["content-type"] == "application/json"


def a_warc(compressed: bool) -> bytes:
    """Four records, each a gzip member of its own when compressed, as crawlers write them."""

    def record(kind: str, url: str, content_type: str, body: bytes, *more: str) -> bytes:
        answer = "".join(f"{line}\r\n" for line in ("HTTP/1.1 404 Not Found", f"Content-Type: {content_type}", *more))
        block = body if kind == "resource" else f"{answer}\r\n".encode() + body
        of_block = content_type if kind == "resource" else "application/http; msgtype=response"
        head = (
            f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-02-03T04:05:06Z\r\n"
            f"WARC-Record-ID: <urn:uuid:0>\r\nContent-Type: {of_block}\r\nContent-Length: {len(block)}\r\n\r\n"
        )
        whole = head.encode() + block + b"\r\n\r\n"
        return gzip.compress(whole) if compressed else whole

    return b"".join((
        record("response", "https://pier.example/a", "text/html; charset=utf-8", PAGE, "Last-Modified: yesterday"),
        record("response", "https://pier.example/pic", "image/png", b"\x89PNG"),
        record("response", "https://pier.example/z", "text/html", gzip.compress(PAGE), "Content-Encoding: gzip"),
        record("resource", "https://pier.example/r", "text/plain", b"text"),
    ))


@pytest.mark.parametrize("name", ["crawl.warc", "crawl.warc.gz"])
def test_the_pages_of_a_warc_file_are_sent(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(a_warc(name.endswith("gz")))
    first, packed, resource = messages_from([path], None, NOW)
    assert (first.key, first.value, first.path) == (b"https://pier.example/a", PAGE, f"{path}:1")
    assert headers_of(first) == {
        "content-type": "text/html; charset=utf-8", "fetched-at": "2026-02-03T04:05:06Z", "http-status": "404",
        "http-last-modified": "yesterday", "url": "https://pier.example/a", "source": "files",
    }
    assert (packed.value, packed.path) == (PAGE, f"{path}:3")
    assert (resource.value, headers_of(resource)["content-type"]) == (b"text", "text/plain")


def test_a_cut_warc_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc"
    path.write_bytes(b"no such thing\r\n\r\n" + a_warc(compressed=False))
    with pytest.raises(FileUnreadable, match=r"crawl\.warc: record 1 at byte 0 is damaged: does not begin with WARC/"):
        list(messages_from([path], None, NOW))


def test_a_folder_gives_its_files_by_name(tmp_path: Path) -> None:
    for name in ("b.html", "a/z.txt", "a.html", "notes.pdf", "b/c.jsonl"):
        written(tmp_path, name, b"{}")
    manifest = a_manifest(tmp_path, {"path": "a.html", "url": "https://pier.example"})
    found = [str(message.path).removeprefix(f"{tmp_path}/") for message in messages_from([tmp_path], manifest, NOW)]
    assert found == ["a/z.txt", "a.html", "b/c.jsonl:1", "b.html"]


def test_a_file_of_another_kind_given_by_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"notes\.pdf has a file type that is not published"):
        messages_from([written(tmp_path, "notes.pdf", b"%PDF-")], None, NOW)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"gone\.html cannot be read: FileNotFoundError"):
        list(messages_from([tmp_path / "gone.html"], None, NOW))


def test_a_huge_gzip_page_goes_as_it_is(tmp_path: Path) -> None:
    bomb = written(tmp_path, "bomb.html.gz", bytes(11_000_000))
    assert [message.value for message in messages_from([bomb], None, NOW)] == [bomb.read_bytes()]


ITEMS = b"".join(b'{"url": "https://pier.example/%d", "text": "%d"}\n' % (n, n * 7919 % 1000) for n in range(4_000))
PACKED = gzip.compress(ITEMS, mtime=0)


def taken(*paths: Path, manifest: Path | None = None) -> tuple[list[OutgoingMessage], list[LeftOutFile]]:
    left: list[LeftOutFile] = []
    return list(messages_from(paths, manifest, NOW, left.append)), left


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("cut.html.gz", gzip.compress(PAGE, mtime=0)[:-8], f"ends early, after {len(PAGE)} decompressed bytes"),
        ("cut.txt.gz", gzip.compress(PAGE, mtime=0)[:10], "ends early, after 0 decompressed bytes"),
        ("crc.html.gz", gzip.compress(PAGE, mtime=0)[:-8] + bytes(8), "is damaged after 0 decompressed bytes ("
         "Error -3 while decompressing data: incorrect data check)"),
        ("no.html.gz", PAGE, "is damaged after 0 decompressed bytes (Error -3 while decompressing data: incorrect "
         "header check)"),
        ("empty.html", b"", "is empty"), ("empty.jsonl.gz", b"", "is empty"), ("empty.warc", b"", "is empty"),
    ],
)
def test_a_damaged_file_is_listed_and_the_others_go_on(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    damaged = tmp_path / name
    damaged.write_bytes(content)
    written(tmp_path, "a.html", PAGE)
    written(tmp_path, "z.txt", b"text")
    found, left = taken(tmp_path)
    assert [message.value for message in found] == [PAGE, b"text"]
    assert left == [LeftOutFile(str(damaged), f"{damaged} {why}.")]
    with pytest.raises(FileUnreadable, match=re.escape(f"{damaged} {why}")):
        list(messages_from([damaged], None, NOW))


def test_lines_of_an_archive_that_ends_early_are_taken_up_to_there(tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(PACKED[: len(PACKED) // 2])
    found, (left,) = taken(cut)
    lines = ITEMS.splitlines()
    assert 0 < len(found) < len(lines)
    assert [message.value for message in found] == lines[: len(found)]
    assert (left.path, left.sent, left.is_fault) == (str(cut), len(found), True)
    assert left.why.startswith(f"{cut} ends early, after ")


def test_the_last_line_of_a_cut_file_is_not_taken(tmp_path: Path) -> None:
    found, (left,) = taken(written(tmp_path, "cut.jsonl", b'{"a": 1}\n{"b": 2}\n{"c": "thr'))
    assert [message.value for message in found] == [b'{"a": 1}', b'{"b": 2}']
    assert (left.why, left.sent) == (f"{left.path} ends in the middle of line 3.", 2)
    found, left_whole = taken(written(tmp_path, "whole.jsonl", b'{"a": 1}\n{"b": 2}'))
    assert (len(found), left_whole) == (2, [])


def test_several_gzip_members_and_bytes_behind_the_last_one_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"b": 2}\n') + bytes(3) + b"garbage")
    found, left = taken(path)
    assert ([message.value for message in found], left) == ([b'{"a": 1}', b'{"b": 2}'], [])


@pytest.mark.parametrize("name", ["crawl.warc", "crawl.warc.gz"])
def test_a_warc_file_cut_anywhere_gives_whole_pages_alone(tmp_path: Path, name: str) -> None:
    whole, path = a_warc(name.endswith("gz")), tmp_path / name
    pages = [PAGE, PAGE, b"text"]
    beginning = rb"\x1f\x8b\x08" if name.endswith("gz") else rb"WARC/1"
    starts = [found.start() for found in re.finditer(beginning, whole)][1:]
    ends = set(starts) if name.endswith("gz") else {start - n for start in starts for n in range(5)}
    for end in range(2, len(whole) - 4):
        path.write_bytes(whole[:end])
        found, left = taken(path)
        values = [message.value for message in found]
        assert values == pages[: len(values)], end
        faults = [one for one in left if one.is_fault]
        assert bool(faults) != (end in ends), end
        assert all(one.sent == len(values) for one in faults)


def test_a_folder_with_all_that_is_no_file_is_survived(tmp_path: Path) -> None:
    written(tmp_path, "a.html", PAGE)
    written(tmp_path, "notes.pdf", b"%PDF-")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.html").symlink_to(tmp_path / "nowhere.html")
    os.mkfifo(tmp_path / "pipe.html")
    odd = os.fsencode(tmp_path) + b"/\xff\xfe.html"
    Path(os.fsdecode(odd)).write_bytes(PAGE)
    found, left = taken(tmp_path)
    assert [message.path for message in found] == [f"{tmp_path}/a.html", f"{tmp_path}/\\xff\\xfe.html"]
    assert {(one.path.removeprefix(f"{tmp_path}/"), one.is_fault) for one in left} == {
        ("notes.pdf", False), ("gone.html", True), ("pipe.html", True),
    }


def test_links_that_lead_in_a_circle_are_listed(tmp_path: Path) -> None:
    written(tmp_path, "a.html", PAGE)
    (tmp_path / "circle.html").symlink_to(tmp_path / "circle.html")
    manifest = a_manifest(tmp_path, {"path": "a.html", "url": "https://pier.example/a"})
    found, left = taken(tmp_path, manifest=manifest)
    assert [message.path for message in found] == [f"{tmp_path}/a.html"]
    assert [(one.path, one.is_fault) for one in left] == [(f"{tmp_path}/circle.html", True)]


@pytest.mark.parametrize("path", ["a\x00.html", "x" * 5_000 + ".html", "\ud800.html", "circle.html"])
def test_a_manifest_may_name_what_no_file_can_be_called(tmp_path: Path, path: str) -> None:
    written(tmp_path, "a.html", PAGE)
    (tmp_path / "circle.html").symlink_to(tmp_path / "circle.html")
    manifest = a_manifest(
        tmp_path, {"path": "a.html", "url": "https://pier.example/a"}, {"path": path, "url": "https://pier.example/b"}
    )
    found, _ = taken(tmp_path, manifest=manifest)
    assert [message.key for message in found] == [b"https://pier.example/a"]


def test_the_whole_records_of_a_damaged_archive_are_taken(tmp_path: Path) -> None:
    whole, path = a_warc(compressed=True), tmp_path / "crawl.warc.gz"
    path.write_bytes(whole[:-4])
    found, (damaged, picture) = taken(path)
    assert [message.value for message in found] == [PAGE, PAGE]
    assert (damaged.sent, damaged.is_fault, damaged.path) == (2, True, f"{path}:4")
    assert (picture.reason, picture.count, picture.is_fault) == ("record of type image/png", 1, False)


def test_the_manifest_of_a_folder_is_neither_taken_nor_listed(tmp_path: Path) -> None:
    written(tmp_path, "a.html", PAGE)
    manifest = a_manifest(tmp_path, {"path": "a.html", "url": "https://pier.example/a"})
    found, left = taken(tmp_path, manifest=manifest)
    assert ([message.key for message in found], left) == ([b"https://pier.example/a"], [])


def test_pages_without_a_known_suffix_are_taken_and_the_rest_is_counted(tmp_path: Path) -> None:
    for name in ("news/index", "news/story.php?id=7", "news/page.xhtml", "packed.php.gz"):
        written(tmp_path, name, PAGE)
    for name, content in (("cover.jpg", b"\xff\xd8\xff"), ("README.md", b"# Pier"), (".DS_Store", b"\x00\x01")):
        written(tmp_path, name, content)
    found, left = taken(tmp_path)
    assert [str(message.path).removeprefix(f"{tmp_path}/") for message in found] == [
        "news/index", "news/page.xhtml", "news/story.php?id=7", "packed.php.gz",
    ]
    assert {(message.value, headers_of(message)["content-type"]) for message in found} == {(PAGE, "text/html")}
    assert reasons(left) == {OTHER_TYPE: 3}
    assert not any(one.is_fault for one in left)


def test_a_line_that_is_too_long_is_left_out_and_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sources.files.LINE_BYTES", 40)
    path = written(tmp_path, "items.jsonl", b'{"a": 1}\n{"b": "' + b"x" * 200 + b'"}\n{"c": 3}\n')
    found, (left,) = taken(path)
    assert [message.value for message in found] == [b'{"a": 1}', b'{"c": 3}']
    assert (left.path, left.sent, left.is_fault, left.reason) == (f"{path}:2", 1, True, TOO_LONG)


def test_headers_that_declare_rights_are_sent_with_the_page_of_a_warc_file(tmp_path: Path) -> None:
    declared = "X-Robots-Tag: noai\r\nx-robots-tag: quaybot: noindex\r\nTDM-Reservation: 1"
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{declared}\r\n\r\n".encode() + PAGE
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2026-02-03T04:05:06Z\r\n"
        "WARC-Target-URI: https://pier.example/a\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    path = tmp_path / "crawl.warc"
    path.write_bytes(head.encode() + block + b"\r\n\r\n")
    (page,) = messages_from([path], None, NOW)
    headers = headers_of(page)
    assert headers["http-x-robots-tag"] == "noai\nquaybot: noindex"
    assert headers["http-tdm-reservation"] == "1"
