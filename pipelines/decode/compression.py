"""A compressed body is unpacked up to a size limit. A truncated or damaged gzip body rejects its message."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping

import brotli
import zstandard

from pipelines.failures import MalformedGzip, OversizedMessage

MAGIC = b"\x1f\x8b\x08"
"""gzip's two magic bytes and the only compression method that it defines, deflate."""

ZSTD = b"\x28\xb5\x2f\xfd"
"""The magic bytes of a zstd frame."""

ZSTD_STEP, ZSTD_WINDOW = 1 << 10, 1 << 27
"""Packed bytes to decompress at a time, since the largest block of 128 kB may be packed into four bytes, and the most
memory that a frame may declare to need."""

_LAYERS = 2  # compressed by the server and again by the producer does occur; more layers are hostile
_MEMBERS = 1_000  # a gzip file may have several members; the limit stops a flood of empty ones


def unpack(body: bytes, limit: int) -> bytes:
    """The body, decompressed to at most ``limit`` bytes; returned unchanged if it is not gzip.

    Rejects: MalformedGzip, OversizedMessage.

    >>> import gzip
    >>> unpack(gzip.compress(b"<p>Pier</p>"), 100)
    b'<p>Pier</p>'
    >>> unpack(b"<p>Pier</p>", 100)
    b'<p>Pier</p>'
    """
    for _ in range(_LAYERS):
        if not body.startswith(MAGIC):
            break
        body = _gunzip(body, limit)
    if body.startswith(MAGIC):
        raise MalformedGzip(f"compressed at most {_LAYERS} times", field="body")
    return body


def _gunzip(packed: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for _ in range(_MEMBERS):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            part = member.decompress(packed, limit - size + 1)
        except zlib.error as error:
            raise MalformedGzip(f"undamaged gzip: {error}", field="body") from None
        size += len(part)
        if size > limit:
            raise OversizedMessage(f"at most {limit:,} bytes after decompression", field="body")
        parts.append(part)
        if not member.eof:
            raise MalformedGzip("complete gzip data", field="body", value=f"cut off after {size:,} bytes")
        packed = member.unused_data
        if not packed.startswith(MAGIC):  # bytes after the last member are padding, which gzip ignores too
            return b"".join(parts)
    raise MalformedGzip(f"at most {_MEMBERS:,} gzip members", field="body")


class ContentDamaged(Exception):
    """A body cannot be decompressed as its content encoding says."""


def decode_content(body: bytes, encodings: str | None, limit: int, *, is_cut: bool = False) -> bytes:
    """The body without its HTTP content encodings (``br``, ``zstd``, ``gzip``, ``deflate``, several with commas).

    At most ``limit`` + 1 bytes are returned, so that the caller sees that there are more. zstd is recognised by its
    first bytes, whatever is declared. A body that was stored already decompressed is returned unchanged, since many
    crawlers keep the server's headers. With ``is_cut`` a body that ends early yields what could be decompressed.
    Raises ``ContentDamaged``.

    >>> decode_content(brotli.compress(b"<p>Pier</p>"), "br", 100)
    b'<p>Pier</p>'
    >>> decode_content(b"<p>Pier</p>", "br", 100)
    b'<p>Pier</p>'
    """
    names = [name.strip().lower() for name in (encodings or "").split(",")][-_CONTENT_LAYERS:]
    for name in reversed(names):
        body = _decoded(body, name, limit, is_cut=is_cut)
    return _decoded(body, "zstd", limit, is_cut=is_cut)


def _decoded(body: bytes, name: str, limit: int, *, is_cut: bool) -> bytes:
    decode, magic = _CONTENT.get(name, (None, b""))
    if decode is None or not body.startswith(magic):
        return body
    try:
        found, is_complete = decode(body, limit + 1)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        if _is_text(body):
            return body
        raise ContentDamaged(f"its {name} data is damaged ({error})") from None
    if is_complete or is_cut or len(found) > limit:
        return found
    if _is_text(body):
        return body
    raise ContentDamaged(f"its {name} data ends early, after {len(found):,} decompressed bytes")


def _is_text(body: bytes) -> bool:
    """Whether the bytes look like text: no control code among the first 500, which compressed data always has."""
    return _BINARY.search(body[:500]) is None


def _from_zlib(body: bytes, most: int) -> tuple[bytes, bool]:
    """gzip, zlib and bare deflate data: servers send all three as ``deflate``."""
    try:
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
        return decoder.decompress(body, most), decoder.eof
    except zlib.error:
        if body.startswith(MAGIC):
            raise
        decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        return decoder.decompress(body, most), decoder.eof


def _from_brotli(body: bytes, most: int) -> tuple[bytes, bool]:
    decoder = brotli.Decompressor()
    found = decoder.process(body, output_buffer_limit=most)
    while len(found) < most and not decoder.can_accept_more_data() and not decoder.is_finished():
        found += decoder.process(b"", output_buffer_limit=most - len(found))
    return found[:most], decoder.is_finished()  # the limit of the library is one of its buffers, not of bytes


def _from_zstd(body: bytes, most: int) -> tuple[bytes, bool]:
    """The frames of a zstd body. A frame declares the memory that it needs: more than 128 MB is refused."""
    found = b""
    while body.startswith(ZSTD) and len(found) < most:
        decoder = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
        part = b""
        for start in range(0, len(body), ZSTD_STEP):  # the decoder has no limit of its own
            part += decoder.decompress(body[start : start + ZSTD_STEP])
            if decoder.eof or len(found) + len(part) >= most:
                break
        found += part
        if not decoder.eof:
            return found[:most], False
        body = decoder.unused_data + body[start + ZSTD_STEP :]
    return found[:most], True


_CONTENT_LAYERS = 3  # more are hostile
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTENT: Mapping[str, tuple[Callable[[bytes, int], tuple[bytes, bool]], bytes]] = {
    "br": (_from_brotli, b""), "zstd": (_from_zstd, ZSTD), "gzip": (_from_zlib, MAGIC), "x-gzip": (_from_zlib, MAGIC),
    "deflate": (_from_zlib, b""),
}
"""For each content encoding its decoder and the bytes that its data starts with. A decoder takes the most bytes that it
may return, and returns them and whether the data was complete."""
