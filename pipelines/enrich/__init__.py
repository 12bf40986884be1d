"""Clean articles become articles: language, mentions, entities, places and salience are added. Nothing is rejected."""

from __future__ import annotations

from pipelines.enrich.article import enrich_article
from pipelines.enrich.models import Models, load_models
from pipelines.enrich.recent import RecentNames

__all__ = ["Models", "RecentNames", "enrich_article", "load_models"]
