"""Distinguishes people who share a name, by what articles say of their occupation and by the company they are named in.

A name's **walks** are the kinds of occupation that its articles state. Each walk keeps a profile of bounded size: how
many current articles state it, when the first was fetched, and a sample of the people and organisations named beside
it. Two walks are one person when a tenth of the smaller company is in the other's too. What a batch costs therefore
depends on the names in the batch, and not on how many articles name them.

The sample of a company is a bottom-k sketch (Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC
2007): the k smallest hashes. It does not depend on the order in which articles arrive.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

SKETCH_SIZE = 64
"""Companions that a profile keeps: enough to distinguish a common tenth from none."""
COMMON_SHARE = 10
"""Two walks are one person when a tenth (one in so many) of the smaller company is common."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What is known of the articles that state one kind of occupation for one name.

    ``entity_id`` is the person that the walk belongs to.
    """

    name_id: str
    occupation: str
    entity_id: str
    article_count: int
    first_fetched_at: datetime
    company: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Naming:
    """One article names a person: what it says of the occupation, and who else it names, as entity ids."""

    article_id: str
    name_id: str
    occupation: str | None
    fetched_at: datetime
    company: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """The rows of one walk of a name, which stand for another person now: those that state one of ``occupations``."""

    name_id: str
    occupations: tuple[str, ...]
    former_id: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class People:
    """Who the names of a batch stand for.

    ``entity_of`` gives the entity by article and name. ``walks`` are the profiles that changed, ``gone`` the keys of
    those without an article, ``moves`` the walks whose earlier rows stand for another person now. ``shared`` are the
    names of several people whose profiles changed, each with all of its profiles: earlier articles that state no
    occupation may be another person's now.
    """

    entity_of: Mapping[tuple[str, str], str]
    walks: tuple[Walk, ...]
    gone: tuple[tuple[str, str], ...]
    moves: tuple[Move, ...]
    shared: Mapping[str, tuple[Walk, ...]] = field(default_factory=dict)


def distinguish_people(
    namings: Iterable[Naming], withdrawn: Iterable[tuple[str, str | None]], known: Iterable[Walk]
) -> People:
    """Assigns each naming to a person and brings the profiles of its name up to date.

    Articles that state no occupation have no profile: they do not help to distinguish people.

    ``withdrawn`` are the name and occupation of namings that are no longer current: an article was replaced or
    deleted. ``known`` are the profiles of every name that occurs in either.
    """
    before = {(walk.name_id, walk.occupation): walk for walk in known if walk.occupation}
    after = dict(before)
    taken = list(namings)
    for name_id, occupation in withdrawn:
        key = (name_id, walk_of(occupation))
        if key in after:
            after[key] = replace(after[key], article_count=after[key].article_count - 1)
    for naming in taken:
        if naming.occupation:
            _add(after, naming)
    gone = tuple(sorted(key for key, walk in after.items() if walk.article_count <= 0))
    for key in gone:
        del after[key]
    walks = _assigned(after)
    by_name: dict[str, list[Walk]] = {}
    for walk in walks.values():
        by_name.setdefault(walk.name_id, []).append(walk)
    entity_of = {(n.article_id, n.name_id): person_of(n, by_name.get(n.name_id, ())) for n in taken}
    moves = tuple(
        Move(walk.name_id, occupations_of(walk.occupation), before[key].entity_id, walk.entity_id)
        for key, walk in sorted(walks.items())
        if key in before and before[key].entity_id != walk.entity_id
    )
    changed = tuple(walk for key, walk in sorted(walks.items()) if before.get(key) != walk)
    persons_before: dict[str, set[str]] = defaultdict(set)
    for walk in before.values():
        persons_before[walk.name_id].add(walk.entity_id)
    names = {w.name_id for w in changed if _matters(w, before.get((w.name_id, w.occupation)))}
    names |= {name_id for name_id, _ in gone}
    shared = {
        name_id: tuple(by_name[name_id])
        for name_id in sorted(names & by_name.keys())
        if len(persons_before[name_id] | {walk.entity_id for walk in by_name[name_id]}) > 1
    }
    return People(entity_of, changed, tuple(key for key in gone if key in before), moves, shared)


def _matters(walk: Walk, before: Walk | None) -> bool:
    """Whether an article that states no occupation may go to another person by the profile as it is now."""
    return before is None or (walk.entity_id, walk.company, walk.first_fetched_at) != (
        before.entity_id, before.company, before.first_fetched_at
    )


def walk_of(occupation: str | None) -> str:
    """The walk of a kind of occupation: one for office and business, which one person often has both of.

    >>> walk_of("business"), walk_of("sport"), walk_of(None)
    ('public_office', 'sport', '')
    """
    return "public_office" if occupation == "business" else occupation or ""


def occupations_of(walk: str) -> tuple[str, ...]:
    """The kinds of occupation of a walk.

    >>> occupations_of("public_office"), occupations_of("arts")
    (('public_office', 'business'), ('arts',))
    """
    return ("public_office", "business") if walk == "public_office" else (walk,)


def _add(walks: dict[tuple[str, str], Walk], naming: Naming) -> None:
    key = (naming.name_id, walk_of(naming.occupation))
    company = {_hash(companion) for companion in naming.company if companion != naming.name_id}
    walk = walks.get(key) or Walk(*key, "", 0, naming.fetched_at)
    walks[key] = replace(
        walk, article_count=walk.article_count + 1, first_fetched_at=min(walk.first_fetched_at, naming.fetched_at),
        company=tuple(sorted(company.union(walk.company))[:SKETCH_SIZE]),
    )


def _hash(entity_id: str) -> int:
    """An entity's id begins as a cryptographic hash of what it names, so its digits are as good as one of its own."""
    return int(entity_id[:15], 16)


def _assigned(walks: Mapping[tuple[str, str], Walk]) -> dict[tuple[str, str], Walk]:
    by_name: dict[str, list[Walk]] = {}
    for walk in walks.values():
        by_name.setdefault(walk.name_id, []).append(walk)
    assigned = {}
    for name_id, of_name in by_name.items():
        for walk, entity_id in _persons(name_id, of_name):
            assigned[name_id, walk.occupation] = replace(walk, entity_id=entity_id)
    return assigned


def _persons(name_id: str, walks: Sequence[Walk]) -> Iterable[tuple[Walk, str]]:
    """Each walk with its person. Whoever was in the news first has the id that the name alone gives."""
    persons: list[tuple[Walk, str]] = []
    for walk in sorted(walks, key=lambda w: (w.first_fetched_at, w.occupation)):
        person = _joined(walk, persons)
        if person is None:
            person = person_id(name_id, walk.occupation) if persons else name_id
        persons.append((walk, person))
    return persons


def _joined(walk: Walk, persons: Sequence[tuple[Walk, str]]) -> str | None:
    """The person of an earlier walk that this one shares its company with; of whom no company is known, the first."""
    if not persons:
        return None
    if not walk.company:
        return persons[0][1]
    return next((entity for earlier, entity in persons if shares_company(walk.company, earlier.company)), None)


def person_id(name_id: str, occupation: str) -> str:
    """Id of a person who is not the first of the name: 32 hexadecimal digits.

    >>> person_id("f" * 32, "science") == person_id("f" * 32, "science") != person_id("f" * 32, "sport")
    True
    """
    return hashlib.md5(f"{name_id}:{occupation}".encode(), usedforsecurity=False).hexdigest()


def shares_company(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether a tenth of the smaller company is in the other, as estimated from two sketches.

    Sketches that are full are compared up to the smaller of their largest hashes, where both are complete.

    >>> shares_company((1, 2), (2, 3)), shares_company((1, 2), (3, 4)), shares_company((), (3,))
    (True, False, False)
    """
    edges = [sketch[-1] for sketch in (one, other) if len(sketch) == SKETCH_SIZE]
    edge = min(edges, default=None)
    first, second = ({h for h in sketch if edge is None or h <= edge} for sketch in (one, other))
    common = len(first & second)
    return common > 0 and common * COMMON_SHARE >= min(len(first), len(second))


def person_of(naming: Naming, walks: Iterable[Walk]) -> str:
    """The person of the naming's own walk, or, where it states no occupation, the one whose company it shares most.

    ``walks`` are all profiles of its name.
    """
    walks = list(walks)
    if all(walk.entity_id == naming.name_id for walk in walks):
        return naming.name_id
    wanted = walk_of(naming.occupation)
    if wanted:
        return next(walk.entity_id for walk in walks if walk.occupation == wanted)
    company = {_hash(companion) for companion in naming.company}
    common: dict[str, int] = {}
    for walk in sorted(walks, key=lambda w: (w.first_fetched_at, w.occupation)):
        common[walk.entity_id] = common.get(walk.entity_id, 0) + len(company.intersection(walk.company))
    best = max(common, key=lambda entity_id: common[entity_id], default=naming.name_id)
    return best if common.get(best) else naming.name_id
