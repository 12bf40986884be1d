"""Files become messages as a scraper would send them: HTML, text, JSON items, JSON lines, WARC; each also ``.gz``.

``fetched_at`` is what the manifest or the WARC record says, else the time given as ``now``: a file's own time
says when it was copied, not when the page was fetched.
"""

from __future__ import annotations

import gzip
import io
import json
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from pipelines.records import OutgoingMessage
from pipelines.sources.manifest import (
    FileFault,
    FileUnreadable,
    Known,
    Manifest,
    ManifestBroken,
    iso_utc,
    read_manifest,
)

__all__ = ["FileFault", "FileUnreadable", "ManifestBroken", "OutgoingMessage", "messages_from"]

LOG = logging.getLogger("dateline.files")
PAGE_BYTES = 64 << 20  # a file of one page is read up to here; decode has its own, lower bound
UNPACKED_BYTES = 10_000_000  # a gzip page that is larger goes as it is: decode unpacks it within its bound
LINE_BYTES = 12 << 20  # the largest message that Kafka takes here
SOURCE = "files"
TYPES = {".html": "text/html", ".htm": "text/html", ".txt": "text/plain", ".json": "application/json"}
PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "application/json")
URL_KEYS = ("url", "link", "source_url", "canonical_url")  # of an item, for the message's key alone
KEPT_HEADERS = ("last-modified", "content-language")  # of a WARC record's HTTP response


def messages_from(paths: Sequence[Path], manifest: Path | None, now: datetime) -> Iterator[OutgoingMessage]:
    """The messages of the files, in the order given; of a folder, its files by name, those of its folders too.

    In a folder, files of other kinds are passed over; given by name, one raises ``FileUnreadable``. Raises
    ``ManifestBroken`` before the first message.
    """
    files = [file for path in paths for file in _files_of(path, manifest)]
    known = read_manifest(manifest, frozenset(file.resolve() for file in files))
    return (message for file in files for message in _messages_of(file, known, now))


def _files_of(path: Path, manifest: Path | None) -> list[Path]:
    if not path.is_dir():
        if _kind(path) is None:
            raise FileUnreadable(
                f"{path} is of no kind that is published.\n"
                "What to do: give .html, .txt, .json, .jsonl or .warc files, each also .gz, or folders of them."
            )
        return [path]
    own = manifest.resolve() if manifest else None
    found = (file for file in path.rglob("*") if file.is_file() and _kind(file) and file.resolve() != own)
    return sorted(found, key=lambda file: file.parts)


def _kind(path: Path) -> str | None:
    """The file's suffix without ``.gz``; None for one that is not published.

    >>> _kind(Path("a/Page.HTML.gz")), _kind(Path("notes.pdf"))
    ('.html', None)
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return suffix if suffix in READERS else None


def _messages_of(file: Path, manifest: Manifest, now: datetime) -> Iterator[OutgoingMessage]:
    known = manifest.of(file)
    with _faults_named(file):
        yield from READERS[_kind(file) or ""](file, known, iso_utc(now))


@contextmanager
def _faults_named(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as fault:
        raise FileUnreadable(
            f"{file} cannot be read: {type(fault).__name__}: {fault}.\nWhat to do: look at it, or leave it out."
        ) from fault


def _page(file: Path, known: Known, now: str) -> Iterator[OutgoingMessage]:
    with file.open("rb") as opened:
        body = opened.read(PAGE_BYTES + 1)
    if len(body) > PAGE_BYTES:
        raise FileUnreadable(f"{file} is larger than {PAGE_BYTES:,} bytes.\nWhat to do: leave it out.")
    if file.name.lower().endswith(".gz"):
        body = _unpacked(body)
    kind = TYPES[_kind(file) or ""]
    url = known.url or (_url_of(body) if kind == "application/json" else None)
    yield _message(body, known, {"content-type": kind, "fetched-at": now}, url, str(file))


def _unpacked(packed: bytes) -> bytes:
    """The page inside; a damaged or very large one as it is, for decode to judge."""
    try:
        with gzip.open(io.BytesIO(packed)) as opened:
            body = opened.read(UNPACKED_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        return packed
    return body if len(body) <= UNPACKED_BYTES else packed


def _lines(file: Path, known: Known, now: str) -> Iterator[OutgoingMessage]:
    """An item a line. A line that is not JSON is sent too: what becomes of it is for decode to say."""
    with _opened(file) as opened:
        number = 0
        while line := opened.readline(LINE_BYTES + 1):
            number += 1
            if len(line) > LINE_BYTES:
                raise FileUnreadable(
                    f"{file}:{number} is longer than {LINE_BYTES:,} bytes.\nWhat to do: take that line out."
                )
            if item := line.strip():
                said = {"content-type": "application/json", "fetched-at": now}
                yield _message(item, known, said, _url_of(item), f"{file}:{number}")


def _opened(file: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file)) if file.name.lower().endswith(".gz") else file.open("rb")


def _warc(file: Path, known: Known, now: str) -> Iterator[OutgoingMessage]:
    """A message for each stored page: responses, and resources that were stored without HTTP."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    with file.open("rb") as opened:
        try:
            for number, record in enumerate(ArchiveIterator(opened), 1):
                if record.rec_type in {"response", "resource"}:
                    yield from _warc_page(record, known, now, f"{file}:{number}")
        except (ArchiveLoadFailed, ValueError) as fault:
            raise FileUnreadable(
                f"{file} is a damaged WARC file: {fault}.\nWhat to do: look at it, or leave it out."
            ) from fault


def _warc_page(record: Any, known: Known, now: str, path: str) -> Iterator[OutgoingMessage]:
    of_record, of_answer = record.rec_headers, record.http_headers
    declared = (of_answer or of_record).get_header("Content-Type")
    if not (declared or "").lower().startswith(PAGE_TYPES):
        return
    body = record.content_stream().read(LINE_BYTES + 1)
    if len(body) > LINE_BYTES:
        LOG.warning("%s is larger than %s bytes and is left out", path, f"{LINE_BYTES:,}")
        return
    said = {"content-type": declared, "fetched-at": of_record.get_header("WARC-Date") or now}
    if of_answer is not None:
        said["http-status"] = of_answer.get_statuscode()
        kept = ((name, of_answer.get_header(name)) for name in KEPT_HEADERS)
        said |= {f"http-{name}": value for name, value in kept if value}
    yield _message(body, known, said, of_record.get_header("WARC-Target-URI"), path)


def _message(body: bytes, known: Known, said: Mapping[str, str], url: str | None, path: str) -> OutgoingMessage:
    """The message; what the manifest knows goes before what the file says. Without a URL the key is the file's name."""
    headers = {
        **said,
        **({"url": url} if url else {}),
        "source": SOURCE,
        **{
            name: value
            for name, value in (
                ("content-type", known.content_type), ("url", known.url), ("fetched-at", known.fetched_at),
                ("source", known.source), ("charset", known.charset), ("http-status", known.http_status),
            )
            if value
        },
    }
    key = headers.get("url") or path.rpartition("/")[2]
    return OutgoingMessage(
        key.encode("utf-8", "replace"), body, tuple((k, v.encode("utf-8", "replace")) for k, v in headers.items()), path
    )


def _url_of(item: bytes) -> str | None:
    """The URL that a JSON item gives itself.

    >>> _url_of(b'{"url": "https://pier.example/a"}')
    'https://pier.example/a'
    >>> _url_of(b'[1, 2]')
    """
    try:
        found = json.loads(item)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return next((found[key] for key in URL_KEYS if isinstance(found.get(key), str) and found[key]), None)


READERS: Mapping[str, Callable[[Path, Known, str], Iterator[OutgoingMessage]]] = {
    ".html": _page, ".htm": _page, ".txt": _page, ".json": _page,
    ".jsonl": _lines, ".ndjson": _lines,
    ".warc": _warc,
}
