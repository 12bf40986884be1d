"""Looks up what the warehouse knows of a batch's articles: everything that ``resolve`` needs, in a few lookups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.records import Coordinates
from pipelines.resolve.deletions import Deletion
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup, Row
from pipelines.resolve.stories import COPIED_WITHIN, MOST_IN_A_BAND, Member, each_band
from pipelines.resolve.takedowns import suppressed_articles
from pipelines.resolve.versions import Known, KnownArticle, ResolvedOutcome, Sighting

COORDINATES = ("topic", "partition", "kafka_offset")
_NO_SIGHT = ("deleted", "nothing_to_delete")
_DELETION = (*COORDINATES, "message_at", "key_id", "article_id")
_LEDGER = (*COORDINATES, "message_at", "article_id", "version", "outcome", "key_id", "fetched_at", "removed_in")


@dataclass(frozen=True, slots=True)
class Former:
    """A record that is processed again, as it was before.

    ``sighting`` has the text that it showed. If ``is_maker``, the version with that text was made from the record, by
    ``processor``.
    """

    outcome: ResolvedOutcome
    version: int | None
    sighting: Sighting
    is_maker: bool
    processor: str | None = None

    @property
    def is_text(self) -> bool:
        return self.sighting.is_text


def staged_sightings(
    staged: Staged, quarantined: Collection[str], former: Mapping[Coordinates, Former]
) -> list[Sighting]:
    """The messages of the batch: articles, rejected ones and delete requests; those of quarantined scrapers say so.

    An article that was loaded before its scraper was quarantined, and is processed again, is not quarantined.
    """
    columns = ("article_id", "content_hash", "fetched_at", "word_count", "scraper", "processed_at", "processor")
    of_article = list(zip(
        lists_of_numbers(staged.article_table.column("story_signature")), *map(staged.column, columns), strict=True
    ))
    found = []
    for outcome in staged.outcomes:
        row = staged.articles.get(outcome.coordinates)
        is_rejected = outcome.outcome == "rejected"
        if row is None:
            found.append(Sighting(
                outcome.coordinates, outcome.timestamp, outcome.article_id or "", key_id=outcome.key_id,
                is_rejected=is_rejected, other_article_ids=outcome.other_article_ids,
            ))
        else:
            signature, article_id, content_hash, fetched_at, words, scraper, *processed = of_article[row]
            waits = scraper in quarantined and not _was_text(former, outcome.coordinates)
            found.append(Sighting(
                outcome.coordinates, outcome.timestamp, article_id, content_hash, fetched_at, signature, words, waits,
                outcome.key_id, is_rejected, reading=outcome.reading, processed_at=processed[0], processor=processed[1],
            ))
    return found


def _was_text(former: Mapping[Coordinates, Former], coordinates: Coordinates) -> bool:
    return coordinates in former and former[coordinates].is_text


def former_records(known: KnownState, staged: Staged) -> dict[Coordinates, Former]:
    """The records of a reprocess as the ledger has them; none for a batch of another kind."""
    if staged.batch.kind != "reprocess":
        return {}
    keys = sorted(astuple(o.coordinates) for o in staged.outcomes)
    rows = known.rows(Lookup("ledger", _LEDGER, COORDINATES, keys))
    texts, signatures = _texts_of(known, rows)
    found = {}
    for row in rows:
        at, text = Coordinates(*row[:3]), texts.get((row[4], row[5]))
        is_maker = text is not None and text[3:6] == astuple(at)
        processor = text[6] if text is not None else None
        found[at] = Former(row[6], row[5], _past_sighting(row, texts, signatures), is_maker, processor)
    return found


def lists_of_numbers(column: pa.ChunkedArray) -> list[tuple[int, ...]]:
    """The lists of a column, without the second object for each number that Arrow's own conversion makes.

    >>> lists_of_numbers(pa.chunked_array([pa.array([[1, 2], [], [3]])]).slice(1))
    [(), (3,)]
    """
    lists = column.combine_chunks()
    numbers = lists.flatten().to_numpy().tolist()
    ends = np.cumsum(lists.value_lengths().to_numpy()).tolist()
    return [tuple(numbers[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def known_history(
    known: KnownState, sightings: Sequence[Sighting], at: datetime, anew: Collection[str] = (),
    rejected: Sequence[Coordinates] = (),
) -> Known:
    """These articles as the warehouse has them, and other articles that they may be copies of.

    ``at`` is when suppressions have to be in force. Of the articles ``anew``, all earlier records are looked up, and
    besides them those at the coordinates ``rejected``.
    """
    deletions, past = _deletions(known, sightings, set(anew), rejected)
    ids = sorted({article_id for s in (*sightings, *past) for article_id in s.article_ids} | set(anew))
    return Known(
        _articles(known, ids), _members(known, (*sightings, *past), len(ids)), suppressed_articles(known, ids, at),
        deletions, past,
    )


def _articles(known: KnownState, ids: Sequence[str]) -> dict[str, KnownArticle]:
    current = {
        row[0]: row[1:]
        for row in known.rows(_by_id(
            "articles", ids, "article_id", "version", "content_hash", "last_fetched_at", "story_id", "fetched_at",
            "reading", "processed_at", "processor", "outlet_domain", "outlet_name", "coordinates_topic",
            "coordinates_partition", "coordinates_offset",
        ))
    }
    versions: dict[str, dict[str, int]] = defaultdict(dict)
    of_known = [i for i in ids if i in current]
    rows = known.rows(_by_id("article_versions", of_known, "article_id", "version", "content_hash"))
    for article_id, version, content_hash in sorted(rows):
        versions[article_id][content_hash] = version
    return {
        i: replace(KnownArticle(i, versions[i], *now[:-3]), coordinates=Coordinates(*now[-3:]))
        for i, now in current.items()
    }


def _members(known: KnownState, sightings: Sequence[Sighting], most_deleted: int) -> tuple[Member, ...]:
    _, found = each_band([s.signature for s in sightings])
    found.sort()
    keys = pa.table({"band": found[np.concatenate([[True], found[1:] != found[:-1]])[: len(found)]]})
    if not keys.num_rows:
        return ()
    times = [s.fetched_at for s in sightings if s.signature and s.fetched_at is not None]
    near = ("fetched_at", min(times) - COPIED_WITHIN, max(times) + COPIED_WITHIN)
    most = MOST_IN_A_BAND + most_deleted  # the batch may delete as many of them
    met = known.table(Lookup(
        "story_bands", ("article_id",), ("band",), keys, between=near, order=("fetched_at", "article_id"), most=most
    )).column("article_id").unique().to_pylist()
    columns = ("article_id", "story_id", "word_count", "fetched_at")
    articles = known.table(_by_id("articles", sorted(met), *columns, "story_signature")).sort_by("article_id")
    return tuple(
        Member(article_id, story_id, signature, words, fetched_at)
        for article_id, story_id, words, fetched_at, signature in zip(
            *(articles.column(name).to_pylist() for name in columns),
            lists_of_numbers(articles.column("story_signature")), strict=True,
        )
    )


def _deletions(
    known: KnownState, sightings: Sequence[Sighting], anew: set[str], rejected: Sequence[Coordinates]
) -> tuple[tuple[Deletion, ...], tuple[Sighting, ...]]:
    """Earlier delete requests for what the batch carries, and the earlier messages that any delete request may concern.

    The ledger is searched only where the batch has a delete request, or a message under a key that had one, and for the
    articles ``anew``.
    """
    requests = [s for s in sightings if s.is_delete_request]
    named = sorted({article_id for s in sightings for article_id in s.article_ids})
    rows = known.rows(_by_id("deletions", named, *_DELETION))
    keys = sorted({(s.coordinates.topic, s.key_id) for s in sightings if s.key_id})
    rows += known.rows(Lookup("deletions", _DELETION, ("topic", "key_id"), keys))
    deletions = tuple(Deletion(Coordinates(*row[:3]), *row[3:]) for row in sorted(set(rows), key=_in_order))
    deleted_keys = {(s.coordinates.topic, s.key_id) for s in requests if s.key_id}
    deleted_keys |= {(d.coordinates.topic, d.key_id) for d in deletions if d.key_id}
    concerned = anew | {s.article_id for s in requests}
    concerned |= {
        s.article_id for s in sightings if (s.coordinates.topic, s.key_id) in deleted_keys and not s.is_rejected
    }
    if not concerned and not rejected:
        return deletions, ()
    requested_keys = {(s.coordinates.topic, s.key_id) for s in requests if s.key_id}
    return deletions, _past(known, sightings, concerned, requested_keys, rejected)


def _past(
    known: KnownState, sightings: Sequence[Sighting], concerned: set[str], deleted_keys: Collection[tuple[str, str]],
    rejected: Sequence[Coordinates],
) -> tuple[Sighting, ...]:
    under_keys = known.rows(Lookup("ledger", _LEDGER, ("topic", "key_id"), sorted(deleted_keys)))
    concerned = concerned | {
        row[4] for row in under_keys if row[4] is not None and row[6] not in ("rejected", *_NO_SIGHT)
    }
    named = known.rows(_by_id("named_articles", sorted(concerned), *COORDINATES))
    rows = set(under_keys) | set(known.rows(_by_id("ledger", sorted(concerned), *_LEDGER)))
    wanted = {*named, *(astuple(each) for each in rejected)}
    rows |= set(known.rows(Lookup("ledger", _LEDGER, COORDINATES, sorted(wanted))))
    here = {s.coordinates for s in sightings}
    rows = {row for row in rows if row[6] not in _NO_SIGHT and Coordinates(*row[:3]) not in here}
    texts, signatures = _texts_of(known, rows)
    others = other_names(known, [row[:3] for row in rows if row[6] == "rejected"])
    return tuple(
        replace(_past_sighting(row, texts, signatures), other_article_ids=others.get(Coordinates(*row[:3]), ()))
        for row in sorted(rows, key=lambda row: row[:3])
    )


def _texts_of(
    known: KnownState, rows: Iterable[Row]
) -> tuple[dict[Row, Row], dict[Row, tuple[int, ...]]]:
    """The texts of the articles of these ledger rows, by article and version; signatures of current ones, by hash."""
    ids = sorted({row[4] for row in rows if row[4]})
    texts = {
        row[:2]: row[2:]
        for row in known.rows(_by_id(
            "article_versions", ids, "article_id", "version", "content_hash", "fetched_at", "word_count",
            "coordinates_topic", "coordinates_partition", "coordinates_offset", "processor",
        ))
    }
    signatures = {
        row[:2]: tuple(row[2])
        for row in known.rows(_by_id("articles", ids, "article_id", "content_hash", "story_signature"))
    }
    return texts, signatures


def other_names(known: KnownState, coordinates: Iterable[Row]) -> dict[Coordinates, tuple[str, ...]]:
    """Further articles that rejected messages name, by coordinates."""
    found: dict[Coordinates, tuple[str, ...]] = defaultdict(tuple)
    columns = (*COORDINATES, "article_id")
    for row in sorted(known.rows(Lookup("named_articles", columns, COORDINATES, sorted(coordinates)))):
        found[Coordinates(*row[:3])] += (row[3],)
    return found


def _past_sighting(
    row: Row, texts: dict[Row, Row], signatures: dict[Row, tuple[int, ...]]
) -> Sighting:
    coordinates = Coordinates(*row[:3])
    message_at, article_id, version, outcome, key_id, fetched_at, removed_in = row[3:]
    text = texts.get((article_id, version)) if removed_in is None else None
    content_hash = text[0] if text else None
    if fetched_at is None and text is not None and text[3:6] == astuple(coordinates):
        fetched_at = text[1]
    return Sighting(
        coordinates, message_at, article_id or "", content_hash, fetched_at or message_at,
        signatures.get((article_id, content_hash), ()), text[2] if text else 0, outcome == "quarantined", key_id,
        outcome in {"rejected", "withdrawn"}, outcome == "suppressed" or removed_in is not None,
    )


def _by_id(table: str, ids: Iterable[str], *columns: str) -> Lookup:
    return Lookup(table, columns, ("article_id",), [(each,) for each in ids])


def _in_order(row: Row) -> tuple[Any, ...]:
    moment: datetime = row[3]
    return (*row[:3], moment, row[4] or "", row[5])
