"""Counts who and what the current articles name, by adding what a batch adds and taking away what it takes.

An entity's **forms** are the ways in which articles describe it: name, type, place and occupation. Each form has its
number of current articles, so an entity is shown as most articles describe it, and a batch that names a popular
entity reads and writes its few forms and none of its articles.

A batch names thousands of entities, so all of this is done on whole Arrow tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.resolve.changes import rows_table

FORM = ("name", "type", "country", "geonames_id", "latitude", "longitude", "occupation")
"""The columns of a form; an empty name is none."""
_KIND = ("type", "country", "geonames_id", "latitude", "longitude")
_TIME = pa.timestamp("us", tz="UTC")

FORMS = pa.schema([
    ("entity_id", pa.string()), ("name", pa.string()), ("type", pa.string()), ("country", pa.string()),
    ("geonames_id", pa.int64()), ("latitude", pa.float64()), ("longitude", pa.float64()), ("occupation", pa.string()),
    ("article_count", pa.int64()),
])
"""Forms of entities, each with its number of current articles."""
USES = pa.schema([*FORMS, ("first_at", _TIME), ("last_at", _TIME)])
"""Articles that name an entity in a form, and when they were fetched. A negative count takes them away."""
SPANS = pa.schema([("entity_id", pa.string()), ("first_seen_at", _TIME), ("last_seen_at", _TIME)])
"""When entities were seen first and last."""

type Times = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Counted:
    """Entities: their ``forms`` (see ``FORMS``) and ``spans`` (see ``SPANS``), each by the id of the entity."""

    forms: pa.Table
    spans: pa.Table

    @property
    def ids(self) -> pa.Array:
        return self.spans.column("entity_id").combine_chunks()

    def article_counts(self) -> dict[str, int]:
        """Current articles by entity."""
        counts = self.forms.group_by("entity_id").aggregate([("article_count", "sum")])
        return dict(zip(*(counts.column(n).to_pylist() for n in ("entity_id", "article_count_sum")), strict=True))

    def retimed(self, times: Mapping[str, Times]) -> Counted:
        """The same entities, some of them with the times of all their articles."""
        found = {entity_id: (min(first for first, _ in of), max(last for _, last in of))
                 for entity_id, of in times.items()}
        if not found:
            return self
        stay = self.spans.filter(pc.invert(pc.is_in(self.spans.column("entity_id"), pa.array(found, pa.string()))))
        rows = [(entity_id, *span) for entity_id, span in found.items()]
        return Counted(self.forms, pa.concat_tables([stay, rows_table(SPANS, rows)]).sort_by("entity_id"))

    def shown(self) -> pa.Table:
        """Each entity as most articles describe it, with its count and times: name, kind and occupation by themselves.

        Among equally frequent names the longest, then the first in the alphabet; else the first in order, null last.
        """
        names = _most_frequent(_named(self.forms), ("name",), [("is_empty", "ascending")], [("length", "descending")])
        kinds = _most_frequent(self.forms, _KIND)
        occupations = _most_frequent(self.forms.filter(pc.is_valid(self.forms.column("occupation"))), ("occupation",))
        ids = names.column("entity_id").combine_chunks()
        spans, counts = self.spans, self.forms.group_by("entity_id").aggregate([("article_count", "sum")])
        columns = {
            "entity_id": ids, "name": names.column("name"), **{name: kinds.column(name) for name in _KIND},
            "occupation": _of(ids, occupations, "occupation"),
            "article_count": _of(ids, counts, "article_count_sum"),
            "first_seen_at": _of(ids, spans, "first_seen_at"), "last_seen_at": _of(ids, spans, "last_seen_at"),
        }
        return pa.table(columns)


def count_entities(uses: pa.Table, seen: Mapping[str, datetime], known: Counted) -> Counted:
    """The entities that a batch concerns, as they stand after it; one that no article names any more is left out.

    ``uses`` are given by the articles that are current now, and with a negative count taken by those that were replaced
    or deleted; ``seen`` is when an article that names the entity was fetched again unchanged; ``known`` is what is
    known of all these entities. Times only widen here: ``lost_times`` names the entities whose times have to be
    looked up in the articles that are left.
    """
    every = pa.concat_tables([uses.select(FORMS.names), known.forms.select(FORMS.names)])
    counted = every.group_by(["entity_id", *FORM], use_threads=False).aggregate([("article_count", "sum")])
    counted = counted.rename_columns(FORMS.names).filter(pc.greater(counted.column("article_count_sum"), 0))
    forms = counted.sort_by([("entity_id", "ascending"), *((name, "ascending") for name in FORM)])
    given = uses.filter(pc.greater(uses.column("article_count"), 0)).select(["entity_id", "first_at", "last_at"])
    again = rows_table(SPANS, [(entity_id, at, at) for entity_id, at in seen.items()])
    spans = pa.concat_tables([given.rename_columns(SPANS.names), known.spans.select(SPANS.names), again])
    spans = spans.filter(pc.is_in(spans.column("entity_id"), pc.unique(forms.column("entity_id"))))
    ends = [("first_seen_at", "min"), ("last_seen_at", "max")]
    spans = spans.group_by("entity_id", use_threads=False).aggregate(ends)
    return Counted(forms, spans.rename_columns(SPANS.names).sort_by("entity_id"))


def lost_times(uses: pa.Table, known: Counted) -> set[str]:
    """Entities that lose the article which they were first or last seen in."""
    taken = uses.filter(pc.less(uses.column("article_count"), 0))
    ids = taken.column("entity_id").combine_chunks()
    first, last = (_of(ids, known.spans, name) for name in ("first_seen_at", "last_seen_at"))
    is_end = pc.or_(pc.less_equal(taken.column("first_at"), first), pc.greater_equal(taken.column("last_at"), last))
    return set(ids.filter(pc.fill_null(is_end, True)).to_pylist())


def _named(forms: pa.Table) -> pa.Table:
    name = forms.column("name")
    return forms.append_column("is_empty", pc.equal(name, "")).append_column("length", pc.utf8_length(name))


def _most_frequent(
    forms: pa.Table, columns: Sequence[str], before: Sequence[tuple[str, str]] = (),
    after: Sequence[tuple[str, str]] = (),
) -> pa.Table:
    """A row an entity, in their order: the values of these columns that most articles have.

    ``before`` and ``after`` are columns that are compared before and after the number of articles.
    """
    grouped = ["entity_id", *columns, *(name for name, _ in (*before, *after))]
    counts = forms.group_by(grouped, use_threads=False).aggregate([("article_count", "sum")])
    ordered = counts.sort_by([
        ("entity_id", "ascending"), *before, ("article_count_sum", "descending"), *after,
        *((name, "ascending") for name in columns),
    ])
    if not ordered.num_rows:
        return ordered
    ids = ordered.column("entity_id").combine_chunks().dictionary_encode().indices.to_numpy()
    return ordered.filter(pa.array(np.concatenate([[True], ids[1:] != ids[:-1]])))


def _of(ids: pa.Array, table: pa.Table, column: str) -> pa.Array:
    """The column's values for entities, null where the table has none of them."""
    return table.column(column).combine_chunks().take(pc.index_in(ids, table.column("entity_id").combine_chunks()))
