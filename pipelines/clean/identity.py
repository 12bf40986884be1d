"""An article's identity: its canonical URL, its id, the hash of its text, and the signature of its story."""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import zip_longest
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlunsplit

import rensa
import tldextract
from w3lib.url import canonicalize_url

from pipelines.addresses import host_of, split_address

LONGEST_HOST = 253
BODY_PLACES = 126
LEAD_PLACES = 66
LEAD_WORDS = 150
SIGNATURE_SEED = 20
SHINGLE_WORDS = 5
FEWEST_WORDS = 30
LONGEST_LABEL = 80
"""Characters of a line that can be a label of the page."""


# Thai, Lao, Burmese, Khmer, kana, Han: scripts without spaces between words
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD, _SPACED_WORD = re.compile(rf"[{_UNSPACED}]|\w+"), re.compile(r"\w+")
find_stop = re.compile(r"""[!?…;"“”„«»‹›()\[\]*。！？؟۔।॥።།]|\.(?!\d)|:(?!\s?[\d.,]+$)""").search
_DIGIT = re.compile(r"\d")
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_AMP_CACHE = re.compile(r"^/(?:[a-z]+/)?(s/)?([a-z0-9.-]+\.[a-z]{2,}(?:[:/].*)?)$", re.I)
_AMP_TAIL = re.compile(r"(?:/amp/?|\.amp)$|(?:[._-]amp|/amp)(?=\.(?:s?html?|php)$)|/amp(?=/index\.html$)", re.I)
_AMP_HEAD = re.compile(r"^/amp(?=/[^/]+)", re.I)
_PATH_SESSION = re.compile(r";(?:(?:jsessionid|phpsessid)=[^/?#]*|sid=[^/?#]{16,})", re.I)
_PRINT_TAIL = re.compile(r"(?<=[\w.-]{12})/print/?$", re.I)  # only after a slug, since /world/print is a section
_INNER_VARIANT = re.compile(r"^/(?:m|mobile)(?=/[^/]+/.)|/amp(?=/.)", re.I)
_UNENCODABLE = re.compile(r"[\ud800-\udfff]")
_DAY_PATH = re.compile(r"(?:19|20)\d\d/(?:0?[1-9]|1[0-2])(?:/(?:0?[1-9]|[12]\d|3[01]))?")
_ID_DIGITS = range(4, 10)
"""The digits of an article's number in a query. One with more may be a time or a session's."""

LONGEST_SECTION = 2
"""Digits of the number of a section or of a page of a list."""

_PLACEHOLDER = re.compile(
    r"(?:^|/)(?:(?:undefined|null)(?:-(?:undefined|null))*|none|nan|false|\[object(?:%20| )object\])/?$"
    r"|\{\{|%7B%7B|\$\{|(?:<|%3C)(?:\?|%|$)|[/=](?:\[|%5B)[\w.]+(?:\]|%5D)(?:[/&]|$)", re.I)
"""An address that a faulty template wrote."""

_PROGRAM = re.compile(r"\.(?:php|aspx?|jsp|do|cgi|cfm|pl|s?html?)$", re.I)
_SLASHES = re.compile(r"(?<!:)/{2,}")
_NAMING_FRAGMENT = re.compile(r"!.|/.*\d", re.S)  # a fragment with a hashbang or a route identifies the article
_NUMBER = re.compile(r"\d{2,}")
_ARCHIVED = re.compile(r"^/web/\d{4,14}(?:[a-z]{2}_)?/(https?:/{1,2}.+)$", re.I)
_PATH_ID = re.compile(r"\d{5,}|(?:[^\W\d_]|[-_.])\d+(?:/|\.\w+/)$", re.I)
"""An article's id in a path: a long number, or a number at the end of a slug. It is not a year, month or day."""


@dataclass(frozen=True, slots=True)
class UrlTables:
    """The tables of ``tables/urls.toml``."""

    tracking: frozenset[str]
    prefixes: tuple[str, ...]
    ambiguous: frozenset[str]
    ambiguous_prefixes: tuple[str, ...]
    sessions: frozenset[str]
    shortest_session: int
    variants: Mapping[str, frozenset[str]]
    variant_hosts: frozenset[str]
    wrappers: Mapping[str, tuple[str, ...]]
    homes: frozenset[str]
    indexes: frozenset[str]


@cache
def load_url_tables() -> UrlTables:
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/urls.toml").read_text("utf-8"))
    variants: dict[str, frozenset[str]] = {}
    for kind in ("amp", "mobile", "view"):
        for name, values in table[kind]["parameters"].items():
            variants[name] = variants.get(name, frozenset()) | frozenset(values)
    return UrlTables(
        tracking=frozenset(name.lower() for name in table["tracking"]["names"]),
        prefixes=tuple(table["tracking"]["prefixes"]),
        ambiguous=frozenset(table["ambiguous"]["names"]),
        ambiguous_prefixes=tuple(table["ambiguous"]["prefixes"]),
        sessions=frozenset(table["session"]["names"]),
        shortest_session=table["session"]["shortest"],
        variants=variants,
        variant_hosts=frozenset([*table["amp"]["hosts"], *table["mobile"]["hosts"]]),
        wrappers={host: tuple(declared) for host, declared in table["wrappers"]["parameters"].items()},
        homes=frozenset(table["home"]["paths"]),
        indexes=frozenset(table["home"]["indexes"]),
    )


@cache
def _suffixes() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # the bundled list: steps use no network


def registered_domain(url: str) -> str | None:
    """The domain that the publisher registered, by the bundled public suffix list, in ASCII as in a canonical URL.

    >>> registered_domain("https://m.news.outlet.co.uk/a"), registered_domain("https://www.Möwe.example./a")
    ('outlet.co.uk', 'xn--mwe-sna.example')
    >>> registered_domain(f"https://{'a' * 300}.com/")  # longer than a name in DNS may be (RFC 1035)

    """
    host = (host_of(url) or "").removesuffix(".")  # the root of DNS
    with suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    return _registered(host) if 0 < len(host) <= LONGEST_HOST else None


@lru_cache(maxsize=1024)
def _registered(host: str) -> str:
    known = _suffixes().extract_str(host).top_domain_under_public_suffix
    if known or host.replace(".", "").isdigit() or ":" in host:
        return known or host
    return ".".join(host.split(".")[-2:])  # the list's default rule, for suffixes it does not know (.example)


def canonical_url(url: str, declared: str | None = None) -> str:
    """An article's address without tracking, session, fragment, AMP or mobile variant, so that each article has one.

    ``declared`` is the page's own canonical link; it is used if ``accepts_declared``. Ids in the query are kept. A text
    that is not a web address is only stripped.

    >>> canonical_url("http://m.outlet.example/a/pier-12?utm_source=x&id=7&amp=1#top")
    'https://outlet.example/a/pier-12?id=7'
    >>> canonical_url("https://www.google.com/amp/s/www.outlet.example/pier/amp/")
    'https://www.outlet.example/pier'
    """
    if declared is not None and accepts_declared(url, declared):
        url = declared
    parts = split_address(url)
    return _UNENCODABLE.sub("\ufffd", url.strip()) if parts is None else _canonical(parts)


@lru_cache(maxsize=64)  # each address is needed several times
def _canonical(parts: SplitResult) -> str:
    tables = load_url_tables()
    parts = _unwrapped(parts)
    host = _plain_host(parts.hostname or "", tables)
    path = _PRINT_TAIL.sub("", _SLASHES.sub("/", _PATH_SESSION.sub("", parts.path or "/")))
    path = _AMP_HEAD.sub("", _AMP_TAIL.sub("", path)) or "/"
    kept = [pair for pair in _pairs(parts.query) if not _is_noise(*pair, tables)]
    query = urlencode(kept, errors="surrogateescape")  # keeps bytes that are not UTF-8
    port = _port(parts)
    fragment = parts.fragment if _NAMING_FRAGMENT.match(parts.fragment) else ""
    plain = urlunsplit(("https", host + (f":{port}" if port else ""), path, query, fragment))
    return str(canonicalize_url(plain, keep_blank_values=True, keep_fragments=bool(fragment)))


def accepts_declared(url: str | None, declared: str) -> bool:
    """Whether a page's canonical link is plausible: of the same publisher, and not a front page or section page.

    >>> accepts_declared("https://m.outlet.example/a/1", "https://www.outlet.example/news/1")
    True
    >>> accepts_declared("https://outlet.example/a/1", "https://outlet.example/")
    False
    >>> accepts_declared("https://outlet.example/a/pier-opens-at-last", "https://outlet.example/a/undefined")
    False
    >>> accepts_declared("https://outlet.example/news.php?id=812", "https://outlet.example/news.php")
    False
    """
    theirs = split_address(declared)
    if theirs is None or any(map(_PLACEHOLDER.search, (theirs.path, f"?{theirs.query}"))) or _is_home(theirs):
        return False
    if url is None:
        return True
    ours = split_address(url)
    if ours is None:
        return True
    ours = _unwrapped(ours)
    if registered_domain(urlunsplit(ours)) != registered_domain(declared):
        return False
    shorter, longer = theirs.path.rstrip("/") + "/", ours.path.rstrip("/") + "/"
    plain = _PRINT_TAIL.sub("", _AMP_TAIL.sub("", ours.path)) + "/"
    is_section = longer != shorter and longer.startswith(shorter) and plain != shorter
    if _loses_id(ours, theirs) or (_names_article(ours.path) and _is_front(theirs) and plain != shorter):
        return False
    return not is_section or _PATH_ID.search(shorter) is not None  # has an article's id


def _loses_id(ours: SplitResult, theirs: SplitResult) -> bool:
    """Whether a canonical link drops the parameter of the query that tells the outlet's articles apart.

    The path of such an outlet is that of a program, or names no article.
    """
    tables = load_url_tables()
    kept = [value or name for name, value in _pairs(ours.query) if not _is_noise(name, value, tables)]
    is_same = ours.path.rstrip("/") == theirs.path.rstrip("/")
    if not any(_names_article(value) for value in kept):
        return False
    given = [value or name for name, value in _pairs(theirs.query)]
    if given:  # a section alone is left: ?cat=3 of ?cat=3&no=8121
        is_id = any(value.isdigit() and len(value) in _ID_DIGITS for value in kept if value not in given)
        is_part = is_same and not _names_article(ours.path) and set(given) < set(kept)
        return is_part and is_id and max(map(len, given)) <= LONGEST_SECTION
    is_of_program = _PROGRAM.search(ours.path) is not None and not _names_article(ours.path)
    return (is_same and not _names_article(ours.path)) or (is_of_program and _is_section(theirs)) or (
        _PROGRAM.search(theirs.path) is not None and not _names_article(theirs.path))


def _names_article(path: str) -> bool:
    """Whether the last part of a path, or a value of a query, can name an article: it has a number or three words."""
    last = _PROGRAM.sub("", path.rstrip("/").rpartition("/")[2])
    return any(map(str.isdigit, last)) or len([word for word in re.split(r"[-_+%]", last) if word]) > 2


def _is_home(parts: SplitResult) -> bool:
    return parts.path.rstrip("/").lower() in load_url_tables().homes and not parts.query


def _is_section(parts: SplitResult) -> bool:
    """Whether an address is of one plain word."""
    return "/" not in parts.path.strip("/") and _is_front(parts)


def _is_front(parts: SplitResult) -> bool:
    """Whether an address is like a section's front page, or a month's: one or two plain words, or a date."""
    words = [word for word in parts.path.split("/") if word]
    if any(_names_article(value) or value.isalpha() for _, value in _pairs(parts.query)):
        return False
    is_day = _DAY_PATH.fullmatch("/".join(words)) is not None
    return is_day or (len(words) in (1, 2) and all(re.fullmatch(r"[^\W\d_]+", word) for word in words))


def article_id_of_url(url: str) -> str:
    """The id of the article at an address: 32 hexadecimal digits, the same for all spellings of the address.

    Ignores parts that ``canonical_url`` keeps so that the link works: ``www.``, a final slash, an index file, mobile
    and AMP paths.

    >>> article_id_of_url("http://www.outlet.example/a/") == article_id_of_url("https://outlet.example/a?fbclid=1")
    True
    """
    return hashlib.sha256(f"url:{_folded(canonical_url(url))}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def identity_of(url: str | None, content: str) -> str:
    """The id of an article: from its canonical URL, or from its content hash if it has none."""
    if url is not None:
        return article_id_of_url(url)
    return hashlib.sha256(f"text:{content}".encode()).hexdigest()[:32]


def text_hash(title: str, body: str) -> str:
    """The hash of all of title and body: 64 hexadecimal digits. White space and Unicode forms make no difference.

    >>> text_hash("Pier", "It  opens.\\n\\nToday.") == text_hash("Pier ", "It opens. Today.")
    True
    """
    text = "\n".join(" ".join(unicodedata.normalize("NFC", part).split()) for part in (title, body))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def content_hash(title: str, body: str) -> str:
    """The hash by which versions are told apart: ``text_hash`` without lines that pages show beside an article.

    These are labels (counters, ages, names of sections): short paragraphs without a stop that stand before the first
    sentence, or that have a digit and stand between two paragraphs that are no labels.

    >>> content_hash("Pier", "It opens.\\n\\n12 shares") == content_hash("Pier", "It opens.\\n\\n31 shares")
    True
    >>> content_hash("Pier", "It opens.\\n\\nHow?") == content_hash("Pier", "It opens.\\n\\nWhy?")
    False
    """
    return text_hash(title, "\n\n".join(_without_labels(body.split("\n\n"))))


def _without_labels(paragraphs: Sequence[str]) -> Iterator[str]:
    labels = [
        _is_label(paragraph) and not after[:1].islower()
        for paragraph, after in zip_longest(paragraphs, paragraphs[1:], fillvalue="")
    ]
    if 2 * sum(labels) > len(labels):  # a list, or verses
        yield from paragraphs
        return
    first = labels.index(False)
    for number, paragraph in enumerate(paragraphs):
        is_in_a_run = any(labels[number - 1 : number] + labels[number + 1 : number + 2])
        if not labels[number] or (number > first and (is_in_a_run or not _DIGIT.search(paragraph))):
            yield paragraph


def _is_label(paragraph: str) -> bool:
    """Whether a paragraph is short and has no sign of a sentence, in a script that has such signs.

    >>> [_is_label(text) for text in ("45 minutes ago", "„Nie genommen“", "Correction: a name", "ราคา 90 ล้านบาท")]
    [True, False, False, False]
    """
    return len(paragraph) <= LONGEST_LABEL and not find_stop(paragraph) and not _HAS_UNSPACED.search(paragraph)


def story_signature(body: str) -> tuple[int, ...]:
    """The body's MinHash, used to find copies of a story: 192 numbers below 2**32; () for short bodies.

    Method: Broder (1997) over the distinct runs of five case-folded words (characters, in scripts without spaces), by
    rensa's RMinHash. The first 126 places are of the whole body, the other 66 of its first 150 words. The share of
    equal places estimates the Jaccard similarity J of two bodies' shingles. A copy whose end was trimmed has low J and
    high containment: with n and m words, shared = J(n+m)/(1+J), containment = shared/min(n, m). If a short text was
    trimmed from a long one, the whole bodies hardly look alike, so the leads, which trimming keeps, are compared too:
    see ``pipelines.resolve.stories``.

    >>> len(story_signature("one two three " * 10)), story_signature("Too short.")
    (192, ())
    """
    is_spaced = body.isascii() or not _HAS_UNSPACED.search(body)
    words = (_SPACED_WORD if is_spaced else _WORD).findall(body.casefold())
    if len(words) < FEWEST_WORDS:
        return ()
    sketch = rensa.RMinHash(num_perm=BODY_PLACES, seed=SIGNATURE_SEED)
    sketch.update(_shingles(words[:LEAD_WORDS]))
    lead = sketch.digest()[:LEAD_PLACES]
    if len(words) > LEAD_WORDS:
        sketch.update(_shingles(words[LEAD_WORDS - SHINGLE_WORDS + 1 :]))
    return tuple(map(int, (*sketch.digest(), *lead)))


def _shingles(words: list[str]) -> list[str]:
    """The runs of words, in order. One that comes twice changes nothing, since a MinHash keeps smallest values."""
    return list(map(" ".join, zip(*(words[at:] for at in range(SHINGLE_WORDS)), strict=False)))


def _unwrapped(parts: SplitResult) -> SplitResult:
    """The article's address inside the address of a redirect, an archive or an AMP cache; otherwise unchanged."""
    host = (parts.hostname or "").lower()
    for beginning, (path, *names) in load_url_tables().wrappers.items():
        if parts.path == path and (host == beginning or host.startswith(f"{beginning}.")):
            inner = [split_address(value) for name, value in _pairs(parts.query) if name in names]
            return next((one for one in inner if one is not None), parts)
    archived = _ARCHIVED.match(parts.path) if host == "web.archive.org" else None
    if archived is not None:
        inner_url = re.sub(r":/+", "://", archived[1], count=1)
        return split_address(inner_url + (f"?{parts.query}" if parts.query else "")) or parts
    return _out_of_amp_cache(parts)


def _out_of_amp_cache(parts: SplitResult) -> SplitResult:
    host = (parts.hostname or "").lower()
    is_viewer = host.startswith("www.google.") and parts.path.startswith("/amp/")
    if not (is_viewer or host.endswith((".cdn.ampproject.org", ".bing-amp.com", "www.bing-amp.com"))):
        return parts
    path = parts.path.removeprefix("/amp") if is_viewer else parts.path
    match = _AMP_CACHE.match(path)
    if match is None:
        return parts
    inner = split_address(f"https://{match[2]}" + (f"?{parts.query}" if parts.query else ""))
    return inner or parts


def _plain_host(host: str, tables: UrlTables) -> str:
    if not host.isascii():  # as in browsers, full stops of other scripts count as dots
        host = unicodedata.normalize("NFKC", host).replace("\u3002", ".")
    host = host.lower().rstrip(".")
    if ":" in host:
        return f"[{host}]"
    base = _registered(host)
    labels = host.removesuffix(base).rstrip(".").split(".") if host != base else []
    kept = [label for label in labels if label not in tables.variant_hosts]
    return ".".join([*kept, base])


def _pairs(query: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")[:100]
    return [(name.removeprefix("amp;"), value) for name, value in pairs]  # from links with an escaped &


def _is_noise(name: str, value: str, tables: UrlTables) -> bool:
    name = name.lower()
    if name in tables.tracking or name.startswith(tables.prefixes):
        return True
    if name in tables.ambiguous or name.startswith(tables.ambiguous_prefixes):
        return _NUMBER.fullmatch(value) is None
    if name in tables.sessions:
        return len(value) >= tables.shortest_session and not value.isdigit()
    variants = tables.variants.get(name, frozenset())
    return "*" in variants or value.lower() in variants


def _port(parts: SplitResult) -> int | None:
    return None if parts.port in {None, 80, 443} else parts.port


def _folded(url: str) -> str:
    parts = split_address(url)
    if parts is None:
        return url
    path, _, last = parts.path.rpartition("/")
    path = path if last.lower() in load_url_tables().indexes else parts.path
    path = unicodedata.normalize("NFC", unquote(_INNER_VARIANT.sub("", path), errors="surrogateescape"))
    path = quote(path, safe="/", errors="surrogateescape").rstrip("/")
    return urlunsplit(("https", parts.netloc.removeprefix("www."), path, parts.query, parts.fragment))
