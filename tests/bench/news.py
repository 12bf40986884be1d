"""Made-up staged batches of any size, as the stage step writes them, for measuring a warehouse.

Everything about an article is a function of its number and the seed: the article 7 of one run is that of every other,
an update or a copy of any article is made without keeping the history, and a million take minutes. Columns are made
as arrays, never record by record. Names, outlets and words follow power laws. Spans of mentions are plausible numbers
and do not point at the name: nothing that loads a batch reads the body at them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.clean.identity import BODY_PLACES, LEAD_PLACES
from pipelines.records import OffsetRange
from pipelines.stage import Folder, StagedBatch, write_manifest
from pipelines.stage.parts import ROW_GROUP, FileKind, StagedFile, schema_of

type Numbers = np.ndarray[Any, Any]

TOPIC = "articles.raw"
PARTITIONS = 4
STARTED_AT = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=60)
PROCESSOR = "dateline bench"

COPY_EVERY = 18  # the last of 18 articles is a copy of an earlier one: 100 of 1,800
COPIED_WITHIN = timedelta(days=14)  # of the original: any time of these is equally likely
PLACES = BODY_PLACES + LEAD_PLACES
CHANGED_PLACES = 0.08  # of the signature, in a copy or an update: most bands stay
OUTLETS, SCRAPERS, VOCABULARY = 200, 8, 20_000
WALKS = ("public_office", "business", "sport", "arts", "science", "religion")
OCCUPATION_STATED = 0.05
OTHER_WALK = 0.3  # of the stated ones: every frequent name has several, which namesakes are told by
COUNTRIES = ("GB", "US", "IN", "NG", "KE", "ZA", "AU", "NZ", "IE", "CA", "NL", "DE", "FR", "ES", "IT", "PK")


@dataclass(frozen=True, slots=True)
class Kind:
    """Names of one type: how many an article draws, of how many, by ``rank ** -slope``."""

    type: str
    drawn: int
    names: int
    slope: float


# 4 draws at a weight of 1/120 each: the most frequent person is in one article of thirty
KINDS = (Kind("PER", 4, 165_000, 0.7), Kind("ORG", 2, 60_000, 0.75), Kind("LOC", 2, 20_000, 0.8))


@dataclass(slots=True)
class News:
    """The articles that were made so far; each batch goes on from there."""

    folder: Path
    expected: int
    """Articles that the 60 days hold in all."""
    seed: int = 20
    articles: int = 0
    batches: int = 0
    next_offsets: Numbers = field(default_factory=lambda: np.zeros(PARTITIONS, np.int64))

    def batch(self, new: int, updates: int) -> StagedBatch:
        """A sealed batch of so many new articles, a copy among every 18, and updates picked all over the history."""
        self.batches += 1
        rng = np.random.default_rng([self.seed, self.batches])
        old = rng.permutation(np.unique(rng.integers(0, max(self.articles, 1), 2 * updates))[: self.articles])[:updates]
        number = np.concatenate([np.arange(self.articles, self.articles + new), old]).astype(np.int64)
        revision = np.concatenate([np.zeros(new, np.int64), np.full(len(old), self.batches)])
        self.articles += new
        order = rng.permutation(len(number))
        return self._staged(number[order], revision[order])

    def _staged(self, number: Numbers, revision: Numbers) -> StagedBatch:
        name = f"batch-{self.batches:05}"
        milliseconds = SPAN / timedelta(milliseconds=1) / self.expected
        first = int((self.articles - (revision == 0).sum()) * milliseconds)
        at = first + np.sort((np.arange(len(number)) * milliseconds).astype(np.int64))
        fetched_at = int(STARTED_AT.timestamp() * 1000) + at
        partition = number % PARTITIONS
        offset = np.empty(len(number), np.int64)
        ranges = []
        for p in range(PARTITIONS):
            at_p, start = np.flatnonzero(partition == p), int(self.next_offsets[p])
            offset[at_p] = start + np.arange(len(at_p))
            self.next_offsets[p] += len(at_p)
            if len(at_p):
                ranges.append(OffsetRange(TOPIC, p, start, start + len(at_p)))
        copied_within = max(1, int(self.expected * (COPIED_WITHIN / SPAN)))
        table = articles(Made(self.seed, number, revision, fetched_at, partition, offset, copied_within))
        folder = Folder.at(self.folder) / name
        files = tuple(
            _written(folder, kind, rows) for kind, rows in (("articles", table), ("outcomes", _of(table)))
        )
        staged_at = datetime.fromtimestamp(fetched_at[-1] / 1000, UTC)
        batch = StagedBatch(name, "bench", folder, tuple(ranges), files, PROCESSOR, staged_at)
        write_manifest(batch)
        return batch


@dataclass(frozen=True, slots=True)
class Made:
    """What a batch's articles are made from, an element each."""

    seed: int
    number: Numbers
    revision: Numbers
    fetched_at: Numbers
    partition: Numbers
    offset: Numbers
    copied_within: int
    """How many articles before a copy its original can be."""

    @property
    def original(self) -> Numbers:
        """The article whose text each has: its own number, or that of the one it is a copy of."""
        back = np.minimum(self.number, self.copied_within)
        earlier = self.number - 1 - (self.draw("source", self.number) * back).astype(np.int64)
        earlier -= earlier % COPY_EVERY == COPY_EVERY - 1
        return np.where(self.number % COPY_EVERY == COPY_EVERY - 1, np.maximum(earlier, 0), self.number)

    def draw(self, what: str, *keys: Numbers) -> Numbers:
        """Numbers from 0 to 1, by what they are for and of: a counter through SplitMix64 (Steele et al., 2014)."""
        state = np.uint64(int.from_bytes(hashlib.md5(f"{self.seed} {what}".encode()).digest()[:8]))
        with np.errstate(over="ignore"):
            for key in keys:
                state = _mixed(state ^ key.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        return (state >> np.uint64(11)) * 2.0**-53


def _mixed(x: Numbers) -> Numbers:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def articles(made: Made) -> pa.Table:
    """The articles as rows of the newest contract; fields that are not named here are null or empty."""
    schema, count = schema_of("articles"), len(made.number)
    lengths = (250 + made.draw("length", made.original) * 300).astype(np.int64)
    outlet = np.searchsorted(_cumulated(OUTLETS, 1.0), made.draw("outlet", made.number))
    domains = [f"outlet-{o}.example" for o in outlet]
    urls = [f"https://{d}/{n}" for d, n in zip(domains, made.number.tolist(), strict=True)]
    ids = [hashlib.md5(url.encode()).hexdigest() for url in urls]
    published = pa.array(made.fetched_at - (made.draw("delay", made.number) * 2e7).astype(np.int64),
                         mask=made.draw("undated", made.number) < 0.03)
    names = _names(made)
    columns: dict[str, pa.Array] = {
        "article_id": pa.array(ids),
        "version": pa.array(np.ones(count, np.int32)),
        "content_hash": pa.array([
            hashlib.sha256(b"%d %d" % pair).hexdigest()
            for pair in zip(made.number.tolist(), made.revision.tolist(), strict=True)
        ]),
        "url": pa.array(urls),
        "canonical_url": pa.array(urls),
        "outlet": _struct(schema.field("outlet").type, {
            "domain": pa.array(domains), "name": pa.array([f"The Outlet {o}" for o in outlet]),
        }),
        "title": _text(made, made.original, np.full(count, 9), "title"),
        "body": _text(made, made.original, lengths, "body"),
        "authors": _list(schema.field("authors").type, np.ones(count, np.int64), {
            "name": _people().take(pa.array((made.draw("author", made.number) ** 2 * 4_000).astype(np.int64))),
            "type": pa.array(["person"] * count),
        }),
        "published_at": published.cast(pa.timestamp("ms")).cast(pa.timestamp("ms", "UTC")),
        "language": pa.array(np.where(made.draw("language", made.number) < 0.97, "en", "fr").tolist()),
        "section": pa.array([f"section-{o % 9}" for o in outlet]),
        "word_count": pa.array(lengths.astype(np.int32)),
        "is_truncated": pa.array(np.zeros(count, bool)),
        "story_id": pa.array(ids),
        "story_signature": pa.ListArray.from_arrays(
            pa.array(np.arange(count + 1, dtype=np.int32) * PLACES), pa.array(_signatures(made).ravel()),
            type=schema.field("story_signature").type,
        ),
        "entities": _entities(made, names, schema.field("entities").type),
        "mentions": _mentions(made, names, (lengths, schema.field("mentions").type)),
        "evidence": _evidence(count, schema.field("evidence").type),
        "fetched_at": _times(made.fetched_at),
        "processed_at": _times(made.fetched_at),
        "processor": pa.array([PROCESSOR] * count),
        "scraper": pa.array([f"scraper-{o % SCRAPERS}" for o in outlet]),
        "coordinates": _struct(schema.field("coordinates").type, {
            "topic": pa.array([TOPIC] * count), "partition": pa.array(made.partition.astype(np.int32)),
            "offset": pa.array(made.offset),
        }),
    }
    return pa.Table.from_arrays(
        [columns[f.name].cast(f.type) if f.name in columns else _empty(f, count) for f in schema], schema=schema
    )


@dataclass(frozen=True, slots=True)
class Names:
    """Who the articles name, a row an article and name: the article's place, the kind, the name's rank, mentions."""

    article: Numbers
    kind: Numbers
    rank: Numbers
    mentions: Numbers


def _names(made: Made) -> Names:
    """Each name once an article, mentioned 1 to 6 times; copies name whom their originals name."""
    parts = []
    for k, kind in enumerate(KINDS):
        for slot in range(kind.drawn):
            key = np.full(len(made.number), 10 * k + slot)
            rank = np.searchsorted(_cumulated(kind.names, kind.slope), made.draw("name", made.original, key))
            parts.append((np.arange(len(rank)), np.full(len(rank), k), rank))
    drawn = np.unique(np.stack([np.concatenate(column) for column in zip(*parts, strict=True)], axis=1), axis=0)
    article, kind_at, rank = drawn.T
    often = made.draw("mentions", made.original[article], kind_at, rank)
    return Names(article, kind_at, rank, 1 + (often**3 * 5).astype(np.int64))


def _entities(made: Made, names: Names, kind: pa.DataType) -> pa.Array:
    catalogue, at = _catalogue(), names.rank + _starts()[names.kind]
    is_person, is_place = names.kind == 0, names.kind == 2
    stated = made.draw("stated", made.number[names.article], names.rank) < OCCUPATION_STATED
    is_other = made.draw("who", made.number[names.article], names.rank)  # a namesake, or the page was misread
    other = np.where(is_other < OTHER_WALK, 1 + (is_other / OTHER_WALK * (len(WALKS) - 1)).astype(np.int64), 0)
    walks = pa.array(WALKS).take(pa.array((names.rank + other) % len(WALKS)))
    totals = np.bincount(names.article, names.mentions, len(made.number))
    return _list(kind, np.bincount(names.article, minlength=len(made.number)), {
        "entity_id": catalogue["id"].take(pa.array(at)),
        "name": catalogue["name"].take(pa.array(at)),
        "type": pa.array([k.type for k in KINDS]).take(pa.array(names.kind)),
        "country": _where(is_place, pa.array(COUNTRIES).take(pa.array(names.rank % len(COUNTRIES)))),
        "geonames_id": pa.array(names.rank.astype(np.int64), mask=~is_place),
        "latitude": pa.array(names.rank % 120 - 60.0, mask=~is_place),
        "longitude": pa.array(names.rank % 300 - 150.0, mask=~is_place),
        "occupation": _where(is_person & stated, walks),
        "mention_count": pa.array(names.mentions.astype(np.int32)),
        "in_title": pa.array(made.draw("titled", made.original[names.article], names.rank) < 0.1),
        "salience": pa.array(names.mentions / totals[names.article]),
    })


def _mentions(made: Made, names: Names, how: tuple[Numbers, pa.DataType]) -> pa.Array:
    words, kind = how
    of = np.repeat(np.arange(len(names.rank)), names.mentions)
    article = names.article[of]
    key = np.arange(len(of)) - np.repeat(np.cumsum(names.mentions) - names.mentions, names.mentions)
    start = (made.draw("start", made.original[article], names.rank[of], key) * words[article] * 6).astype(np.int64)
    order = np.lexsort((start, article))
    of, article, start = of[order], article[order], start[order]
    catalogue, at = _catalogue(), pa.array(names.rank[of] + _starts()[names.kind[of]])
    text = catalogue["name"].take(at)
    return _list(kind, np.bincount(article, minlength=len(made.number)), {
        "text": text,
        "type": pa.array([k.type for k in KINDS]).take(pa.array(names.kind[of])),
        "start": pa.array(start.astype(np.int32)),
        "end": pc.add(pa.array(start.astype(np.int32)), pc.utf8_length(text)),
        "sentence": pa.array((start // 120).astype(np.int32)),
        "entity_id": catalogue["id"].take(at),
        "in_title": pa.array(start < 0),
        "confidence": pa.array(np.full(len(of), 0.9)),
    })


def _signatures(made: Made) -> Numbers:
    """The original's numbers; a copy or an update has some of its own."""
    place = np.arange(PLACES)[None, :]
    own = made.number[:, None] * 1_000 + made.revision[:, None]
    is_changed = made.draw("changed", own, place) < CHANGED_PLACES
    is_changed &= ((made.number != made.original) | (made.revision > 0))[:, None]
    shared, changed = made.draw("place", made.original[:, None], place), made.draw("own place", own, place)
    return (np.where(is_changed, changed, shared) * 2**32).astype(np.int64)


def _text(made: Made, of: Numbers, lengths: Numbers, what: str) -> pa.Array:
    """So many words each, of a vocabulary that follows a power law; an update ends on words of its own."""
    ends = np.cumsum(lengths)
    article = np.repeat(np.arange(len(of)), lengths)
    place = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
    revision = np.where(place >= lengths[article] - 20, made.revision[article], 0)
    rank = (made.draw(what, of[article], place, revision) ** 3 * VOCABULARY).astype(np.int64)
    offsets = pa.array(np.concatenate([[0], ends]).astype(np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, _vocabulary().take(pa.array(rank))), " ")


def _word(number: int) -> str:
    """A made-up word, another for each number.

    >>> _word(0), _word(71), _word(5_000)
    ('ba', 'bebe', 'bebela')
    """
    syllables = [c + v for c in "bdfghklmnprstz" for v in "aeiou"]
    word = syllables[number % 70]
    while number >= 70:
        number //= 70
        word = syllables[number % 70] + word
    return word


@cache
def _vocabulary() -> pa.Array:
    return pa.array([_word(number) for number in range(VOCABULARY)])


@cache
def _people() -> pa.Array:
    return pa.array([f"{_word(900 + n % 397).title()} {_word(5_000 + n).title()}" for n in range(KINDS[0].names)])


@cache
def _catalogue() -> dict[str, pa.Array]:
    """Every name with its identity, kind after kind."""
    names = [_people()]
    names += [pa.array([f"{_word(5_000 + n).title()} {kind.type}" for n in range(kind.names)]) for kind in KINDS[1:]]
    ids = [hashlib.md5(f"{k.type} {n}".encode()).hexdigest() for k in KINDS for n in range(k.names)]
    return {"name": pa.concat_arrays(names), "id": pa.array(ids)}


@cache
def _starts() -> Numbers:
    return np.cumsum([0, *(kind.names for kind in KINDS)])


@cache
def _cumulated(count: int, slope: float) -> Numbers:
    weights = np.arange(1, count + 1) ** -slope
    return np.cumsum(weights / weights.sum())[:-1]  # without the last, which rounding may leave below 1


def _struct(kind: pa.DataType, columns: dict[str, pa.Array]) -> pa.Array:
    length = len(next(iter(columns.values())))
    arrays = [columns[f.name].cast(f.type) if f.name in columns else _empty(f, length) for f in kind]
    return pa.StructArray.from_arrays(arrays, fields=list(kind))


def _list(kind: pa.DataType, lengths: Numbers, columns: dict[str, pa.Array]) -> pa.Array:
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, _struct(kind.value_type, columns), type=kind)


def _evidence(count: int, kind: pa.DataType) -> pa.Array:
    fields = ("authors", "body", "canonical_url", "published_at", "title")
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * len(fields))
    how = _struct(kind.item_type, {"how": pa.array(["json-ld"] * (count * len(fields)))})
    return pa.MapArray.from_arrays(offsets, pa.array(fields * count), how, type=kind)


def _where(holds: Numbers, values: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(holds), values, None)


def _times(milliseconds: Numbers) -> pa.Array:
    return pa.array(milliseconds).cast(pa.timestamp("ms")).cast(pa.timestamp("ms", "UTC"))


def _empty(of: pa.Field, count: int) -> pa.Array:
    if of.nullable:
        return pa.nulls(count, of.type)
    assert pa.types.is_list(of.type), f"the contract has a field that is made nowhere here: {of.name}"
    return pa.array([[]] * count, of.type)


def _of(table: pa.Table) -> pa.Table:
    """The outcomes of staged articles: one a record, all staged."""
    places = table["coordinates"].combine_chunks()
    columns = {
        "topic": places.field("topic"), "partition": places.field("partition"), "offset": places.field("offset"),
        "timestamp": table["fetched_at"], "outcome": pa.array(["staged"] * len(table)), "scraper": table["scraper"],
        "article_id": table["article_id"],
    }
    schema = schema_of("outcomes")
    return pa.table([columns.get(f.name, pa.nulls(len(table), f.type)) for f in schema], schema=schema)


def _written(folder: Folder, kind: FileKind, table: pa.Table) -> StagedFile:
    name = f"{kind}/part-000.parquet"
    with folder.writing(name) as file:
        pq.write_table(table, file, row_group_size=ROW_GROUP, compression="zstd")
    return StagedFile(kind, name, len(table), folder.sha256(name))
