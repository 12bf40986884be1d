"""Reads a gzip or zstd file as a stream. If it is damaged, the error says after how many bytes."""

from __future__ import annotations

import io
import logging
import zlib
from typing import IO

import zstandard

from pipelines.decode.compression import ZSTD, ZSTD_STEP, ZSTD_WINDOW

LOG = logging.getLogger("dateline.files")
MAGIC = b"\x1f\x8b"
MEMBER = b"\x1f\x8b\x08"  # with deflate, the only compression method there is
CHUNK_BYTES = 1 << 16
_DICTIONARY = b"\x5d\x2a\x4d\x18"  # the skippable frame that holds the dictionary of a WARC file's records
_LARGEST_DICTIONARY = 16 << 20


class ArchiveDamaged(Exception):
    """A file is truncated or damaged."""


class Unpacked(io.RawIOBase):
    """The decompressed content of all members of a gzip file. Bytes after the last member are ignored.

    ``is_between_members`` is true while no byte of the current member has been read: all bytes before are complete.
    ``member_start`` is the place of the current member in the file. With ``is_strict``, bytes between members or after
    the last one are damage. After damage, each call raises until ``resume`` has found another member.
    """

    def __init__(self, packed: IO[bytes], name: str, *, is_strict: bool = False) -> None:
        super().__init__()
        self._packed, self._name, self._is_strict = packed, name, is_strict
        self._fault: ArchiveDamaged | None = None
        self._taken = 0  # bytes of the file
        self.member_start = 0
        self._rest = b""
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._is_done = False
        self.is_between_members = True
        self.size = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._packed.close()
        super().close()

    def readinto(self, buffer: object) -> int:
        into = memoryview(buffer)  # type: ignore[arg-type]
        if self._fault is not None:
            raise self._fault
        try:
            found = self._next(len(into))
        except ArchiveDamaged as fault:
            self._fault = fault
            raise
        into[: len(found)] = found
        self.size += len(found)
        return len(found)

    def _next(self, most: int) -> bytes:
        while not self._is_done:
            if self._member.eof:
                self._begin_next()
                continue
            packed = self._rest or self._read()
            if not packed:
                raise ArchiveDamaged(f"ends early, after {self.size:,} decompressed bytes")
            try:
                found = self._member.decompress(packed, most)
            except zlib.error as fault:
                self._rest = packed
                raise ArchiveDamaged(f"is damaged after {self.size:,} decompressed bytes ({fault})") from None
            self._rest = self._member.unconsumed_tail
            if found:
                self.is_between_members = False
                return found
        return b""

    def _begin_next(self) -> None:
        """Starts the next member of the file, if there is one."""
        rest = (self._member.unused_data or self._read()).lstrip(b"\x00")
        if len(rest) < len(MAGIC):
            rest += self._read()
        self._rest, self.is_between_members = rest, True
        self.member_start = self._taken - len(rest)
        if rest.startswith(MAGIC):
            self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            return
        if rest and MAGIC.startswith(rest):
            raise ArchiveDamaged(f"ends early, after {self.size:,} decompressed bytes")
        if rest and self._is_strict:
            raise ArchiveDamaged(f"has bytes that are not gzip data after {self.size:,} decompressed bytes")
        if rest:
            LOG.warning("%s has bytes after the end of its gzip data, which are ignored", self._name)
        self._is_done = True

    def resume(self) -> bool:
        """After damage, go on at the next member of the file. False if there is none."""
        rest = self._rest[1:]
        while (at := rest.find(MEMBER)) < 0:
            more = self._read()
            if not more:
                return False
            rest = rest[-len(MEMBER) + 1 :] + more
        self._rest, self.is_between_members, self._fault = rest[at:], True, None
        self.member_start = self._taken - len(self._rest)
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return True

    def _read(self) -> bytes:
        found = self._packed.read(CHUNK_BYTES)
        self._taken += len(found)
        return found


class UnpackedZstd(io.RawIOBase):
    """The decompressed content of all frames of a zstd file. Raises ``ArchiveDamaged``.

    A WARC file may begin with the dictionary of its frames (IIPC's WARC-Zstandard). ``is_between_members`` is true
    while no byte of the current frame has been decompressed: all bytes before are complete.
    """

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__()
        self.size = 0
        self.is_between_members = True
        self._packed, self._rest, self._found = packed, b"", memoryview(b"")
        self._decoder: zstandard.ZstdDecompressor | None = None
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._packed.close()
        super().close()

    def readinto(self, buffer: object) -> int:
        into = memoryview(buffer)  # type: ignore[arg-type]
        try:
            while not self._found and self._read_on():
                pass
        except zstandard.ZstdError as fault:
            raise ArchiveDamaged(f"is damaged after {self.size:,} decompressed bytes ({fault})") from None
        found, self._found = self._found[: len(into)], self._found[len(into) :]
        into[: len(found)] = found
        self.size += len(found)
        return len(found)

    def _read_on(self) -> bool:
        """Decompress a few bytes more. False at the end of the file."""
        if self._decoder is None:
            self._decoder = self._with_dictionary()
        packed = self._rest or self._packed.read(ZSTD_STEP)
        if not packed:
            if self._frame is not None:
                raise ArchiveDamaged(f"ends early, after {self.size:,} decompressed bytes")
            return False
        frame = self._frame or self._decoder.decompressobj()
        self.is_between_members |= self._frame is None
        self._found = memoryview(frame.decompress(packed))
        self.is_between_members &= not self._found
        self._frame, self._rest = (None, frame.unused_data) if frame.eof else (frame, b"")
        return True

    def _with_dictionary(self) -> zstandard.ZstdDecompressor:
        self._rest, dictionary = self._packed.read(8), None
        if self._rest.startswith(_DICTIONARY):
            size = int.from_bytes(self._rest[4:], "little")
            stored = self._packed.read(min(size, _LARGEST_DICTIONARY))
            if len(stored) < size:
                raise ArchiveDamaged(f"begins with a dictionary of {size:,} bytes, of which {len(stored):,} are read")
            if stored.startswith(ZSTD):
                with zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).stream_reader(stored) as opened:
                    stored = opened.read(_LARGEST_DICTIONARY + 1)
                if len(stored) > _LARGEST_DICTIONARY:
                    raise ArchiveDamaged(f"begins with a dictionary of more than {_LARGEST_DICTIONARY:,} bytes")
            self._rest, dictionary = b"", zstandard.ZstdCompressionDict(stored)
        return zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=ZSTD_WINDOW)
