"""A gzip-compressed body is unpacked up to a size limit. A truncated or damaged one rejects its message."""

from __future__ import annotations

import zlib

from pipelines.failures import MalformedGzip, OversizedMessage

MAGIC = b"\x1f\x8b\x08"
"""gzip's two magic bytes and the only compression method that it defines, deflate."""

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
