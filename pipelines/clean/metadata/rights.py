"""Reads what a page declares about the use of its article: directives for robots, TDM reservation, licence, paywall.

A page may show what others declare of their texts and pictures: a reader's comment with a meta tag, a photograph with a
licence. So a meta tag counts only in the head, a link's licence not inside of a figure or a comment, and JSON-LD only
if it describes the article or its page.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from lxml import etree

from pipelines.addresses import joined_address
from pipelines.clean.html.markup import finder
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head, is_in_text
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, articles_of, text_of, types_of
from pipelines.clean.metadata.robots import ALL_ROBOTS, restrictions_in
from pipelines.clean.text import shorten
from pipelines.records import Evidence, Rights

ROBOTS_HEADER = "x-robots-tag"
RESERVATION, POLICY = "tdm-reservation", "tdm-policy"
LONGEST_VALUE = 2_000
MOST_TAGS = 800
MOST_LINKS = 200
MOST_PARTS = 50

_TIERS = {"free": True, "metered": False, "locked": False}
_TIER = "article:content_tier"
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DECLARED = {
    "license": "license", "usage_info": "usageInfo", "acquire_license_page": "acquireLicensePage",
    "copyright_notice": "copyrightNotice",
}
"""Fields, each with its property in schema.org."""

_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd\ud800-\udfff]+")
_LICENSE_LINKS = finder("/descendant::a[@rel and @href]")
_OF_OTHERS = ("figure", "figcaption", "picture", "aside", "blockquote")
_BOX_OF_OTHERS = re.compile(
    r"(?:^|[\s_-])(?:comments?|repl(?:y|ies)|responses?|photos?|images?|captions?|credits?|gallery|media)(?:$|[\s_-])",
    re.I)


@dataclass(frozen=True, slots=True)
class Declared:
    """Rights, and for each field that is declared the evidence of it."""

    rights: Rights = field(default_factory=Rights)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)

    def over(self, other: Declared) -> Declared:
        """What either declares. Restrictions for robots add up; of any other field, this one's value counts."""
        ours, theirs = self.rights, other.rights
        merged = {
            name: getattr(theirs if getattr(ours, name) is None else ours, name) for name in Rights.__slots__
            if name != "robots"
        }
        robots = tuple(dict.fromkeys((*ours.robots, *theirs.robots)))
        evidence = {**other.evidence, **self.evidence}
        both = [found.evidence["robots"] for found in (self, other) if "robots" in found.evidence]
        if robots != ours.robots and len(both) > 1:
            evidence["robots"] = Evidence(
                ", ".join(dict.fromkeys(seen.how for seen in both)), "; ".join(seen.read_from or "" for seen in both))
        return Declared(Rights(robots, **merged), evidence)


def describing(data: LinkedData, article: JsonObject | None) -> list[JsonObject]:
    """The objects of JSON-LD that describe the article and its page, the article's own first."""
    pages = [found for found in data.own() if any(kind.endswith("webpage") for kind in types_of(found))]
    return [article, *pages] if article is not None else pages


def read_rights(root: etree._Element, head: Head, objects: Iterable[JsonObject], base: str | None,
                agents: Collection[str] = ()) -> Declared:
    """What a page declares in its meta tags, its links, and the ``objects`` that describe it.

    ``agents`` are the robots whose directives count as well as those for all robots, in lower case.
    """
    metas = _metas(root, agents)
    described = _of_objects(objects, "json-ld")
    if described.rights.license is None and (license_ := _linked_license(root, head, base)) is not None:
        described = _with(described, "license", license_)
    if described.rights.is_accessible_for_free is None and (is_free := _tier(head)) is not None:
        described = _with(described, "is_accessible_for_free", is_free)
    return metas.over(described)


def read_header_rights(headers: Mapping[str, str], agents: Collection[str] = ()) -> Declared:
    """What the headers of the page's response declare. The values of a header that was sent twice are on two lines.

    >>> read_header_rights({"x-robots-tag": "noai", "tdm-reservation": "1"}).rights.tdm_reserved
    True
    """
    lines = headers.get(ROBOTS_HEADER, "")
    robots = [(ROBOTS_HEADER, lines)] if lines else []
    tdm = {name: headers[name].partition("\n")[0] for name in (RESERVATION, POLICY) if headers.get(name)}
    return _of_robots_and_tdm(robots, tdm, "response header", agents)


def read_item_rights(item: JsonObject) -> Declared:
    """What a scraper's item declares under the names of schema.org's properties.

    >>> read_item_rights({"isAccessibleForFree": "False"}).rights.is_accessible_for_free
    False
    """
    return _of_objects([item], "item")


def _metas(root: etree._Element, agents: Collection[str]) -> Declared:
    robots: list[tuple[str, str]] = []
    tdm: dict[str, str] = {}
    for tag in islice(root.iter("meta"), MOST_TAGS):
        name, content = (tag.get("name") or "").strip().lower(), tag.get("content") or ""
        if not content.strip() or name not in {ALL_ROBOTS, RESERVATION, POLICY, *agents} or is_in_text(tag):
            continue
        if name in (RESERVATION, POLICY):
            tdm.setdefault(name, content)
        else:
            robots.append((name, content))
    return _of_robots_and_tdm(robots, tdm, "meta", agents)


def _of_robots_and_tdm(robots: Iterable[tuple[str, str]], tdm: Mapping[str, str], how: str,
                       agents: Collection[str]) -> Declared:
    found = Declared()
    restrictions: dict[str, None] = {}
    read: list[str] = []
    for name, content in robots:
        if here := list(restrictions_in(content, agents)):
            restrictions.update(dict.fromkeys(here))
            read.append(f"{name}: {_clean(content[:LONGEST_VALUE])}")
    if restrictions:
        found = _with(found, "robots", Found(tuple(restrictions), how, "; ".join(read)))
    reserved = {"1": True, "0": False}.get(tdm.get(RESERVATION, "").strip())
    if reserved is not None:
        found = _with(found, "tdm_reserved", Found(reserved, how, f"{RESERVATION}: {int(reserved)}"))
    policy = joined_address(None, tdm.get(POLICY, ""))
    if policy is not None and len(policy) <= LONGEST_VALUE:
        found = _with(found, "tdm_policy", Found(policy, how, policy))
    return found


def _of_objects(objects: Iterable[JsonObject], how: str) -> Declared:
    """What the first of the objects declares; the others fill the gaps."""
    found = Declared()
    for each in objects:
        own = Declared()
        for name, key in _DECLARED.items():
            if (value := _named(each.get(key))) is not None:
                own = _with(own, name, Found(value, how, f"{key}: {value}"))
        if (is_free := _free(each, how)) is not None:
            own = _with(own, "is_accessible_for_free", is_free)
        found = found.over(own)
    return found


def _free(found: JsonObject, how: str) -> Found[bool] | None:
    """Whether an article is free: it is not if a part of it is not."""
    key = "isAccessibleForFree"
    own, parts = _truth(found.get(key)), found.get("hasPart")
    for part in (parts[:MOST_PARTS] if isinstance(parts, list) else [parts]) if own is not False else ():
        if isinstance(part, Mapping) and _truth(part.get(key)) is False and not articles_of(LinkedData((part,))):
            return Found(False, how, f"hasPart.{key}: {part[key]}")
    return None if own is None else Found(own, how, f"{key}: {found[key]}")


def _truth(value: object) -> bool | None:
    """
    >>> _truth("False"), _truth("https://schema.org/True"), _truth([{"@value": False}]), _truth("partly")
    (False, True, False, None)
    """
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, Mapping):
        value = value.get("@value", value.get("@id"))
    return _TRUTH.get(str(value)[:100].strip().rpartition("/")[2].lower())


def _tier(head: Head) -> Found[bool] | None:
    for name, values in (("isaccessibleforfree", _TRUTH), (_TIER, _TIERS)):
        for content in head.metas.get(name, ())[:1]:
            if (value := values.get(content.rpartition("/")[2].strip().lower())) is not None:
                return Found(value, "meta", f"{name}: {content}")
    return None


def _linked_license(root: etree._Element, head: Head, base: str | None) -> Found[str] | None:
    for how, targets in (("link license", head.links.get("license", ())), ("a license", _license_links(root))):
        for target in targets:
            address = joined_address(base, target)
            if address is not None and len(address) <= LONGEST_VALUE:
                return Found(_clean(address), how, target)
    return None


def _license_links(root: etree._Element) -> Iterator[str]:
    licensed = (link for link in _LICENSE_LINKS(root) if "license" in link.get("rel", "").lower().split())
    return (link.get("href", "") for link in islice(licensed, MOST_LINKS) if not _is_of_others(link))


def _is_of_others(link: etree._Element) -> bool:
    return any(
        above.tag in _OF_OTHERS or _BOX_OF_OTHERS.search(f"{above.get('class', '')} {above.get('id', '')}") is not None
        for above in link.iterancestors()
    )


def _named(value: object) -> str | None:
    """A value as an address or words: an object is represented by its address, or else by its name.

    >>> _named([{"@type": "CreativeWork", "url": "https://outlet.example/terms"}])
    'https://outlet.example/terms'
    """
    if isinstance(value, list):
        value = next((each for each in value if each), None)
    if isinstance(value, Mapping):
        value = value.get("url") or value.get("@id") or value
    text = text_of(value)
    return _clean(text) or None if text is not None else None


def _clean(text: str) -> str:
    return " ".join(_UNREADABLE.sub(" ", shorten(text, LONGEST_VALUE)).split())


def _with(declared: Declared, name: str, found: Found[Any]) -> Declared:
    read_from = None if found.read_from is None else _clean(found.read_from)
    return Declared(
        replace(declared.rights, **{name: found.value}), {**declared.evidence, name: Evidence(found.how, read_from)})
