"""Articles of a quarantined scraper wait whole, those of other scrapers are loaded, and the ledger closes."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.failpoints import Failpoint
from pipelines.jobs.batches import BatchPlan
from pipelines.jobs.release import release_batch
from pipelines.records import Author, Evidence
from pipelines.settings import DriftSettings
from pipelines.stage import Folder
from pipelines.warehouse import Loaded, WarehouseFault, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import (
    FALK,
    FALK_MENTION,
    PROCESSOR,
    SUPPRESS,
    Carried,
    Event,
    Refused,
    carried,
    refused,
    stage,
    standings,
    tombstone,
)
from tests.warehouse.failing import failing
from tests.warehouse.reading import tamper
from tests.warehouse.recording import Recording
from tests.warehouse.test_load import tables

SIZE = 40
QUAY, HARBOUR = "quay-crawler", "harbour-crawler"


def article_id(offset: int) -> str:
    return f"{offset:032x}"


def news(offset: int, scraper: str = QUAY, **changes: Any) -> Carried:
    """An article of its own for each offset."""
    own = {"article_id": article_id(offset), "content_hash": f"{offset:064x}", "word_count": 400}
    return carried(offset, scraper=scraper, **(own | changes))


def wall(offset: int, scraper: str = QUAY) -> Refused:
    return refused(offset, scraper=scraper)


class Stream:
    """Batches one after the other, a partition long."""

    def __init__(self, warehouse: RelationalWarehouse, folder: Path, drift: DriftSettings | None = None) -> None:
        self.warehouse, self.folder, self.drift = warehouse, folder, drift
        self.offset, self.batches = 0, 0

    def load(self, *events: Event, kind: Any = "ingest") -> Loaded:
        self.batches += 1
        batch = stage(self.folder, *events, batch_id=f"batch-{self.batches:03d}", kind=kind)
        loaded = load_batch(self.warehouse, batch, drift=self.drift)
        if kind == "ingest":
            self.offset += len(events)
        assert self.warehouse.verify().problems == ()
        return loaded

    def quiet(self, *scrapers: str, size: int = SIZE) -> Loaded:
        """A batch of so many articles of each scraper."""
        who = [scraper for scraper in scrapers for _ in range(size)]
        return self.load(*(news(self.offset + n, scraper) for n, scraper in enumerate(who)))

    def release(self, scraper: str, most: int = 1_000) -> list[Loaded]:
        """What ``dateline scrapers release`` does, in batches of so many."""
        shown = []
        while waiting := self.warehouse.waiting(scraper, most):
            self.batches += 1
            batch_id = f"batch-{self.batches:03d}"
            plan = BatchPlan(batch_id, "run-2", (), Folder.at(self.folder) / batch_id, FETCHED_AT, kind="release")
            shown.append(load_batch(self.warehouse, release_batch(waiting, plan, PROCESSOR)))
            assert self.warehouse.verify().problems == ()
        self.warehouse.end_quarantine(scraper)
        assert self.warehouse.verify().problems == ()
        return shown


@pytest.fixture(scope="module")
def quiet(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Four quiet batches of two scrapers, loaded once."""
    folder = tmp_path_factory.mktemp("quiet")
    warehouse = Recording(Path(shutil.copy(prepared, folder / "news.duckdb")), clock=lambda: FETCHED_AT)
    stream = Stream(warehouse, folder)
    for _ in range(4):
        stream.quiet(QUAY, HARBOUR)
    return warehouse


@pytest.fixture
def stream(quiet: Recording, warehouse: RelationalWarehouse, tmp_path: Path) -> Stream:
    """Two scrapers with a past of four quiet batches."""
    quiet.repeat(warehouse)
    stream = Stream(warehouse, tmp_path)
    stream.offset, stream.batches = 8 * SIZE, 4
    return stream


def turned(stream: Stream, walls: int = 30) -> list[Event]:
    """A batch in which one scraper got consent walls for most of its pages, and the other went on."""
    quay = [wall(stream.offset + n) if n < walls else news(stream.offset + n) for n in range(SIZE)]
    return [*quay, *(news(stream.offset + SIZE + n, HARBOUR) for n in range(SIZE))]


def states(warehouse: RelationalWarehouse) -> dict[str, tuple[str, int]]:
    return {s.scraper: (s.state, s.waiting) for s in standings(warehouse)}


def test_a_scraper_that_turns_is_quarantined_and_the_other_goes_on(stream: Stream) -> None:
    loaded = stream.load(*turned(stream))
    assert loaded.outcomes == Counter(quarantined=10, rejected=30, loaded=40)
    assert states(stream.warehouse) == {QUAY: ("quarantined", 10), HARBOUR: ("active", 0)}
    quarantined = standings(stream.warehouse)[0]
    assert [dict(anomaly) for anomaly in quarantined.why] == [
        {"kind": "consent_walls", "seen": 0.75, "usual": 0.0,
         "words": "75 % of 40 records were consent walls, usually 0 %"},
        {"kind": "rejected", "seen": 0.75, "usual": 0.0, "words": "75 % of 40 records were rejected, usually 0 %"},
    ]
    assert (quarantined.batches, quarantined.recent.records) == (4, 160)
    assert (quarantined.last.records, quarantined.last.consent_walls) == (40, 30)
    (counts,) = stream.warehouse.query(
        "SELECT quarantined, loaded, rejected FROM batches ORDER BY batch_id DESC LIMIT 1"
    ).rows
    assert counts == (10, 40, 30)
    assert stream.warehouse.query(
        "SELECT DISTINCT outcome, first_outcome, version, replayed_in, removed_in FROM ledger "
        "WHERE outcome = 'quarantined'"
    ).rows == (("quarantined", "quarantined", None, None, None),)


def test_what_waits_is_in_no_other_table(stream: Stream) -> None:
    before = tables(stream.warehouse)
    stream.load(*(
        news(stream.offset + n, word_count=900, mentions=(FALK_MENTION,), entities=(FALK,), story_signature=(1, 2, 3))
        for n in range(SIZE)
    ))
    after = tables(stream.warehouse)
    assert {name for name in after if after[name] != before[name]} == {
        "batches", "batch_ranges", "quarantined_articles", "ledger", "partition_offsets", "scraper_batches", "scrapers",
    }


def test_a_quarantined_source_stays_quarantined_however_it_does(stream: Stream) -> None:
    stream.load(*turned(stream))
    assert stream.quiet(QUAY, HARBOUR).outcomes == Counter(quarantined=40, loaded=40)
    assert stream.load(news(stream.offset)).outcomes == Counter(quarantined=1)
    assert states(stream.warehouse)[QUAY] == ("quarantined", 51)
    since = stream.warehouse.query("SELECT batch_id FROM scrapers WHERE scraper = ?", [QUAY]).rows
    assert since == (("batch-005",),)


def test_dead_letters_and_delete_requests_of_a_quarantined_source_do_not_wait(stream: Stream) -> None:
    stream.load(*turned(stream))
    loaded = stream.load(news(stream.offset), wall(stream.offset + 1), tombstone(stream.offset + 2, article_id(0)))
    assert loaded.outcomes == Counter(quarantined=1, rejected=1, deleted=1)
    assert stream.warehouse.query("SELECT count(*) FROM articles WHERE article_id = ?", [article_id(0)]).rows == ((0,),)


@pytest.mark.parametrize("most", [1_000, 4])
def test_a_release_loads_what_waits_as_it_was(stream: Stream, most: int) -> None:
    whole: dict[str, Any] = {
        "authors": (Author("Ines Falk"), Author("Web Desk", "desk")), "mentions": (FALK_MENTION,), "entities": (FALK,),
        "evidence": {"title": Evidence("meta", "og:title")}, "tags": ("pier",), "story_signature": tuple(range(6)),
    }
    first = stream.offset
    stream.load(*(news(first + n, word_count=900, **whole) for n in range(10)), *(
        wall(first + n) for n in range(10, SIZE)
    ))
    released = stream.release(QUAY, most)
    assert [loaded.outcomes["loaded"] for loaded in released] == ([10] if most > 10 else [4, 4, 2])
    assert states(stream.warehouse) == {QUAY: ("active", 0), HARBOUR: ("active", 0)}
    (row,) = stream.warehouse.query(
        "SELECT authors, author_types, tags, story_signature, scraper, coordinates_offset, processor, fetched_at, "
        "evidence "
        "FROM articles WHERE article_id = ?", [article_id(first)],
    ).rows
    assert row[:-1] == (
        ["Ines Falk", "Web Desk"], ["person", "desk"], ["pier"], list(range(6)), QUAY, first, PROCESSOR, FETCHED_AT,
    )
    assert json.loads(row[-1]) == {"title": {"how": "meta", "read_from": "og:title"}}
    assert stream.warehouse.query("SELECT article_count FROM entities").rows == ((10,),)
    assert stream.warehouse.query(
        "SELECT DISTINCT outcome, first_outcome, replayed_in LIKE 'batch-%', batch_id FROM ledger "
        "WHERE first_outcome = 'quarantined'"
    ).rows == (("loaded", "quarantined", True, "batch-005"),)
    kinds = dict(stream.warehouse.query("SELECT kind, sum(loaded) FROM batches GROUP BY kind").rows)
    assert kinds == {"ingest": 320, "release": 10}


def test_a_release_decides_what_is_new_by_what_was_loaded_since(stream: Stream) -> None:
    same = {"content_hash": f"{0:064x}", "article_id": article_id(0)}
    first = stream.offset
    texts = [news(first + n, word_count=900) for n in range(SIZE - 2)]
    seen = news(first + SIZE - 2, word_count=900, **same)
    changed = news(first + SIZE - 1, word_count=900, article_id=article_id(1), fetched_at=FETCHED_AT.replace(hour=12))
    assert stream.load(*texts, seen, changed).outcomes == Counter(quarantined=SIZE)
    (released,) = stream.release(QUAY)
    assert released.outcomes == Counter(loaded=SIZE - 2, unchanged=1, new_version=1)


def test_releasing_again_changes_nothing(stream: Stream) -> None:
    stream.load(*turned(stream))
    stream.release(QUAY)
    stream.quiet(QUAY)
    before = tables(stream.warehouse)
    assert stream.release(QUAY) == []
    assert tables(stream.warehouse) == before


def test_a_staged_release_that_was_released_meanwhile_is_left_out(stream: Stream) -> None:
    stream.load(*turned(stream))
    stale = release_batch(
        stream.warehouse.waiting(QUAY, 1_000),
        BatchPlan("stale", "run-3", (), Folder.at(stream.folder) / "stale", FETCHED_AT, kind="release"), PROCESSOR,
    )
    stream.release(QUAY)
    loaded = load_batch(stream.warehouse, stale)
    assert (loaded.outcomes, loaded.left_out) == (Counter(), 10)
    assert stream.warehouse.verify().problems == ()


def test_a_release_that_is_cut_short_anywhere_loses_and_doubles_nothing(stream: Stream) -> None:
    stream.load(*turned(stream))
    first = stream.warehouse.waiting(QUAY, 4)
    plan = BatchPlan("cut", "run-2", (), Folder.at(stream.folder) / "cut", FETCHED_AT, kind="release")
    load_batch(stream.warehouse, release_batch(first, plan, PROCESSOR))
    before = tables(stream.warehouse)

    for at in (Failpoint.COMPARED, "articles", "ledger", "quarantined_articles", Failpoint.CHANGED):
        with pytest.raises(KeyboardInterrupt), failing(at, KeyboardInterrupt()):
            stream.release(QUAY, 4)
        assert (at, tables(stream.warehouse)) == (at, before)
        assert states(stream.warehouse)[QUAY] == ("quarantined", 6)
        assert stream.warehouse.verify().problems == ()
    # a run between: what came since waits behind the rest
    assert stream.quiet(QUAY).outcomes == Counter(quarantined=40)
    assert sum(loaded.outcomes["loaded"] for loaded in stream.release(QUAY, 23)) == 46
    assert stream.warehouse.query("SELECT count(*), count(DISTINCT article_id) FROM articles").rows == ((410, 410),)


def test_a_quarantine_does_not_end_while_articles_wait(stream: Stream) -> None:
    stream.load(*turned(stream))
    before = tables(stream.warehouse)
    with pytest.raises(WarehouseFault, match=r"10 articles of quay-crawler are still quarantined.*scrapers release"):
        stream.warehouse.end_quarantine(QUAY)
    assert tables(stream.warehouse) == before


def test_a_delete_request_removes_what_waits(stream: Stream) -> None:
    stream.load(*turned(stream))
    first, second = (a.coordinates.offset for a in stream.warehouse.waiting(QUAY, 2))
    stream.load(tombstone(stream.offset, article_id(first)))
    assert stream.warehouse.query(
        "SELECT kafka_offset, outcome, removed_in FROM ledger WHERE kafka_offset IN (?, ?) ORDER BY 1", [first, second]
    ).rows == ((first, "quarantined", "batch-006"), (second, "quarantined", None))
    (released,) = stream.release(QUAY)
    assert released.outcomes == Counter(loaded=9)
    assert stream.warehouse.query("SELECT * FROM articles WHERE article_id = ?", [article_id(first)]).rows == ()


def test_within_a_batch_a_delete_request_removes_what_came_before_it_alone(stream: Stream) -> None:
    stream.load(*turned(stream))
    at, gone = stream.offset, article_id(5_000)
    loaded = stream.load(
        news(at, article_id=gone), tombstone(at + 1, gone), news(at + 2, article_id=gone, content_hash="e" * 64)
    )
    assert loaded.outcomes == Counter(quarantined=2, deleted=1)
    assert stream.warehouse.query(
        "SELECT kafka_offset, removed_in FROM ledger WHERE article_id = ? AND outcome = 'quarantined' ORDER BY 1",
        [gone],
    ).rows == ((at, "batch-006"), (at + 2, None))
    assert [a.coordinates.offset for a in stream.warehouse.waiting(QUAY, 100)][-1] == at + 2


def test_a_scraper_whose_records_all_have_an_implausible_time_was_last_seen_when_it_was_before(stream: Stream) -> None:
    last = stream.warehouse.query("SELECT max(last_message_at) FROM scraper_batches WHERE scraper = ?", [QUAY]).rows
    stream.load(refused(stream.offset, scraper=QUAY, reason="ImplausibleTime"), refused(
        stream.offset + 1, scraper="new-crawler", reason="ImplausibleTime"
    ))
    assert stream.warehouse.query(
        "SELECT scraper, last_message_at FROM scraper_batches WHERE batch_id = 'batch-005' ORDER BY scraper DESC"
    ).rows == ((QUAY, last[0][0]), ("new-crawler", FETCHED_AT))


def test_a_suppressed_article_is_not_loaded_by_a_release_and_does_not_wait(stream: Stream) -> None:
    stream.load(*turned(stream))
    first = stream.warehouse.waiting(QUAY, 1)[0].coordinates.offset
    with stream.warehouse._writing() as con:
        for offset in (first, stream.offset):
            con.execute(SUPPRESS, [article_id(offset), FETCHED_AT])
    assert stream.load(news(stream.offset)).outcomes == Counter(suppressed=1)
    (released,) = stream.release(QUAY)
    assert released.outcomes == Counter(loaded=9, suppressed=1)


def test_a_replay_of_a_quarantined_source_waits_with_it(stream: Stream) -> None:
    events = turned(stream)
    stream.load(*events)
    at = stream.offset - 2 * SIZE
    loaded = stream.load(*(news(at + n) for n in range(3)), kind="replay")
    assert loaded.outcomes == Counter(quarantined=3)
    assert stream.warehouse.query(
        "SELECT outcome, first_outcome, reason FROM ledger WHERE kafka_offset = ?", [at]
    ).rows == (("quarantined", "rejected", None),)
    (released,) = stream.release(QUAY)
    assert released.outcomes == Counter(loaded=13)


def test_after_a_release_what_it_does_is_its_usual(stream: Stream) -> None:
    stream.load(*turned(stream))
    stream.release(QUAY)
    assert standings(stream.warehouse)[1].batches == 0
    for _ in range(4):
        assert stream.load(*turned(stream)).outcomes == Counter(loaded=50, rejected=30)


def test_after_a_release_it_is_quarantined_again_once_it_has_a_past_and_turns(stream: Stream) -> None:
    stream.load(*turned(stream))
    stream.release(QUAY)
    for _ in range(3):
        stream.quiet(QUAY)
    assert stream.load(*turned(stream)).outcomes == Counter(quarantined=10, rejected=30, loaded=40)
    assert stream.release(QUAY)[0].outcomes == Counter(loaded=10)


def test_a_batch_that_was_quarantined_is_nothing_to_compare_with(stream: Stream) -> None:
    stream.load(*turned(stream))
    assert stream.warehouse.query(
        "SELECT position, records, consent_walls, is_quarantined, is_compared FROM scraper_batches WHERE scraper = ? "
        "ORDER BY position DESC LIMIT 2", [QUAY],
    ).rows == ((5, 40, 30, True, False), (4, 40, 0, False, True))


def test_small_batches_and_new_scrapers_are_not_quarantined(stream: Stream) -> None:
    assert stream.load(*(wall(stream.offset + n) for n in range(19))).outcomes == Counter(rejected=19)
    strange = [wall(stream.offset + n, "new-crawler") for n in range(SIZE)]
    assert stream.load(*strange).outcomes == Counter(rejected=40)
    assert states(stream.warehouse) == {"new-crawler": ("active", 0), QUAY: ("active", 0), HARBOUR: ("active", 0)}


def test_where_nothing_is_to_be_quarantined_figures_are_kept_all_the_same(stream: Stream) -> None:
    stream.drift = DriftSettings(quarantine=False)
    assert stream.load(*turned(stream)).outcomes == Counter(loaded=50, rejected=30)
    assert standings(stream.warehouse)[1].last.consent_walls == 30


def test_a_batch_published_again_is_not_judged_again(stream: Stream) -> None:
    events = turned(stream)
    batch = stage(stream.folder, *events, batch_id="again")
    first = load_batch(stream.warehouse, batch)
    before = tables(stream.warehouse)
    again = load_batch(stream.warehouse, batch)
    assert (again.outcomes, again.was_loaded_before) == (first.outcomes, True)
    assert tables(stream.warehouse) == before


@pytest.mark.parametrize(("sql", "says"), [
    ("DELETE FROM quarantined_articles WHERE kafka_offset = 350",
     "articles.raw/0@350: is quarantined, but its article does not wait"),
    ("UPDATE quarantined_articles SET article_id = 'x' WHERE kafka_offset = 350",
     "articles.raw/0@350: is quarantined, but its article does not wait"),
    ("UPDATE ledger SET outcome = 'suppressed' WHERE kafka_offset = 350",
     "articles.raw/0@350: has an article that waits, but is not quarantined"),
    ("UPDATE ledger SET removed_in = 'batch-005' WHERE kafka_offset = 350",
     "articles.raw/0@350: has an article that waits, but is not quarantined"),
    ("TWICE quarantined_articles WHERE kafka_offset = 350",
     "articles.raw/0@350: has 2 articles that wait"),
    ("UPDATE scrapers SET state = 'active'",
     "articles.raw/0@350: 10 articles of quay-crawler wait, but it is not quarantined"),
    ("UPDATE ledger SET article_id = NULL WHERE kafka_offset = 350",
     "articles.raw/0@350: is quarantined without an article"),
    ("UPDATE batches SET quarantined = 9 WHERE batch_id = 'batch-005'",
     "run run-1, batch batch-005: counted 80 records (40 loaded, 0 new versions, "
     "0 new readings, 0 unchanged, 30 rejected, "
     "0 deleted, 0 with nothing to delete, 0 suppressed, 9 quarantined), "
     "the ledger has 80 (40, 0, 0, 0, 30, 0, 0, 0, 10)"),
])
def test_ledger_of_quarantined_records_that_do_not_close_say_where(stream: Stream, sql: str, says: str) -> None:
    stream.load(*turned(stream))
    tamper(stream.warehouse, sql)
    assert says in [str(problem) for problem in stream.warehouse.verify().problems]


def test_a_scraper_that_stopped_coming_is_reported(stream: Stream) -> None:
    for hours in range(1, 9):
        stream.load(news(stream.offset, HARBOUR, timestamp=FETCHED_AT.replace(hour=10 + hours)))
    shown = {s.scraper: s.staleness for s in standings(stream.warehouse)}
    assert shown[HARBOUR] is None
    assert shown[QUAY] is not None
    assert shown[QUAY].startswith("stale: not seen for 8 batches and ")
