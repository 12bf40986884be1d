"""Message number ``n`` of a seed: a sample, or one that a builder made, mutated; the same whenever it is asked for.

Plain seeded chance and not Hypothesis, which keeps no place for the twenty-thousandth example of a run.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from pipelines.records import Coordinates, RawMessage
from pipelines.samples import sample_messages
from schemas import Registry
from tests.builders import a_message
from tests.cases.hostile import declared, deep, entities

TOPIC = "fuzz"
LARGEST_BASE = 200_000  # a larger sample would only be slow to mutate; tests/cases/hostile.py has those
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

type Chance = random.Random
type Headers = tuple[tuple[str, bytes | None], ...]

TOKENS: tuple[bytes, ...] = (
    b"\xc3\x01", b"\x00\x00\x00\x00\x01", b"\x1f\x8b\x08\x00", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x00",
    b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xe2\x80\xae", b"\xe2\x80\x8b", b"\xc2\xad",
    b"<!--", b"-->", b"]]>", b"<![CDATA[", b"<script>", b"</script>", b"<p>", b"</article>", b"<template>", b"<svg>",
    b"<table><tr><td>", b"<noscript>", b"<title>", b"</title>", b"&#0;", b"&#xd800;", b"&#1114112;", b"&nbsp;", b"&lt;",
    b"{", b"}", b"[", b"]", b'"', b"\\ud800", b"\\u0000", b"null", b"NaN", b"1e999", b"-0", b"\r", b"\n\n\n", b"\t",
    "Bericht — ".encode(), "نص".encode(), "新聞".encode(), "e\u0301".encode(), "👩‍👩‍👧".encode(), b"Read More: ",
)
"""Bytes that mean something to one of the readers, or should mean nothing to any."""

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**400, -1e308, 1e308, 0.1, "", " ", "\x00", "\ud800", "\udfff x",
    "a" * 5_000, "https://", "http://[::1", "http://a:99999999/", "javascript:alert(1)", "http://\u0130.example/",
    "//harbour-news.example/x", "9999-12-31T23:59:59+14:00", "0001-01-01", "2026-02-30", "2026-13-45T99:99:99Z",
    "1772616600", "1772616600000000000", "yesterday", "12/13/14", "T", "+00:00", "2026-03-04T09:30:00-25:00",
    [], {}, [[]], [None], {"": ""}, [["Ines Falk"], {"name": ["Tomas Reuel", None]}], {"@type": "Person"},
    {"name": {"name": {"name": "x"}}}, {"@graph": [{"@graph": []}]}, ["a"] * 300, "utf-7", "shift_jis", "x-mac",
)
KEYS = (
    "url", "title", "headline", "text", "body", "content", "authors", "author", "date", "published", "date_publish",
    "fetched_at", "scraped_at", "language", "source", "source_domain", "tags", "keywords", "status", "charset",
    "headers", "html", "image_url", "section", "description", "meta", "",
)
HEADERS = (
    "content-type", "url", "fetched-at", "source", "http-status", "charset", "content_type", "fetched_at", "x", "",
    "content-encoding",
)
TYPES = (
    b"text/html", b"text/plain", b"application/json", b"avro/binary", b"text/html; charset=utf-16",
    b"text/html; charset=x", b"application/octet-stream", b"application/vnd.apache.avro+binary", b"image/png",
    b"text/plain; charset=koi8-r",
)


def message(seed: int, number: int) -> RawMessage:
    """The message, at offset ``number`` of the topic ``fuzz``."""
    chance = random.Random(f"{seed}:{number}")
    key, value, headers = _made(chance)
    times = (0, 1, 1, 1, 2, 4) if not _is_framed(value) else (0, 0, 0, 1)  # one byte wrong in a frame ends it at once
    for _ in range(chance.choice(times)):
        value = chance.choice(ON_BYTES)(value, chance)
    if chance.random() < 0.3:
        headers = _headers(headers, chance)
    if chance.random() < 0.2:
        key = _key(key, chance)
    is_wrong = chance.random() < 0.05
    at = EPOCH + timedelta(seconds=chance.choice((0, chance.randrange(250_000_000_000))) if is_wrong else 1_772_616_600)
    is_tombstone = chance.random() < 0.02
    return RawMessage(Coordinates(TOPIC, 0, number), at, key, None if is_tombstone else value, headers)


def _is_framed(value: bytes) -> bool:
    return value.startswith((b"\xc3\x01", b"\x00", b"\x1f\x8b"))


def _made(chance: Chance) -> tuple[bytes | None, bytes, Headers]:
    """A message before its bytes are mutated: a sample, or something built of odd parts."""
    made = chance.random()
    if made < 0.45:
        return chance.choice(_samples())
    if made < 0.6:
        return _an_item(chance)
    if made < 0.75:
        return _an_avro_record(chance)
    if made < 0.9:
        return _a_page(chance)
    if made < 0.97:
        return _a_dump(chance)
    return None, chance.randbytes(chance.randrange(1, 3_000)), ()


@cache
def _samples() -> tuple[tuple[bytes | None, bytes, Headers], ...]:
    small = [s for s in sample_messages() if s.value and len(s.value) < LARGEST_BASE]
    return (*((s.key, s.value or b"", s.headers) for s in small), _built())


@cache
def _built() -> tuple[bytes | None, bytes, Headers]:
    built = a_message()
    return built.key, built.value or b"", built.headers


@cache
def _items() -> tuple[dict[str, Any], ...]:
    found = []
    for _, value, _ in _samples():
        try:
            read = json.loads(value)
        except ValueError:
            continue
        found += [read] if isinstance(read, dict) else []
    return tuple(found)


@cache
def _pages() -> tuple[str, ...]:
    return tuple(value.decode("utf-8", "replace") for _, value, _ in _samples() if b"<html" in value[:300].lower())


@cache
def _dumps() -> tuple[str, ...]:
    dumped = ("content-type", b"text/plain")
    return tuple(value.decode("utf-8", "replace") for _, value, headers in _samples() if dumped in headers)


def _odd(chance: Chance) -> Any:
    return chance.choice(ODD) if chance.random() < 0.8 else {chance.choice(KEYS): chance.choice(ODD) for _ in range(3)}


def _an_item(chance: Chance) -> tuple[bytes | None, bytes, Headers]:
    item = dict(chance.choice(_items()))
    for _ in range(chance.randrange(1, 5)):
        name = chance.choice((*item, *KEYS)) if item else chance.choice(KEYS)
        item[name] = _odd(chance)
    if item and chance.random() < 0.3:
        item.pop(chance.choice(list(item)))
    whole: Any = [item, item] if chance.random() < 0.05 else {"body": item} if chance.random() < 0.05 else item
    value = json.dumps(whole, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    return b"https://harbour-news.example/item", value, (("content-type", b"application/json"),)


@cache
def _registry() -> Registry:
    return Registry.load()


def _an_avro_record(chance: Chance) -> tuple[bytes | None, bytes, Headers]:
    _, body, _ = chance.choice(_samples())
    for _ in range(chance.randrange(3)):
        body = chance.choice(ON_BYTES)(body, chance)
    words = [value.encode("utf-8", "replace").decode() for value in ODD if isinstance(value, str)]
    record: dict[str, Any] = {
        "url": chance.choice(("https://harbour-news.example/avro", None, *words)),
        "fetched_at": EPOCH + timedelta(milliseconds=chance.choice((0, 10**13, *[1_772_616_600_000] * 6))),
        "source": chance.choice(("harbour-crawler", *words)),
        "content_type": chance.choice(("text/html", "text/plain", "application/json", *words)),
        "charset": chance.choice((None, "utf-8", "utf-16", "cp1252", *words)),
        "http_status": chance.choice((None, 200, 404, -1, 2**31 - 1)),
        "body": body,
        "headers": {chance.choice(words): chance.choice(words) for _ in range(chance.randrange(3))},
    }
    value = _registry().encode("raw_article", record)
    if chance.random() < 0.5:
        value = b"\x00\x00\x00\x00\x01" + value[10:]
    return None, value, ()


def _a_page(chance: Chance) -> tuple[bytes | None, bytes, Headers]:
    page = chance.choice(_pages())
    change = chance.choice((_declared_oddly, _with_odd_meta, _shuffled_tags, _deep, lambda _page, _chance: entities()))
    headers: Headers = (("content-type", b"text/html; charset=utf-8"), ("url", b"https://harbour-news.example/page"))
    return None, change(page, chance).encode("utf-8", "replace"), headers


def _declared_oddly(page: str, chance: Chance) -> str:
    """JSON-LD whose fields are not what they should be."""
    names = ("headline", "author", "datePublished", "dateModified", "image", "articleBody", "publisher", "@graph",
             "isAccessibleForFree", "mainEntityOfPage", "keywords", "articleSection", "inLanguage", "@type")
    data: Any = {"@type": "NewsArticle"} | {chance.choice(names): _odd(chance) for _ in range(5)}
    written = json.dumps(data if chance.random() < 0.8 else [data, [data]])
    return page.replace("</head>", f"{declared(written)}</head>", 1)


def _with_odd_meta(page: str, chance: Chance) -> str:
    names = ("article:published_time", "og:title", "og:url", "author", "og:site_name", "description", "date",
             "og:image", "og:locale", "article:author", "keywords", "robots")
    metas = "".join(f'<meta property="{chance.choice(names)}" content="{_odd(chance)}">' for _ in range(6))
    links = f'<link rel=canonical href="{_odd(chance)}"><base href="{_odd(chance)}"><time datetime="{_odd(chance)}">'
    return page.replace("<head>", f"<head>{metas}{links}", 1)


def _shuffled_tags(page: str, chance: Chance) -> str:
    pieces = page.split("<")
    for _ in range(chance.randrange(1, 30)):
        a, b = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        pieces[a], pieces[b] = pieces[b], pieces[a]
    return "<".join(pieces)


def _deep(_page: str, chance: Chance) -> str:
    tag = chance.choice(("<div>", "<span>", "<ul><li>", "<table><tr><td>", "<b>", "<a>", "<section>"))
    return deep(tag, chance.choice((50, 400, 600, 5_000)), is_closed=chance.random() < 0.5)


def _a_dump(chance: Chance) -> tuple[bytes | None, bytes, Headers]:
    lines = chance.choice(_dumps()).split("\n")
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(lines))
        change = chance.randrange(5)
        if change == 0:
            lines[at : at + chance.randrange(1, 9)] = []
            lines = lines or [""]
        elif change == 1:
            lines[at:at] = [lines[at]] * chance.choice((1, 3, 300))
        elif change == 2:
            lines[at] = str(_odd(chance))
        elif change == 3:
            lines[at] = lines[at].upper() * chance.choice((1, 40))
        else:
            chance.shuffle(lines)
    return None, "\n".join(lines).encode("utf-8", "replace"), (("content-type", b"text/plain"),)


def _cut(value: bytes, chance: Chance) -> bytes:
    return value[: chance.randrange(len(value) + 1)]


def _hole(value: bytes, chance: Chance) -> bytes:
    at = chance.randrange(len(value) + 1)
    return value[:at] + value[at + chance.choice((1, 1, 7, 300)) :]


def _flip(value: bytes, chance: Chance) -> bytes:
    changed = bytearray(value or b"x")
    for _ in range(chance.choice((1, 3, 20))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _insert(value: bytes, chance: Chance) -> bytes:
    for _ in range(chance.choice((1, 3, 10))):
        at = chance.randrange(len(value) + 1)
        value = value[:at] + chance.choice(TOKENS) * chance.choice((1, 1, 2, 50)) + value[at:]
    return value


def _repeat(value: bytes, chance: Chance) -> bytes:
    at = chance.randrange(len(value) + 1)
    piece = value[at : at + chance.choice((1, 20, 200))]
    return value[:at] + piece * chance.choice((2, 30, 1_000)) + value[at:]


def _splice(value: bytes, chance: Chance) -> bytes:
    _, other, _ = chance.choice(_samples())
    return value[: chance.randrange(len(value) + 1)] + other[chance.randrange(len(other) + 1) :]


def _other_charset(value: bytes, chance: Chance) -> bytes:
    charset = chance.choice(("utf-16", "utf-16-be", "utf-32", "cp1252", "shift_jis", "gb18030", "koi8-r", "cp037"))
    return value.decode("utf-8", "replace").encode(charset, "replace")


def _packed(value: bytes, chance: Chance) -> bytes:
    packed = gzip.compress(value, 1, mtime=0)
    return packed if chance.random() < 0.5 else _flip(packed, chance)


ON_BYTES: tuple[Callable[[bytes, Chance], bytes], ...] = (
    _cut, _hole, _flip, _flip, _insert, _insert, _repeat, _splice, _other_charset, _packed,
)


def _headers(headers: Headers, chance: Chance) -> Headers:
    changed = list(headers)
    for _ in range(chance.randrange(1, 4)):
        odd = str(_odd(chance)).encode("utf-8", "replace")
        value = chance.choice((
            None, b"", b"\xff\xfe\xfd", b"\xed\xa0\x80", b"a" * 100_000, b"\x00", b"1772616600", b"404", b"200",
            b"2026-03-04T09:30:00Z", b"http://[::1", b"https://harbour-news.example/header", odd, *TYPES,
        ))
        changed.insert(chance.randrange(len(changed) + 1), (chance.choice(HEADERS), value))
    return tuple(changed)


def _key(key: bytes | None, chance: Chance) -> bytes | None:
    return chance.choice((
        None, b"", b"\xff\xfe", b"\xed\xa0\x80", b"https://harbour-news.example/" + b"a" * 50_000, b"\x00",
        b"http://[::1", b"https://harbour-news.example/\xe9", b"not a url", b"https://xn--/", b"http:///x",
        b"https://user:pw@harbour-news.example:99999/x?utm_source=y#z", "https://härbour.example/ü".encode(),
        _flip(key or b"k", chance),
    ))
