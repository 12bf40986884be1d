"""Resolves records that were processed again, under today's rules.

The result is that of records that had been processed by these rules when they arrived. A record whose article, text and
reading are as before changes nothing. An article that has a record which changed is made anew from all of its records:
those of the batch, and the earlier ones as the warehouse has them. Versions are numbered again.

A record whose text was loaded, and which is rejected by today's rules, is withdrawn. An earlier record that is not in
the batch and shows the text of a version follows the record from which the version was made: to the text that is read
from it today, or into withdrawal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines.records import Coordinates
from pipelines.resolve.history import Former
from pipelines.resolve.versions import Known, Resolution, Resolutions, Resolver, Sighting, in_order

type Text = tuple[str, str | None]
"""Article and content hash."""


def articles_anew(
    sightings: Sequence[Sighting], known: Known, former: Mapping[Coordinates, Former]
) -> frozenset[str]:
    """The articles that are made anew, because a record of the batch shows them differently, or no longer.

    A reading of the current text counts from the record that gave the one that is there, and from the one that was
    fetched last. What is stored of an earlier version's reading cannot be compared: it counts if another processor made
    it.
    """
    found: set[str] = set()
    for s in sightings:
        was = former[s.coordinates]
        if not was.is_text:
            continue
        if s.is_rejected or _text(s) != _text(was.sighting):
            found.add(was.sighting.article_id)
            found |= set() if s.is_rejected else {s.article_id}
            continue
        article = known.articles.get(s.article_id)
        if article is None:
            continue
        if s.content_hash != article.current_hash:
            if was.is_maker and was.processor != s.processor:
                found.add(s.article_id)
            continue
        if s.reading == article.reading:
            continue
        assert s.fetched_at is not None
        if article.coordinates == s.coordinates or s.fetched_at >= article.current_fetched_at:
            found.add(s.article_id)
    return frozenset(found)


def resolve_again(
    sightings: Sequence[Sighting], known: Known, former: Mapping[Coordinates, Former], anew: frozenset[str]
) -> Resolutions:
    """What becomes of the records of a reprocess, and of the earlier records of the articles that are made anew."""
    resolver = Resolver(known, sightings)
    for article_id in sorted(anew & known.articles.keys()):
        resolver.articles.pop(article_id)
        resolver.index.remove(article_id)
        resolver.deleted.add(article_id)
    leaders = {
        _text(former[s.coordinates].sighting): s for s in in_order(sightings) if _leads(s, former[s.coordinates])
    }
    past = [record for record in known.past if record.is_text and record.article_id in anew]
    followers = [record for record in past if _text(record) in leaders]
    others = [_with_reading(record, known) for record in past if _text(record) not in leaders]
    here = {sighting.coordinates for sighting in sightings}
    for record in in_order([*sightings, *others]):
        if record.coordinates in here:
            _take(resolver, record, former[record.coordinates], anew)
        else:
            resolver.restored[record.coordinates] = resolver.resolved(record)
    for record in in_order(followers):
        resolver.restored[record.coordinates] = _followed(resolver, record, leaders[_text(record)])
    return resolver.ended()


def _text(sighting: Sighting) -> Text:
    return sighting.article_id, sighting.content_hash


def _leads(sighting: Sighting, was: Former) -> bool:
    """Whether other records of its former text follow the record, because it made a version and shows another text."""
    return was.is_text and was.is_maker and (sighting.is_rejected or _text(sighting) != _text(was.sighting))


def _with_reading(record: Sighting, known: Known) -> Sighting:
    """An earlier record; the one from which the current text was read has that reading."""
    article = known.articles.get(record.article_id)
    if article is None or article.coordinates != record.coordinates:
        return record
    return replace(
        record, reading=article.reading, processed_at=article.processed_at, processor=article.processor
    )


def _take(resolver: Resolver, sighting: Sighting, was: Former, anew: frozenset[str]) -> None:
    at, article_id = sighting.coordinates, was.sighting.article_id
    if sighting.is_rejected and (was.is_text or was.outcome == "withdrawn"):
        resolver.rows[at] = Resolution(at, "withdrawn", article_id, is_same=not was.is_text)
    elif was.is_text and not {sighting.article_id, article_id} & anew:
        resolver.rows[at] = Resolution(at, was.outcome, article_id, was.version, is_same=True)
        _note_processor(resolver, sighting)
    else:
        resolver.take(sighting)


def _note_processor(resolver: Resolver, sighting: Sighting) -> None:
    article = resolver.articles.get(sighting.article_id)
    if article is not None and article.coordinates == sighting.coordinates:
        resolver.touched.add(article.article_id)
        resolver.articles[article.article_id] = replace(
            article, processed_at=sighting.processed_at or article.processed_at, processor=sighting.processor
        )


def _followed(resolver: Resolver, record: Sighting, leader: Sighting) -> Resolution:
    if leader.is_rejected:
        return Resolution(record.coordinates, "withdrawn", record.article_id)
    article = resolver.articles.get(leader.article_id)
    version = article.version_of.get(leader.content_hash or "") if article else None
    if article is None or version is None:  # the leader was suppressed
        return resolver.resolved(record)
    if leader.content_hash == article.current_hash and record.fetched_at is not None:
        latest = max(article.current_fetched_at, record.fetched_at)
        resolver.articles[article.article_id] = replace(article, current_fetched_at=latest)
    return Resolution(record.coordinates, "unchanged", article.article_id, version, article.story_id)
