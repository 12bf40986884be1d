"""Distinguishes people who share a name, by their stated occupations and by who is named together with them.

A name has a **profile** for each kind of occupation that its articles state. A profile has a bounded size: the number
of current articles that state the occupation, the time when the first of them was fetched, and a sample of the company,
which is the people and organisations that these articles name as well. Two profiles are one person if their companies
share a tenth of the smaller one. The cost of a batch therefore depends on the names in the batch, and not on the
number of articles that name them.

The sample is a bottom-k sketch (Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007): the k
smallest hashes. It does not depend on the order in which articles arrive.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

SKETCH_SIZE = 64
"""Size of the sample of a company: large enough to distinguish a common tenth from nothing in common."""
COMMON_SHARE = 10
"""Two profiles are one person if one in so many of the smaller company is in both companies."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of the articles that state one kind of occupation for one name.

    ``entity_id`` is the person that the profile belongs to.
    """

    name_id: str
    occupation: str
    entity_id: str
    article_count: int
    first_fetched_at: datetime
    company: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Naming:
    """One article names a person: the stated occupation, and the entity ids of whoever else it names."""

    article_id: str
    name_id: str
    occupation: str | None
    fetched_at: datetime
    company: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """The rows of one profile now belong to another person: those that state one of ``occupations``."""

    name_id: str
    occupations: tuple[str, ...]
    former_id: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class People:
    """Who the names of a batch stand for.

    ``entity_of`` gives the entity by article and name. ``profiles`` are the profiles that changed, ``gone`` the keys of
    those without an article, ``moves`` the profiles whose earlier rows stand for another person now. ``shared`` are the
    names of several people whose profiles changed, each with all of its profiles: earlier articles that state no
    occupation may be another person's now.
    """

    entity_of: Mapping[tuple[str, str], str]
    profiles: tuple[Profile, ...]
    gone: tuple[tuple[str, str], ...]
    moves: tuple[Move, ...]
    shared: Mapping[str, tuple[Profile, ...]] = field(default_factory=dict)


def distinguish_people(
    namings: Iterable[Naming], withdrawn: Iterable[tuple[str, str | None]], known: Iterable[Profile]
) -> People:
    """Assigns each naming to a person and brings the profiles of its name up to date.

    Articles that state no occupation have no profile: they do not help to distinguish people.

    ``withdrawn`` are the name and occupation of namings that are no longer current: an article was replaced or
    deleted. ``known`` are the profiles of every name that occurs in either.
    """
    before = {(profile.name_id, profile.occupation): profile for profile in known if profile.occupation}
    after = dict(before)
    taken = list(namings)
    for name_id, occupation in withdrawn:
        key = (name_id, profile_occupation(occupation))
        if key in after:
            after[key] = replace(after[key], article_count=after[key].article_count - 1)
    for naming in taken:
        if naming.occupation:
            _add(after, naming)
    gone = tuple(sorted(key for key, profile in after.items() if profile.article_count <= 0))
    for key in gone:
        del after[key]
    profiles = _assigned(after)
    by_name: dict[str, list[Profile]] = {}
    for profile in profiles.values():
        by_name.setdefault(profile.name_id, []).append(profile)
    entity_of = {(n.article_id, n.name_id): person_of(n, by_name.get(n.name_id, ())) for n in taken}
    moves = tuple(
        Move(profile.name_id, occupations_of(profile.occupation), before[key].entity_id, profile.entity_id)
        for key, profile in sorted(profiles.items())
        if key in before and before[key].entity_id != profile.entity_id
    )
    changed = tuple(profile for key, profile in sorted(profiles.items()) if before.get(key) != profile)
    persons_before: dict[str, set[str]] = defaultdict(set)
    for profile in before.values():
        persons_before[profile.name_id].add(profile.entity_id)
    names = {w.name_id for w in changed if _matters(w, before.get((w.name_id, w.occupation)))}
    names |= {name_id for name_id, _ in gone}
    shared = {
        name_id: tuple(by_name[name_id])
        for name_id in sorted(names & by_name.keys())
        if len(persons_before[name_id] | {profile.entity_id for profile in by_name[name_id]}) > 1
    }
    return People(entity_of, changed, tuple(key for key in gone if key in before), moves, shared)


def _matters(profile: Profile, before: Profile | None) -> bool:
    """Whether the change of a profile can assign an article without a stated occupation to another person."""
    return before is None or (profile.entity_id, profile.company, profile.first_fetched_at) != (
        before.entity_id, before.company, before.first_fetched_at
    )


def profile_occupation(occupation: str | None) -> str:
    """The profile's occupation for a stated one: public office and business share one, as one person often has both.

    >>> profile_occupation("business"), profile_occupation("sport"), profile_occupation(None)
    ('public_office', 'sport', '')
    """
    return "public_office" if occupation == "business" else occupation or ""


def occupations_of(profile: str) -> tuple[str, ...]:
    """The kinds of occupation of a profile.

    >>> occupations_of("public_office"), occupations_of("arts")
    (('public_office', 'business'), ('arts',))
    """
    return ("public_office", "business") if profile == "public_office" else (profile,)


def _add(profiles: dict[tuple[str, str], Profile], naming: Naming) -> None:
    key = (naming.name_id, profile_occupation(naming.occupation))
    company = {_hash(companion) for companion in naming.company if companion != naming.name_id}
    profile = profiles.get(key) or Profile(*key, "", 0, naming.fetched_at)
    profiles[key] = replace(
        profile, article_count=profile.article_count + 1,
        first_fetched_at=min(profile.first_fetched_at, naming.fetched_at),
        company=tuple(sorted(company.union(profile.company))[:SKETCH_SIZE]),
    )


def _hash(entity_id: str) -> int:
    """A hash of the entity: the first digits of its id, which is a cryptographic hash itself."""
    return int(entity_id[:15], 16)


def _assigned(profiles: Mapping[tuple[str, str], Profile]) -> dict[tuple[str, str], Profile]:
    by_name: dict[str, list[Profile]] = {}
    for profile in profiles.values():
        by_name.setdefault(profile.name_id, []).append(profile)
    assigned = {}
    for name_id, of_name in by_name.items():
        for profile, entity_id in _persons(name_id, of_name):
            assigned[name_id, profile.occupation] = replace(profile, entity_id=entity_id)
    return assigned


def _persons(name_id: str, profiles: Sequence[Profile]) -> Iterable[tuple[Profile, str]]:
    """Each profile with its person. The first person of a name in the news has the id of the name itself."""
    persons: list[tuple[Profile, str]] = []
    for profile in sorted(profiles, key=lambda w: (w.first_fetched_at, w.occupation)):
        person = _joined(profile, persons)
        if person is None:
            person = person_id(name_id, profile.occupation) if persons else name_id
        persons.append((profile, person))
    return persons


def _joined(profile: Profile, persons: Sequence[tuple[Profile, str]]) -> str | None:
    """The person of the first earlier profile with a common company; without any company, the first person."""
    if not persons:
        return None
    if not profile.company:
        return persons[0][1]
    return next((entity for earlier, entity in persons if shares_company(profile.company, earlier.company)), None)


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


def person_of(naming: Naming, profiles: Iterable[Profile]) -> str:
    """The person of the naming's own profile; without a stated occupation, the person with the most common company.

    ``profiles`` are all profiles of its name.
    """
    profiles = list(profiles)
    if all(profile.entity_id == naming.name_id for profile in profiles):
        return naming.name_id
    wanted = profile_occupation(naming.occupation)
    if wanted:
        return next(profile.entity_id for profile in profiles if profile.occupation == wanted)
    company = {_hash(companion) for companion in naming.company}
    common: dict[str, int] = {}
    for profile in sorted(profiles, key=lambda w: (w.first_fetched_at, w.occupation)):
        common[profile.entity_id] = common.get(profile.entity_id, 0) + len(company.intersection(profile.company))
    best = max(common, key=lambda entity_id: common[entity_id], default=naming.name_id)
    return best if common.get(best) else naming.name_id
