"""Who the people of a batch are, and which earlier articles name somebody else now: rows of profiles and articles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.entities import FORM
from pipelines.resolve.layout import layout
from pipelines.resolve.people import Move, Naming, People, Profile, distinguish_people, person_of
from pipelines.resolve.state import KnownState, Lookup, whole_rows

UNSTATED = 200
"""Articles of a name that state no occupation and are assigned anew when the name's profiles change: the newest."""
UNSTATED_WITHIN = timedelta(days=30)
"""How long before the articles of a batch such an article may have been fetched."""
_LATEST = datetime(9999, 12, 31, tzinfo=UTC)

_PROFILE = ("name_id", "occupation", "entity_id", "article_count", "first_fetched_at", "company")
_COMPANY = pa.array(["PER", "ORG"])
_TYPE, _OCCUPATION = FORM.index("type"), FORM.index("occupation")


class Former(NamedTuple):
    """An entity of an article that the warehouse has; ``form`` has the columns of ``FORM``."""

    article_id: str
    entity_id: str
    name_id: str
    form: tuple[Any, ...]
    first_at: datetime
    last_at: datetime

    def use(self, article_count: int, entity_id: str | None = None) -> tuple[Any, ...]:
        """A row of ``USES``: of the entity, or of another one that is meant now."""
        return (entity_id or self.entity_id, *self.form, article_count, self.first_at, self.last_at)


@dataclass(frozen=True, slots=True)
class Assigned:
    """An earlier article that names another person now."""

    former: Former
    person: str


def distinguished(entities: pa.Table, withdrawn: Sequence[Former], known: KnownState) -> People:
    """Who is meant by the names of the batch's current texts, whose ``entities`` these are."""
    persons = entities.filter(pc.equal(entities.column("type"), "PER"))
    taken = [(n.name_id, n.form[_OCCUPATION]) for n in withdrawn if n.form[_TYPE] == "PER"]
    names = sorted({*persons.column("name_id").to_pylist(), *(name_id for name_id, _ in taken)})
    rows = known.rows(Lookup("people", _PROFILE, ("name_id",), [(name,) for name in names]))
    profiles = [_profile(*row) for row in sorted(rows)]
    stated = persons.filter(pc.is_valid(persons.column("occupation"))).column("name_id").to_pylist()
    persons_of: dict[str, set[str]] = defaultdict(set)
    for profile in profiles:
        persons_of[profile.name_id].add(profile.entity_id)
    shared = {name_id for name_id, of in persons_of.items() if of != {name_id}}
    concerned = pa.array(sorted(shared | set(stated)), pa.string())
    persons = persons.filter(pc.is_in(persons.column("name_id"), concerned))
    company = _company(entities, persons.column("article_id"))
    columns = ("article_id", "name_id", "occupation", "fetched_at")
    namings = [
        Naming(article_id, name_id, occupation, fetched_at, frozenset(company[article_id] - {name_id}))
        for article_id, name_id, occupation, fetched_at in zip(
            *(persons.column(name).to_pylist() for name in columns), strict=True
        )
    ]
    return distinguish_people(namings, taken, profiles)


def _profile(  # noqa: PLR0913, PLR0917  the columns of a row
    name_id: str, occupation: str, entity_id: str, article_count: int, first_fetched_at: datetime, company: list[int]
) -> Profile:
    return Profile(name_id, occupation, entity_id, article_count, first_fetched_at, tuple(company))


def _company(entities: pa.Table, articles: pa.ChunkedArray) -> dict[str, set[str]]:
    """The people and organisations that each of these articles names."""
    found: dict[str, set[str]] = defaultdict(set)
    chosen = pc.and_(
        pc.is_in(entities.column("type"), _COMPANY), pc.is_in(entities.column("article_id"), pc.unique(articles))
    )
    named = entities.filter(chosen)
    pairs = zip(named.column("article_id").to_pylist(), named.column("name_id").to_pylist(), strict=True)
    for article_id, name_id in pairs:
        found[article_id].add(name_id)
    return found


def change_people(changes: ChangeBuilder, people: People, known: KnownState) -> dict[Move, list[str]]:
    """The profiles that change; earlier rows of a kind that stands for another person now follow it: their articles."""
    changed = [(w.name_id, w.occupation) for w in people.profiles]
    changes.remove("people", ("name_id", "occupation"), [*changed, *people.gone])
    changes.add("people", [(*astuple(w)[:5], list(w.company)) for w in people.profiles])
    by = ("name_id", "occupation", "entity_id")
    keys = {
        (move.name_id, occupation, move.former_id): move for move in people.moves for occupation in move.occupations
    }
    articles: dict[Move, set[str]] = {move: set() for move in people.moves}
    for article_id, *key in known.rows(Lookup("article_entities", ("article_id", *by), by, sorted(keys))):
        articles[keys[tuple(key)]].add(article_id)
    changes.update("article_entities", by, ("entity_id",), [(*key, move.entity_id) for key, move in keys.items()])
    changes.update("mentions", ("article_id", "entity_id"), ("entity_id",), [
        (article_id, move.former_id, move.entity_id) for move, of in articles.items() for article_id in sorted(of)
    ])
    return {move: sorted(of) for move, of in articles.items()}


def assigned_anew(
    changes: ChangeBuilder, people: People, entities: pa.Table, withdrawn: Sequence[Former], known: KnownState
) -> list[Assigned]:
    """Earlier articles that state no occupation and name another person now, each with that person.

    ``entities`` are those of the batch's current texts, ``withdrawn`` is what articles named that are replaced or
    removed.
    """
    if not people.shared:
        return []
    times = [*entities.column("fetched_at").to_pylist(), *(n.first_at for n in withdrawn)]
    newest = _newest_unstated(people.shared, min(times) - UNSTATED_WITHIN, withdrawn, known)
    ids = [(each,) for each in sorted({article_id for of_name in newest.values() for article_id, _, _ in of_name})]
    entities = known.table(Lookup("article_entities", ("article_id", "name_id", "type"), ("article_id",), ids))
    company = _company(entities, entities.column("article_id"))
    persons = {}
    for name_id, of_name in sorted(newest.items()):
        for article_id, entity_id, fetched_at in sorted(of_name):
            others = frozenset(company[article_id] - {name_id})
            naming = Naming(article_id, name_id, None, fetched_at, others)
            person = person_of(naming, people.shared[name_id])
            if person != entity_id:
                persons[article_id, name_id] = person
    return _renamed_in(changes, people.moves, persons, known) if persons else []


def _renamed_in(
    changes: ChangeBuilder, moves: Sequence[Move], persons: Mapping[tuple[str, str], str], known: KnownState
) -> list[Assigned]:
    """Replaces the mentions and entities of these articles by the same ones under other persons, by article and name.

    A database that stores columns rewrites whole segments of a column for an update of a few rows.
    """
    ids = sorted({article_id for article_id, _ in persons})
    keys = [(each,) for each in ids]
    times = {row[0]: row[1:] for row in known.rows(
        Lookup("articles", ("article_id", "fetched_at", "last_fetched_at"), ("article_id",), keys)
    )}
    moved = {(m.name_id, occupation, m.former_id): m.entity_id for m in moves for occupation in m.occupations}
    entities = whole_rows(known, "article_entities", ids)
    found, entity_of = [], {}
    for row in entities:
        article_id, name_id, former = row["article_id"], row["name_id"], row["entity_id"]
        person = persons.get((article_id, name_id))
        if person is not None:
            form = tuple(row[name] for name in FORM)
            found.append(Assigned(Former(article_id, former, name_id, form, *times[article_id]), person))
        row["entity_id"] = person or moved.get((name_id, row["occupation"], former), former)
        entity_of[article_id, former] = row["entity_id"]
    mentions = whole_rows(known, "mentions", ids)
    for row in mentions:
        row["entity_id"] = entity_of.get((row["article_id"], row["entity_id"]), row["entity_id"])
    for table, rows in (("article_entities", entities), ("mentions", mentions)):
        changes.remove(table, ("article_id",), keys)
        changes.add_table(table, pa.Table.from_pylist(rows, schema=layout()[table].schema))
    return found


def _newest_unstated(
    names: Mapping[str, object], since: datetime, withdrawn: Sequence[Former], known: KnownState
) -> dict[str, list[tuple[str, str, datetime]]]:
    """By name, the newest articles that state no occupation: article, entity and when it was fetched."""
    gone = {n.article_id for n in withdrawn}
    gone_of_name = Counter(n.name_id for n in withdrawn if n.name_id in names)
    rows = known.rows(Lookup(
        "article_entities", ("name_id", "article_id", "entity_id", "fetched_at"), ("name_id",),
        [(name_id,) for name_id in sorted(names)], null=("occupation",),
        between=("fetched_at", since, _LATEST), order=("-fetched_at", "article_id"),
        most=UNSTATED + max(gone_of_name.values(), default=0),
    ))
    newest: dict[str, list[tuple[str, str, datetime]]] = defaultdict(list)
    for name_id, *naming in rows:
        if naming[0] not in gone and len(newest[name_id]) < UNSTATED:
            newest[name_id].append((naming[0], naming[1], naming[2]))
    return newest
