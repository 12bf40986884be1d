"""The fields of a scraper's JSON item. ``tables/items.toml`` lists the keys of each field, by scraper."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from importlib.resources import files

from pipelines.clean.text import listed_in, repair, represented, shorten, tidy_line, without_references
from pipelines.records import Evidence

MOST_VALUES = 100
LONGEST_VALUE = 2_000
DEEPEST = 6

_NOTHING = frozenset(("", "nan", "none", "null", "undefined", "nat", "nil", "n/a", "[]", "{}"))
"""What programs write for a value that they do not have."""

_INLINE = re.compile(r"</?[a-z][^<>]{0,200}>", re.I)
_END_TAG = re.compile(r"</[a-z][a-z0-9]*\s*>", re.I)
_ESCAPED_LINES = re.compile(r"""(?:[.!?…。！？؟।"'”“’»)>]|\\n)(?:\\r)?\\n""")
"""A line's end that was escaped, behind a sentence or another one. A path has them behind letters and colons."""

_NAMING = ("name", "url", "text", "main", "value", "@value", "$date")
_MARKUP = re.compile(
    r"<(?:html|body|head|article|main|section|div|p|h[1-6]|br|ul|ol|span|!doctype)\b[^<>]{0,500}>", re.I
)


@dataclass(frozen=True, slots=True)
class ItemFields:
    """What an item declares about its article: strings as the scraper wrote them, dates included, not yet checked.

    ``text`` is plain text and ``html`` is markup. ``people`` are those of the authors that are declared to be persons.
    ``evidence`` gives the key that each field was read from.
    """

    title: str | None = None
    text: str | None = None
    html: str | None = None
    authors: tuple[str, ...] = ()
    people: frozenset[str] = frozenset()
    published_at: str | None = None
    modified_at: str | None = None
    canonical_url: str | None = None
    url: str | None = None
    outlet: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    language: str | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


@cache
def load_item_keys(scraper: str) -> Mapping[str, tuple[str, ...]]:
    """The keys that may hold each field, the scraper's own keys before the default ones."""
    table = tomllib.loads(files("pipelines.clean").joinpath("tables/items.toml").read_text("utf-8"))
    own = table["scrapers"].get(scraper, {})
    return {name: (*own.get(name, ()), *keys) for name, keys in table["default"].items()}


def read_item(item: Mapping[str, object], scraper: str) -> ItemFields:
    """The fields of an item, by the keys of its scraper.

    >>> read_item({"headline": "Pier opens", "maintext": "It opened.", "author": ["Ines Falk"]}, "any").authors
    ('Ines Falk',)
    """
    keys = load_item_keys(scraper)
    item = _folded(item)
    evidence: dict[str, Evidence] = {}

    def values(name: str) -> tuple[str, ...]:
        for key in keys[name]:
            found = tuple(dict.fromkeys(_strings(_at(item, key))))[:MOST_VALUES]
            if found:
                evidence[name] = Evidence("item", shorten(f"{key}: {'; '.join(found)}"))
                return found
        return ()

    def value(name: str) -> str | None:
        found = values(name)
        if not found:
            return None
        repaired = repair(found[0][: LONGEST_VALUE * 2])
        if repaired.evidence is not None:
            evidence[f"{name}_repair"] = repaired.evidence
        return shorten(tidy_line(_without_tags(without_references(repaired.text))), LONGEST_VALUE)

    text, html = _texts(item, keys, evidence)
    return ItemFields(
        title=value("title"),
        text=text,
        html=html,
        authors=tuple(map(_without_tags, values("authors"))),
        people=frozenset(name for key in keys["authors"] for name in _people(_at(item, key))),
        published_at=value("published_at"),
        modified_at=value("modified_at"),
        canonical_url=value("canonical_url"),
        url=value("url"),
        outlet=value("outlet"),
        section=value("section"),
        tags=_tags(values("tags")),
        image_url=value("image_url"),
        language=value("language"),
        evidence=evidence,
    )


def values_under(name: str, item: Mapping[str, object], scraper: str) -> tuple[str, ...]:
    """The strings under the keys that may hold a field, unchanged, in the order of the keys.

    >>> values_under("canonical_url", {"permalink": "https://outlet.example/pier", "og_url": None}, "any")
    ('https://outlet.example/pier',)
    """
    folded = _folded(item)
    values = (_at(folded, key) for key in load_item_keys(scraper)[name])
    return tuple(value for value in values if isinstance(value, str) and value.strip())


def is_nothing(text: str) -> bool:
    """Whether a text is empty, or what a program writes for a value that it does not have."""
    return text.strip().casefold() in _NOTHING


def is_markup(text: str) -> bool:
    """Whether a text is HTML: it has two tags, or a tag and an end tag.

    >>> is_markup("<p>One</p><p>Two</p>"), is_markup("a < b and b > c")
    (True, False)
    """
    tags = _MARKUP.finditer(text[:20_000])
    return next(tags, None) is not None and ("</" in text or next(tags, None) is not None)


def _texts(
    item: Mapping[str, object], keys: Mapping[str, tuple[str, ...]], evidence: dict[str, Evidence]
) -> tuple[str | None, str | None]:
    """The plain text and the markup of an item. A key that is named after one of them may hold the other."""
    text: str | None = None
    html: str | None = None
    for name in ("html", "body"):
        for key in keys[name]:
            whole = "\n\n".join(_strings(_at(item, key)))
            if not whole.strip():
                continue
            repaired = repair(whole)
            whole = _unescaped_markup(repaired.text)
            if repaired.evidence is not None:
                evidence.setdefault("body_repair", repaired.evidence)
            if is_markup(whole):
                html = html or whole
            elif text is None or name == "body":
                text = text or without_references(whole)
            evidence.setdefault("body", Evidence("item", key))
            break
    return text, html


def _at(item: Mapping[str, object], key: str) -> object:
    """The value of a key in a ``_folded`` item. A dotted key reads nested objects."""
    whole = item.get(_fold(key))
    if whole is not None or "." not in key:
        return whole
    value: object = item
    for part in key.split("."):
        if not isinstance(value, Mapping):
            return None
        folded = value if value is item else _folded(value)
        value = folded.get(_fold(part))
    return value


def _folded(item: Mapping[str, object]) -> dict[str, object]:
    """The item with its keys folded: without case, ``_`` and ``-``. Of two keys that fold alike, the first is kept."""
    folded: dict[str, object] = {}
    for key, value in item.items():
        folded.setdefault(_fold(str(key)), value)
    return folded


def _fold(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    """Every string in a value that may be a string, a number, an object with a name, or lists of these."""
    if isinstance(value, str):
        yield from (text for text in map(represented, listed_in(value)) if not is_nothing(text))
    elif isinstance(value, bool) or value is None or depth > DEEPEST:
        return
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, Mapping):
        named = next((value[key] for key in _NAMING if key in value), None)
        yield from _strings(named, depth + 1)
    elif isinstance(value, list | tuple):
        for entry in value[:10_000]:
            yield from _strings(entry, depth + 1)


def _people(value: object, depth: int = 0) -> Iterator[str]:
    """The names of the objects in a value whose type is that of a person."""
    if isinstance(value, list) and depth <= DEEPEST:
        for entry in value[:MOST_VALUES]:
            yield from _people(entry, depth + 1)
    elif isinstance(value, Mapping) and str(value.get("@type")).lower().endswith("person"):
        yield from _strings(value.get("name"), depth + 1)


def _without_tags(text: str) -> str:
    """A line without markup, if it has an end tag."""
    return _INLINE.sub("", text) if _END_TAG.search(text) is not None else text


def _unescaped_markup(text: str) -> str:
    """The markup or the lines of a text that was escaped as a whole.

    >>> _unescaped_markup("&lt;p&gt;It opened.&lt;/p&gt;"), _unescaped_markup(r"It opened.\\n\\nToday.\\n")
    ('<p>It opened.</p>', 'It opened.\\n\\nToday.\\n')
    >>> _unescaped_markup(r"From C:\\news to D:\\notes.") == r"From C:\\news to D:\\notes."
    True
    """
    if text.lstrip().startswith("&lt;") and is_markup(markup := unescape(text)):
        return markup
    if "\n" not in text and text.count("\\n") > 1 and _ESCAPED_LINES.search(text) is not None:
        return text.replace("\\r", "").replace("\\n", "\n")
    return text


def _tags(found: tuple[str, ...]) -> tuple[str, ...]:
    parts = found if len(found) != 1 else tuple(re.split(r"[,;|]", found[0]))
    tidy = (tidy_line(part[:LONGEST_VALUE]) for part in parts)
    return tuple(dict.fromkeys(tag for tag in tidy if tag and len(tag) <= 100))[:MOST_VALUES]
