"""The kind of page that the bytes are, whatever type was declared. Anything but a page rejects its message."""

from __future__ import annotations

import re

from pipelines.decode.fetched import media_type
from pipelines.failures import UnsupportedContent
from pipelines.records import PageKind

AVRO_TYPES = frozenset({
    "avro/binary", "application/avro", "application/avro-binary", "application/x-avro", "application/x-avro-binary",
    "application/vnd.apache.avro+binary", "application/vnd.confluent.avro", "application/octet-stream+avro",
})
_MARKUP_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_TEXT_TYPES = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
_ANY_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/gzip", "application/x-gzip",
                        "text", "text/xml", "application/xml", "application/unknown", "content/unknown", "*/*"})

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF"), (b"\x89PNG\r\n", "PNG image"), (b"\xff\xd8\xff", "JPEG image"), (b"GIF87a", "GIF image"),
    (b"GIF89a", "GIF image"), (b"PK\x03\x04", "ZIP archive or office document"), (b"RIFF", "WebP image or sound"),
    (b"\x00\x00\x01\x00", "icon"), (b"wOFF", "font"), (b"wOF2", "font"), (b"ID3", "sound"), (b"OggS", "sound or film"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"), (b"Rar!\x1a\x07", "RAR archive"), (b"BZh", "bzip2 file"),
    (b"\xfd7zXZ\x00", "xz file"), (b"\x28\xb5\x2f\xfd", "zstd-compressed body"), (b"\x7fELF", "program"),
    (b"\xd0\xcf\x11\xe0", "office document"), (b"{\\rtf", "RTF document"), (b"WARC/1.", "WARC file"),
    (b"Obj\x01", "Avro container file"),
)
_PAGE_START = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
                         re.IGNORECASE | re.DOTALL)
_XML_START = re.compile(r"\s*<\?xml\b[^>]{0,200}>", re.IGNORECASE)
_XML_ROOT = re.compile(r"(?:\s|<\?[^>]{0,500}>|<!--.{0,2000}?-->|<!doctype[^>]{0,500}>)*<([a-z][\w:.-]{0,60})",
                       re.IGNORECASE | re.DOTALL)
_NOT_PAGES = frozenset({"rss", "feed", "rdf:rdf", "urlset", "sitemapindex", "svg", "opml", "xsl:stylesheet", "wml"})
_TAG = re.compile(r"<(?:/?[a-z][a-z0-9]*[\s/>]|!--|!doctype)", re.IGNORECASE)
_SEARCHED = 200_000  # characters; a page whose first tag comes later is not HTML
_LINES_A_TAG = 4  # a text dump may have a stray tag, such as an embed; HTML has one in nearly every line
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def refuse_binary(body: bytes) -> None:
    """Reject (``UnsupportedContent``) a body that starts with the signature of another file format."""
    for signature, kind in _SIGNATURES:
        if body.startswith(signature):
            raise UnsupportedContent("HTML, text or a JSON item", field="body", value=kind)


def page_kind(text: str, content_type: str | None) -> PageKind:
    """``html`` or ``text``: by the characters if they are unambiguous, otherwise by the declared type.

    Rejects (``UnsupportedContent``) binary data, feeds and other XML, and declared types that are not a page's.

    >>> page_kind("<!DOCTYPE html><p>Pier</p>", "text/plain")
    'html'
    >>> page_kind("HOME | WORLD\\n\\nPier to be rebuilt", "text/html")
    'text'
    """
    declared = media_type(content_type)
    head = text[:5_000]
    if len(_CONTROL.findall(head)) * 20 > len(head):
        raise UnsupportedContent("HTML, text or a JSON item", field="body", value="binary data")
    if _PAGE_START.match(head):
        return "html"
    root = _XML_ROOT.match(head)
    if root and (root[1].lower() in _NOT_PAGES or (_XML_START.match(head) and root[1].lower() != "html")):
        raise UnsupportedContent("HTML, text or a JSON item", field="body", value=f"an XML document <{root[1]}>")
    if declared not in _MARKUP_TYPES | _TEXT_TYPES | _ANY_TYPES:
        rule = "a page: text/html, text/plain or application/json"
        raise UnsupportedContent(rule, field="content_type", value=declared)
    if declared in _TEXT_TYPES:
        return "text"
    if declared in _MARKUP_TYPES:
        return "html" if _TAG.search(text, 0, _SEARCHED) else "text"
    start = text[:_SEARCHED]
    return "html" if len(_TAG.findall(start)) > start.count("\n") // _LINES_A_TAG else "text"


def sniffed_type(start: bytes) -> str | None:
    """The media type of a page that begins with these bytes and has no type; None if it is anything but a page.

    >>> sniffed_type(b"<!DOCTYPE html><p>Pier"), sniffed_type(b"Pier to be rebuilt"), sniffed_type(b"\\x89PNG\\r\\n")
    ('text/html', 'text/plain', None)
    """
    text = start.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    if not text.strip():
        return None
    try:
        refuse_binary(start)
        return f"text/{'html' if page_kind(text, None) == 'html' else 'plain'}"
    except UnsupportedContent:
        return None


def starts_as_page(start: bytes) -> bool:
    """Whether a file that begins with these bytes is an HTML page, whatever its name is."""
    return _PAGE_START.match(start.removeprefix(b"\xef\xbb\xbf").decode("latin-1")) is not None


def is_json_type(content_type: str | None) -> bool:
    declared = media_type(content_type)
    return declared in {"application/json", "text/json"} or declared.endswith("+json")


def is_text_type(content_type: str | None) -> bool:
    """Whether the type declares the value to be text, so that its first bytes are not a binary framing."""
    characters = _MARKUP_TYPES | _TEXT_TYPES | {"text/xml", "application/xml"}
    return media_type(content_type) in characters or is_json_type(content_type)
