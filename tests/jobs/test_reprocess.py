"""Stored messages through the job again: chosen by the ledger, found where they are, each once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.jobs import reprocess as processing
from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.jobs.differences import Differences, find_differences
from pipelines.jobs.reprocess import (
    Chosen,
    Condition,
    ConditionWrong,
    Handed,
    chosen_messages,
    condition,
    count_chosen,
    reprocess_batch,
    with_versions,
)
from pipelines.records import Coordinates, Gap, OffsetRange, RawMessage
from pipelines.resolve.redaction import RedactedName, redacted_name
from pipelines.resolve.takedowns import Forgotten, Takedown, TakedownScope
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import ArchiveSettings, KafkaSettings, Limits, Settings
from pipelines.sources.offsets import Topic as Described
from pipelines.stage import StagedBatch, stage_store
from pipelines.transforms.processor import processor_of
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.topics import LoadedTopic
from tests.builders import FETCHED_AT, a_message, coordinates
from tests.jobs.messages import Topic
from tests.jobs.test_ingest import NOW, page, settings

TOPIC = "articles.raw"
STRICT = Limits(markup_depth=3)
"""Rules by which every page of these tests is rejected."""
ALL = Chosen(TOPIC)


def messages() -> list[RawMessage]:
    """Four pages, a tombstone for none of them, and a message that nobody can read."""
    shown = a_message().headers[:1] + a_message().headers[2:]
    found = [
        a_message(
            coordinates=coordinates(n), key=b"https://harbour-news.example/pier/%d" % n, value=page(n),
            timestamp=FETCHED_AT + timedelta(minutes=n),
            headers=(*shown, ("url", b"https://harbour-news.example/pier/%d" % n)),
        )
        for n in range(4)
    ]
    return [
        *found, a_message(coordinates=coordinates(4), value=None, key=b"https://harbour-news.example/none"),
        a_message(coordinates=coordinates(5), value=b"\x00\x00\x00\x27\x0fxyz", headers=()),
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """A home with a warehouse and an archive in it."""

    settings: Settings
    warehouse: DuckDBWarehouse

    def by(self, limits: Limits) -> Place:
        return replace(self, settings=self.settings.model_copy(update={"limits": limits}))

    @property
    def processor(self) -> str:
        return processor_of(self.settings)

    def ingest(self, *, archived: bool = True) -> None:
        plan = BatchPlan(
            "run-00001", "run", (OffsetRange(TOPIC, 0, 0, 6),), stage_store(self.settings).batches / "run-00001", NOW
        )
        with LocalExecutor(0) as here:
            batch = transform_batch(plan, self.settings, here, read=Topic(messages())).batch
        if archived:
            stage_store(self.settings).archive.publish(batch)
        load_batch(self.warehouse, batch)

    def chosen(self, chosen: Chosen = ALL, after: int = -1, most: int = 100) -> list[int]:
        found = chosen_messages(self.warehouse, chosen, self.processor, coordinates(after), most)
        return [at.offset for at in found]

    def reprocess(self, chosen: Chosen = ALL, name: str = "again-00001", most: int = 100) -> Handed | None:
        some = chosen_messages(self.warehouse, chosen, self.processor, None, most)
        if not some:
            return None
        folder = stage_store(self.settings).reprocessed
        plan = BatchPlan(name, "again", (), folder / name, NOW + timedelta(hours=1), kind="reprocess")
        with LocalExecutor(0) as here:
            done, handed = reprocess_batch(
                with_versions(self.warehouse, some), plan, self.warehouse, self.settings, here
            )
        if done is not None:
            load_batch(self.warehouse, done.batch)
        return handed

    def outcomes(self) -> list[tuple[Any, ...]]:
        return list(self.warehouse.query(
            "SELECT kafka_offset, first_outcome, outcome, reason FROM ledger ORDER BY 1"
        ).rows)

    def differences(self) -> Differences:
        with LocalExecutor(0) as here:
            return find_differences(self.warehouse, ALL, self.processor, self.settings, here, lambda _: None)


@pytest.fixture
def place(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path) -> Place:
    path = make_warehouse(tmp_path / "warehouse.duckdb").path
    archiving = settings(tmp_path).model_copy(update={"archive": ArchiveSettings(enabled=True)})
    return Place(archiving, DuckDBWarehouse(path, clock=lambda: NOW))


def test_rejected_pages_that_pass_are_loaded_and_nothing_is_done_twice(place: Place) -> None:
    place.by(STRICT).ingest()
    handed = place.reprocess()
    assert handed is not None
    assert (sorted(at.offset for at in handed.given), handed.missing) == ([0, 1, 2, 3, 5], [])
    assert place.outcomes() == [
        *((n, "rejected", "loaded", None) for n in range(4)), (4, "nothing_to_delete", "nothing_to_delete", None),
        (5, "rejected", "rejected", "UnknownSchema"),
    ]
    assert place.chosen() == []
    assert place.warehouse.loaded_topic(TOPIC).next_offsets == {0: 6}
    assert place.warehouse.verify().problems == ()
    assert stage_store(place.settings).reprocessed.files() == []


def test_articles_that_are_none_by_todays_rules_are_withdrawn(place: Place) -> None:
    place.ingest()
    place.by(STRICT).reprocess()
    assert [row[2:] for row in place.outcomes()[:4]] == [("withdrawn", "MarkupTooDeep")] * 4
    assert place.warehouse.query("SELECT count(*), count(DISTINCT reason) FROM withdrawn_articles").rows == ((4, 1),)
    assert place.warehouse.verify().problems == ()
    place.reprocess(name="again-00002")
    assert [row[2:] for row in place.outcomes()[:4]] == [("loaded", None)] * 4
    assert place.warehouse.query("SELECT count(*) FROM withdrawn_articles").rows == ((0,),)
    assert place.warehouse.verify().problems == ()


def test_messages_are_chosen_by_the_ledger_in_pages(place: Place) -> None:
    place.ingest()
    assert place.chosen() == [0, 1, 2, 3, 5]
    assert (place.chosen(most=2), place.chosen(after=1, most=2)) == ([0, 1], [2, 3])
    since, until = FETCHED_AT + timedelta(minutes=1), FETCHED_AT + timedelta(minutes=3)
    assert place.chosen(replace(ALL, since=since, until=until)) == [1, 2]
    assert place.chosen(replace(ALL, scraper="harbour-crawler")) == [0, 1, 2, 3]
    assert place.chosen(replace(ALL, outlet="harbour-news.example")) == [0, 1, 2, 3]
    assert place.chosen(replace(ALL, outlet="other.example")) == []
    assert place.chosen(replace(ALL, where=condition("reason = UnknownSchema", ""))) == [5]
    current = replace(ALL, where=condition("processor <> current", place.processor))
    assert place.chosen(current) == []
    other = place.by(STRICT)
    current = replace(ALL, where=condition("processor <> current", other.processor))
    assert other.chosen(current) == [0, 1, 2, 3, 5]
    assert count_chosen(place.warehouse, current, other.processor) == 5


def test_a_killed_reprocess_is_continued(place: Place) -> None:
    place.by(STRICT).ingest()
    place.reprocess(most=2)
    assert place.chosen() == [2, 3, 5]
    place.reprocess(name="next-00001")
    assert [row[2] for row in place.outcomes()] == ["loaded"] * 4 + ["nothing_to_delete", "rejected"]


def test_what_the_archive_lacks_comes_from_dead_letters_and_kafka_and_the_rest_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.ingest(archived=False)
    kafka = KafkaSettings(bootstrap_servers="nowhere.example:9092")
    with_kafka = replace(place, settings=place.settings.model_copy(update={"kafka": kafka, "limits": STRICT}))
    read: list[OffsetRange] = []

    def read_range(_kafka: KafkaSettings, span: OffsetRange, **_: Any) -> list[RawMessage | Gap]:
        read.append(span)
        return list(Topic(messages())(span))

    monkeypatch.setattr(processing, "describe_topic", lambda _kafka, name: Described(name, "", {0: (2, 6)}))
    monkeypatch.setattr(processing, "read_range", read_range)
    handed = with_kafka.reprocess()
    assert handed is not None
    assert [at.offset for at in handed.missing] == [0, 1]
    assert (sorted(at.offset for at in handed.given), read) == ([2, 3, 5], [OffsetRange(TOPIC, 0, 2, 4)])
    assert [row[2] for row in place.outcomes()] == [
        "loaded", "loaded", "withdrawn", "withdrawn", "nothing_to_delete", "rejected",
    ]
    assert place.warehouse.verify().problems == ()


def test_a_topic_that_was_made_again_is_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.ingest(archived=False)
    kafka = KafkaSettings(bootstrap_servers="nowhere.example:9092")
    other = replace(place, settings=place.settings.model_copy(update={"kafka": kafka}))
    monkeypatch.setattr(processing, "describe_topic", lambda _kafka, name: Described(name, "new", {0: (0, 6)}))
    monkeypatch.setattr(DuckDBWarehouse, "loaded_topic", lambda _warehouse, _topic: LoadedTopic(topic_id="former"))
    handed = other.reprocess()
    assert handed is not None
    assert [at.offset for at in handed.missing] == [0, 1, 2, 3]


def test_a_dry_run_says_what_would_change_and_changes_nothing(place: Place) -> None:
    place.ingest()
    before = place.outcomes()
    found = place.by(STRICT).differences()
    assert (found.processed, found.unchanged, found.fields) == (5, 1, {})
    (difference,) = found.outcomes.values()
    assert (difference.name, difference.count) == ("an article → withdrawn (MarkupTooDeep)", 4)
    assert [example.coordinates for example in difference.examples] == [f"articles.raw/0@{n}" for n in range(3)]
    assert difference.examples[0].url == "https://harbour-news.example/pier/0"
    assert (place.outcomes(), stage_store(place.settings)._dry_runs.folders()) == (before, [])


def test_a_dry_run_names_the_fields_that_differ(place: Place) -> None:
    place.ingest()
    with place.warehouse._writing() as con:
        con.execute("UPDATE articles SET language = 'fr', authors = ['Somebody'] WHERE url LIKE '%/1'")
        con.execute("UPDATE articles SET evidence = '{}' WHERE url LIKE '%/2'")
    found = place.differences()
    assert (found.processed, found.compared, found.unchanged, found.outcomes) == (5, 4, 3, {})
    assert sorted((name, each.count) for name, each in found.fields.items()) == [
        ("authors", 1), ("evidence", 1), ("language", 1),
    ]
    (example,) = found.fields["language"].examples
    assert (example.coordinates, example.before, example.after) == ("articles.raw/0@1", "fr", "en")


@pytest.mark.parametrize("text", ["", "processor", "processor <>", "version = 1", "reason = 'a' OR 1=1", "a; b"])
def test_a_condition_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConditionWrong, match="What to do: compare processor, outcome or reason"):
        condition(text, "dateline")


def test_a_quoted_processor_is_itself() -> None:
    assert condition("processor = 'current'", "dateline 1") == Condition("processor", is_equal=True, value="current")
    assert condition("PROCESSOR != Current", "dateline 1") == Condition("processor", is_equal=False, value="dateline 1")


def test_wanted_messages_that_lie_far_apart_are_read_separately() -> None:
    wanted = [Coordinates(TOPIC, 0, n) for n in (3, 7, 2_000)] + [Coordinates(TOPIC, 1, 5)]
    assert processing._spans(wanted) == [
        OffsetRange(TOPIC, 0, 3, 8), OffsetRange(TOPIC, 0, 2_000, 2_001), OffsetRange(TOPIC, 1, 5, 6),
    ]


def forget(place: Place, article_id: str, name: RedactedName | None = None) -> None:
    scope: TakedownScope = "article" if name is None else "person"
    taken = Takedown("t" * 32, scope, "asked to", "editor", NOW)
    batch_id = f"forget-{article_id}"
    folder = stage_store(place.settings).batches / batch_id
    batch = StagedBatch(batch_id, "forget", folder, (), (), "p", NOW, "forget")
    load_batch(place.warehouse, batch, forgotten=Forgotten(taken, (article_id,), name=name))


def test_a_reprocess_loads_nothing_of_what_was_forgotten(place: Place) -> None:
    place.ingest()
    first, second, *_ = (row[0] for row in place.warehouse.query("SELECT article_id FROM articles ORDER BY url").rows)
    forget(place, first)
    place.by(STRICT).reprocess()  # withdraws the others
    forget(place, second)
    assert place.warehouse.query("SELECT count(*) FROM withdrawn_articles").rows == ((2,),)
    place.reprocess(name="again-00002")
    assert place.warehouse.query("SELECT count(*) FROM articles").rows == ((2,),)
    assert place.warehouse.verify().problems == ()


def test_a_reprocess_and_its_dry_run_keep_a_name_redacted(place: Place) -> None:
    place.ingest()
    ((first,),) = place.warehouse.query("SELECT article_id FROM articles ORDER BY url LIMIT 1").rows
    forget(place, first, redacted_name(["Ines Falk", "Falk"], "t" * 32))
    (row,) = place.warehouse.query("SELECT body FROM articles WHERE article_id = $1", (first,)).rows
    assert "[redacted]" in row[0]
    found = place.differences()
    assert found.fields.keys() <= {"story_signature"}
    assert "Falk" not in str(found)
    place.by(STRICT).reprocess()
    place.reprocess(name="again-00002")
    assert place.warehouse.query("SELECT body FROM articles WHERE article_id = $1", (first,)).rows == (row,)
    assert place.warehouse.verify().problems == ()
