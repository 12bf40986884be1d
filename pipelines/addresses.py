"""Parses web addresses without raising: a text from a page, a scraper or a key either is an address or it is not.

The standard library raises for some texts (unclosed brackets, a port that is not a number), and accepts others that
cannot be encoded later (lone surrogates). All other modules parse addresses with this one.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urljoin, urlsplit  # noqa: TID251  allowed only here

LONGEST_ADDRESS = 4_000
"""Characters of an address that are read. Browsers and servers refuse longer addresses."""

_HAS_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.I)
_BEFORE_QUERY = re.compile(r"^[^?#]*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SCHEMES = frozenset({"http", "https"})


def split_address(text: str) -> SplitResult | None:
    """The parts of a web address (http or https, with a host); None for any other text.

    As in browsers, a backslash before the query counts as a slash, and lone surrogates become U+FFFD.

    >>> split_address("//pier.example/a?b=1").path
    '/a'
    >>> split_address("http://[::1"), split_address("javascript:alert(1)"), split_address("https://pier.example:x/")
    (None, None, None)
    """
    text = _SURROGATE.sub("\ufffd", text.strip()[:LONGEST_ADDRESS])
    if "\\" in text:
        text = _BEFORE_QUERY.sub(lambda found: found[0].replace("\\", "/"), text, count=1)
    if text.startswith("//"):
        text = f"https:{text}"
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port  # raises for a port that is not a number or out of range
    except ValueError:
        return None
    if parts.scheme.lower() not in _SCHEMES or not host or not host.strip(".") or (":" in host and "%" in host):
        return None  # the zone of an IPv6 address is valid only on the machine that wrote it
    return parts


def host_of(url: str) -> str | None:
    """The host of an address, in lower case and without a port; None if there is none. The scheme may be missing.

    >>> host_of("Pier.example/a"), host_of("mailto:desk@pier.example"), host_of("http://[::1")
    ('pier.example', None, None)
    """
    parts = split_address(url if url.startswith("//") or _HAS_SCHEME.match(url) else f"https://{url}")
    return parts.hostname if parts is not None else None


def path_of(url: str | None) -> str:
    """The path of an address, with percent-encoded characters decoded; empty if the address cannot be parsed.

    >>> path_of("https://pier.example/caf%C3%A9?b=1"), path_of("/a/b"), path_of("http://[::1"), path_of(None)
    ('/café', '/a/b', '', '')
    """
    try:
        return unquote(urlsplit((url or "")[:LONGEST_ADDRESS]).path)
    except ValueError:
        return ""


def joined_address(base: str | None, link: str) -> str | None:
    """The absolute web address of a link in a page; None if the link is not to a web address.

    >>> joined_address("https://pier.example/a/b", "../c.jpg")
    'https://pier.example/c.jpg'
    >>> joined_address("https://pier.example/a", "data:image/png;base64,AA==")
    """
    if len(link) > LONGEST_ADDRESS:
        return None
    try:
        address = urljoin(base or "", link.strip())
    except ValueError:
        return None
    return _SURROGATE.sub("\ufffd", address) if split_address(address) is not None else None
