"""Deletions hold: whatever order and batches the records come in, the same articles are left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.records import Coordinates
from pipelines.resolve.versions import Known, Sighting, resolve
from pipelines.stage import key_digest
from tests.builders import FETCHED_AT, coordinates
from tests.resolve.store import Store

ARTICLE, OTHER, NAMED = "a" * 32, "c" * 32, "e" * 32
FILE, URL = b"page-7.html", b"https://harbour-news.example/pier"


def at(minute: float) -> datetime:
    return FETCHED_AT + timedelta(minutes=minute)


def shown(
    offset: int, text: str = "first", *, key: bytes | None = FILE, article_id: str = ARTICLE, partition: int = 0,
    minute: float | None = None, fetched: float | None = None,
) -> Sighting:
    """A record under a key that carries an article."""
    minute = offset if minute is None else minute
    return Sighting(
        coordinates(offset, partition), at(minute), article_id, text, at(minute if fetched is None else fetched),
        word_count=100, key_id=key_digest(key),
    )


def tombstone(
    offset: int, key: bytes = FILE, *, partition: int = 0, minute: float | None = None, names: str = NAMED
) -> Sighting:
    """A delete request; ``names`` is the article at the address in its key."""
    moment = at(offset if minute is None else minute)
    return Sighting(coordinates(offset, partition), moment, names, key_id=key_digest(key))


def refused(
    offset: int, *, key: bytes | None = FILE, names: str = "", others: tuple[str, ...] = (), partition: int = 0,
    minute: float | None = None,
) -> Sighting:
    return Sighting(
        coordinates(offset, partition), at(offset if minute is None else minute), names, key_id=key_digest(key),
        is_rejected=True, other_article_ids=others,
    )


def outcomes(store: Store) -> dict[int, str]:
    return {coordinates.offset: row.outcome for coordinates, row in sorted(store.rows.items())}


def in_batches(*records: Sighting) -> Store:
    """Each record as a batch of its own."""
    store = Store()
    for record in records:
        store.load([record])
    return store


def test_a_key_that_is_no_address_removes_the_article_that_came_under_it() -> None:
    store = in_batches(shown(0), shown(1, key=b"\xff\x00 no text", article_id=OTHER), tombstone(2))
    assert outcomes(store) == {0: "loaded", 1: "loaded", 2: "deleted"}
    assert set(store.articles) == {OTHER}
    store.load([tombstone(3, b"\xff\x00 no text")])
    assert (outcomes(store)[3], store.articles) == ("deleted", {})


def test_an_address_removes_the_article_whatever_key_it_came_under() -> None:
    store = in_batches(shown(0, key=None), shown(1, key=b"other"), tombstone(2, URL, names=ARTICLE))
    assert (outcomes(store), store.articles) == ({0: "loaded", 1: "unchanged", 2: "deleted"}, {})


def test_an_article_goes_whole_though_it_was_seen_under_another_key_too() -> None:
    store = in_batches(shown(0), shown(1, "second", key=b"other"), tombstone(2))
    assert (outcomes(store)[2], store.articles) == ("deleted", {})


def test_every_article_that_a_key_carried_goes() -> None:
    store = in_batches(shown(0), shown(1, article_id=OTHER), tombstone(2))
    assert store.articles == {}


def test_a_key_of_another_topic_is_another_key() -> None:
    elsewhere = Sighting(Coordinates("elsewhere", 0, 9), at(9), NAMED, key_id=key_digest(FILE))
    store = in_batches(shown(0), elsewhere)
    assert (outcomes(store)[9], set(store.articles)) == ("nothing_to_delete", {ARTICLE})


def test_where_there_is_nothing_the_outcome_says_so() -> None:
    store = in_batches(tombstone(0), shown(1), tombstone(2), tombstone(3))
    assert outcomes(store) == {0: "nothing_to_delete", 1: "loaded", 2: "deleted", 3: "nothing_to_delete"}


def test_what_is_deleted_is_not_brought_back_by_an_earlier_record_but_by_a_later_one() -> None:
    store = in_batches(
        shown(0), tombstone(1, minute=10), shown(2, minute=5), shown(0, key=b"other", partition=1, minute=9),
        shown(1, key=b"other", partition=1, minute=10), shown(3, "again", minute=11),
    )
    assert [row.outcome for row in store.rows.values()] == [
        "loaded", "deleted", "suppressed", "suppressed", "suppressed", "loaded",
    ]
    assert store.articles[ARTICLE].version_of == {"again": 1}


def test_of_one_moment_the_partitions_order_decides() -> None:
    store = in_batches(shown(0, minute=0), tombstone(1, minute=0), shown(2, minute=0))
    assert outcomes(store) == {0: "loaded", 1: "deleted", 2: "loaded"}


def test_a_record_before_the_request_in_its_partition_goes_whatever_its_clock_said() -> None:
    store = in_batches(shown(0, minute=60), tombstone(1, minute=1))
    assert (outcomes(store), store.articles) == ({0: "loaded", 1: "deleted"}, {})


def test_a_late_request_leaves_what_later_records_show() -> None:
    store = in_batches(
        shown(0, "old", minute=0), shown(1, "old", minute=8), shown(2, "new", minute=9),
        tombstone(0, partition=1, minute=4),
    )
    assert store.articles[ARTICLE].version_of == {"old": 1, "new": 2}
    assert {key: text.coordinates.offset for key, text in store.versions.items()} == {(ARTICLE, 1): 1, (ARTICLE, 2): 2}
    assert [(r.coordinates.offset, r.outcome, r.version, r.is_removed) for r in store.rows.values()] == [
        (0, "loaded", 1, True), (1, "loaded", 1, False), (2, "new_version", 2, False), (0, "deleted", None, False),
    ]


def test_a_late_record_under_a_deleted_key_takes_along_what_its_article_has_from_other_keys() -> None:
    store = in_batches(shown(0, key=b"other"), tombstone(1), shown(0, "second", partition=1, minute=0.5))
    assert ([r.outcome for r in store.rows.values()], store.articles) == (
        ["loaded", "nothing_to_delete", "suppressed"], {},
    )


def test_rejected_and_waiting_records_under_the_key_go_too() -> None:
    waiting = Sighting(coordinates(1), at(1), ARTICLE, "text", at(1), is_quarantined=True, key_id=key_digest(FILE))
    found = resolve([refused(0), waiting, tombstone(2), refused(3, minute=1), refused(4)], Known())
    assert [(r.outcome, r.is_removed) for r in found.rows] == [
        ("rejected", True), ("quarantined", True), ("deleted", False), ("rejected", True), ("rejected", False),
    ]


def test_the_time_of_a_rejected_record_moves_no_other() -> None:
    far_ahead = refused(0, key=None, minute=10**7)
    found = resolve([far_ahead, shown(1, minute=1), tombstone(0, partition=1, minute=5)], Known())
    assert {row.coordinates: row.outcome for row in found.rows} == {
        coordinates(0): "rejected", coordinates(1): "loaded", coordinates(0, 1): "deleted",
    }


def test_a_rejected_record_that_names_the_deleted_address_goes() -> None:
    store = in_batches(refused(0, key=None, names=NAMED), refused(1, key=None), tombstone(2))
    assert [(r.outcome, r.is_removed) for r in store.rows.values()] == [
        ("rejected", True), ("rejected", False), ("deleted", False),
    ]


@pytest.mark.parametrize("names", [(NAMED, (OTHER,)), (OTHER, (NAMED,)), (OTHER, (ARTICLE, NAMED, NAMED))])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("is_one_batch", [True, False])
def test_a_rejected_record_goes_by_any_article_that_it_names(
    names: tuple[str, tuple[str, ...]], is_first: bool, is_one_batch: bool
) -> None:
    letter = refused(0, key=b"other", names=names[0], others=names[1], minute=0)
    kept = refused(1, key=b"other", names=names[0], others=names[1], minute=9)
    request = tombstone(0, partition=1, minute=5)
    records = [letter, request, kept] if is_first else [request, letter, kept]
    store = Store()
    for batch in [records] if is_one_batch else [[record] for record in records]:
        store.load(batch)
    assert (store.rows[letter.coordinates].is_removed, store.rows[kept.coordinates].is_removed) == (True, False)
    was_there = is_first or is_one_batch
    assert store.rows[request.coordinates].outcome == ("deleted" if was_there else "nothing_to_delete")


def test_a_rejected_record_goes_with_the_article_that_came_under_the_key_of_the_request() -> None:
    store = in_batches(shown(0), refused(1, key=b"other", names=OTHER, others=(ARTICLE,)), tombstone(2))
    assert [(r.outcome, r.is_removed) for r in store.rows.values()] == [
        ("loaded", True), ("rejected", True), ("deleted", False),
    ]


@dataclass(frozen=True)
class Left:
    """What is left of an article: its texts, the current one, and when that was last fetched."""

    texts: frozenset[str]
    current: str
    fetched_at: datetime


def left(store: Store) -> dict[str, Left]:
    for article_id, known in store.articles.items():
        kept = {version for of, version in store.versions if of == article_id}
        assert kept == set(range(1, len(kept) + 1)), "versions are numbered from 1, without holes"
        assert store.versions[article_id, known.current_version].content_hash == known.current_hash
    return {
        article_id: Left(frozenset(known.version_of), known.current_hash, known.current_fetched_at)
        for article_id, known in store.articles.items()
    }


_KEYS = {b"one.html": NAMED, URL: ARTICLE, b"\xff": "f" * 32}
_records = st.lists(
    st.tuples(
        st.sampled_from(["tombstone", "one", "two", "three", "refused"]), st.sampled_from(sorted(_KEYS)),
        st.sampled_from([ARTICLE, OTHER]), st.integers(0, 2), st.integers(0, 6),
    ),
    max_size=12,
)


def _stream(drawn: list[tuple[str, bytes, str, int, int]]) -> list[Sighting]:
    """Records in the order of producing; no two pages were fetched at once, so that one of them is the current one."""
    stream = []
    for n, (what, key, article_id, partition, minute) in enumerate(drawn):
        if what == "tombstone":
            stream.append(tombstone(n, key, partition=partition, minute=minute, names=_KEYS[key]))
        elif what == "refused":
            names, others = ("", ()) if n % 3 == 0 else (article_id, (NAMED,) if n % 3 == 1 else ())
            stream.append(refused(n, key=key, names=names, others=others, partition=partition, minute=minute))
        else:
            fetched = (7 * n) % 13
            stream.append(shown(
                n, what, key=key, article_id=article_id, partition=partition, minute=minute, fetched=fetched
            ))
    return stream


@settings(max_examples=400, deadline=None)
@given(_records, st.data())
def test_whatever_the_batches_are_the_same_is_left(
    drawn: list[tuple[str, bytes, str, int, int]], data: st.DataObject
) -> None:
    stream = _stream(drawn)
    whole, cut = Store(), Store()
    whole.load(stream)
    by_partition = groupby(sorted(stream, key=lambda s: s.coordinates), key=lambda s: s.coordinates.partition)
    waiting = [list(records) for _, records in by_partition]
    while any(waiting):
        takes = [data.draw(st.integers(0, len(records))) for records in waiting]
        if not any(takes):
            takes = [min(1, len(records)) for records in waiting]
        cut.load([s for records, take in zip(waiting, takes, strict=True) for s in records[:take]])
        waiting = [records[take:] for records, take in zip(waiting, takes, strict=True)]
    assert left(cut) == left(whole)
    assert gone(cut) == gone(whole)


def gone(store: Store) -> set[Coordinates]:
    """Records of which nothing is left: removed, or suppressed because they came too late."""
    return {coordinates for coordinates, row in store.rows.items() if row.is_removed or row.outcome == "suppressed"}
