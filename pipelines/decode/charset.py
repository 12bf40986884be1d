"""A page's bytes become characters, by the byte order mark, the transport's charset, the meta tag or detection.

Decoding is strict: an invalid byte rules a charset out. Only UTF-8 may have a few stray bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import charset_normalizer
from resiliparse.parse.encoding import detect_encoding
from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

from pipelines.failures import UndecodableText

_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_WORD = re.compile(r"[^\W\d_]+")
_LOOKED_AT = 500_000  # characters; a page does not switch to another charset after so many
_MANY = 3  # UTF-8 sequences; a text in a double-byte charset does not have so many by chance


@dataclass(frozen=True, slots=True)
class Decoded:
    """Characters, the charset they were decoded with, and how it was found."""

    text: str
    charset: str
    how: str
    declared: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def decode_text(data: bytes, transport: str | None, *, markup: bool) -> Decoded:
    """The characters of the bytes. If a declared charset does not fit them, the next candidate is tried.

    Charset labels are resolved by the WHATWG Encoding Standard (iso-8859-1 is windows-1252). Bytes that are valid
    UTF-8 and not plain ASCII are read as UTF-8, whatever is declared. Rejects (``UndecodableText``) bytes that no
    charset fits.

    >>> decode_text(b"caf\\xe9", "iso-8859-1", markup=False).text
    'café'
    """
    declared = tuple(_declarations(data, transport, markup))
    usable = [(how, said) for how, said in declared if how != "bom" and not said.startswith(("utf-16", "utf-32"))]
    double = [each for each in usable if each[1] in _DOUBLE_BYTE]
    found = _first_fit(data, _by_bytes(data, declared)) or _first_fit(data, double)
    mended = None if found else _mended_utf8(data)
    if mended:
        text, stray = mended
        warning = f"charset: UTF-8 with {stray} stray bytes, which were read as windows-1252"
        return Decoded(text, "utf-8", "bytes", declared, (*_disagreement(declared, "utf-8", data), warning))
    found = found or _first_fit(data, usable) or _first_fit(data, _detected(data))
    if found is None:
        seen = ", ".join(f"{how} {label}" for how, label in declared) or "none declared"
        raise UndecodableText("bytes that some charset can decode", field="body", value=seen)
    text, how, charset = found
    return Decoded(text, charset, how, declared, _disagreement(declared, charset, data))


def _declarations(data: bytes, transport: str | None, markup: bool) -> Iterator[tuple[str, str]]:
    bom, _ = read_bom(data)
    if bom:
        yield "bom", bom
    if transport:
        yield "transport", resolve_encoding(transport[:40]) or transport[:40].lower()
    if markup and (meta := html_body_declared_encoding(data)):
        yield "meta", meta


def _first_fit(data: bytes, candidates: Iterable[tuple[str, str]]) -> tuple[str, str, str] | None:
    """The text, how its charset was found, and the charset: of the first candidate that fits, or None."""
    for how, charset in candidates:
        text = _strict(data, charset)
        if text is not None and _fits(text, charset):
            return text, how, charset
    return None


def _by_bytes(data: bytes, declared: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """The charsets that the bytes alone prove, whatever is declared."""
    yield from (each for each in declared if each[0] == "bom")
    if b"\x00" in data and (wide := _wide(data)):
        yield "bytes", wide
    if data.isascii() and b"\x1b$" in data:  # the escape sequence of Japanese mail
        yield _read(declared, "iso2022_jp")
    if not any(charset in _DOUBLE_BYTE for _, charset in declared) or _has_many_sequences(data):
        yield _read(declared, "utf-8")


def _detected(data: bytes) -> Iterator[tuple[str, str]]:
    yield "bytes", "utf-8"
    for detect in (detect_encoding, _guessed, lambda _: "cp1252"):
        if (label := detect(data)) and (charset := resolve_encoding(label)):
            yield "detected", charset


def _read(declared: tuple[tuple[str, str], ...], charset: str) -> tuple[str, str]:
    """The charset with the place that declares it, or with ``bytes`` if nothing declares it."""
    return next(((how, charset) for how, said in declared if said == charset), ("bytes", charset))


def _has_many_sequences(data: bytes) -> bool:
    return data.isascii() or sum(1 for _ in islice(_UTF8_SEQUENCE.finditer(data), _MANY)) == _MANY


def _guessed(data: bytes) -> str | None:
    """The charset that charset_normalizer detects in the lines that are not ASCII: slower, but better on Korean."""
    sample = b"\n".join(line[:2_000] for line in data[:500_000].splitlines() if not line.isascii())[:20_000]
    best = charset_normalizer.from_bytes(sample).best()
    return best.encoding if best else None


_DOUBLE_BYTE = frozenset({"gb18030", "big5hkscs", "big5", "cp949", "cp932", "euc_jp", "euc_kr", "iso2022_jp"})


def _strict(data: bytes, charset: str) -> str | None:
    bom, mark = read_bom(data)
    body = data[len(mark):] if mark and bom == charset else data
    try:
        return body.decode(charset)
    except (UnicodeError, LookupError, ValueError):
        return None


def _wide(data: bytes) -> str | None:
    """The byte order of UTF-16 text without a byte order mark, or None if the bytes are not UTF-16.

    In UTF-16, each Latin letter and each character of markup has one zero byte, and always on the same side.
    """
    sample = data[:4_000]
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.15 and even * 10 < odd:
        return "utf-16-le"
    return "utf-16-be" if even > 0.15 and odd * 10 < even else None


def _fits(text: str, charset: str) -> bool:
    """Whether the characters look like real text: few control codes, and few words that only a wrong charset produces.

    A wrong Latin charset produces words of nothing but accented letters (``Ïðèâåò``). Any other wrong charset
    produces words that mix scripts (``cafй``).
    """
    if charset.startswith("utf"):
        return True
    text = text[:_LOOKED_AT]
    if len(_CONTROLS.findall(text)) > len(text) // 500:
        return False
    if charset in _LATIN and _is_symbols(text):
        return False
    words = odd = 0
    for found in _WORD.finditer(text):
        word = found.group()
        if word.isascii():
            continue
        words += 1
        foreign = sum(not c.isascii() for c in word)
        if charset in _LATIN:
            odd += foreign == len(word) and foreign > 2
        else:
            odd += 0 < len(word) - foreign >= foreign
        if words == 2_000:
            break
    return odd * 2 <= words


def _is_symbols(text: str) -> bool:
    """Whether over a quarter of the non-ASCII characters are signs that are rare in prose (``¥Þ¥í¡¼`` is misread EUC).
    """
    others = [c for c in text if not c.isascii()][:5_000]
    return sum(c in _RARE_SIGNS for c in others) * 4 > len(others)


_RARE_SIGNS = frozenset("¡¤¥¦¨ª¬¯±²³´µ¶¸¹º¼½¾×÷¢ˇ˘˙˛˝")
_LATIN = frozenset({
    "cp1252", "cp1250", "cp1254", "cp1257", "cp1258", "iso8859-1", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-9",
    "iso8859-10", "iso8859-13", "iso8859-14", "iso8859-15", "iso8859-16", "mac-roman",
})


def _mended_utf8(data: bytes) -> tuple[str, int] | None:
    """The text of UTF-8 with a few stray bytes, and how many stray bytes it has; None if they are too many.

    Stray bytes are read as windows-1252, and a sequence that is cut off at the end is dropped. Python's
    ``surrogateescape`` marks all stray bytes in one pass, so the time does not depend on their number.
    """
    text = data.decode("utf-8", "surrogateescape")
    sound = len(text) - len(text.encode("ascii", "ignore"))
    strays = 0
    for stray in _ESCAPED.finditer(text):
        strays += 1
        sound -= stray.end() - stray.start()
        if strays * 4 > sound:
            return None
    return _ESCAPED_END.sub("", text).translate(_WESTERN), strays


_ESCAPED = re.compile(r"[\udc80-\udcff]+")
_ESCAPED_END = re.compile(r"[\udcc2-\udcf4][\udc80-\udcbf]{0,2}\Z")
_WESTERN = {0xDC00 + byte: bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0x100)}


def _disagreement(declared: tuple[tuple[str, str], ...], used: str, data: bytes) -> tuple[str, ...]:
    if data.isascii():
        return ()
    wrong = [f"{how} says {charset}" for how, charset in declared if _same(charset) != _same(used)]
    return (f"charset: {', '.join(wrong)}; the bytes are {used}",) if wrong else ()


def _same(charset: str) -> str:
    return charset.removesuffix("-le").removesuffix("-be").replace("_", "-").replace("utf-8-sig", "utf-8")
