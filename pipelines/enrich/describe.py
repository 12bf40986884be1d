"""The names found in an article become its mentions and entities, with linked places and salience."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.enrich.entities import Named, coalesced, entity_id, names_in_title, plain_name
from pipelines.enrich.occupations import occupation_of
from pipelines.enrich.places.gazetteer import Gazetteer
from pipelines.enrich.places.link import Link, Surroundings, Toponym, home_country, link_places
from pipelines.enrich.salience import salience, shares
from pipelines.enrich.sentences import sentence_of, sentence_starts
from pipelines.records import CleanArticle, Entity, EntityType, Mention

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
    """What is known about an article's names: the countries of peoples, the places of place names."""

    peoples: Mapping[str, str]
    links: Mapping[str, Link]
    country_names: Mapping[str, str]


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
    misc = {name for kind, name in {found_name.named for found_name in found} if kind == "MISC"}
    peoples = {name: code for name in misc if (code := _people(name, gazetteer))}
    return Known(peoples, place_links(clean, found, peoples, gazetteer), gazetteer.country_names)


def place_links(
    clean: CleanArticle, found: Sequence[Found], peoples: Mapping[str, str], gazetteer: Gazetteer
) -> dict[str, Link]:
    """The place of each place name of the article. If its mentions are linked differently, the surest link is used."""
    toponyms = [Toponym(name.named[1], clean.body[name.end : name.end + AFTER]) for name in found if name.type == "LOC"]
    if clean.dateline and clean.dateline.place:
        toponyms.append(Toponym(clean.dateline.place))
    countries = Counter(peoples[name.named[1]] for name in found if name.named[1] in peoples)
    links = link_places(toponyms, Surroundings(countries, home_country(clean.outlet.domain)), gazetteer)
    chosen: dict[str, Link] = {}
    for toponym, link in zip(toponyms, links, strict=True):
        if link and (toponym.name not in chosen or link.confidence > chosen[toponym.name].confidence):
            chosen[toponym.name] = link
    return chosen


def _people(name: str, gazetteer: Gazetteer) -> str | None:
    """The country of a people, or of an adjective with the name of a people or country (South Korean), or None."""
    country = gazetteer.demonym_country(name)
    if country is None and "-" in name:
        for part in name.split("-"):
            country = country or gazetteer.demonym_country(part) or gazetteer.country_code(part)
    return country


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
        country = next((known.peoples[writing] for writing in writings if writing in known.peoples), None)
        spans = ((found.start, found.end) for found in names)
        occupation = occupation_of(clean.body, spans) if kind == "PER" else None
        return Entity(
            entity_id(kind, name), name, kind, len(names), weight, in_title, country, occupation=occupation
        )  # fmt: skip
    links = [known.links[writing] for writing in writings if writing in known.links]
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
