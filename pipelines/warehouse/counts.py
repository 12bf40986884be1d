"""Brings people, entities and outlets up to date with a batch, from what the batch itself adds and takes away.

Everything that is read here is of the batch's own articles, names, entities and outlets: a name that occurs in a
million articles costs what its few profiles and forms cost. What is decided, ``pipelines.resolve`` decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.resolve.entities import Form, KnownEntity, Use, count_entities, lost_times
from pipelines.resolve.people import Move, Naming, People, Walk, distinguish_people, person_of
from pipelines.warehouse.known import arrow_table, temporary

_TIME = pa.timestamp("us", tz="UTC")
_WALKS = pa.schema([
    ("name_id", pa.string()), ("occupation", pa.string()), ("entity_id", pa.string()), ("article_count", pa.int64()),
    ("first_fetched_at", _TIME), ("company", pa.list_(pa.int64())),
])
_KEYS = pa.schema([("name_id", pa.string()), ("occupation", pa.string())])
_PEOPLE = pa.schema([("article_id", pa.string()), ("name_id", pa.string()), ("entity_id", pa.string())])
_ASSIGNED = pa.schema([
    ("article_id", pa.string()), ("name_id", pa.string()), ("former_id", pa.string()), ("entity_id", pa.string()),
])
_MOVES = pa.schema([
    ("name_id", pa.string()), ("occupation", pa.string()), ("former_id", pa.string()), ("entity_id", pa.string()),
])
_FORM = [
    ("name", pa.string()), ("type", pa.string()), ("country", pa.string()), ("geonames_id", pa.int64()),
    ("latitude", pa.float64()), ("longitude", pa.float64()), ("occupation", pa.string()),
]
_FORMS = pa.schema([("entity_id", pa.string()), *_FORM, ("article_count", pa.int64())])
_ENTITIES = pa.schema([*_FORMS, ("first_seen_at", _TIME), ("last_seen_at", _TIME)])
_OUTLETS = pa.schema([
    ("domain", pa.string()), ("name", pa.string()), ("article_count", pa.int64()), ("first_fetched_at", _TIME),
    ("last_fetched_at", _TIME),
])
_OUTLET_NAMES = pa.schema([("domain", pa.string()), ("name", pa.string()), ("article_count", pa.int64())])
_IDS = pa.schema([("id", pa.string())])

# Who and what articles of the batch named before it: of those that it replaces or removes, and of those it sees again.
_BEFORE = """
SELECT e.article_id, e.entity_id, e.name_id, e.name, e.type, e.country, e.geonames_id, e.latitude, e.longitude,
    e.occupation, a.fetched_at, a.last_fetched_at
FROM article_entities e
JOIN articles a ON a.article_id = e.article_id
WHERE e.article_id IN (SELECT article_id FROM touched_articles)
ORDER BY e.article_id, e.position
"""
_AFTER = """
SELECT e.article_id, e.name_id, e.name_id, e.name, e.type, e.country, e.geonames_id, e.latitude, e.longitude,
    e.occupation, t.fetched_at, s.current_fetched_at
FROM new_article_entities e
JOIN new_articles t ON t.article_id = e.article_id
JOIN article_states s ON s.article_id = e.article_id
ORDER BY e.article_id, e.position
"""
_OUTLETS_BEFORE = """
SELECT article_id, outlet_domain, outlet_name, fetched_at, last_fetched_at FROM articles
WHERE article_id IN (SELECT article_id FROM touched_articles)
"""
_OUTLETS_AFTER = """
SELECT t.article_id, t.outlet_domain, t.outlet_name, t.fetched_at, s.current_fetched_at
FROM new_articles t JOIN article_states s ON s.article_id = t.article_id
"""
_ID_OF = "UPDATE {table} SET entity_id = p.entity_id FROM named_people p WHERE p.article_id = {table}.article_id"
_COLUMNS = ", ".join(name for name, _ in _FORM)

UNSTATED = 200
"""Articles of a name that state no occupation and are assigned anew when the name's profiles change: the newest."""
_UNSTATED = f"""
WITH named AS (
    SELECT e.article_id, e.entity_id, e.name_id, {', '.join(f"e.{name}" for name, _ in _FORM)}, a.fetched_at,
        a.last_fetched_at,
        row_number() OVER (PARTITION BY e.name_id ORDER BY a.fetched_at DESC, e.article_id) AS age
    FROM article_entities e
    JOIN articles a ON a.article_id = e.article_id
    WHERE e.name_id IN (SELECT id FROM shared_names) AND e.occupation IS NULL
      AND e.article_id NOT IN (SELECT article_id FROM deleted_articles UNION ALL SELECT article_id FROM new_articles)
)
SELECT n.* EXCLUDE (age), list(c.name_id) FILTER (c.name_id <> n.name_id)
FROM named n
JOIN article_entities c ON c.article_id = n.article_id AND c.type IN ('PER', 'ORG')
WHERE n.age <= {UNSTATED}
GROUP BY ALL
ORDER BY n.name_id, n.article_id
"""  # noqa: S608  columns of ours

type Row = tuple[Any, ...]


def name_counts(con: Any) -> None:
    """Names the people, entities and outlets that the batch changes, for the statements that load it."""
    gone = {row[0] for row in con.execute(_LEAVING).fetchall()}
    seen = dict(con.execute("SELECT article_id, current_fetched_at FROM article_states").fetchall())
    before, after = con.execute(_BEFORE).fetchall(), con.execute(_AFTER).fetchall()
    people = _people(con, [row for row in before if row[0] in gone], after)
    _name_people(con, people)
    _name_entities(con, before, after, gone, seen, people, _assigned_anew(con, people))
    _name_outlets(con, gone, seen)


_LEAVING = """
SELECT article_id FROM deleted_articles UNION SELECT article_id FROM new_articles
"""


def _people(con: Any, taken: Sequence[Row], given: Sequence[Row]) -> People:
    company: dict[str, set[str]] = defaultdict(set)
    for article_id, _, name_id, _, kind, *_ in given:
        if kind in ("PER", "ORG"):
            company[article_id].add(name_id)
    namings = [
        Naming(row[0], row[2], row[9], row[10], frozenset(company[row[0]] - {row[2]}))
        for row in given
        if row[4] == "PER"
    ]
    withdrawn = [(row[2], row[9]) for row in taken if row[4] == "PER"]
    names = {naming.name_id for naming in namings} | {name_id for name_id, _ in withdrawn}
    temporary(con, "touched_names", arrow_table(_IDS, [(name,) for name in sorted(names)]))
    known = con.execute(
        f"SELECT {', '.join(_WALKS.names)} FROM people WHERE name_id IN (SELECT id FROM touched_names)"  # noqa: S608  ours
    ).fetchall()
    walks = [Walk(row[0], row[1], row[2], row[3], row[4], tuple(row[5])) for row in known]
    return distinguish_people(namings, withdrawn, walks)


def _name_people(con: Any, people: People) -> None:
    """People that are not the first of their name, in what is about to be loaded; and the profiles that change."""
    named = [(*at, entity_id) for at, entity_id in people.entity_of.items() if entity_id != at[1]]
    temporary(con, "named_people", arrow_table(_PEOPLE, named))
    con.execute(f"{_ID_OF.format(table='new_article_entities')} AND p.name_id = new_article_entities.name_id")
    con.execute(f"{_ID_OF.format(table='new_mentions')} AND p.name_id = new_mentions.entity_id")
    walks = [
        (w.name_id, w.occupation, w.entity_id, w.article_count, w.first_fetched_at, w.company) for w in people.walks
    ]
    temporary(con, "changed_walks", arrow_table(_WALKS, walks))
    temporary(con, "gone_walks", arrow_table(_KEYS, people.gone))
    moves = [(m.name_id, occupation, m.former_id, m.entity_id) for m in people.moves for occupation in m.occupations]
    temporary(con, "moved_people", arrow_table(_MOVES, moves))


def _assigned_anew(con: Any, people: People) -> list[tuple[Row, str]]:
    """Earlier articles that state no occupation and name another person now, each with that person; named too."""
    found = []
    if people.shared:
        temporary(con, "shared_names", arrow_table(_IDS, [(name_id,) for name_id in people.shared]))
        for row in con.execute(_UNSTATED).fetchall():
            naming = Naming(row[0], row[2], None, row[10], frozenset(row[12] or ()))
            person = person_of(naming, people.shared[row[2]])
            if person != row[1]:
                found.append((row, person))
    rows = [(row[0], row[2], row[1], person) for row, person in found]
    temporary(con, "assigned_anew", arrow_table(_ASSIGNED, rows))
    return found


def _name_entities(  # noqa: PLR0913, PLR0917  what the batch takes, gives and sees of articles, and who people are
    con: Any, before: Sequence[Row], after: Sequence[Row], gone: set[str], seen: Mapping[str, datetime], people: People,
    assigned_anew: Sequence[tuple[Row, str]],
) -> None:
    taken = [_use(row, row[1]) for row in before if row[0] in gone]
    taken += [_use(row, row[1]) for row, _ in assigned_anew]
    given = [_use(row, people.entity_of.get((row[0], row[2]), row[2])) for row in after]
    given += [_use(row, person) for row, person in assigned_anew]
    again = _seen_again([(row[0], row[1]) for row in before if row[0] not in gone], seen)
    moved = {entity_id for move in people.moves for entity_id in (move.former_id, move.entity_id)}
    ids = {use.entity_id for use in (*taken, *given)} | again.keys() | moved
    known = _known_entities(con, ids)
    for move in people.moves:
        left, came = _moved(move, known)
        taken += left
        given += came
    changed = count_entities(taken, given, again, known)
    retimed = sorted(lost_times(taken, known) | moved)
    temporary(con, "retimed_entities", arrow_table(_IDS, [(entity_id,) for entity_id in retimed]))
    temporary(con, "changed_entities", arrow_table(_IDS, [(entity_id,) for entity_id in changed]))
    kept = [entity for entity in changed.values() if entity is not None]
    rows = [(e.entity_id, *_values(e.shown), e.article_count, e.first_seen_at, e.last_seen_at) for e in kept]
    temporary(con, "new_entities", arrow_table(_ENTITIES, rows))
    forms = [(e.entity_id, *_values(form), count) for e in kept for form, count in e.forms.items()]
    temporary(con, "new_entity_forms", arrow_table(_FORMS, forms))


def _moved(move: Move, known: Mapping[str, KnownEntity]) -> tuple[list[Use], list[Use]]:
    """Uses that leave a person and come to another one, because their kind of occupation stands for that one now."""
    former = known.get(move.former_id)
    if former is None:
        return [], []
    left, came = [], []
    for form, count in former.forms.items():
        if form.occupation in move.occupations:
            at = former.first_seen_at, former.last_seen_at
            left += [Use(move.former_id, form, *at)] * count
            came += [Use(move.entity_id, form, *at)] * count
    return left, came


def _known_entities(con: Any, ids: Iterable[str]) -> dict[str, KnownEntity]:
    temporary(con, "counted_ids", arrow_table(_IDS, [(each,) for each in sorted(ids)]))
    forms: dict[str, dict[Form, int]] = defaultdict(dict)
    for entity_id, *values, count in con.execute(
        f"SELECT entity_id, {_COLUMNS}, article_count FROM entity_forms WHERE entity_id IN (SELECT id FROM counted_ids)"  # noqa: S608  ours
    ).fetchall():
        forms[entity_id][Form(*values)] = count
    times = con.execute(
        "SELECT entity_id, first_seen_at, last_seen_at FROM entities WHERE entity_id IN (SELECT id FROM counted_ids)"
    ).fetchall()
    return {entity_id: KnownEntity(entity_id, forms[entity_id], *span) for entity_id, *span in times}


def _name_outlets(con: Any, gone: set[str], seen: Mapping[str, datetime]) -> None:
    """An outlet is counted as an entity is: its names are its forms, one without a name among them."""
    before = [row for row in con.execute(_OUTLETS_BEFORE).fetchall() if row[1] is not None]
    after = [row for row in con.execute(_OUTLETS_AFTER).fetchall() if row[1] is not None]
    taken, given = [_outlet_use(row) for row in before if row[0] in gone], [_outlet_use(row) for row in after]
    again = _seen_again([(row[0], row[1]) for row in before if row[0] not in gone], seen)
    domains = {use.entity_id for use in (*taken, *given)} | again.keys()
    temporary(con, "touched_outlets", arrow_table(_IDS, [(domain,) for domain in sorted(domains)]))
    names: dict[str, dict[Form, int]] = defaultdict(dict)
    for domain, name, count in con.execute(
        "SELECT domain, name, article_count FROM outlet_names WHERE domain IN (SELECT id FROM touched_outlets)"
    ).fetchall():
        names[domain][_outlet_form(name)] = count
    times = con.execute(
        "SELECT domain, first_fetched_at, last_fetched_at FROM outlets "
        "WHERE domain IN (SELECT id FROM touched_outlets)"
    ).fetchall()
    known = {domain: KnownEntity(domain, names[domain], *span) for domain, *span in times}
    changed = count_entities(taken, given, again, known)
    temporary(con, "retimed_outlets", arrow_table(_IDS, [(domain,) for domain in sorted(lost_times(taken, known))]))
    temporary(con, "changed_outlets", arrow_table(_IDS, [(domain,) for domain in changed]))
    kept = [outlet for outlet in changed.values() if outlet is not None]
    rows = [(o.entity_id, o.shown.name or None, o.article_count, o.first_seen_at, o.last_seen_at) for o in kept]
    temporary(con, "new_outlets", arrow_table(_OUTLETS, rows))
    forms = [(o.entity_id, form.name or None, count) for o in kept for form, count in o.forms.items()]
    temporary(con, "new_outlet_names", arrow_table(_OUTLET_NAMES, forms))


def _seen_again(named: Iterable[tuple[str, str]], seen: Mapping[str, datetime]) -> dict[str, datetime]:
    """When each was last seen, of those whose article the batch saw again unchanged."""
    times: dict[str, datetime] = {}
    for article_id, entity_id in named:
        if article_id in seen:
            times[entity_id] = max(seen[article_id], times.get(entity_id, seen[article_id]))
    return times


def _use(row: Row, entity_id: str) -> Use:
    return Use(entity_id, Form(*row[3:10]), row[10], row[11])


def _outlet_use(row: Row) -> Use:
    return Use(row[1], _outlet_form(row[2]), row[3], row[4])


def _outlet_form(name: str | None) -> Form:
    return Form(name or "", "outlet")


def _values(form: Form) -> Row:
    return form.name, form.type, form.country, form.geonames_id, form.latitude, form.longitude, form.occupation
