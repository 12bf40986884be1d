"""Loads suites of expectations, and makes the rows that are checked against them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, get_args

type Severity = Literal["critical", "warning"]
type SuiteName = Literal["article", "batch"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expectation in the terms of Great Expectations. A critical one rejects the row; others add a warning to it."""

    expectation_type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    reason: str


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    expectations: tuple[Expectation, ...]


def load_suite(name: SuiteName) -> Suite:
    """The suite in ``schemas/expectations/<name>.json``.

    >>> load_suite("article").name
    'article'
    """
    listed = json.loads(resources.files("schemas").joinpath("expectations", f"{name}.json").read_text("utf-8"))
    expectations = tuple(Expectation(**each) for each in listed["expectations"])
    for each in expectations:
        if each.severity not in get_args(Severity.__value__):
            raise ValueError(f"{name}.json: severity of {each.expectation_type} must be critical or warning")
    return Suite(name, expectations)


def row_columns(record: Mapping[str, Any]) -> dict[str, Any]:
    """The flat columns of an article record: its row in the data frame that the suite ``article`` checks."""
    outlet, published = record["outlet"], record["published_at"]
    length = len(record["body"]) if record["body_withheld_for"] is None else None
    return {
        "article_id": record["article_id"],
        "url": record["url"],
        "canonical_url": record["canonical_url"],
        "outlet_domain": outlet["domain"],
        "outlet_name": outlet["name"],
        "title": record["title"],
        "body": record["body"],
        "title_length": len(record["title"]),
        "body_length": length,
        "full_body_length": None if record["is_truncated"] else length,
        "word_count": record["word_count"],
        "language": record["language"],
        "author_count": len(record["authors"]),
        "mention_count": len(record["mentions"]),
        "entity_count": len(record["entities"]),
        "published_at": published,
        "fetched_at": record["fetched_at"],
        "hours_ahead": None if published is None else (published - record["fetched_at"]).total_seconds() / 3600,
        "is_truncated": record["is_truncated"],
    }
