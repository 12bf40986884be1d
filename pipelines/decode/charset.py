"""A page's bytes become characters: byte order mark, then transport, then meta, then detection; strictly, always."""

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
_LOOKED_AT = 500_000  # characters; who writes more in one charset does not change it after
_MANY = 3  # UTF-8 sequences that no text in a double-byte charset has by chance


@dataclass(frozen=True, slots=True)
class Decoded:
    """Characters, the charset they were decoded with, and how it was found."""

    text: str
    charset: str
    how: str
    declared: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def decode_text(data: bytes, transport: str | None, *, markup: bool) -> Decoded:
    """The characters of the bytes; a declared charset that does not fit gives way to the next.

    Labels mean what the WHATWG Encoding Standard says (iso-8859-1 is windows-1252). Bytes that are valid UTF-8
    and no ASCII are UTF-8 whatever was declared. Rejects (``UndecodableText``) bytes that nothing fits.

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
        raise UndecodableText("bytes that a charset fits", field="body", value=seen)
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
    """The text by the first charset that fits, with how it was found."""
    for how, charset in candidates:
        text = _strict(data, charset)
        if text is not None and _fits(text, charset):
            return text, how, charset
    return None


def _by_bytes(data: bytes, declared: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """The charset that the bytes alone prove, whatever is declared."""
    yield from (each for each in declared if each[0] == "bom")
    if b"\x00" in data and (wide := _wide(data)):
        yield "bytes", wide
    if data.isascii() and b"\x1b$" in data:  # Japanese mail's way of shifting between alphabets
        yield _read(declared, "iso2022_jp")
    if not any(charset in _DOUBLE_BYTE for _, charset in declared) or _has_many_sequences(data):
        yield _read(declared, "utf-8")


def _detected(data: bytes) -> Iterator[tuple[str, str]]:
    yield "bytes", "utf-8"
    for detect in (detect_encoding, _guessed, lambda _: "cp1252"):
        if (label := detect(data)) and (charset := resolve_encoding(label)):
            yield "detected", charset


def _read(declared: tuple[tuple[str, str], ...], charset: str) -> tuple[str, str]:
    """The charset, with where it was declared, or ``bytes`` where they alone prove it."""
    return next(((how, charset) for how, said in declared if said == charset), ("bytes", charset))


def _has_many_sequences(data: bytes) -> bool:
    return data.isascii() or sum(1 for _ in islice(_UTF8_SEQUENCE.finditer(data), _MANY)) == _MANY


def _guessed(data: bytes) -> str | None:
    """A second opinion, slower and better on Korean, from the lines that are not ASCII."""
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
    """UTF-16 without a byte order mark: Latin letters and markup have a zero in every other byte, always the same."""
    sample = data[:4_000]
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.15 and even * 10 < odd:
        return "utf-16-le"
    return "utf-16-be" if even > 0.15 and odd * 10 < even else None


def _fits(text: str, charset: str) -> bool:
    """Whether the characters look like writing: no control codes, no words that only a wrong charset makes.

    A Latin charset that does not fit makes words of accented letters alone (``Ïðèâåò``); another charset makes
    words that mix scripts (``cafй``).
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
    """Whether the accented letters are overrun by signs that prose hardly uses (``¥Þ¥í¡¼``: EUC read as Latin)."""
    others = [c for c in text if not c.isascii()][:5_000]
    return sum(c in _RARE_SIGNS for c in others) * 4 > len(others)


_RARE_SIGNS = frozenset("¡¤¥¦¨ª¬¯±²³´µ¶¸¹º¼½¾×÷¢ˇ˘˙˛˝")
_LATIN = frozenset({
    "cp1252", "cp1250", "cp1254", "cp1257", "cp1258", "iso8859-1", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-9",
    "iso8859-10", "iso8859-13", "iso8859-14", "iso8859-15", "iso8859-16", "mac-roman",
})


def _mended_utf8(data: bytes) -> tuple[str, int] | None:
    """UTF-8 text with a few stray bytes: those are read as windows-1252, a sequence cut at the end is dropped.

    Python's ``surrogateescape`` marks the stray bytes in one pass, however many there are.
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
