"""Bodies that are too large or too odd to keep as files, and are generated when they are published."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Mapping
from functools import cache


def oversized() -> bytes:
    """A page that is larger than ``limits.message_bytes``."""
    paragraph = b"<p>The tide table for the year, hour by hour, follows in full.</p>\n"
    return b"<!DOCTYPE html><title>Tide tables</title><h1>Tide tables</h1>" + paragraph * (10_500_000 // len(paragraph))


@cache
def gzip_bomb() -> bytes:
    """A small gzip body that decompresses to more than ``limits.body_bytes``."""
    return gzip.compress(b"<p>" + b" " * 64_000_000, mtime=0)


def deep_markup() -> bytes:
    """An article that is nested in 20,000 elements."""
    depth = 20_000
    return b"<html><body>" + b"<div>" * depth + b"<p>The bell rang.</p>" + b"</div>" * depth + b"</body></html>"


def noise() -> bytes:
    """Bytes that are not text in any charset."""
    return b"<html><body><p>" + random.Random(5).randbytes(4_000) + b"</p></body></html>"  # noqa: S311  not a secret


def pdf() -> bytes:
    """The start of a PDF file."""
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n" * 8


def empty() -> bytes:
    return b""


MADE: Mapping[str, Callable[[], bytes]] = {
    "oversized": oversized,
    "gzip_bomb": gzip_bomb,
    "deep_markup": deep_markup,
    "noise": noise,
    "pdf": pdf,
    "empty": empty,
}
