"""An article that breaks the contract is rejected with all its violations; any other becomes an Avro record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pipelines.failures import ContractViolated, Violation
from pipelines.records import Article, Provenance
from pipelines.validate.forms import article_to_avro
from pipelines.validate.types import Fits, fitting, type_violations
from schemas import latest, load

_AHEAD = timedelta(days=1)
_SHOWN = 50  # violations in a dead letter; all mentions of an article may break the same rule
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
_HEX_32 = re.compile(r"[0-9a-f]{32}")
_HEX_64 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Contract:
    """The newest version of ``schemas/article``."""

    schema: Mapping[str, Any]
    version: int
    fits: Fits

    @property
    def name(self) -> str:
        return f"article/{self.version}"


def load_contract() -> Contract:
    version = latest("article")
    schema = load("article", version)
    return Contract(schema, version, fitting(schema))


def check_contract(article: Article, contract: Contract, provenance: Provenance) -> dict[str, Any]:
    """The article as an Avro record, with a warning if one of its dates is later than its fetch.

    Rejects (``ContractViolated``) with all violations: of the types, or else of the rules that types cannot express.
    """
    record = article_to_avro(article, provenance)
    refuse_violations(record, contract)
    record["warnings"] += [w for w in _date_warnings(record) if w not in record["warnings"]]
    return record


def refuse_violations(record: Mapping[str, Any], contract: Contract) -> None:
    """Rejects (``ContractViolated``) a record with the violations that it has."""
    violations = contract_violations(record, contract)
    if violations:
        more = len(violations) - _SHOWN
        rest = (Violation.of(f"{more} further violations"),) if more > 0 else ()
        raise ContractViolated(f"the contract {contract.name}", violations=(*violations[:_SHOWN], *rest))


def contract_violations(record: Mapping[str, Any], contract: Contract) -> tuple[Violation, ...]:
    """All violations of a record. Rules across fields are checked only if there is no violation of the types."""
    types = () if contract.fits(record) else tuple(type_violations(record, contract.schema))
    return types or tuple(_rule_violations(record))


def _rule_violations(record: Mapping[str, Any]) -> Iterator[Violation]:
    yield from _identity_violations(record)
    yield from _text_violations(record)
    yield from _mention_violations(record)
    yield from _entity_violations(record)
    if _has_nul(record):
        yield from _nul_violations(record, "")


def _identity_violations(record: Mapping[str, Any]) -> Iterator[Violation]:
    for field in ("article_id", "story_id"):
        if not _HEX_32.fullmatch(record[field]):
            yield Violation.of("32 hexadecimal digits", field=field, value=record[field])
    if not _HEX_64.fullmatch(record["content_hash"]):
        yield Violation.of("64 hexadecimal digits", field="content_hash", value=record["content_hash"])
    if record["version"] < 1:
        yield Violation.of("at least 1", field="version", value=record["version"])
    for field in ("processor", "scraper"):
        if not record[field].strip():
            yield Violation.of("not empty", field=field, value=record[field])


def _text_violations(record: Mapping[str, Any]) -> Iterator[Violation]:
    for field in ("title", "body"):
        text = record[field]
        if not text.strip() and (field == "title" or record["body_withheld_for"] is None):
            yield Violation.of("not empty", field=field, value=text)
        if found := _UNWANTED.search(text):
            seen = f"U+{ord(found[0]):04X} at {found.start()}"
            yield Violation.of("no control characters and no U+FFFD", field=field, value=seen)
    if record["body"] and record["body_withheld_for"] is not None:
        yield Violation.of("empty if it is withheld", field="body", value=record["body_withheld_for"])
    if "\n" in record["title"]:
        yield Violation.of("one line", field="title", value=record["title"])
    words = len(record["body"].split())
    if record["word_count"] != words:
        yield Violation.of(f"the words of the body, {words}", field="word_count", value=record["word_count"])


def _mention_violations(record: Mapping[str, Any]) -> Iterator[Violation]:
    body, known = record["body"], {entity["entity_id"] for entity in record["entities"]}
    for n, mention in enumerate(record["mentions"]):
        start, end = mention["start"], mention["end"]
        if not 0 <= start < end <= len(body) or body[start:end] != mention["text"]:
            there = body[max(0, start) : max(0, end)][:40]
            yield Violation.of(
                "body[start:end] is the mention's text", field=f"mentions[{n}]",
                value=f"{mention['text'][:40]!r}, but body[{start}:{end}] is {there!r}",
            )
        if mention["entity_id"] not in known:
            rule = "one of the article's entities"
            yield Violation.of(rule, field=f"mentions[{n}].entity_id", value=mention["entity_id"])
        if not 0 <= mention["confidence"] <= 1:
            yield Violation.of("0 to 1", field=f"mentions[{n}].confidence", value=mention["confidence"])
        if mention["sentence"] < 0:
            yield Violation.of("at least 0", field=f"mentions[{n}].sentence", value=mention["sentence"])


def _entity_violations(record: Mapping[str, Any]) -> Iterator[Violation]:
    entities = record["entities"]
    counts: dict[str, int] = {}
    for mention in record["mentions"]:
        counts[mention["entity_id"]] = counts.get(mention["entity_id"], 0) + 1
    seen: set[str] = set()
    for n, entity in enumerate(entities):
        field = f"entities[{n}]"
        if entity["entity_id"] in seen:
            yield Violation.of("each entity once", field=f"{field}.entity_id", value=entity["entity_id"])
        seen.add(entity["entity_id"])
        if entity["mention_count"] != counts.get(entity["entity_id"], 0):
            rule = f"the entity's mentions, {counts.get(entity['entity_id'], 0)}"
            yield Violation.of(rule, field=f"{field}.mention_count", value=entity["mention_count"])
        if not 0 <= entity["salience"] <= 1:
            yield Violation.of("0 to 1", field=f"{field}.salience", value=entity["salience"])
        if entity["country"] is not None and not re.fullmatch(r"[A-Z]{2}", entity["country"]):
            yield Violation.of("two capital letters (ISO 3166-1)", field=f"{field}.country", value=entity["country"])
        for axis, most in (("latitude", 90), ("longitude", 180)):
            if entity[axis] is not None and not -most <= entity[axis] <= most:
                yield Violation.of(f"-{most} to {most}", field=f"{field}.{axis}", value=entity[axis])
    total = sum(entity["salience"] for entity in entities)
    if entities and not abs(total - 1) <= 0.01 + 0.0005 * len(entities):  # each salience is rounded
        yield Violation.of("salience that sums to 1", field="entities", value=f"{total:.4f}")


def _has_nul(record: Mapping[str, Any]) -> bool:
    """Whether any text of a record that fits the contract has a NUL character."""
    parts: list[Any] = [record]
    while parts:
        part = parts.pop()
        if isinstance(part, str):
            if "\x00" in part:
                return True
        elif isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            parts += part
            parts += part.values()
    return False


def _nul_violations(value: Any, path: str) -> Iterator[Violation]:
    """The fields with a NUL character. A single one in any field would make PostgreSQL refuse the whole load."""
    if isinstance(value, str):
        if "\x00" in value:
            yield Violation.of("no NUL character", field=path, value=repr(value))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _nul_violations(name, f"{path} (a key)")
            yield from _nul_violations(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for n, each in enumerate(value):
            yield from _nul_violations(each, f"{path}[{n}]")


def _date_warnings(record: Mapping[str, Any]) -> Iterator[str]:
    for field in ("published_at", "modified_at"):
        at = record[field]
        if at is not None and at - record["fetched_at"] > _AHEAD:
            days = (at - record["fetched_at"]) / timedelta(days=1)
            yield f"{field}: {days:.1f} days after the page was fetched"
