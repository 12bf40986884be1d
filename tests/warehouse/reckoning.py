"""The marts computed a second time, in Python over the rows of the tables, without any SQL but to read them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.resolve.edits import describe_change
from pipelines.warehouse import Warehouse
from tests.warehouse import reckoning_pipeline
from tests.warehouse.reckoning_pipeline import PipelineReckoning

type Row = dict[str, Any]

READ = {
    "articles": "article_id, story_id, outlet_domain, title, url, canonical_url, published_at, fetched_at, "
    "last_fetched_at, is_truncated, word_count, version, authors, warnings",
    "article_versions": "article_id, version, url, title, body, word_count, is_truncated, fetched_at",
    "article_entities": "article_id, entity_id, type, country, mention_count, in_title, salience",
    "entities": "entity_id, name, type, country, occupation, latitude, longitude, article_count, first_seen_at, "
    "last_seen_at",
    "outlets": "domain, name",
    "ledger": "topic, partition, scraper, message_at, outcome, reason, batch_id, replayed_in",
    "scrapers": "scraper, state, since, why",
    "quarantined_articles": "scraper",
    **reckoning_pipeline.READ,
}
LOADED = {"loaded", "new_version", "new_reading"}
OUTCOMES = (
    "loaded", "new_version", "new_reading", "unchanged", "rejected", "deleted", "nothing_to_delete", "suppressed",
    "quarantined", "withdrawn",
)


def read_tables(warehouse: Warehouse) -> dict[str, list[Row]]:
    return {name: warehouse.query(f"SELECT {columns} FROM {name}").records() for name, columns in READ.items()}


def groups(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def distinct(rows: Iterable[Row], column: str) -> int:
    """Number of the values that are not null."""
    return len({row[column] for row in rows} - {None})


def share(part: Iterable[object], rows: list[Row]) -> float:
    return sum(map(bool, part)) / len(rows)


def mean_words(rows: list[Row]) -> float | None:
    words = [row["word_count"] for row in rows if not row["is_truncated"] and row["word_count"]]
    return sum(words) / len(words) if words else None


def hours(time: timedelta) -> float:
    return time / timedelta(hours=1)


def percentile(values: list[float], part: float) -> float | None:
    """Between two values by their distance, as SQL's percentile_cont."""
    if not values:
        return None
    ordered, place = sorted(values), part * (len(values) - 1)
    low = int(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def changed(before: Row, now: Row) -> Row:
    """What changed, found anew from the two texts."""
    found = describe_change(before["title"], before["body"], now["title"], now["body"])
    return {
        "kind": found.kind, "kinds": ", ".join(found.kinds), "changed_sentences": found.sentences,
        "sentences_before": "\n".join(found.before), "sentences_after": "\n".join(found.after),
    }


@dataclass(frozen=True)
class Reckoning(PipelineReckoning):
    """Every mart as rows by column, from the tables of a warehouse and for days of a zone."""

    tables: Mapping[str, list[Row]]
    zone: ZoneInfo

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def week(self, at: datetime) -> date:
        return self.day(at) - timedelta(days=self.day(at).weekday())

    @cached_property
    def articles(self) -> dict[str, Row]:
        found = {}
        for article in self.tables["articles"]:
            at = article["published_at"] or article["fetched_at"]
            found[article["article_id"]] = article | {"at": at, "day": self.day(at), "week": self.week(at)}
        return found

    @cached_property
    def named(self) -> list[Row]:
        """Entities of articles, each with its article."""
        return [self.articles[u["article_id"]] | u for u in self.tables["article_entities"]]

    @cached_property
    def entities(self) -> dict[str, Row]:
        return {e["entity_id"]: e for e in self.tables["entities"]}

    @cached_property
    def outlet_names(self) -> dict[str | None, str | None]:
        return {o["domain"]: o["name"] for o in self.tables["outlets"]}

    @cached_property
    def newest_day(self) -> date:
        return self.day(max(min(a["at"], a["fetched_at"]) for a in self.articles.values()))

    def about(self, entity_id: str, *columns: str) -> Row:
        return {column: self.entities[entity_id][column] for column in ("entity_id", "name", "type", *columns)}

    def daily_outlet_volume(self) -> Iterable[Row]:
        for (day, domain), rows in groups(self.articles.values(), lambda a: (a["day"], a["outlet_domain"])).items():
            yield {
                "day": day, "outlet_domain": domain, "outlet_name": self.outlet_names.get(domain),
                "articles": len(rows), "stories": distinct(rows, "story_id"),
                "copies": sum(a["story_id"] != a["article_id"] for a in rows),
                "undated": sum(a["published_at"] is None for a in rows),
                "truncated": sum(a["is_truncated"] for a in rows), "corrected": sum(a["version"] > 1 for a in rows),
                "mean_words": mean_words(rows),
            }

    def _attention(self, rows: list[Row]) -> Row:
        return {
            "articles": distinct(rows, "article_id"), "stories": distinct(rows, "story_id"),
            "outlets": distinct(rows, "outlet_domain"), "mentions": sum(u["mention_count"] for u in rows),
            "in_titles": len({u["article_id"] for u in rows if u["in_title"]}),
            "salience": sum((u["salience"] for u in rows), 0.0),
            "undated": len({u["article_id"] for u in rows if u["published_at"] is None}),
        }

    def entity_attention_daily(self) -> Iterable[Row]:
        for (day, entity_id), rows in groups(self.named, lambda u: (u["day"], u["entity_id"])).items():
            yield {"day": day, **self.about(entity_id, "country", "occupation"), **self._attention(rows)}

    def country_attention_daily(self) -> Iterable[Row]:
        of_countries = [u for u in self.named if u["country"] is not None]
        for (day, country), rows in groups(of_countries, lambda u: (u["day"], u["country"])).items():
            organisations = self._attention([u for u in rows if u["type"] == "ORG"])
            kept = ("articles", "stories", "mentions", "salience")
            yield {
                "day": day, "country": country, **self._attention([u for u in rows if u["type"] != "ORG"]),
                **{f"organisation_{column}": organisations[column] for column in kept},
            }

    def entity_pairs(self) -> Iterable[Row]:
        found = defaultdict(list)
        for rows in groups(self.named, lambda u: u["article_id"]).values():
            for pair in combinations(sorted({u["entity_id"] for u in rows}), 2):
                found[pair].append(rows[0])
        for (one, other), rows in found.items():
            e, o = self.entities[one], self.entities[other]
            yield {
                "entity_id": one, "name": e["name"], "type": e["type"],
                "other_entity_id": other, "other_name": o["name"], "other_type": o["type"],
                "articles": len(rows), "stories": distinct(rows, "story_id"),
                "first_seen_at": min(a["fetched_at"] for a in rows),
                "last_seen_at": max(a["last_fetched_at"] for a in rows),
            }

    def syndication(self) -> Iterable[Row]:
        for story_id, rows in groups(self.articles.values(), lambda a: a["story_id"]).items():
            first, last = min(rows, key=lambda a: (a["at"], a["article_id"])), max(a["at"] for a in rows)
            if len(rows) > 1:
                yield {
                    "story_id": story_id, "first_article_id": first["article_id"], "title": first["title"],
                    "first_outlet_domain": first["outlet_domain"], "articles": len(rows),
                    "outlets": distinct(rows, "outlet_domain"), "first_at": first["at"], "last_at": last,
                    "spread_hours": hours(last - first["at"]),
                }

    def outlet_scorecard(self) -> Iterable[Row]:
        sizes = Counter(a["story_id"] for a in self.articles.values())
        for domain, rows in groups(self.articles.values(), lambda a: a["outlet_domain"]).items():
            yield {
                "outlet_domain": domain, "outlet_name": self.outlet_names.get(domain), "articles": len(rows),
                "stories": distinct(rows, "story_id"), "share_dated": share((a["published_at"] for a in rows), rows),
                "share_with_authors": share((a["authors"] for a in rows), rows),
                "share_truncated": share((a["is_truncated"] for a in rows), rows),
                "share_shared": share((sizes[a["story_id"]] > 1 for a in rows), rows),
                "share_with_warnings": share((a["warnings"] for a in rows), rows),
                "share_corrected": share((a["version"] > 1 for a in rows), rows), "mean_words": mean_words(rows),
                "first_fetched_at": min(a["fetched_at"] for a in rows),
                "last_fetched_at": max(a["last_fetched_at"] for a in rows),
            }

    def pipeline_health(self) -> Iterable[Row]:
        def key(record: Row) -> tuple[Any, ...]:
            return self.day(record["message_at"]), record["topic"], record["scraper"] or "(unknown)"

        for (day, topic, scraper), rows in groups(self.tables["ledger"], key).items():
            outcomes = Counter(r["outcome"] for r in rows)
            reasons = Counter(r["reason"] for r in rows if r["outcome"] == "rejected")
            yield {
                "day": day, "topic": topic, "scraper": scraper, "records": len(rows),
                **{outcome: outcomes[outcome] for outcome in OUTCOMES},
                "share_rejected": outcomes["rejected"] / len(rows), "unexpected_faults": reasons["UnexpectedFault"],
                "top_reason": min(reasons, key=lambda reason: (-reasons[reason], reason)) if reasons else None,
            }

    def entity_timeline(self) -> Iterable[Row]:
        for (entity_id, story_id), rows in groups(self.named, lambda u: (u["entity_id"], u["story_id"])).items():
            first = min(rows, key=lambda u: (u["at"], u["article_id"]))
            yield {
                **self.about(entity_id), "first_at": first["at"], "last_at": max(u["at"] for u in rows),
                "story_id": story_id, "first_article_id": first["article_id"], "title": first["title"],
                "first_outlet_domain": first["outlet_domain"], "articles": len(rows),
                "outlets": distinct(rows, "outlet_domain"), "mentions": sum(u["mention_count"] for u in rows),
                "in_titles": sum(u["in_title"] for u in rows), "salience": max(u["salience"] for u in rows),
            }

    def entity_attention_weekly(self) -> Iterable[Row]:
        for entity_id, row in self._weekly(self.named, "entity_id"):
            yield {**self.about(entity_id, "country", "occupation"), **row}

    def country_attention_weekly(self) -> Iterable[Row]:
        named = [u for u in self.named if u["country"] is not None and u["type"] != "ORG"]
        for country, row in self._weekly(named, "country"):
            yield {"country": country, **row}

    def _weekly(self, named: list[Row], column: str) -> Iterable[tuple[str, Row]]:
        weeks = groups(named, lambda u: (u[column], u["week"]))
        covered = {a["week"] for a in self.articles.values()}
        after = {(value, week + timedelta(weeks=1)) for value, week in weeks}
        for value, week in weeks.keys() | {(v, w) for v, w in after if w <= self.newest_day}:
            rows, earlier = weeks.get((value, week), []), weeks.get((value, week - timedelta(weeks=1)), [])
            stories, before = distinct(rows, "story_id"), distinct(earlier, "story_id")
            is_known = week - timedelta(weeks=1) in covered
            yield value, {
                "week": week, "articles": distinct(rows, "article_id"), "stories": stories,
                "stories_before": before if is_known else None, "change": stories - before if is_known else None,
                "relative_change": (stories - before) / before if before else None,
                "is_complete": week + timedelta(weeks=1) <= self.newest_day,
            }

    def entities_rising(self) -> Iterable[Row]:
        last = self.newest_day
        first, start = last - timedelta(days=6), last - timedelta(days=34)
        news = {
            a["article_id"]: a for a in self.articles.values()
            if start <= a["day"] <= last and self.day(a["fetched_at"]) >= start
        }
        recent = {article_id for article_id, a in news.items() if a["day"] >= first}
        volume = distinct([news[i] for i in recent], "story_id")
        volume_before = distinct([a for i, a in news.items() if i not in recent], "story_id")
        named = groups((u for u in self.named if u["article_id"] in news), lambda u: u["entity_id"])
        for entity_id, rows in named.items():
            now, before = [u for u in rows if u["article_id"] in recent], [
                u for u in rows if u["article_id"] not in recent
            ]
            stories, stories_before = distinct(now, "story_id"), distinct(before, "story_id")
            expected = stories_before * volume / volume_before if volume_before else None
            if now:
                yield {
                    "first_day": first, "last_day": last, **self.about(entity_id, "country", "occupation"),
                    "stories": stories, "outlets": distinct(now, "outlet_domain"), "stories_before": stories_before,
                    "stories_expected": expected, "rise": None if expected is None else (stories + 5) / (expected + 5),
                }

    def corrections(self) -> Iterable[Row]:
        for article_id, versions in groups(self.tables["article_versions"], lambda v: v["article_id"]).items():
            in_time = sorted(versions, key=lambda v: (v["fetched_at"], v["version"]))
            article, first = self.articles[article_id], in_time[0]["fetched_at"]
            for before, now in pairwise(in_time):
                yield {
                    "article_id": article_id, "version": now["version"], "previous_version": before["version"],
                    "is_current": now["version"] == article["version"], "outlet_domain": article["outlet_domain"],
                    "outlet_name": self.outlet_names.get(article["outlet_domain"]),
                    "url": article["canonical_url"] or now["url"], "published_at": article["published_at"],
                    "first_fetched_at": first, "corrected_at": now["fetched_at"],
                    "hours_since_first": hours(now["fetched_at"] - first), "title_before": before["title"],
                    "title": now["title"], "is_title_changed": now["title"] != before["title"],
                    "is_body_changed": now["body"] != before["body"], "words_before": before["word_count"],
                    "words": now["word_count"], "has_teaser": now["is_truncated"] or before["is_truncated"],
                    **changed(before, now),
                }

    def pipeline_freshness(self) -> Iterable[Row]:
        loaded_at = {b["batch_id"]: b["loaded_at"] for b in self.tables["batches"]}
        newest = max(r["message_at"] for r in self.tables["ledger"])
        states = {s["scraper"]: s for s in self.tables["scrapers"] if s["state"] == "quarantined"}
        waiting = Counter(q["scraper"] for q in self.tables["quarantined_articles"])
        for scraper, rows in groups(self.tables["ledger"], lambda r: r["scraper"] or "(unknown)").items():
            articles = [r for r in rows if r["outcome"] in LOADED]
            delays = [
                max(0.0, (loaded_at[r["batch_id"]] - r["message_at"]).total_seconds()) for r in articles
                if r["replayed_in"] is None and r["message_at"] > newest - timedelta(days=7)
            ]
            last, state = max(r["message_at"] for r in rows), states.get(scraper, {})
            yield {
                "scraper": scraper, "records": len(rows), "articles": len(articles), "newest_message_at": last,
                "newest_load_at": max((loaded_at[r["replayed_in"] or r["batch_id"]] for r in articles), default=None),
                "hours_behind": hours(newest - last), "delays": len(delays), "delay_p50_s": percentile(delays, 0.5),
                "delay_p95_s": percentile(delays, 0.95), "is_quarantined": scraper in states,
                "quarantined_since": state.get("since"), "quarantined_why": state.get("why"),
                "waiting_articles": waiting[scraper],
            }
