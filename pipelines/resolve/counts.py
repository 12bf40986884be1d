"""Brings people, entities and outlets up to date with a batch, from what the batch itself adds and takes away.

Everything that is looked up here is of the batch's own articles, names, entities and outlets: a name that occurs in a
million articles costs what its few profiles and forms cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime

import pyarrow as pa

from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.entities import Form, KnownEntity, Use, count_entities, lost_times
from pipelines.resolve.people import Move, Naming, People, Walk, distinguish_people, person_of
from pipelines.resolve.state import KnownState, Lookup, Row
from pipelines.resolve.texts import Texts
from pipelines.resolve.versions import Known, Resolutions

UNSTATED = 200
"""Articles of a name that state no occupation and are assigned anew when the name's profiles change: the newest."""
RETIMED = 1000
"""An entity or outlet with more articles keeps its times when it loses the first or last of them."""

_FORM = ("name", "type", "country", "geonames_id", "latitude", "longitude", "occupation")
_WALK = ("name_id", "occupation", "entity_id", "article_count", "first_fetched_at", "company")


@dataclass(frozen=True, slots=True)
class _Named:
    """An entity of a current article."""

    article_id: str
    entity_id: str
    name_id: str
    form: Form
    fetched_at: datetime
    last_fetched_at: datetime

    @property
    def use(self) -> Use:
        return Use(self.entity_id, self.form, self.fetched_at, self.last_fetched_at)


@dataclass(frozen=True, slots=True)
class _Outlet:
    """The outlet of a current article."""

    article_id: str
    domain: str
    name: str | None
    fetched_at: datetime
    last_fetched_at: datetime

    @property
    def use(self) -> Use:
        return Use(self.domain, _outlet_form(self.name), self.fetched_at, self.last_fetched_at)


@dataclass(frozen=True, slots=True)
class _Articles:
    """Articles of the batch: ``gone`` are replaced or removed, ``seen`` is when a touched one was last fetched."""

    gone: frozenset[str]
    seen: Mapping[str, datetime]
    outlets_before: Sequence[_Outlet]
    outlets_after: Sequence[_Outlet]
    named_before: Sequence[_Named]
    named_after: Sequence[_Named]


def count_changes(
    changes: ChangeBuilder, texts: Texts, found: Resolutions, history: Known, known: KnownState
) -> Texts:
    """Changes the counted tables; the texts come back with people who are not the first of their name."""
    articles = _articles(texts, found, history, known)
    people = _people(articles, known)
    moved = _change_people(changes, people, known)
    assigned = _assigned_anew(changes, people, articles, known)
    _change_entities(changes, articles, people, moved, assigned, known)
    _change_outlets(changes, articles, known)
    return _named_texts(texts, people)


def _articles(texts: Texts, found: Resolutions, history: Known, known: KnownState) -> _Articles:
    seen = {i: a.current_fetched_at for i, a in found.articles.items()}
    new = texts.current.select(["article_id", "outlet_domain", "outlet_name", "fetched_at"]).to_pylist()
    gone = found.deleted | {row["article_id"] for row in new}
    touched = sorted((seen.keys() | gone) & history.articles.keys())
    keys = [(each,) for each in touched]
    before = sorted(known.rows(Lookup(
        "articles", ("article_id", "outlet_domain", "outlet_name", "fetched_at", "last_fetched_at"), ("article_id",),
        keys,
    )), key=lambda row: row[0])
    times = {row[0]: row[3:] for row in before}
    rows = sorted(known.rows(Lookup(
        "article_entities", ("article_id", "position", "entity_id", "name_id", *_FORM), ("article_id",), keys
    )), key=lambda row: row[:2])
    named_before = [_Named(row[0], row[2], row[3], Form(*row[4:]), *times[row[0]]) for row in rows]
    return _Articles(
        frozenset(gone), seen, [_Outlet(*row) for row in before if row[1] is not None],
        [_Outlet(**row, domain=domain, name=name, last_fetched_at=seen[row["article_id"]])
         for row in new for domain, name in [(row.pop("outlet_domain"), row.pop("outlet_name"))] if domain is not None],
        named_before, list(_named_after(texts.entities, seen)),
    )


def _named_after(entities: pa.Table, seen: Mapping[str, datetime]) -> Iterator[_Named]:
    columns = [entities.column(name).to_pylist() for name in ("article_id", "name_id", "fetched_at", *_FORM)]
    for article_id, name_id, fetched_at, *form in zip(*columns, strict=True):
        yield _Named(article_id, name_id, name_id, Form(*form), fetched_at, seen[article_id])


def _people(articles: _Articles, known: KnownState) -> People:
    company: dict[str, set[str]] = defaultdict(set)
    for named in articles.named_after:
        if named.form.type in ("PER", "ORG"):
            company[named.article_id].add(named.name_id)
    namings = [
        Naming(n.article_id, n.name_id, n.form.occupation, n.fetched_at, frozenset(company[n.article_id] - {n.name_id}))
        for n in articles.named_after
        if n.form.type == "PER"
    ]
    withdrawn = [
        (n.name_id, n.form.occupation)
        for n in articles.named_before
        if n.form.type == "PER" and n.article_id in articles.gone
    ]
    names = sorted({naming.name_id for naming in namings} | {name_id for name_id, _ in withdrawn})
    rows = known.rows(Lookup("people", _WALK, ("name_id",), [(name,) for name in names]))
    return distinguish_people(namings, withdrawn, [_walk(*row) for row in sorted(rows)])


def _walk(  # noqa: PLR0913, PLR0917  the columns of a row
    name_id: str, occupation: str, entity_id: str, article_count: int, first_fetched_at: datetime, company: list[int]
) -> Walk:
    return Walk(name_id, occupation, entity_id, article_count, first_fetched_at, tuple(company))


def _change_people(changes: ChangeBuilder, people: People, known: KnownState) -> dict[Move, list[str]]:
    """The profiles that change; earlier rows of a kind that stands for another person now follow it: their articles."""
    articles = {}
    changed = [(w.name_id, w.occupation) for w in people.walks]
    changes.remove("people", ("name_id", "occupation"), [*changed, *people.gone])
    changes.add("people", [(*astuple(w)[:5], list(w.company)) for w in people.walks])
    for move in people.moves:
        keys = [(move.name_id, occupation, move.former_id) for occupation in move.occupations]
        by = ("name_id", "occupation", "entity_id")
        rows = known.rows(Lookup("article_entities", ("article_id",), by, keys))
        changes.update("article_entities", by, ("entity_id",), [(*key, move.entity_id) for key in keys])
        changes.update("mentions", ("article_id", "entity_id"), ("entity_id",), [
            (article_id, move.former_id, move.entity_id) for (article_id,) in sorted(set(rows))
        ])
        articles[move] = sorted({article_id for (article_id,) in rows})
    return articles


def _assigned_anew(
    changes: ChangeBuilder, people: People, articles: _Articles, known: KnownState
) -> list[tuple[_Named, str]]:
    """Earlier articles that state no occupation and name another person now, each with that person."""
    if not people.shared:
        return []
    rows = known.rows(Lookup(
        "article_entities", ("article_id", "entity_id", "name_id", *_FORM), ("name_id",),
        [(name_id,) for name_id in sorted(people.shared)], null=("occupation",), order=("-fetched_at", "article_id"),
        most=UNSTATED + len(articles.gone),
    ))
    newest: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row[0] not in articles.gone and len(newest[row[2]]) < UNSTATED:
            newest[row[2]].append(row)
    ids = [(each,) for each in sorted({row[0] for rows in newest.values() for row in rows})]
    times = {row[0]: row[1:] for row in known.rows(
        Lookup("articles", ("article_id", "fetched_at", "last_fetched_at"), ("article_id",), ids)
    )}
    company: dict[str, set[str]] = defaultdict(set)
    for article_id, name_id, kind in known.rows(
        Lookup("article_entities", ("article_id", "name_id", "type"), ("article_id",), ids)
    ):
        if kind in ("PER", "ORG"):
            company[article_id].add(name_id)
    found = []
    for name_id, of_name in sorted(newest.items()):
        for article_id, entity_id, _, *form in sorted(of_name, key=lambda row: row[0]):
            others = frozenset(company[article_id] - {name_id})
            person = person_of(Naming(article_id, name_id, None, times[article_id][0], others), people.shared[name_id])
            if person != entity_id:
                found.append((_Named(article_id, entity_id, name_id, Form(*form), *times[article_id]), person))
    changes.update("article_entities", ("article_id", "name_id"), ("entity_id",), [
        (named.article_id, named.name_id, person) for named, person in found
    ])
    changes.update("mentions", ("article_id", "entity_id"), ("entity_id",), [
        (named.article_id, named.entity_id, person) for named, person in found
    ])
    return found


def _change_entities(  # noqa: PLR0913, PLR0917  what the batch takes, gives and sees, and who people are
    changes: ChangeBuilder, articles: _Articles, people: People, moved: Mapping[Move, Sequence[str]],
    assigned: Sequence[tuple[_Named, str]], known: KnownState,
) -> None:
    taken = [n.use for n in articles.named_before if n.article_id in articles.gone]
    taken += [named.use for named, _ in assigned]
    named_after = [
        replace(n, entity_id=people.entity_of.get((n.article_id, n.name_id), n.name_id)) for n in articles.named_after
    ]
    given = [n.use for n in named_after] + [replace(named.use, entity_id=person) for named, person in assigned]
    again = _seen_again(((n.article_id, n.entity_id) for n in articles.named_before), articles)
    ends = {entity_id for move in moved for entity_id in (move.former_id, move.entity_id)}
    before = _known_entities(known, {use.entity_id for use in (*taken, *given)} | again.keys() | ends)
    for move in moved:
        left, came = _moved(move, before)
        taken += left
        given += came
    after = count_entities(taken, given, again, before)
    naming = _Naming(known, articles, named_after, moved, assigned)
    for entity_id in sorted(lost_times(taken, before) | ends):
        entity = after.get(entity_id, before.get(entity_id))
        if entity is not None and entity.article_count <= RETIMED:
            times = naming.times(entity_id)
            after[entity_id] = replace(
                entity, first_seen_at=min(first for first, _ in times), last_seen_at=max(last for _, last in times)
            )
    _write_entities(changes, after)


def _write_entities(changes: ChangeBuilder, after: Mapping[str, KnownEntity | None]) -> None:
    changes.remove("entities", ("entity_id",), [(each,) for each in after])
    changes.remove("entity_forms", ("entity_id",), [(each,) for each in after])
    kept = [entity for entity in after.values() if entity is not None]
    changes.add("entities", [
        (e.entity_id, *astuple(e.shown), e.article_count, e.first_seen_at, e.last_seen_at) for e in kept
    ])
    changes.add("entity_forms", [
        (e.entity_id, *astuple(form), count) for e in kept for form, count in sorted(e.forms.items(), key=_form_order)
    ])


def _form_order(counted: tuple[Form, int]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, str(value)) for value in astuple(counted[0]))


@dataclass(frozen=True, slots=True)
class _Naming:
    """Which articles name an entity when the batch ends."""

    known: KnownState
    articles: _Articles
    named_after: Sequence[_Named]
    moved: Mapping[Move, Sequence[str]]
    assigned: Sequence[tuple[_Named, str]]

    def times(self, entity_id: str) -> list[tuple[datetime, datetime]]:
        """When each of its articles was first and last fetched."""
        rows = self.known.rows(Lookup("article_entities", ("article_id",), ("entity_id",), [(entity_id,)]))
        ids = {row[0] for row in rows}
        for move, of_move in self.moved.items():
            if move.former_id == entity_id:
                ids -= set(of_move)
        ids -= {named.article_id for named, _ in self.assigned if named.entity_id == entity_id}
        for move, of_move in self.moved.items():
            if move.entity_id == entity_id:
                ids |= set(of_move)
        ids |= {named.article_id for named, person in self.assigned if person == entity_id}
        times = self.known.rows(Lookup(
            "articles", ("article_id", "fetched_at", "last_fetched_at"), ("article_id",),
            [(each,) for each in sorted(ids - self.articles.gone)],
        ))
        seen = self.articles.seen
        return [(first, max(last, seen.get(article_id, last))) for article_id, first, last in times] + [
            (n.fetched_at, n.last_fetched_at) for n in self.named_after if n.entity_id == entity_id
        ]


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


def _known_entities(known: KnownState, ids: Collection[str]) -> dict[str, KnownEntity]:
    keys = [(each,) for each in sorted(ids)]
    forms: dict[str, dict[Form, int]] = defaultdict(dict)
    for entity_id, *values, count in known.rows(
        Lookup("entity_forms", ("entity_id", *_FORM, "article_count"), ("entity_id",), keys)
    ):
        forms[entity_id][Form(*values)] = count
    times = known.rows(Lookup("entities", ("entity_id", "first_seen_at", "last_seen_at"), ("entity_id",), keys))
    return {entity_id: KnownEntity(entity_id, forms[entity_id], *span) for entity_id, *span in times}


def _change_outlets(changes: ChangeBuilder, articles: _Articles, known: KnownState) -> None:
    """An outlet is counted as an entity is: its names are its forms, one without a name among them."""
    taken = [outlet.use for outlet in articles.outlets_before if outlet.article_id in articles.gone]
    given = [outlet.use for outlet in articles.outlets_after]
    again = _seen_again(((o.article_id, o.domain) for o in articles.outlets_before), articles)
    before = _known_outlets(known, {use.entity_id for use in (*taken, *given)} | again.keys())
    after = count_entities(taken, given, again, before)
    for domain in sorted(lost_times(taken, before)):
        outlet = after.get(domain, before.get(domain))
        if outlet is not None and outlet.article_count <= RETIMED:
            times = _outlet_times(domain, articles, known)
            after[domain] = replace(
                outlet, first_seen_at=min(first for first, _ in times), last_seen_at=max(last for _, last in times)
            )
    changes.remove("outlets", ("domain",), [(domain,) for domain in after])
    changes.remove("outlet_names", ("domain",), [(domain,) for domain in after])
    kept = [outlet for outlet in after.values() if outlet is not None]
    changes.add("outlets", [
        (o.entity_id, o.shown.name or None, o.article_count, o.first_seen_at, o.last_seen_at) for o in kept
    ])
    changes.add("outlet_names", [
        (o.entity_id, form.name or None, count)
        for o in kept
        for form, count in sorted(o.forms.items(), key=_form_order)
    ])


def _known_outlets(known: KnownState, domains: Collection[str]) -> dict[str, KnownEntity]:
    keys = [(domain,) for domain in sorted(domains)]
    names: dict[str, dict[Form, int]] = defaultdict(dict)
    counted = known.rows(Lookup("outlet_names", ("domain", "name", "article_count"), ("domain",), keys))
    for domain, name, count in counted:
        names[domain][_outlet_form(name)] = count
    times = known.rows(Lookup("outlets", ("domain", "first_fetched_at", "last_fetched_at"), ("domain",), keys))
    return {domain: KnownEntity(domain, names[domain], *span) for domain, *span in times}


def _outlet_times(domain: str, articles: _Articles, known: KnownState) -> list[tuple[datetime, datetime]]:
    rows = known.rows(Lookup(
        "articles", ("article_id", "fetched_at", "last_fetched_at"), ("outlet_domain",), [(domain,)]
    ))
    return [
        (first, max(last, articles.seen.get(article_id, last)))
        for article_id, first, last in rows
        if article_id not in articles.gone
    ] + [(o.fetched_at, o.last_fetched_at) for o in articles.outlets_after if o.domain == domain]


def _outlet_form(name: str | None) -> Form:
    return Form(name or "", "outlet")


def _seen_again(named: Iterable[tuple[str, str]], articles: _Articles) -> dict[str, datetime]:
    """When each was last seen, of those whose article the batch saw again unchanged."""
    times: dict[str, datetime] = {}
    for article_id, entity_id in named:
        if article_id in articles.seen and article_id not in articles.gone:
            times[entity_id] = max(articles.seen[article_id], times.get(entity_id, articles.seen[article_id]))
    return times


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
