"""The comment of each column that an Avro schema describes: its meaning is written once, there."""

from __future__ import annotations

from typing import Any

from pipelines.stage.arrow import avro_schema

_ARTICLE_TABLES = ("articles", "article_versions")


def column_docs() -> dict[tuple[str, str], str]:
    """Comment by table and column, for columns that carry a field of a contract as it is."""
    article = avro_schema("article")
    docs = {(table, column): doc for table in _ARTICLE_TABLES for column, doc in flat_docs(article).items()}
    docs |= {("mentions", column): doc for column, doc in _item_docs(article, "mentions").items()}
    docs |= {("article_entities", column): doc for column, doc in _item_docs(article, "entities").items()}
    for table in ("entities", "entity_forms"):
        docs |= {(table, column): doc for column, doc in _item_docs(article, "entities").items()}
    docs |= {("dead_letters", column): doc for column, doc in flat_docs(avro_schema("dead_letter")).items()}
    return docs


def flat_docs(schema: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Docs by column: a field of a record inside the record gets the outer field's name before its own."""
    docs: dict[str, str] = {}
    for field in schema["fields"]:
        docs[prefix + field["name"]] = field["doc"]
        inner = _record(field["type"])
        if inner is not None:
            docs |= flat_docs(inner, f"{prefix}{field['name']}_")
    return docs


def _item_docs(schema: dict[str, Any], field: str) -> dict[str, str]:
    found = next(f for f in schema["fields"] if f["name"] == field)
    return flat_docs(found["type"]["items"])


def _record(kind: Any) -> dict[str, Any] | None:
    branches = kind if isinstance(kind, list) else [kind]
    return next((b for b in branches if isinstance(b, dict) and b.get("type") == "record"), None)
