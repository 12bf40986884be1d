"""Files become messages as a scraper would send them: HTML, text, JSON items, JSON lines, WARC, WET, each also ``.gz``,
WARC also ``.zst``.

``fetched_at`` comes from the manifest or the WARC record. Otherwise it is the time given as ``now``, because a file's
modification time is the time when it was copied, not when the page was fetched.
"""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO

from pipelines.decode.media import starts_as_page
from pipelines.records import OutgoingMessage
from pipelines.sources.left_out import LeftOutFile
from pipelines.sources.manifest import (
    FileFault,
    FileUnreadable,
    Known,
    Manifest,
    ManifestBroken,
    iso_utc,
    read_manifest,
    real_path,
)
from pipelines.sources.unpack import MEMBER, ArchiveDamaged, Unpacked, UnpackedZstd
from pipelines.sources.warc import warc_pages

__all__ = [
    "FileFault", "FileUnreadable", "LeftOutFile", "ManifestBroken", "OutgoingMessage", "files_from", "messages_from",
]

PAGE_BYTES = 64 << 20  # the largest file of one page that is read; decode has a lower limit of its own
UNPACKED_BYTES = 10_000_000  # a larger gzip page is sent compressed: decode decompresses it up to its own limit
LINE_BYTES = 12 << 20  # the largest message that the local broker accepts
SOURCE = "files"
_KINDS = "What to do: give .html, .txt, .json, .jsonl, .warc or .wet files, each also as .gz, or folders of them."
_AGAIN = "What to do: get a complete copy and publish it. Pages that were published before are recorded as unchanged."
TYPES = {**dict.fromkeys((".html", ".htm", ".xhtml"), "text/html"), ".txt": "text/plain", ".json": "application/json"}
ZSTD_SUFFIXES = (".warc.zst", ".wet.zst")
URL_KEYS = ("url", "link", "source_url", "canonical_url")  # of a JSON item; used only for the message's key
OTHER_TYPE = "file of another type"
TOO_LONG = "line or page that is longer than a message may be"
SNIFFED_BYTES = 5_000


def messages_from(
    paths: Sequence[Path], manifest: Path | None, now: datetime, leave_out: Callable[[LeftOutFile], None] | None = None
) -> Iterator[OutgoingMessage]:
    """The messages of the files, in the order given. A folder yields its files and those of its subfolders by name.

    A file, record or line that cannot be read is reported to ``leave_out``, and reading continues with the next one.
    Without ``leave_out``, it raises ``FileUnreadable``. Files of other types in a folder are reported to ``leave_out``
    too; one that is given by name always raises. Raises ``ManifestBroken`` before the first message.
    """
    files = files_from(paths, manifest, now, leave_out)
    return (message for _, messages in files for message in messages)


def files_from(
    paths: Sequence[Path], manifest: Path | None, now: datetime, leave_out: Callable[[LeftOutFile], None] | None = None
) -> Iterator[tuple[Path, Iterator[OutgoingMessage]]]:
    """The files of ``messages_from``, each with its messages, which are read when they are asked for."""
    leaving = leave_out or _refuse
    left: list[LeftOutFile] = []
    files = [file for path in paths for file in _files_of(path, manifest, left.append)]
    known = read_manifest(manifest, frozenset(real_path(file) for file in files))
    return _each_file(files, known, now, left, leaving)


def _each_file(
    files: Sequence[Path], known: Manifest, now: datetime, left: Sequence[LeftOutFile],
    leave_out: Callable[[LeftOutFile], None],
) -> Iterator[tuple[Path, Iterator[OutgoingMessage]]]:
    for one in left:
        leave_out(one)
    for file in files:
        yield file, _messages(file, known, now, leave_out)


def _messages(
    file: Path, known: Manifest, now: datetime, leave_out: Callable[[LeftOutFile], None]
) -> Iterator[OutgoingMessage]:
    sent = 0
    try:
        for message in _messages_of(file, known, now):
            if isinstance(message, LeftOutFile):
                leave_out(replace(message, sent=sent if message.is_fault else 0))
            else:
                yield message
                sent += 1
    except FileUnreadable as fault:
        leave_out(LeftOutFile(_shown(file), str(fault).partition("\n")[0], sent=sent))


def _refuse(left: LeftOutFile) -> None:
    if left.is_fault:
        raise FileUnreadable(f"{left.why}\nWhat to do: check it and its permissions, or leave it out.")


def _shown(file: Path) -> str:
    """The file's path as text: bytes of its name that are not UTF-8 are written as escapes."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def _files_of(path: Path, manifest: Path | None, leave_out: Callable[[LeftOutFile], None]) -> list[Path]:
    if not path.is_dir():
        if _kind(path) is None:
            raise FileUnreadable(f"{_shown(path)} has a file type that is not published.\n{_KINDS}")
        return [path]
    own = real_path(manifest) if manifest else None
    files: list[Path] = []

    def closed(fault: OSError) -> None:
        name = _shown(Path(fault.filename))
        leave_out(LeftOutFile(name, f"{name} cannot be read: {fault.strerror}."))

    for folder, _, names in os.walk(path, onerror=closed):  # does not follow links, which may form a loop
        for name in names:
            file = Path(folder, name)
            if own is not None and real_path(file) == own:
                continue
            if _kind(file) is None:
                why = f"{_shown(file)} has a file type that is not published."
                leave_out(LeftOutFile(_shown(file), why, is_fault=False, reason=OTHER_TYPE))
            else:
                files.append(file)
    return sorted(files, key=lambda file: file.parts)


def _kind(path: Path) -> str | None:
    """The file's suffix without ``.gz``, or ``.zst`` after ``.warc``; None if files of this type are not published.

    A file with another suffix, or with none, is read as HTML if it begins like an HTML page: that is how mirroring
    tools store ``/news/`` and ``/story.php?id=7``.

    >>> _kind(Path("a/Page.HTML.gz")), _kind(Path("CC-MAIN.warc.wet.gz")), _kind(Path("notes.pdf"))
    ('.html', '.wet', None)
    """
    name = path.name.lower()
    suffix = Path(name.removesuffix(".zst" if name.endswith(ZSTD_SUFFIXES) else ".gz")).suffix
    return suffix if suffix in READERS else ".html" if starts_as_page(_start(path)) else None


def _start(path: Path) -> bytes:
    """The first bytes of a regular file, without gzip; empty if it cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as opened:
            start = opened.read(SNIFFED_BYTES)
        if start.startswith(MEMBER):
            start = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, SNIFFED_BYTES)
    except (OSError, ValueError, zlib.error):
        return b""
    return start


def _messages_of(file: Path, manifest: Manifest, now: datetime) -> Iterator[OutgoingMessage | LeftOutFile]:
    known = manifest.of(file)
    if file.exists() and not file.is_file():
        raise FileUnreadable(f"{_shown(file)} is not a regular file.\nWhat to do: leave it out.")
    with _faults_named(file):
        if not file.stat().st_size:
            raise FileUnreadable(f"{_shown(file)} is empty.\nWhat to do: check what wrote it, or leave it out.")
        yield from READERS[_kind(file) or ""](file, known, iso_utc(now))


@contextmanager
def _faults_named(file: Path) -> Iterator[None]:
    try:
        yield
    except ArchiveDamaged as fault:
        raise FileUnreadable(f"{_shown(file)} {fault}.\n{_AGAIN}") from fault
    except OSError as fault:
        why = f"{_shown(file)} cannot be read: {type(fault).__name__}: {fault.strerror or fault}."
        raise FileUnreadable(f"{why}\nWhat to do: check the file and its permissions, or leave it out.") from fault


def _page(file: Path, known: Known, now: str) -> Iterator[OutgoingMessage]:
    with file.open("rb") as opened:
        body = opened.read(PAGE_BYTES + 1)
    if len(body) > PAGE_BYTES:
        raise FileUnreadable(f"{_shown(file)} is larger than {PAGE_BYTES:,} bytes.\nWhat to do: leave it out.")
    if _is_packed(file):
        body = _unpacked(body, file)
    kind = TYPES[_kind(file) or ""]
    url = known.url or (_url_of(body) if kind == "application/json" else None)
    yield _message(body, known, {"content-type": kind, "fetched-at": now}, url, _shown(file))


def _unpacked(packed: bytes, file: Path) -> bytes:
    """The decompressed page, or the compressed bytes if it is very large: decode then applies its own limit."""
    with io.BufferedReader(Unpacked(io.BytesIO(packed), _shown(file))) as opened:
        body = opened.read(UNPACKED_BYTES + 1)
    return body if len(body) <= UNPACKED_BYTES else packed


def _lines(file: Path, known: Known, now: str) -> Iterator[OutgoingMessage | LeftOutFile]:
    """A message for each line. A line that is not JSON is sent too, so that decode rejects it. One that is longer than
    a message may be is left out.

    A truncated last line, which has no line end and is not JSON, raises ``ArchiveDamaged``.
    """
    with _opened(file) as opened:
        number = 0
        while line := opened.readline(LINE_BYTES + 1):
            number += 1
            if len(line) > LINE_BYTES:
                while not line.endswith(b"\n") and (line := opened.readline(LINE_BYTES)):
                    pass
                path = f"{_shown(file)}:{number}"
                yield LeftOutFile(path, f"{path} is longer than {LINE_BYTES:,} bytes.", reason=TOO_LONG)
                continue
            if item := line.strip():
                if not line.endswith(b"\n") and not _is_json(item):
                    raise ArchiveDamaged(f"ends in the middle of line {number}")
                said = {"content-type": "application/json", "fetched-at": now}
                yield _message(item, known, said, _url_of(item), f"{_shown(file)}:{number}")


def _is_json(item: bytes) -> bool:
    try:
        json.loads(item)
    except (ValueError, RecursionError):
        return False
    return True


def _is_packed(file: Path) -> bool:
    return file.name.lower().endswith(".gz")


def _opened(file: Path) -> IO[bytes]:
    opened = file.open("rb")
    return io.BufferedReader(Unpacked(opened, _shown(file))) if _is_packed(file) else opened


def _warc(file: Path, known: Known, now: str) -> Iterator[OutgoingMessage | LeftOutFile]:
    """A message for each stored page, and what is left out."""
    with file.open("rb") as opened:
        stream: IO[bytes] | Unpacked | UnpackedZstd = opened
        if file.name.lower().endswith(ZSTD_SUFFIXES):
            stream = UnpackedZstd(opened)
        elif _is_packed(file):
            stream = Unpacked(opened, _shown(file), is_strict=True)
        for page in warc_pages(stream, _shown(file), now, LINE_BYTES):
            yield page if isinstance(page, LeftOutFile) else _message(
                page.body, known, page.declared, page.url, page.path
            )


def _message(body: bytes, known: Known, said: Mapping[str, str], url: str | None, path: str) -> OutgoingMessage:
    """The message. The manifest's fields take precedence over the file's. The key is the URL, or else the file's name.
    """
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
    """The URL that a JSON item declares, or None.

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


READERS: Mapping[str, Callable[[Path, Known, str], Iterator[OutgoingMessage | LeftOutFile]]] = {
    ".html": _page, ".htm": _page, ".xhtml": _page, ".txt": _page, ".json": _page,
    ".jsonl": _lines, ".ndjson": _lines,
    ".warc": _warc, ".wet": _warc,
}
