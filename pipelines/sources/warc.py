"""The pages of a WARC or WET file become messages; every other record is counted by the reason why it is none."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from pipelines.decode.compression import ContentDamaged, decode_content
from pipelines.decode.fetched import RIGHTS_HEADERS, media_type
from pipelines.decode.media import sniffed_type
from pipelines.phrases import counted
from pipelines.sources.left_out import LeftOutFile
from pipelines.sources.unpack import Unpacked, UnpackedZstd
from pipelines.sources.warc_records import StoredRecord, stored_records

BLOCK_BYTES = 64 << 20  # a larger record is skipped unread
SNIFFED_BYTES = 5_000
PAGE_RECORDS = frozenset({"response", "resource", "conversion"})  # conversion: the text of a page, in WET files
PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain", "application/json"})
UNTYPED = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/unknown", "unknown/unknown"})
KEPT_HEADERS = ("last-modified", "content-language", *sorted(RIGHTS_HEADERS))  # of a record's HTTP response
DAMAGED = "record of a WARC file that is damaged"
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page of a WARC file: ``declared`` are the message headers that its record gives."""

    path: str
    url: str | None
    body: bytes
    declared: Mapping[str, str]


class _NoPage(Exception):
    """A record that holds no page; the message is the reason."""


def warc_pages(
    opened: IO[bytes] | Unpacked | UnpackedZstd, path: str, now: str, largest: int
) -> Iterator[StoredPage | LeftOutFile]:
    """The pages of a WARC file in order, a ``LeftOutFile`` for each damaged record, and one for each other reason.

    A body of more than ``largest`` bytes is left out. ``now`` is the fetch time of records that have no date.
    """
    skipped: Counter[str] = Counter()
    for record in stored_records(opened, BLOCK_BYTES):
        if record.fault is not None:
            yield _damaged(path, record, record.fault)
            continue
        try:
            yield _page(record, f"{path}:{record.number}", now, largest)
        except _NoPage as reason:
            skipped[str(reason)] += 1
        except ContentDamaged as fault:
            yield _damaged(path, record, str(fault))
        except Exception as fault:  # noqa: BLE001  on invalid headers, warcio raises exceptions of any type
            yield _damaged(path, record, f"its headers cannot be read ({type(fault).__name__}: {fault})")
    for said, count in skipped.most_common():
        why = f"{path}: {counted(count, 'record')} left out: {said}."
        yield LeftOutFile(path, why, is_fault=False, count=count, reason=said)


def _damaged(path: str, record: StoredRecord, fault: str) -> LeftOutFile:
    why = f"{path}: record {record.number} {record.place} is damaged: {fault}."
    return LeftOutFile(f"{path}:{record.number}", why, reason=DAMAGED)


def _page(record: StoredRecord, path: str, now: str, largest: int) -> StoredPage:
    """The page that a record stores. Raises ``_NoPage``, ``ContentDamaged``, or what warcio raises."""
    if record.is_large:
        raise _NoPage(f"record of more than {BLOCK_BYTES:,} bytes")
    read = _read(record)
    if read.rec_type not in PAGE_RECORDS:
        raise _NoPage(f"{read.rec_type or 'unnamed'} record")
    of_record, answer = read.rec_headers, read.http_headers
    truncated = of_record.get_header("WARC-Truncated")
    declared = (answer or of_record).get_header("Content-Type") or ""
    if declared[:1] in ("'", '"'):  # quotes around the type are no part of it
        declared = declared.replace(declared[0], "")
    is_typed = "/" in declared and media_type(declared) not in UNTYPED
    if is_typed and media_type(declared) not in PAGE_TYPES:
        raise _NoPage(f"record of type {media_type(declared)[:60]}")
    body = _body(read, answer, largest, is_cut=truncated is not None)
    if len(body) > largest:
        raise _NoPage(f"page of more than {largest:,} bytes")
    if not is_typed:
        declared = _sniffed(body)
    if not body.strip():
        raise _NoPage("record without a body")
    said = {
        "content-type": declared,
        "fetched-at": of_record.get_header("WARC-Date") or now,
        **({"warc-truncated": truncated} if truncated else {}),
        **({"http-status": answer.get_statuscode()} if answer else {}),
        **{f"http-{name}": value for name in KEPT_HEADERS if answer and (value := _header(answer, name))},
    }
    return StoredPage(path, of_record.get_header("WARC-Target-URI"), body, said)


def _header(answer: Any, name: str) -> str:
    """The values of a header, each on a line of its own."""
    return "\n".join(value for key, value in answer.headers if key.lower() == name and value)


def _read(record: StoredRecord) -> Any:
    from warcio.recordloader import ArcWarcRecordLoader

    head = _escaped(record.head)
    return ArcWarcRecordLoader(verify_http=False).parse_record_stream(
        io.BytesIO(head + record.block), known_format="warc"
    )


def _escaped(head: bytes) -> bytes:
    """The record's headers; bytes of the address that are not UTF-8 are percent-encoded, as browsers send them."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], head)
    return head


def _body(read: Any, answer: Any, largest: int, *, is_cut: bool) -> bytes:
    """The stored body without its transfer encoding and its content encodings."""
    from warcio.bufferedreaders import ChunkedDataReader

    encoding = ((answer and answer.get_header("Content-Encoding")) or "").lower()
    transfer = ((answer and answer.get_header("Transfer-Encoding")) or "").lower()
    packed = (ChunkedDataReader(read.raw_stream) if "chunked" in transfer else read.raw_stream).read()
    return decode_content(packed, encoding, largest, is_cut=is_cut)


def _sniffed(body: bytes) -> str:
    found = sniffed_type(body[:SNIFFED_BYTES])
    if found is None:
        raise _NoPage("record without a content type that is neither HTML nor text")
    return found
