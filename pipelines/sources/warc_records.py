"""Splits a WARC file into records. A record that is damaged is given as such, and reading goes on with the next one.

The records are found by their own lengths, as the standard (ISO 28500) has it. Where a length does not lead to the end
of a record, the next line that begins with ``WARC/`` is searched for.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from pipelines.sources.unpack import ArchiveDamaged, Unpacked, UnpackedZstd

CHUNK_BYTES = 1 << 16
HEADER_BYTES = 1 << 16  # of a record's own headers
_BEFORE_FIRST = b"\xef\xbb\xbf \t\r\n"
"""Bytes of a byte order mark and of blank lines, which an editor may have put before the first record."""

_NEXT = re.compile(rb"\r?\n\r?\nWARC/\d")
_START = re.compile(rb"WARC/\d")
_LENGTH = re.compile(rb"^content-length:\s*(\d{1,15})\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record of a WARC file: ``head`` are its header lines, ``block`` is what it stores.

    ``place`` is where it begins in the file. ``fault`` says what is wrong with it. ``is_large`` means that the block is
    larger than what is read, and was skipped.
    """

    number: int
    place: str
    head: bytes = b""
    block: bytes = b""
    fault: str | None = None
    is_large: bool = False


class _Stream:
    """The bytes of a file, with the place of each; what was read can be put back.

    In a gzip file the place is that of the gzip member. Whole bytes that were read before damage are not lost.
    """

    def __init__(self, opened: IO[bytes] | Unpacked | UnpackedZstd) -> None:
        self._opened = opened
        self._members: deque[tuple[int, int]] = deque()
        self.buffer = b""
        self.position = 0  # of the buffer's first byte, in decompressed bytes
        self.is_complete_before_damage = True

    def fill(self) -> bool:
        """Read on. False at the end of the file; raises ``ArchiveDamaged``."""
        end = self.position + len(self.buffer)
        try:
            found = self._opened.read(CHUNK_BYTES) or b""
        except ArchiveDamaged:
            packed = self._opened
            self.is_complete_before_damage = isinstance(packed, Unpacked | UnpackedZstd) and packed.is_between_members
            raise
        if found and isinstance(self._opened, Unpacked):
            begins = self._opened.member_start
            if not self._members or self._members[-1][1] != begins:
                self._members.append((end, begins))
        self.buffer += found
        return bool(found)

    def take(self, size: int) -> bytes:
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        self.position += len(taken)
        return taken

    def give_back(self, taken: bytes) -> None:
        self.buffer = taken + self.buffer
        self.position -= len(taken)

    def place(self) -> str:
        while len(self._members) > 1 and self._members[1][0] <= self.position:
            self._members.popleft()
        if self._members:
            return f"in the gzip member at byte {self._members[0][1]:,}"
        return f"at byte {self.position:,}"

    def damaged_place(self) -> str:
        """Where the gzip member begins that is damaged, or the zstd data is: only packed data can be."""
        if isinstance(self._opened, Unpacked):
            return f"in the gzip member at byte {self._opened.member_start:,}"
        return f"at byte {self.position + len(self.buffer):,}"

    def resume(self) -> bool:
        """Go on after damage, at the next gzip member. False if there is none."""
        self.position += len(self.buffer)
        self.buffer = b""
        return isinstance(self._opened, Unpacked) and self._opened.resume()


def stored_records(opened: IO[bytes] | Unpacked | UnpackedZstd, largest: int) -> Iterator[StoredRecord]:
    """The records of a WARC file, in order. A block of more than ``largest`` bytes is skipped."""
    stream = _Stream(opened)
    number = 0
    while True:
        number += 1
        try:
            record = _read(stream, number, largest)
        except ArchiveDamaged as damage:
            yield StoredRecord(number, stream.damaged_place(), fault=str(damage))
            if not stream.resume():
                return
            continue
        if record is None:
            return
        yield record


def _read(stream: _Stream, number: int, largest: int) -> StoredRecord | None:
    """The next record; None at the end of the file. Raises ``ArchiveDamaged`` if it lies in damaged gzip data."""
    _skip_blank_lines(stream, _BEFORE_FIRST if number == 1 else b"\r\n")
    if not stream.buffer:
        return None
    place = stream.place()
    head, length = _head(stream), None
    if head is not None:
        length = _LENGTH.search(head.replace(b"\r\n", b"\n"))
    if head is None or length is None:
        return _unreadable(stream, number, place, "has no valid Content-Length" if head else _why_headless(stream))
    size = int(length[1])
    block = _block(stream, min(size, largest + 1))
    if size > largest and len(block) > largest:
        fault = _skip(stream, size - len(block))
        return StoredRecord(number, place, head, fault=fault, is_large=True)
    fault = "ends in the middle" if len(block) < size else _boundary_fault(stream)
    if fault is None:
        return StoredRecord(number, place, head, block)
    stream.give_back(block)
    return _unreadable(stream, number, place, fault)


def _skip_blank_lines(stream: _Stream, blank: bytes) -> None:
    while True:
        stream.take(len(stream.buffer) - len(stream.buffer.lstrip(blank)))
        if stream.buffer or not stream.fill():
            return


def _head(stream: _Stream) -> bytes | None:
    """The record's headers with the empty line after them; None if it has none, or if the file ends before it."""
    while len(stream.buffer) < 6 and stream.fill():
        pass
    while _START.match(stream.buffer):
        ends = [(at, at + len(blank)) for blank in (b"\r\n\r\n", b"\n\n") if (at := stream.buffer.find(blank)) >= 0]
        if ends:
            return stream.take(min(ends)[1])
        if len(stream.buffer) > HEADER_BYTES or not stream.fill():
            return None
    return None


def _why_headless(stream: _Stream) -> str:
    return "ends in its headers" if b"WARC/1".startswith(stream.buffer[:6]) else "does not begin with WARC/"


def _block(stream: _Stream, size: int) -> bytes:
    parts = []
    while size > 0 and (stream.buffer or stream.fill()):
        parts.append(stream.take(size))
        size -= len(parts[-1])
    return b"".join(parts)


def _skip(stream: _Stream, size: int) -> str | None:
    """Skip the rest of a large block, but no further than to the beginning of another record."""
    while size > 0 and (stream.buffer or stream.fill()):
        found = _NEXT.search(stream.buffer[:size])
        if found is not None:
            stream.take(found.start())
            return "has a Content-Length that is too large"
        keep = 16 if size > len(stream.buffer) else 0
        if len(stream.buffer) <= keep and not stream.fill():
            keep = 0
        size -= len(stream.take(min(size, max(0, len(stream.buffer) - keep))))
    return "ends in the middle" if size > 0 else None


def _boundary_fault(stream: _Stream) -> str | None:
    """What is wrong with the place where a block ends: it is neither the end of the file nor the end of a line.

    In a gzip file this reads on to the next member, so that a member's checksum is known before its record is used.
    """
    try:
        while len(stream.buffer) < 12 and stream.fill():
            pass
    except ArchiveDamaged:
        if not stream.is_complete_before_damage:
            raise
        return None
    if stream.buffer in (b"", b"\r") or stream.buffer.startswith((b"\r\n", b"\n")) or _START.match(stream.buffer):
        return None
    return "has a Content-Length that does not lead to its end"


def _unreadable(stream: _Stream, number: int, place: str, fault: str) -> StoredRecord:
    """The record as a damaged one; what follows is skipped up to the beginning of another record."""
    try:
        while (found := _NEXT.search(stream.buffer)) is None:
            stream.take(max(0, len(stream.buffer) - 16))
            if not stream.fill():
                stream.take(len(stream.buffer))
                break
        else:
            stream.take(found.start())
    except ArchiveDamaged:  # the bytes before it are lost anyway: the next call meets the damage again
        stream.take(len(stream.buffer))
    return StoredRecord(number, place, fault=fault)
