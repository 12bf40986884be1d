"""A message becomes a raw article: its framing is detected, its body unpacked and decoded, its fetch time read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.addresses import split_address
from pipelines.decode import avro, media
from pipelines.decode.article import read_article
from pipelines.decode.charset import Decoded, decode_text
from pipelines.decode.compression import ContentDamaged, decode_content, unpack
from pipelines.decode.fetched import RIGHTS_HEADERS, Fetched, media_type
from pipelines.decode.json_values import looks_like_json, members_in, read_json
from pipelines.decode.times import fetch_time
from pipelines.failures import (
    EmptyMessage,
    FetchFailed,
    MalformedAvro,
    MalformedJson,
    OversizedMessage,
    Rejected,
)
from pipelines.records import UNKNOWN_SCRAPER, Evidence, RawArticle, RawMessage, scraper_name
from pipelines.settings import Limits
from schemas import Registry
from schemas.own import FetchSchema, load_registry

_URL = re.compile(r"https?://[^\s\x00-\x20\x7f]+", re.IGNORECASE)
_URL_CHARACTERS = 4_096
_HEADER_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True)
class Decoder:
    """What decoding needs: the schemas, the limits on a message's size, and whether it may be a finished article."""

    registry: Registry
    limits: Limits
    accepts_articles: bool = False


def load_decoder(
    limits: Limits, schema_ids: Mapping[int, str], own_schemas: Path | None = None, fetch: FetchSchema | None = None,
    *, accepts_articles: bool = False,
) -> Decoder:
    return Decoder(load_registry(own_schemas, schema_ids, fetch), limits, accepts_articles)


def decode_message(message: RawMessage, decoder: Decoder) -> RawArticle | dict[str, Any]:
    """The raw article in a message, or the Avro article, if the decoder accepts those of another Dateline.

    The caller handles tombstones, which have no value to decode.

    Rejects: OversizedMessage, EmptyMessage, UnknownSchema, MalformedAvro, MalformedJson, MalformedGzip,
    UndecodableText, UnsupportedContent, FetchFailed, ImplausibleTime.
    """
    value = message.value
    assert value is not None, "a tombstone is a delete request, and never decoded"
    if len(value) > decoder.limits.message_bytes:
        rule = f"at most {decoder.limits.message_bytes:,} bytes"
        raise OversizedMessage(rule, field="value", value=f"{len(value):,} bytes")
    if not value.strip():
        raise EmptyMessage("a value that is not empty", field="value")
    if decoder.accepts_articles and (article := read_article(message, decoder.registry)) is not None:
        return article
    fetched = _with_headers(_unframed(message, value, decoder), message)
    try:
        fetched = _unwrapped(fetched, decoder)
        return _article(message, fetched, decoder)
    except Rejected as fault:
        fault.scraper, fault.url = _scraper(fetched), _url(fetched, None)[0]
        raise


def _unframed(message: RawMessage, value: bytes, decoder: Decoder) -> Fetched:
    declared = _header(message, "content-type")
    is_avro = media_type(declared) in media.AVRO_TYPES
    value = unpack(value, decoder.limits.body_bytes)
    if avro.is_single_object(value):
        return avro.read_single_object(value, decoder.registry)
    if avro.is_confluent(value) and (not media.is_text_type(declared) or avro.knows_id(value, decoder.registry)):
        return avro.read_confluent(value, decoder.registry)
    if is_avro:
        rule = "Avro single-object encoding or Confluent's wire format, as content-type says"
        raise MalformedAvro(rule, value=value[:10].hex(" "))
    is_json = media.is_json_type(declared)
    if is_json or looks_like_json(value):
        try:
            return read_json(value)
        except MalformedJson:
            if is_json or not media.is_text_type(declared):
                raise
    return Fetched(framing="headers", body=value, content_type=declared, charset=_charset(declared))


def _with_headers(fetched: Fetched, message: RawMessage) -> Fetched:
    """The page, with the fields that its framing leaves out filled in from the message's headers."""
    status = _header(message, "http-status") or ""
    return replace(
        fetched,
        url=fetched.url or message.header("url"),
        charset=(
            fetched.charset or _charset(fetched.content_type) or _charset(fetched.headers.get("content-type"))
            or message.header("charset")
        ),
        fetched_at=fetched.fetched_at if fetched.fetched_at is not None else _header(message, "fetched-at"),
        scraper=fetched.scraper or message.header("source"),
        content_encoding=fetched.content_encoding or _header(message, "content-encoding"),
        truncated=fetched.headers.get("warc-truncated") or _header(message, "warc-truncated"),
        http_status=fetched.http_status or (int(status) if status.isascii() and status.isdigit() else None),
        headers={**_response_headers(message), **fetched.headers},
    )


def _response_headers(message: RawMessage) -> dict[str, str]:
    """The headers of the page's response that declare rights, if the message has them: by their names, or with
    ``http-`` before. The values of one that was sent several times are on a line each.
    """
    found: dict[str, list[str]] = {}
    for key, value in message.headers:
        name = key.lower().removeprefix("http-")
        if name in RIGHTS_HEADERS and value is not None:
            found.setdefault(name, []).append(value.decode("utf-8", "replace"))
    return {name: "\n".join(values)[:_HEADER_CHARACTERS] for name, values in found.items()}


def _header(message: RawMessage, name: str) -> str | None:
    """A header by its name, or by the name with underscores in place of hyphens (fetched_at for fetched-at)."""
    return message.header(name) or message.header(name.replace("-", "_"))


def _unwrapped(fetched: Fetched, decoder: Decoder) -> Fetched:
    """The item in the body of an Avro message or a JSON envelope, whatever type is declared; otherwise the page itself.
    """
    _refuse_failed(fetched)
    if fetched.item is not None or fetched.framing == "headers":
        return fetched
    is_json = media.is_json_type(fetched.content_type)
    limit = decoder.limits.body_bytes
    body = fetched.body
    body = body.encode() if isinstance(body, str) else _unpacked(body, fetched.content_encoding, limit)
    if not is_json and not looks_like_json(body):
        return fetched
    if not body.strip():
        raise EmptyMessage("a body that is not empty", field="body")
    try:
        return _item_inside(fetched, read_json(body))
    except MalformedJson:
        if is_json:
            raise
        return fetched


def _refuse_failed(fetched: Fetched) -> None:
    if fetched.http_status is not None and fetched.http_status >= 400:
        raise FetchFailed("an HTTP status below 400", field="http_status", value=fetched.http_status)


def _article(message: RawMessage, fetched: Fetched, decoder: Decoder) -> RawArticle:
    _refuse_failed(fetched)
    at = fetch_time(fetched.fetched_at, fetched.time_unit, message.timestamp, fetched.framing)
    text = _characters(fetched, decoder)
    if not text.text.strip() and fetched.item is None:
        raise EmptyMessage("a body that is not empty", field="body")
    url, url_evidence, url_warnings = _url(fetched, message.key)
    evidence = {"fetched_at": at.evidence, "charset": _charset_evidence(text)} | url_evidence
    if fetched.item_key is not None:
        evidence["body"] = Evidence("item", fetched.item_key)
    if fetched.truncated:
        evidence["is_truncated"] = Evidence("warc-truncated", fetched.truncated[:200])
    return RawArticle(
        coordinates=message.coordinates,
        scraper=_scraper(fetched),
        kind="item" if fetched.item is not None else media.page_kind(text.text, fetched.content_type),
        text=text.text, fetched_at=at.at, url=url, charset=text.charset, http_status=fetched.http_status,
        headers=dict(fetched.headers), item=fetched.item, is_truncated=bool(fetched.truncated), evidence=evidence,
        warnings=(*fetched.warnings, *text.warnings, *at.warnings, *url_warnings),
    )


def _item_inside(outer: Fetched, inner: Fetched) -> Fetched:
    """The item, with the fetch as the record around it declares it, or as the item does if the record does not."""
    return replace(
        inner, framing=outer.framing, content_type=None, url=outer.url or inner.url,
        fetched_at=outer.fetched_at, time_unit=outer.time_unit, scraper=outer.scraper or inner.scraper,
        http_status=outer.http_status or inner.http_status, headers={**inner.headers, **outer.headers},
    )


def _scraper(fetched: Fetched) -> str:
    return scraper_name(fetched.scraper) or UNKNOWN_SCRAPER


def _characters(fetched: Fetched, decoder: Decoder) -> Decoded:
    """The body's characters without NULs, with a warning if the page itself contains U+FFFD."""
    if isinstance(fetched.body, str):
        decoded = Decoded(fetched.body, "utf-8", "json")
    else:
        body = _unpacked(fetched.body, fetched.content_encoding, decoder.limits.body_bytes)
        media.refuse_binary(body)
        decoded = decode_text(body, fetched.charset, markup=media_type(fetched.content_type) != "text/plain")
    warnings = decoded.warnings
    if "\x00" in decoded.text and decoded.text.count("\x00") * 20 <= len(decoded.text):
        decoded = replace(decoded, text=decoded.text.replace("\x00", ""))
        warnings = (*warnings, "text: NUL characters were left out")
    if "\ufffd" in decoded.text:
        warnings = (*warnings, "text: the page itself contains U+FFFD: an earlier program lost characters")
    return replace(decoded, warnings=warnings)


def _unpacked(body: bytes, encoding: str | None, limit: int) -> bytes:
    """The body without gzip, Brotli and zstd. A damaged one is returned as it is: it is not a page, and is rejected."""
    body = unpack(body, limit)
    try:
        body = decode_content(body, encoding, limit)
    except ContentDamaged:
        return body
    if len(body) > limit:
        raise OversizedMessage(f"at most {limit:,} bytes after decompression", field="body")
    return body


def _charset(content_type: str | None) -> str | None:
    """
    >>> _charset('text/html; charset="UTF-8"')
    'UTF-8'
    """
    found = re.search(r";\s*charset\s*=\s*[\"']?([\w.:-]{1,40})", content_type or "", re.IGNORECASE)
    return found[1] if found else None


def _charset_evidence(text: Decoded) -> Evidence:
    said = [f"{how} {charset}" for how, charset in text.declared]
    return Evidence(text.how, f"{'; '.join(said) or 'none declared'}; read as {text.charset}"[:200])


def _url(fetched: Fetched, key: bytes | None) -> tuple[str | None, dict[str, Evidence], tuple[str, ...]]:
    """The page's address, its evidence and warnings: from the producer or from the key, if either is a web address."""
    said = fetched.url.strip() if fetched.url else None
    if said and _is_address(said):
        return said, {"url": Evidence(fetched.framing, said[:200])}, ()
    warnings = (f"url: {said[:80]!r} is not a web address",) if said else ()
    from_key = _address_in(key)
    if from_key is not None:
        return from_key, {"url": Evidence("kafka key", from_key[:200])}, warnings
    return None, {}, warnings


def _address_in(key: bytes | None) -> str | None:
    found = (key or b"")[: _URL_CHARACTERS + 1].decode("utf-8", "replace").strip()
    return found if _is_address(found) else None


def declared_url(message: RawMessage) -> str | None:
    """The page's address outside the message's value: in the header ``url`` or as the key; None if neither has one."""
    in_header = (message.header("url") or "").strip()
    return in_header if _is_address(in_header) else _address_in(message.key)


def readable_url(message: RawMessage) -> str | None:
    """The page's address in a value that looks like JSON, even if it cannot be parsed as JSON: see ``members_in``."""
    value = message.value
    if value is None or not looks_like_json(value):
        return None
    members = members_in(value, "url")
    return next((said.strip() for said in members if _is_address(said.strip())), None)


def _is_address(said: str) -> bool:
    """Whether the text is a web address that can be parsed.

    >>> _is_address("https://harbour-news.example/pier"), _is_address("http://[::1"), _is_address("pier")
    (True, False, False)
    """
    if len(said) > _URL_CHARACTERS or "\ufffd" in said or _URL.fullmatch(said) is None:
        return False
    return split_address(said) is not None
