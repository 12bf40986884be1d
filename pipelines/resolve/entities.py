"""Counts who and what the current articles name, by adding what a batch adds and taking away what it takes.

An entity's **forms** are the ways in which articles describe it: name, type, place and occupation. Each form has its
number of current articles, so an entity is shown as most articles describe it, and a batch that names a popular
entity reads and writes its few forms and none of its articles.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Form:
    """How an article describes an entity; an empty name is none."""

    name: str
    type: str
    country: str | None = None
    geonames_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    occupation: str | None = None

    @property
    def kind(self) -> tuple[str, str | None, int | None, float | None, float | None]:
        return self.type, self.country, self.geonames_id, self.latitude, self.longitude


@dataclass(frozen=True, slots=True)
class Use:
    """A current article names an entity in a form. ``first_at`` and ``last_at`` are when the article was fetched."""

    entity_id: str
    form: Form
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class KnownEntity:
    """An entity as the warehouse has it: current articles by form, and when it was seen first and last."""

    entity_id: str
    forms: Mapping[Form, int]
    first_seen_at: datetime
    last_seen_at: datetime

    @property
    def article_count(self) -> int:
        return sum(self.forms.values())

    @property
    def shown(self) -> Form:
        """The name, kind and occupation that most articles give it, each by itself.

        Among equally frequent names the longest, then the first in the alphabet; else the first in order, null last.
        """
        names, kinds, occupations = Counter[str](), Counter[tuple[object, ...]](), Counter[str]()
        for form, count in self.forms.items():
            names[form.name] += count
            kinds[form.kind] += count
            if form.occupation is not None:
                occupations[form.occupation] += count
        name = min(names, key=lambda n: (not n, -names[n], -len(n), n))
        kind = min(
            (form.kind for form in self.forms), key=lambda k: (-kinds[k], k[0], [(v is None, v or 0) for v in k[1:]])
        )
        occupation = min(occupations, key=lambda o: (-occupations[o], o), default=None)
        return Form(name, *kind, occupation)


def count_entities(
    taken: Iterable[Use], given: Iterable[Use], seen: Mapping[str, datetime], known: Mapping[str, KnownEntity]
) -> dict[str, KnownEntity | None]:
    """The entities that a batch changes, as they stand after it; None for one that no article names any more.

    ``taken`` are uses by articles that were replaced or deleted, ``given`` those by the articles that are current now,
    ``seen`` when an article that names the entity was fetched again unchanged. Times only widen here: ``lost_times``
    names the entities whose times have to be looked up in the articles that are left.
    """
    forms: dict[str, Counter[Form]] = defaultdict(Counter)
    times: dict[str, list[datetime]] = defaultdict(list)
    for use in given:
        forms[use.entity_id][use.form] += 1
        times[use.entity_id] += (use.first_at, use.last_at)
    for use in taken:
        forms[use.entity_id][use.form] -= 1
    for entity_id, at in seen.items():
        times[entity_id].append(at)
    changed: dict[str, KnownEntity | None] = {}
    for entity_id in sorted(forms.keys() | seen.keys()):
        before = known.get(entity_id)
        counts = Counter(dict(before.forms)) if before else Counter[Form]()
        counts.update(forms[entity_id])
        left = {form: count for form, count in counts.items() if count > 0}
        span = times[entity_id] + ([before.first_seen_at, before.last_seen_at] if before else [])
        after = KnownEntity(entity_id, left, min(span), max(span)) if left and span else None
        if after != before:
            changed[entity_id] = after
    return changed


def lost_times(taken: Iterable[Use], known: Mapping[str, KnownEntity]) -> set[str]:
    """Entities that lose the article which they were first or last seen in."""
    return {
        use.entity_id
        for use in taken
        if use.entity_id not in known
        or use.first_at <= known[use.entity_id].first_seen_at
        or use.last_at >= known[use.entity_id].last_seen_at
    }
