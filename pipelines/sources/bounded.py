"""Reads a large compressed batch of records piece by piece, so that a huge value costs only its own record.

kafka-python decompresses a whole batch at once. A value of zeros may be a thousand times larger in memory than on the
wire; if memory runs out, all records of its batch are lost with it. Here, small batches are read as the library reads
them. Of a large batch, one record at a time is in memory. If a record is too large for the process's memory, its value
is skipped: the record comes out with a ``LeftOut`` in place of its value.
"""

from __future__ import annotations

import io
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kafka.record.default_records import DefaultRecord, DefaultRecordBatch
from kafka.record.util import decode_varint

CHUNK_BYTES = 1 << 20
WHOLE_BYTES = 32 << 20
"""A batch of at most this size after decompression is decompressed at once."""
UNLIMITED_BYTES = 512 << 20
"""The largest record that is read if the process has no memory limit."""
COPIES = 6
"""How many copies of a record may be in memory at one time: decompressed, extracted, passed on, written."""
BESIDE_BYTES = 1 << 20
"""The key, and the headers, of a record whose value is skipped are kept if they are at most this large."""


class LeftOut(bytes):
    """An empty value in place of one that is too large for the memory; ``size`` is the original's size in bytes."""

    size = 0

    @classmethod
    def of(cls, size: int) -> LeftOut:
        value = cls()
        value.size = size
        return value


def largest_record_bytes() -> int:
    """The size in bytes of the largest record that this process can handle in the memory that it has left."""
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit == resource.RLIM_INFINITY:
        return UNLIMITED_BYTES
    return max(0, limit - _data_bytes()) // COPIES


def _data_bytes() -> int:
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:  # not on Linux
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmData")), 0)


def decompressed(codec: int, data: memoryview) -> Iterator[bytes]:
    """The batch's decompressed bytes, in chunks."""
    if codec == DefaultRecordBatch.CODEC_GZIP:
        yield from _gunzipped(data)
    elif codec == DefaultRecordBatch.CODEC_LZ4:
        yield from _from_lz4(data)
    elif codec == DefaultRecordBatch.CODEC_ZSTD:
        import zstandard

        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True) as reader:
            while chunk := reader.read(CHUNK_BYTES):
                yield chunk
    else:
        yield from _from_snappy(data)


def _gunzipped(data: memoryview) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    chunk, rest = unpacking.decompress(data, CHUNK_BYTES), unpacking.unconsumed_tail
    while chunk or rest:
        yield chunk
        chunk = unpacking.decompress(rest, CHUNK_BYTES)
        rest = unpacking.unconsumed_tail
    if not unpacking.eof:
        raise ValueError("a gzip-compressed batch ends early")


def _from_lz4(data: memoryview) -> Iterator[bytes]:
    from lz4.frame import LZ4FrameDecompressor

    unpacking = LZ4FrameDecompressor()
    yield unpacking.decompress(data.tobytes(), CHUNK_BYTES)
    while not unpacking.eof:
        if unpacking.needs_input:
            raise ValueError("an lz4-compressed batch ends early")
        yield unpacking.decompress(b"", CHUNK_BYTES)


def _from_snappy(data: memoryview) -> Iterator[bytes]:
    """The decompressed blocks: tens of kilobytes each, as Kafka's clients write them.

    Snappy data in another format is decompressed at once; snappy data grows at most 22-fold.
    """
    import snappy
    from kafka.codec import _detect_xerial_stream

    packed = data.tobytes()
    if not _detect_xerial_stream(packed):
        yield snappy.decompress(packed)
        return
    at = 16
    while at < len(packed):
        size = int.from_bytes(packed[at : at + 4], "big")
        yield snappy.decompress(packed[at + 4 : at + 4 + size])
        at += 4 + size


class BoundedBatch(DefaultRecordBatch):  # type: ignore[misc]
    """A batch that is decompressed only up to the end of the record that is read next."""

    __slots__ = ("_largest", "_rest")

    def __init__(self: Any, buffer: Any) -> None:
        super().__init__(buffer)
        # set here too, because the library reads a control batch's record without a call of _maybe_uncompress
        self._rest, self._largest = None, 0

    def _maybe_uncompress(self: Any) -> None:
        if self._decompressed:
            return
        if self.compression_type != self.CODEC_NONE:
            self._assert_has_codec(self.compression_type)
            chunks = decompressed(self.compression_type, memoryview(self._buffer)[self._pos :])
            found = bytearray()
            for chunk in chunks:
                found += chunk
                if len(found) > WHOLE_BYTES:
                    self._rest, self._largest = chunks, largest_record_bytes()
                    break
            self._buffer, self._pos = found, 0
        self._decompressed = True

    def _read_msg(self: Any) -> Any:
        if self._rest is None:
            return super()._read_msg()
        del self._buffer[: self._pos]
        self._pos = 0
        self._fill(10)
        length, start = decode_varint(self._buffer, 0)
        if length > self._largest:
            return self._without_value(length, start)
        self._fill(start + length)
        return super()._read_msg()

    def _fill(self: Any, size: int) -> None:
        """Decompresses until ``size`` unread bytes are in the buffer, or the batch ends."""
        while len(self._buffer) - self._pos < size:
            chunk = next(self._rest, None)
            if chunk is None:
                return
            self._buffer += chunk

    def _without_value(self: Any, length: int, start: int) -> DefaultRecord:
        """The next record without its value, and without its key or headers if those are huge."""
        self._pos, left = start, length
        numbers = []
        self._fill(64)
        for _ in range(4):  # attributes, timestamp, offset, length of the key
            number, after = decode_varint(self._buffer, self._pos)
            numbers.append(number)
            left -= after - self._pos
            self._pos = after
        key = self._piece(numbers[3]) if numbers[3] >= 0 else None
        left -= max(numbers[3], 0)
        self._fill(10)
        size, after = decode_varint(self._buffer, self._pos)
        left -= after - self._pos
        self._pos = after
        self._skip(max(size, 0))
        left -= max(size, 0)
        headers = self._headers(self._piece(left))
        is_append_time = self.timestamp_type == self.LOG_APPEND_TIME
        timestamp = self.max_timestamp if is_append_time else self.first_timestamp + numbers[1]
        offset, value = self.base_offset + numbers[2], LeftOut.of(size)
        return DefaultRecord(length, offset, timestamp, self.timestamp_type, key or None, value, headers)

    def _piece(self: Any, size: int) -> bytes:
        """The next ``size`` bytes; empty if they are more than ``BESIDE_BYTES`` and were skipped."""
        if size > BESIDE_BYTES:
            self._skip(size)
            return b""
        self._fill(size)
        found = bytes(self._buffer[self._pos : self._pos + size])
        self._pos += size
        return found

    def _skip(self: Any, size: int) -> None:
        while size > 0:
            if self._pos >= len(self._buffer):
                self._buffer, self._pos = bytearray(), 0
                self._fill(1)
                if not self._buffer:
                    raise ValueError("a record is longer than its batch")
            step = min(size, len(self._buffer) - self._pos)
            self._pos += step
            size -= step

    @staticmethod
    def _headers(data: bytes) -> list[tuple[str, bytes | None]]:
        if not data:
            return []
        count, at = decode_varint(data, 0)
        found: list[tuple[str, bytes | None]] = []
        for _ in range(count):
            size, at = decode_varint(data, at)
            name, at = data[at : at + size].decode("utf-8", "replace"), at + size
            size, at = decode_varint(data, at)
            found.append((name, data[at : at + size] if size >= 0 else None))
            at += max(size, 0)
        return found
