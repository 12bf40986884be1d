"""A raw article becomes a clean article: without boilerplate, and each field with its evidence."""

from __future__ import annotations

from pipelines.clean.article import clean_article
from pipelines.clean.identity import article_id_of_url, canonical_url, registered_domain
from pipelines.clean.named import named_articles
from pipelines.clean.rules import Rules, load_rules

__all__ = [
    "Rules", "article_id_of_url", "canonical_url", "clean_article", "load_rules", "named_articles", "registered_domain",
]
