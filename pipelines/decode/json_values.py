"""A JSON value becomes a fetched page. It is either a ``raw_article`` written as JSON, or a scraper's own item."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from pipelines.decode.fetched import RIGHTS_HEADERS, Fetched
from pipelines.failures import EmptyMessage, MalformedJson

ENVELOPE = frozenset({"url", "fetched_at", "source", "content_type", "charset", "body", "http_status", "headers"})
_DEPTH = 64  # levels; scrapers' items do not nest deeper, and the functions that traverse them recurse
_VALUES = 200_000  # values in one message, whatever its size in bytes
_UNION = re.compile(r"string|bytes|int|long|map|dateline\.\w+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LOOKED_AT = 65_536  # bytes of a broken object; the page's address is near its beginning
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[][{}:,]', re.DOTALL)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def looks_like_json(value: bytes) -> bool:
    """Whether the first character, after white space and a byte order mark, opens a JSON object."""
    head = value[:200]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    return head.replace(b"\x00", b"").lstrip().startswith(b"{")


def read_json(value: bytes) -> Fetched:
    """The page in a JSON object.

    Rejects: MalformedJson (not an object, nested too deeply, too many values), EmptyMessage (no fields).
    """
    try:
        item = json.loads(value.removeprefix(_BOMS[0]), parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise MalformedJson("a JSON object in UTF-8", value=error) from None
    if not isinstance(item, dict):
        raise MalformedJson("one JSON object a message", value=type(item).__name__)
    if not item:
        raise EmptyMessage("a JSON object with fields", value="{}")
    _Bound().walk(item, 0)
    item, is_cleaned = _without_nul(item)
    warnings = ("text: NUL characters and lone surrogates were left out",) if is_cleaned else ()
    if "body" in item and item.keys() <= ENVELOPE:
        return _envelope(item, warnings)
    return _item(item, warnings)


def _envelope(item: Mapping[str, object], warnings: tuple[str, ...]) -> Fetched:
    plain = {name: _without_branch(value) for name, value in item.items()}
    is_avro = any(plain[name] is not item[name] for name in plain)
    body = plain["body"]
    if not isinstance(body, str):
        raise MalformedJson("body: a string", field="body", value=body)
    named = _headers(plain.get("headers"))
    return Fetched(
        framing="json", body=_avro_bytes(body) if is_avro else body, content_type=_text(plain.get("content_type")),
        charset=_text(plain.get("charset")) if is_avro else None, content_encoding=named.get("content-encoding"),
        url=_text(plain.get("url")), fetched_at=_time(plain.get("fetched_at")), time_unit="milliseconds",
        scraper=_text(plain.get("source")), http_status=_status(plain.get("http_status")), headers=named,
        warnings=warnings,
    )


def _item(item: Mapping[str, object], warnings: tuple[str, ...]) -> Fetched:
    keys = _keys()
    folded: dict[str, tuple[str, object]] = {}
    for key, value in item.items():
        if value not in (None, "", [], {}):
            folded.setdefault(_fold(key), (key, value))
    text_key, text = next(
        ((key, text) for key, value in _found(folded, [*keys["text"], *keys["markup"]]) if (text := _joined(value))),
        (None, ""),
    )
    first = {name: next((value for _, value in _found(folded, keys[name])), None) for name in keys}
    return Fetched(
        framing="item", body=text, url=_text(first["url"]), fetched_at=_time(first["fetched_at"]),
        scraper=_text(first["scraper"]), http_status=_status(first["http_status"]), item=item, item_key=text_key,
        headers={name: value for name, value in _headers(first["headers"]).items() if name in RIGHTS_HEADERS},
        warnings=warnings,
    )


def _headers(value: object) -> dict[str, str]:
    """Headers by lower-case name. The values of a header that has a list of them are on a line each.

    >>> _headers({"X-Robots-Tag": ["noai", "quaybot: noindex"], "Age": 3})
    {'x-robots-tag': 'noai\\nquaybot: noindex', 'age': '3'}
    """
    if not isinstance(value, Mapping):
        return {}
    return {
        str(name).lower(): "\n".join(map(str, given)) if isinstance(given, list) else str(given)
        for name, given in value.items()
    }


def members_in(value: bytes, name: str) -> list[str]:
    """The string values of an object whose keys ``items.toml`` lists for ``name``, in the order of that list.

    Reads only the top-level members in the first 64 KiB. The object may be cut off or be invalid JSON further on.

    >>> members_in(b'{"author": {"url": "https://b.example/"}, "link": "https://a.example/1", "text": "It ope', "url")
    ['https://a.example/1']
    """
    found: dict[str, str] = {}
    depth, last, key = 0, b"", b""
    for token in _TOKEN.findall(value[:_LOOKED_AT]):
        if token in b"{[}]":
            depth += 1 if token in b"{[" else -1
            key = b""
        elif token in b":,":
            key = last if token == b":" and depth == 1 else b""
        else:
            if key and (said := _string(token)):
                found.setdefault(_fold(_string(key)), said)
            last, key = token, b""
    return [found[_fold(key)] for key in _keys()[name] if _fold(key) in found]


def _string(token: bytes) -> str:
    """The string that a JSON token encodes, or an empty one if the token is not valid JSON."""
    try:
        return str(json.loads(token))
    except ValueError:
        return ""


def _found(folded: Mapping[str, tuple[str, object]], names: Iterable[str]) -> Iterable[tuple[str, object]]:
    return (folded[_fold(name)] for name in names if _fold(name) in folded)


@cache
def _keys() -> Mapping[str, list[str]]:
    return tomllib.loads(resources.files("pipelines.decode").joinpath("items.toml").read_text("utf-8"))


def _fold(key: str) -> str:
    """
    >>> _fold("articleBody") == _fold("article_body")
    True
    """
    return key.replace("_", "").replace("-", "").lower()


def _joined(value: object) -> str:
    """The text of a string or of a list of paragraphs; empty for any other value."""
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n\n".join(part.strip() for part in value if part.strip())
    return ""


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _time(value: object) -> int | float | str | None:
    return value if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None


def _status(value: object) -> int | None:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3 else value
    return number if isinstance(number, int) and 100 <= number <= 599 else None


def _without_branch(value: object) -> object:
    """The value without the union branch name that Avro's JSON encoding wraps it in: ``{"string": "…"}``."""
    if isinstance(value, Mapping) and len(value) == 1:
        (branch, inner), = value.items()
        if _UNION.fullmatch(branch) and (not isinstance(inner, str) or branch in {"string", "bytes"}):
            return inner
    return value


def _avro_bytes(body: str) -> bytes | str:
    """The bytes that Avro's JSON encoding writes as one character each; a body with characters past U+00FF is text."""
    try:
        return body.encode("latin-1")
    except UnicodeEncodeError:
        return body


class _Bound:
    """Counts the values inside a value, and rejects (``MalformedJson``) too many of them or too deep nesting."""

    def __init__(self) -> None:
        self.seen = 0

    def walk(self, value: object, depth: int) -> None:
        self.seen += 1
        if depth > _DEPTH:
            raise MalformedJson(f"nested at most {_DEPTH} deep")
        if self.seen > _VALUES:
            raise MalformedJson(f"at most {_VALUES:,} values")
        if isinstance(value, Mapping):
            for each in value.values():
                self.walk(each, depth + 1)
        elif isinstance(value, list):
            for each in value:
                self.walk(each, depth + 1)


def _without_nul(value: dict[str, object]) -> tuple[dict[str, object], bool]:
    """The item without NUL characters and lone surrogates, which are not valid in text, and whether it had any."""
    is_cleaned = False

    def clean(part: object) -> object:
        nonlocal is_cleaned
        if isinstance(part, str):
            kept = _SURROGATE.sub("", part.replace("\x00", ""))
            is_cleaned |= kept != part
            return kept
        if isinstance(part, Mapping):
            return {str(clean(key)): clean(each) for key, each in part.items()}
        return [clean(each) for each in part] if isinstance(part, list) else part

    return {str(clean(key)): clean(each) for key, each in value.items()}, is_cleaned
