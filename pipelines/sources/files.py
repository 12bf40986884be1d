"""Files become messages as a scraper would send them: HTML, text, JSON items, JSON lines, WARC; each also ``.gz``.

``fetched_at`` is what the manifest or the WARC record says, else the time given as ``now``: a file's own time
says when it was copied, not when the page was fetched.
"""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol, TypeGuard

from pipelines.records import OutgoingMessage
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
from pipelines.sources.unpack import ArchiveDamaged, Unpacked

__all__ = ["FileFault", "FileUnreadable", "LeftOutFile", "ManifestBroken", "OutgoingMessage", "messages_from"]

LOG = logging.getLogger("dateline.files")
PAGE_BYTES = 64 << 20  # a file of one page is read up to here; decode has its own, lower bound
UNPACKED_BYTES = 10_000_000  # a gzip page that is larger goes as it is: decode unpacks it within its bound
LINE_BYTES = 12 << 20  # the largest message that Kafka takes here
SOURCE = "files"
_KINDS = "What to do: give .html, .txt, .json, .jsonl or .warc files, each also .gz, or folders of them."
_AGAIN = "What to do: get the file again and publish it: what was published of it before is found unchanged."
TYPES = {".html": "text/html", ".htm": "text/html", ".txt": "text/plain", ".json": "application/json"}
PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "application/json")
URL_KEYS = ("url", "link", "source_url", "canonical_url")  # of an item, for the message's key alone
KEPT_HEADERS = ("last-modified", "content-language")  # of a WARC record's HTTP response


@dataclass(frozen=True, slots=True)
class LeftOutFile:
    """A file, or what is left of it, that was not published, and why.

    ``sent`` messages were made of it before. It is no fault that a file in a folder is of another kind.
    """

    path: str
    why: str
    is_fault: bool = True
    sent: int = 0


def messages_from(
    paths: Sequence[Path], manifest: Path | None, now: datetime, leave_out: Callable[[LeftOutFile], None] | None = None
) -> Iterator[OutgoingMessage]:
    """The messages of the files, in the order given; of a folder, its files by name, those of its folders too.

    What cannot be read goes to ``leave_out`` and the other files go on; without ``leave_out`` it raises
    ``FileUnreadable``. So do files of other kinds in a folder; given by name, one raises in any case. Raises
    ``ManifestBroken`` before the first message.
    """
    leaving = leave_out or _refuse
    left: list[LeftOutFile] = []
    files = [file for path in paths for file in _files_of(path, manifest, left.append)]
    known = read_manifest(manifest, frozenset(real_path(file) for file in files))
    return _messages(files, known, now, left, leaving)


def _messages(
    files: Sequence[Path], known: Manifest, now: datetime, left: Sequence[LeftOutFile],
    leave_out: Callable[[LeftOutFile], None],
) -> Iterator[OutgoingMessage]:
    for one in left:
        leave_out(one)
    for file in files:
        sent = 0
        try:
            for message in _messages_of(file, known, now):
                yield message
                sent += 1
        except FileUnreadable as fault:
            leave_out(LeftOutFile(_shown(file), str(fault).partition("\n")[0], sent=sent))


def _refuse(left: LeftOutFile) -> None:
    if left.is_fault:
        raise FileUnreadable(f"{left.why}\nWhat to do: look at it, or leave it out.")


def _shown(file: Path) -> str:
    """The file's path as text: bytes of its name that are not UTF-8 are written as escapes."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def _files_of(path: Path, manifest: Path | None, leave_out: Callable[[LeftOutFile], None]) -> list[Path]:
    if not path.is_dir():
        if _kind(path) is None:
            raise FileUnreadable(f"{_shown(path)} is of no kind that is published.\n{_KINDS}")
        return [path]
    own = real_path(manifest) if manifest else None
    files: list[Path] = []

    def closed(fault: OSError) -> None:
        name = _shown(Path(fault.filename))
        leave_out(LeftOutFile(name, f"{name} cannot be read: {fault.strerror}."))

    for folder, _, names in os.walk(path, onerror=closed):  # follows no links to folders, so no circle of them
        for name in names:
            file = Path(folder, name)
            if own is not None and real_path(file) == own:
                continue
            if _kind(file) is None:
                leave_out(LeftOutFile(_shown(file), f"{_shown(file)} is of no kind that is published.", is_fault=False))
            else:
                files.append(file)
    return sorted(files, key=lambda file: file.parts)


def _kind(path: Path) -> str | None:
    """The file's suffix without ``.gz``; None for one that is not published.

    >>> _kind(Path("a/Page.HTML.gz")), _kind(Path("notes.pdf"))
    ('.html', None)
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return suffix if suffix in READERS else None


def _messages_of(file: Path, manifest: Manifest, now: datetime) -> Iterator[OutgoingMessage]:
    known = manifest.of(file)
    if file.exists() and not file.is_file():
        raise FileUnreadable(f"{_shown(file)} is no regular file.\nWhat to do: leave it out.")
    with _faults_named(file):
        if not file.stat().st_size:
            raise FileUnreadable(f"{_shown(file)} is empty.\nWhat to do: look at what wrote it, or leave it out.")
        yield from READERS[_kind(file) or ""](file, known, iso_utc(now))


@contextmanager
def _faults_named(file: Path) -> Iterator[None]:
    try:
        yield
    except ArchiveDamaged as fault:
        raise FileUnreadable(f"{_shown(file)} {fault}.\n{_AGAIN}") from fault
    except OSError as fault:
        why = f"{_shown(file)} cannot be read: {type(fault).__name__}: {fault.strerror or fault}."
        raise FileUnreadable(f"{why}\nWhat to do: look at it, or leave it out.") from fault


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
    """The page inside; a very large one as it is, for decode to judge."""
    with io.BufferedReader(Unpacked(io.BytesIO(packed), _shown(file))) as opened:
        body = opened.read(UNPACKED_BYTES + 1)
    return body if len(body) <= UNPACKED_BYTES else packed


def _lines(file: Path, known: Known, now: str) -> Iterator[OutgoingMessage]:
    """An item a line. A line that is not JSON is sent too: what becomes of it is for decode to say.

    The last line is not sent where it is cut: it has no end, and is no JSON.
    """
    with _opened(file) as opened:
        number = 0
        while line := opened.readline(LINE_BYTES + 1):
            number += 1
            if len(line) > LINE_BYTES:
                raise FileUnreadable(
                    f"{_shown(file)}:{number} is longer than {LINE_BYTES:,} bytes.\nWhat to do: take that line out."
                )
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


class _PackedStream(Protocol):
    @property
    def raw(self) -> Unpacked: ...


def _warc(file: Path, known: Known, now: str) -> Iterator[OutgoingMessage]:
    """A message for each stored page: responses, and resources that were stored without HTTP."""

    with _opened(file) as opened:
        waiting: OutgoingMessage | None = None  # a page is sent once the file has been read past it without a fault
        number = 0
        try:
            for number, record in enumerate(_records(opened), 1):
                if waiting is not None:
                    yield waiting
                waiting = None
                if record.rec_type in {"response", "resource"}:
                    waiting = _warc_page(record, known, now, f"{_shown(file)}:{number}")
                _refuse_cut(record, number)
        except ArchiveDamaged as fault:
            if waiting is not None and _is_packed_stream(opened) and opened.raw.is_between_members:
                yield waiting
            raise ArchiveDamaged(f"{fault}, behind record {number}") from fault
        except OSError:
            raise
        except Exception as fault:  # the library raises whatever it trips over in headers that are none
            raise FileUnreadable(
                f"{_shown(file)} is a damaged WARC file behind record {number}: {fault}.\n{_AGAIN}"
            ) from fault
        if waiting is not None:
            yield waiting


def _is_packed_stream(opened: IO[bytes]) -> TypeGuard[_PackedStream]:
    return isinstance(opened, io.BufferedReader) and isinstance(opened.raw, Unpacked)


def _records(opened: IO[bytes]) -> Iterator[Any]:
    """The records of a WARC file; the library takes one that is cut in its headers for the file's end."""
    from warcio.archiveiterator import ArchiveIterator

    class Records(ArchiveIterator):  # type: ignore[misc]
        def _next_record(self, next_line: bytes | None) -> Any:
            before = self._consumed()
            try:
                return super()._next_record(next_line)
            except EOFError:
                if next_line or self._consumed() > before:
                    raise ArchiveDamaged("ends in the headers of a record") from None
                raise

        def _consumed(self) -> int:
            return int(self.reader.num_read - self.reader.rem_length())

    # unbuffered, since a buffer that meets the damage loses the whole records that it read before
    found: Iterator[Any] = iter(Records(opened.raw if _is_packed_stream(opened) else opened))
    return found


def _refuse_cut(record: Any, number: int) -> None:
    """Reads the record to its end; raises where the file ends before."""
    while record.raw_stream.read(1 << 16):
        pass
    has_length = (record.rec_headers.get_header("Content-Length") or "").strip().isdigit()
    if not has_length or getattr(record.raw_stream, "limit", 0) > 0:
        raise ArchiveDamaged(f"ends in the middle of record {number}")


def _warc_page(record: Any, known: Known, now: str, path: str) -> OutgoingMessage | None:
    of_record, of_answer = record.rec_headers, record.http_headers
    declared = (of_answer or of_record).get_header("Content-Type")
    if not (declared or "").lower().startswith(PAGE_TYPES):
        return None
    body = record.content_stream().read(LINE_BYTES + 1)
    if len(body) > LINE_BYTES:
        LOG.warning("%s is larger than %s bytes and is left out", path, f"{LINE_BYTES:,}")
        return None
    said = {"content-type": declared, "fetched-at": of_record.get_header("WARC-Date") or now}
    if of_answer is not None:
        said["http-status"] = of_answer.get_statuscode()
        kept = ((name, of_answer.get_header(name)) for name in KEPT_HEADERS)
        said |= {f"http-{name}": value for name, value in kept if value}
    return _message(body, known, said, of_record.get_header("WARC-Target-URI"), path)


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
