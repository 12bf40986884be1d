"""Brings people, entities and outlets up to date with a batch, from what the batch itself adds and takes away.

Everything that is looked up here is of the batch's own articles, names, entities and outlets: a name that occurs in a
million articles costs what its few profiles and forms cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.resolve.changes import ChangeBuilder, rows_table
from pipelines.resolve.entities import (
    FORM,
    FORMS,
    USES,
    Counted,
    Times,
    count_entities,
    lost_times,
)
from pipelines.resolve.namesakes import Assigned, Former, assigned_anew, change_people, distinguished
from pipelines.resolve.outlets import RETIMED, OutletUse, change_outlets
from pipelines.resolve.people import Move, People
from pipelines.resolve.state import KnownState, Lookup
from pipelines.resolve.texts import Texts
from pipelines.resolve.versions import Known, Resolutions


@dataclass(frozen=True, slots=True)
class _Articles:
    """Articles of the batch: ``gone`` are replaced or removed, ``seen`` is when a touched one was last fetched."""

    gone: frozenset[str]
    seen: Mapping[str, datetime]
    outlets: Sequence[OutletUse]
    named_before: Sequence[Former]

    def entities_seen_again(self) -> dict[str, datetime]:
        """When each entity was last seen, of those whose article the batch saw again unchanged."""
        times: dict[str, datetime] = {}
        for n in self.named_before:
            if n.article_id in self.seen and n.article_id not in self.gone:
                times[n.entity_id] = max(self.seen[n.article_id], times.get(n.entity_id, self.seen[n.article_id]))
        return times


def count_changes(
    changes: ChangeBuilder, texts: Texts, found: Resolutions, history: Known, known: KnownState
) -> Texts:
    """Changes the counted tables; the texts come back with people who are not the first of their name."""
    articles = _articles(texts, found, history, known)
    withdrawn = [n for n in articles.named_before if n.article_id in articles.gone]
    people = distinguished(texts.entities, withdrawn, known)
    moved = change_people(changes, people, known)
    assigned = assigned_anew(changes, people, texts.entities, withdrawn, known)
    named = _named_texts(texts, people)
    _change_entities(changes, articles, named.entities, moved, assigned, known)
    change_outlets(changes, articles.outlets, articles.gone, articles.seen, known)
    return named


def _articles(texts: Texts, found: Resolutions, history: Known, known: KnownState) -> _Articles:
    seen = {i: a.current_fetched_at for i, a in found.articles.items()}
    columns = ("article_id", "outlet_domain", "outlet_name", "fetched_at")
    new = list(zip(*(texts.current.column(name).to_pylist() for name in columns), strict=True))
    gone = found.deleted | {row[0] for row in new}
    touched = sorted((seen.keys() | gone) & history.articles.keys())
    before = [history.articles[each] for each in touched]
    times = {a.article_id: (a.first_fetched_at or a.current_fetched_at, a.current_fetched_at) for a in before}
    rows = sorted(known.rows(Lookup(
        "article_entities", ("article_id", "position", "entity_id", "name_id", *FORM), ("article_id",),
        [(each,) for each in touched],
    )), key=lambda row: row[:2])
    outlets = [
        OutletUse(a.article_id, a.outlet_domain, a.outlet_name, *times[a.article_id], -1)
        if a.article_id in gone
        else OutletUse(a.article_id, a.outlet_domain, a.outlet_name, times[a.article_id][0], seen[a.article_id], 0)
        for a in before
        if a.outlet_domain is not None
    ]
    outlets += [
        OutletUse(article_id, domain, name, first, seen[article_id], 1)
        for article_id, domain, name, first in new
        if domain is not None
    ]
    named = [Former(row[0], row[2], row[3], row[4:], *times[row[0]]) for row in rows]
    return _Articles(frozenset(gone), seen, outlets, named)


def _change_entities(  # noqa: PLR0913, PLR0917  what the batch takes, gives and sees, and who people are
    changes: ChangeBuilder, articles: _Articles, entities: pa.Table, moved: Mapping[Move, Sequence[str]],
    assigned: Sequence[Assigned], known: KnownState,
) -> None:
    given = _given(entities, articles.seen)
    rows = [n.use(-1) for n in articles.named_before if n.article_id in articles.gone]
    rows += [use for each in assigned for use in (each.former.use(-1), each.former.use(1, each.person))]
    again = articles.entities_seen_again()
    ends = {entity_id for move in moved for entity_id in (move.former_id, move.entity_id)}
    ids = set(given.column("entity_id").to_pylist()) | {row[0] for row in rows} | again.keys() | ends
    before = _known_entities(known, ids)
    uses = pa.concat_tables([given, rows_table(USES, rows), _moved(moved, before)])
    after = count_entities(uses, again, before)
    counts = after.article_counts()
    retimed = {each for each in lost_times(uses, before) | ends if 0 < counts.get(each, 0) <= RETIMED}
    after = after.retimed(_times(retimed, articles, entities, moved, assigned, known))
    concerned = pa.table({"entity_id": pa.array(sorted(ids), pa.string())})
    changes.remove_table("entities", concerned)
    changes.remove_table("entity_forms", concerned)
    changes.add_table("entities", after.shown())
    changes.add_table("entity_forms", after.forms)


def _given(entities: pa.Table, seen: Mapping[str, datetime]) -> pa.Table:
    last = [seen[article_id] for article_id in entities.column("article_id").to_pylist()]
    return pa.table([
        *(entities.column(name) for name in ("entity_id", *FORM)), pa.repeat(pa.scalar(1, pa.int64()), len(entities)),
        entities.column("fetched_at"), pa.array(last, pa.timestamp("us", tz="UTC")),
    ], names=USES.names).cast(USES)


def _known_entities(known: KnownState, ids: Collection[str]) -> Counted:
    keys = pa.table({"entity_id": pa.array(sorted(ids), pa.string())})
    forms = known.table(Lookup("entity_forms", tuple(FORMS.names), ("entity_id",), keys))
    spans = known.table(Lookup("entities", ("entity_id", "first_seen_at", "last_seen_at"), ("entity_id",), keys))
    return Counted(forms, spans)


def _moved(moved: Iterable[Move], before: Counted) -> pa.Table:
    """Uses that leave a person and come to another one, because their kind of occupation stands for that one now."""
    moves = {(move.former_id, occupation): move for move in moved for occupation in move.occupations}
    former = pa.array(sorted({move.former_id for move in moves.values()}), pa.string())
    spans = {row[0]: row[1:] for row in _rows(before.spans.filter(pc.is_in(before.spans.column("entity_id"), former)))}
    rows: list[tuple[Any, ...]] = []
    for entity_id, *form, count in _rows(before.forms.filter(pc.is_in(before.forms.column("entity_id"), former))):
        move = moves.get((entity_id, form[-1]))
        if move is not None and entity_id in spans:
            rows += [
                (entity_id, *form, -count, *spans[entity_id]), (move.entity_id, *form, count, *spans[entity_id])
            ]
    return rows_table(USES, rows)


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _times(  # noqa: PLR0913, PLR0917  as of _change_entities
    entity_ids: Collection[str], articles: _Articles, entities: pa.Table, moved: Mapping[Move, Sequence[str]],
    assigned: Sequence[Assigned], known: KnownState,
) -> dict[str, Times]:
    """When each article that names one of these entities, when the batch ends, was first and last fetched."""
    articles_of: dict[str, set[str]] = defaultdict(set)
    for entity_id, article_id in known.rows(Lookup(
        "article_entities", ("entity_id", "article_id"), ("entity_id",), [(each,) for each in sorted(entity_ids)]
    )):
        articles_of[entity_id].add(article_id)
    for move, of_move in moved.items():
        articles_of[move.former_id].difference_update(of_move)
    for each in assigned:
        articles_of[each.former.entity_id].discard(each.former.article_id)
    for move, of_move in moved.items():
        articles_of[move.entity_id].update(of_move)
    for each in assigned:
        articles_of[each.person].add(each.former.article_id)
    ids = {each for entity_id in entity_ids for each in articles_of[entity_id]} - articles.gone
    spans = {
        article_id: (first, max(last, articles.seen.get(article_id, last)))
        for article_id, first, last in known.rows(Lookup(
            "articles", ("article_id", "fetched_at", "last_fetched_at"), ("article_id",),
            [(each,) for each in sorted(ids)],
        ))
    }
    found = {
        entity_id: [spans[each] for each in sorted(articles_of[entity_id]) if each in spans] for entity_id in entity_ids
    }
    here = entities.filter(pc.is_in(entities.column("entity_id"), pa.array(sorted(entity_ids), pa.string())))
    columns = ("entity_id", "article_id", "fetched_at")
    for entity_id, article_id, at in zip(*(here.column(name).to_pylist() for name in columns), strict=True):
        found[entity_id].append((at, articles.seen[article_id]))
    return dict(found)


def _named_texts(texts: Texts, people: People) -> Texts:
    """Mentions and entities of people that are not the first of their name, under the id of the person."""
    others = {at: entity_id for at, entity_id in people.entity_of.items() if entity_id != at[1]}
    if not others:
        return texts
    return replace(texts, mentions=_renamed(texts.mentions, others), entities=_renamed(texts.entities, others))


def _renamed(table: pa.Table, others: Mapping[tuple[str, str], str]) -> pa.Table:
    ids = zip(table.column("article_id").to_pylist(), table.column("entity_id").to_pylist(), strict=True)
    named = pa.array([others.get(at, at[1]) for at in ids], pa.string())
    return table.set_column(table.schema.get_field_index("entity_id"), "entity_id", named)
