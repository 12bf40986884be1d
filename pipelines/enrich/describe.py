"""The names found in an article become its mentions and entities, with linked places and salience."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.enrich.entities import Named, coalesced, entity_id, names_in_title, plain_name
from pipelines.enrich.names.edges import words
from pipelines.enrich.occupations import occupation_of
from pipelines.enrich.places.conventions import is_used_locally, written_in
from pipelines.enrich.places.gazetteer import Gazetteer
from pipelines.enrich.places.inside import bearer_of, place_inside
from pipelines.enrich.places.link import Link, Surroundings, Toponym, home_country, link_places, named_places
from pipelines.enrich.salience import salience, shares
from pipelines.enrich.seats import stated_country
from pipelines.enrich.sentences import sentence_of, sentence_starts
from pipelines.records import CleanArticle, Entity, EntityType, Mention

INHABITANTS = tuple(
    (f"{ending}{s}", lost) for ending, lost in (("an", ""), ("n", ""), ("er", ""), ("i", ""), ("n", "s"), ("ian", "io"))
    for s in ("s", "")
)
AFTER = 40  # characters after a place name that may name its region or country ("Paris, Texas")


@dataclass(frozen=True, slots=True)
class Found:
    """A name and its position in the body as it is stored."""

    start: int
    end: int
    type: EntityType
    text: str
    confidence: float

    @property
    def named(self) -> Named:
        return self.type, plain_name(self.text)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about an article's names: the countries of peoples, the places of place names.

    ``inside`` has the place or people inside of longer names: of organisations, and of places that have no entry. A
    team that bears the name of a city alone has that name. ``attested`` are the countries of the places and peoples.
    """

    peoples: Mapping[str, str]
    links: Mapping[str, Link]
    country_names: Mapping[str, str]
    inside: Mapping[str, str]
    attested: frozenset[str]
    gazetteer: Gazetteer

    def country_inside(self, name: str) -> str | None:
        """The country of the place or people inside a longer name, or None.

        A name that is a small place's as a whole counts only if the article names a place or people of that country.
        """
        inner = self.inside.get(name)
        if inner is None:
            return None
        link = self.links.get(inner)
        country = self.gazetteer.demonym_country(inner) or (link.place.country if link else None)
        is_sure = inner != name or name in self.gazetteer.prominent or country in self.attested
        return country if is_sure else None

    def country_of(self, name: str) -> str | None:
        """The country of a place of this article, of a people, or of a well-known place; None for other names."""
        link = self.links.get(name)
        if link is not None:
            return link.place.country
        places = named_places(name, self.gazetteer) if self.gazetteer.is_prominent(name) else ()
        return self.gazetteer.demonym_country(name) or (places[0].country if places else None)


def describe(
    clean: CleanArticle, found: Sequence[Found], gazetteer: Gazetteer
) -> tuple[tuple[Mention, ...], tuple[Entity, ...]]:
    """The mentions in the order of the body, and the entities, the most salient first."""
    if not found:
        return (), ()
    known = _known(clean, found, gazetteer)
    heads = coalesced(list(dict.fromkeys(name.named for name in found)), _marks(known))
    entities = _entities(heads, found, clean, known)
    starts = sentence_starts(clean.body)
    mentions = []
    for name in found:
        entity = entities[heads[name.named]]
        mentions.append(
            Mention(name.text, name.type, name.start, name.end, sentence_of(name.start, starts),
                    entity.entity_id, entity.in_title, name.confidence)
        )  # fmt: skip
    return tuple(mentions), _by_salience(dict.fromkeys(entities.values()))


def _known(clean: CleanArticle, found: Sequence[Found], gazetteer: Gazetteer) -> Known:
    names = {name.named for name in found}
    peoples = {name: code for kind, name in names if kind == "MISC" and (code := _people(name, gazetteer))}
    inside = _inside([named for named in names if named[1] not in peoples], gazetteer)
    links = place_links(clean, found, peoples, inside, gazetteer)
    countries = (link.place.country for kind, name in names if kind == "LOC" and (link := links.get(name)))
    attested = frozenset(country for country in (*countries, *peoples.values()) if country)
    return Known(peoples, links, gazetteer.country_names, inside, attested, gazetteer)


def _inside(names: Sequence[Named], gazetteer: Gazetteer) -> dict[str, str]:
    """The place or people inside each name that has one; of an organisation with a city's name, that name."""
    places = {name for kind, name in names if kind == "LOC"}
    inside = {}
    for kind, name in names:
        if kind in ("ORG", "MISC") or (kind == "LOC" and not named_places(name, gazetteer)):
            inner = place_inside(name, gazetteer, places) or (bearer_of(name, gazetteer) if kind == "ORG" else None)
            if inner:
                inside[name] = inner
    return inside


def with_places_in_adjectives(found: Sequence[Found], gazetteer: Gazetteer, confidence: float) -> list[Found]:
    """The names, with the place inside of each hyphenated adjective added: "London-based" is a mention of London too.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> name = Found(3, 13, "MISC", "Oslo-based", 0.85)
    >>> [(one.text, one.type) for one in with_places_in_adjectives([name], load_gazetteer(), 0.8)]
    [('Oslo-based', 'MISC'), ('Oslo', 'LOC')]
    """
    names = []
    for name in found:
        names.append(name)
        place, _, tail = name.text.rpartition("-")
        is_adjective = name.type == "MISC" and tail in words("adjective_tails")
        if is_adjective and not gazetteer.demonym_country(place) and gazetteer.places(place):
            names.append(Found(name.start, name.start + len(place), "LOC", place, confidence))
    return names


def place_links(
    clean: CleanArticle, found: Sequence[Found], peoples: Mapping[str, str], inside: Mapping[str, str],
    gazetteer: Gazetteer,
) -> dict[str, Link]:
    """The place of each place name of the article, and of those inside of longer names.

    If the mentions of a name are linked differently, the surest link is used.
    """
    toponyms = []
    for name in found:
        inner = inside.get(name.named[1])
        is_longer = inner is not None and inner != name.named[1]
        if inner is not None and (is_longer or name.type != "LOC") and not gazetteer.demonym_country(inner):
            end = name.start + len(inner)
            is_local = name.text.startswith(inner) and is_used_locally(clean.body, name.start, end)
            toponyms.append(Toponym(inner, is_local=is_local))
        elif name.type == "LOC" and not is_longer:
            is_local = is_used_locally(clean.body, name.start, name.end)
            toponyms.append(Toponym(name.named[1], clean.body[name.end : name.end + AFTER], is_local))
    if clean.dateline and clean.dateline.place:
        toponyms.append(Toponym(clean.dateline.place))
    countries = Counter(peoples[name.named[1]] for name in found if name.named[1] in peoples)
    around = Surroundings(countries, home_country(clean.outlet.domain), written_in(clean.body))
    links = link_places(toponyms, around, gazetteer)
    chosen: dict[str, Link] = {}
    for toponym, link in zip(toponyms, links, strict=True):
        if link and (toponym.name not in chosen or link.confidence > chosen[toponym.name].confidence):
            chosen[toponym.name] = link
    return chosen


def _people(name: str, gazetteer: Gazetteer) -> str | None:
    """The country of a people, or of an adjective with the name of a people or country (South Korean), or None."""
    country = gazetteer.demonym_country(name)
    if country is None and "-" in name:
        has_place = name.rpartition("-")[2] in words("adjective_tails")  # it is a mention of its own (U.S.-led)
        for part in name.split("-"):
            of_place = None if has_place else gazetteer.country_code(part)
            country = country or gazetteer.demonym_country(part) or of_place
    return country or _inhabitants(name, gazetteer)


def _inhabitants(name: str, gazetteer: Gazetteer) -> str | None:
    """The country of the inhabitants of a region or large city, by their name's ending, or None.

    >>> from pipelines.enrich.places.gazetteer import load_gazetteer
    >>> [_inhabitants(name, load_gazetteer()) for name in ("Ohioans", "Minnesotan", "Londoners", "Texans", "Mariners")]
    ['US', 'US', 'GB', 'US', None]
    """
    for ending, lost in INHABITANTS:
        place = name.removesuffix(ending) + lost
        if place != name + lost and place in gazetteer.prominent:
            return gazetteer.places(place)[0].country
    return None


def _marks(known: Known) -> dict[Named, str]:
    """A common mark for all names of the same place or the same people."""
    marks: dict[Named, str] = {
        ("LOC", name): f"geonames:{link.place.row}" for name, link in known.links.items() if link.place.row >= 0
    }
    for name, code in known.peoples.items():
        if "-" not in name:
            marks["MISC", name] = f"people:{code}"
    return marks


def _entity(head: Named, names: Sequence[Found], clean: CleanArticle, known: Known) -> Entity:
    kind, name = head
    writings = {found.named[1] for found in names}
    in_title = names_in_title(writings, kind, clean.title)
    weight = salience(len(names), names[0].start, len(clean.body), in_title=in_title)
    if kind != "LOC":
        countries = (known.peoples.get(writing) or known.country_inside(writing) for writing in sorted(writings))
        country = next((code for code in countries if code), None)
        spans = [(found.start, found.end) for found in names]
        if kind == "ORG" and country is None:
            country = stated_country(clean.body, spans, known.country_of)
        occupation = occupation_of(clean.body, spans) if kind == "PER" else None
        return Entity(
            entity_id(kind, name), name, kind, len(names), weight, in_title, country, occupation=occupation
        )  # fmt: skip
    links = [link for writing in writings if (link := known.links.get(known.inside.get(writing, writing)))]
    link = max(links, key=lambda link: link.confidence, default=None)
    if link is None:
        return Entity(entity_id(kind, name), name, kind, len(names), weight, in_title)
    place = link.place
    if place.kind == "country" and place.country:
        name = known.country_names.get(place.country, name)
    return Entity(
        entity_id(kind, name, place.geonames_id), name, kind, len(names), weight, in_title,
        place.country, place.geonames_id, place.latitude, place.longitude,
    )  # fmt: skip


def _entities(
    heads: Mapping[Named, Named], found: Sequence[Found], clean: CleanArticle, known: Known
) -> dict[Named, Entity]:
    """The entity of each head. Heads with the same entity id share one entity."""
    groups: defaultdict[Named, list[Found]] = defaultdict(list)
    for name in found:
        groups[heads[name.named]].append(name)
    entities = {head: _entity(head, names, clean, known) for head, names in groups.items()}
    sharing: defaultdict[str, list[Named]] = defaultdict(list)
    for head, entity in entities.items():
        sharing[entity.entity_id].append(head)
    for one in (shared for shared in sharing.values() if len(shared) > 1):
        names = sorted((name for head in one for name in groups[head]), key=lambda name: name.start)
        entities |= dict.fromkeys(one, _entity(max(one, key=lambda head: len(groups[head])), names, clean, known))
    return entities


def _by_salience(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """The entities, the most salient first, with salience as a share of the article's total."""
    ordered = sorted(entities, key=lambda entity: -entity.salience)
    return tuple(
        replace(entity, salience=share)
        for entity, share in zip(ordered, shares([entity.salience for entity in ordered]), strict=True)
    )
