"""A dry run of a reprocess: what today's rules would change, by outcome and by field, with examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipelines.jobs.batches import BatchPlan
from pipelines.jobs.reprocess import Chosen, chosen_messages, reprocess_batch
from pipelines.personal import mask_personal
from pipelines.records import Coordinates
from pipelines.resolve.forgetting import redact_table
from pipelines.resolve.history import COORDINATES
from pipelines.resolve.layout import layout
from pipelines.resolve.redaction import RedactedName
from pipelines.resolve.staged import TEXTS
from pipelines.resolve.state import KnownState, Lookup, whole_rows
from pipelines.resolve.takedowns import redactions_of
from pipelines.runtime import Executor
from pipelines.settings import Settings
from pipelines.stage import StagedBatch, stage_store
from pipelines.stage.columns import flatten
from pipelines.warehouse import Warehouse

EXAMPLES = 3
SHOWN_CHARACTERS = 200
ABOUT = {
    "version", "story_id", "processed_at", "processor", "fetched_at", "last_fetched_at", "batch_id", "reading",
    "content_hash", "story_signature", "scraper", "coordinates_topic", "coordinates_partition", "coordinates_offset",
}
"""Columns that say how a text was loaded, and digests of other columns."""
PLACE = ("coordinates_topic", "coordinates_partition", "coordinates_offset")

type ByName = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """A message, the address of its article, and a value before and after: masked, and cut to 200 characters."""

    coordinates: str
    url: str | None
    before: str | None
    after: str | None


@dataclass(slots=True)
class Difference:
    """How many messages differ in a field, or in their outcome, with the first examples."""

    name: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, example: Example) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


@dataclass(slots=True)
class Differences:
    """What a reprocess would change. ``compared`` counts the messages whose version in the warehouse was compared."""

    processed: int = 0
    compared: int = 0
    unchanged: int = 0
    missing: list[Coordinates] = field(default_factory=list)
    outcomes: dict[str, Difference] = field(default_factory=dict)
    fields: dict[str, Difference] = field(default_factory=dict)

    def note(self, among: dict[str, Difference], name: str, example: Example) -> None:
        among.setdefault(name, Difference(name)).add(example)


@dataclass(frozen=True, slots=True)
class _Before:
    outcome: str
    reason: str | None
    article_id: str | None


def find_differences(  # noqa: PLR0913, PLR0917  what is processed, where it is, and how
    warehouse: Warehouse, chosen: Chosen, processor: str, settings: Settings, executor: Executor,
    report: Callable[[int], None],
) -> Differences:
    """Processes the chosen messages in batches as a reprocess does, and compares the results with the warehouse.

    The warehouse is only read. Batches are staged in a folder of dry runs, which is removed at the end.
    """
    found, after = Differences(), None
    with stage_store(settings).dry_run() as folder:
        while some := chosen_messages(warehouse, chosen, processor, after, settings.batch.max_records):
            plan = BatchPlan("dry-run", "dry-run", (), folder / "batch", datetime.now(UTC), kind="reprocess")
            done, handed = reprocess_batch(some, plan, warehouse, settings, executor)
            found.missing += handed.missing
            if done is not None:
                with warehouse.known_state() as known:
                    _compare(done.batch, known, found)
            report(found.processed + len(found.missing))
            after = some[-1]
    return found


def _compare(batch: StagedBatch, known: KnownState, found: Differences) -> None:
    outcomes = {
        Coordinates(row["topic"], row["partition"], row["offset"]): row
        for table in batch.tables("outcomes", ["topic", "partition", "offset", "outcome", "reason", "article_id"])
        for row in table.to_pylist()
    }
    keys = sorted(astuple(at) for at in outcomes)
    columns = (*COORDINATES, "outcome", "reason", "article_id")
    before = {
        Coordinates(*row[:3]): _Before(*row[3:]) for row in known.rows(Lookup("ledger", columns, COORDINATES, keys))
    }
    articles = _articles(known, sorted({was.article_id for was in before.values() if was.article_id}))
    ids = {row["article_id"] for row in outcomes.values() if row["article_id"]}
    names = redactions_of(known, ids, datetime.now(UTC))
    now = {Coordinates(*(row[name] for name in PLACE)): row for row in _staged(batch, names)}
    for at, outcome in sorted(outcomes.items()):
        found.processed += 1
        if at in before:
            _compare_one(at, outcome, before[at], articles.get(at), now.get(at), found)


def _compare_one(  # noqa: PLR0913, PLR0917  a message before and after
    at: Coordinates, outcome: Mapping[str, Any], was: _Before, article: ByName | None, now: ByName | None,
    found: Differences,
) -> None:
    url = (now or article or {}).get("url")
    former = "an article" if was.outcome in TEXTS else _named(was.outcome, was.reason)
    rejects = "withdrawn" if was.outcome in {*TEXTS, "withdrawn"} else "rejected"
    latter = "an article" if now is not None else _named(rejects, outcome["reason"])
    if former != latter:
        found.note(found.outcomes, f"{former} → {latter}", Example(str(at), url, former, latter))
        return
    if now is not None and was.article_id != now["article_id"]:
        example = Example(str(at), url, was.article_id, now["article_id"])
        found.note(found.outcomes, "an article → another article", example)
        return
    if now is None or article is None:
        found.unchanged += 1
        return
    found.compared += 1
    differing = [name for name in article if name not in ABOUT and article[name] != now[name]]
    found.unchanged += not differing
    for name in differing:
        found.note(found.fields, name, Example(str(at), url, _shown(article[name]), _shown(now[name])))


def _named(outcome: str, reason: str | None) -> str:
    return f"{outcome} ({reason})" if reason else outcome


def _articles(known: KnownState, ids: list[str]) -> dict[Coordinates, ByName]:
    """The versions of these articles by the message that each was made from; current ones with all their fields."""
    found = {_made_from(row): row for row in whole_rows(known, "article_versions", ids)}
    current = {row["article_id"]: row for row in whole_rows(known, "articles", ids)}
    names: dict[str, list[str]] = {article_id: [] for article_id in current}
    for article_id, name in known.rows(Lookup(
        "article_entities", ("article_id", "name"), ("article_id",), [(each,) for each in ids]
    )):
        names[article_id].append(name)
    for article_id, row in current.items():
        found[_made_from(row)] = _plain(row) | {"entities": sorted(names[article_id])}
    return {at: _plain(row) for at, row in found.items()}


def _made_from(row: ByName) -> Coordinates:
    return Coordinates(*(row[name] for name in PLACE))


def _staged(batch: StagedBatch, names: Mapping[str, list[RedactedName]]) -> Iterator[ByName]:
    columns = [column for column in layout()["articles"].columns if column.path]
    for staged in batch.tables("articles"):
        table, _ = redact_table(staged, names)
        flat = flatten(table, columns).to_pylist()
        entities = table.column("entities").to_pylist()
        for row, named in zip(flat, entities, strict=True):
            yield _plain(row) | {"entities": sorted(entity["name"] for entity in named)}


def _plain(row: ByName) -> ByName:
    """The row with JSON as values, so that the order of keys makes no difference."""
    return {
        name: json.loads(value) if name == "evidence" and isinstance(value, str) else value
        for name, value in row.items()
    }


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    text = mask_personal(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def by_count(differences: Iterable[Difference]) -> list[Difference]:
    """The most frequent first."""
    return sorted(differences, key=lambda each: (-each.count, each.name))
