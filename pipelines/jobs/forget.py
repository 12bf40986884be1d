"""Finds what a takedown removes: the articles at a URL or of an outlet, and the rejected messages of an outlet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pipelines.addresses import host_of
from pipelines.clean import article_id_of_url, canonical_url, registered_domain
from pipelines.decode import Decoder, decode_message
from pipelines.failures import Rejected
from pipelines.jobs.decoder import decoder_loader
from pipelines.jobs.replay import message_of
from pipelines.records import Coordinates, RawMessage
from pipelines.resolve.redaction import RedactedName, names_in, words_of
from pipelines.resolve.takedowns import Forgotten, Takedown
from pipelines.settings import Settings
from pipelines.stage import EncryptionKeyMissing, StagedBatchDamaged, StageStore, stage_store
from pipelines.transforms.naming import outlet_named_by
from pipelines.warehouse import DeadLetterFilter, StoredDeadLetter, Warehouse
from pipelines.warehouse.questions import ask
from schemas import shipped

PAGE = 64
"""Number of dead letters in memory at a time: each may have nearly a megabyte."""


def articles_at(warehouse: Warehouse, url: str) -> tuple[str, ...]:
    """The id of the article at the URL, and the ids of articles that were fetched from it or declare it."""
    addresses = dict.fromkeys((url, canonical_url(url)))  # as it was given, and without parameters of a campaign
    found = [row[0] for address in addresses for row in ask(warehouse, "articles_at", (address,)).rows]
    return tuple(dict.fromkeys((article_id_of_url(url), *found)))


@dataclass(frozen=True, slots=True)
class Bearer:
    """A person whom an article names: the forms of the name that it uses, and the names of other people in it.

    ``several`` are the people whose name it may be, if they cannot be one person.
    """

    forms: tuple[str, ...]
    others: frozenset[str]
    several: tuple[str, ...]


def bearer_of(warehouse: Warehouse, article_id: str, name: str) -> Bearer:
    """Who is meant by a person's name in an article, in which forms the article names them, and who is not meant.

    Someone is meant if all words of the shorter of both names are in the longer one. The last word counts as a form
    too, unless it is a single character or the article names another person with it.
    """
    people = list(_people_of(warehouse, article_id))
    wanted = words_of(name)
    meant = {full for full, _ in people if _is_same(words_of(full), wanted)}
    others = {full for full, _ in people if full not in meant}
    words = {word for full in others for word in words_of(full)}
    last = [wanted[-1]] if len(wanted) > 1 and len(wanted[-1]) > 1 and wanted[-1] not in words else []
    forms = dict.fromkeys((name, *(form for full, form in people if full in meant), *sorted(meant), *last))
    full_others = frozenset(full for full in others if len(words_of(full)) > 1)
    return Bearer(tuple(forms), full_others, _several(sorted(meant), wanted))


def _several(meant: list[str], wanted: list[str]) -> tuple[str, ...]:
    """The people who are meant, if they have more words than the name asked for and cannot be one person."""
    if len(wanted) > 1 and any(words_of(name) == wanted for name in meant):
        return ()
    longer = [name for name in meant if not set(words_of(name)) <= set(wanted)]
    split = [words_of(name) for name in longer]
    return tuple(longer) if any(not _is_same(one, each) for one in split for each in split) else ()


def _is_same(one: list[str], other: list[str]) -> bool:
    return bool(one and other) and (set(one) <= set(other) or set(other) <= set(one))


def _people_of(warehouse: Warehouse, article_id: str) -> Iterator[tuple[str, str]]:
    """The people whom an article names, each with what it calls them, its authors too."""
    yield from ((full, form) for full, form in ask(warehouse, "people_of_article", (article_id,)).rows)
    for record in _quarantined_of(warehouse, article_id):
        names = {each["entity_id"]: each["name"] for each in record["entities"] if each["type"] == "PER"}
        yield from (
            (names[each["entity_id"]], each["text"]) for each in record["mentions"] if each["entity_id"] in names
        )
    for _, _, authors in _texts_of(warehouse, article_id):
        yield from ((name, name) for author in authors for name in names_in(author))


def _texts_of(warehouse: Warehouse, article_id: str) -> Iterator[tuple[Any, ...]]:
    """Headline, body and byline of every version of an article, also of those that were withdrawn or quarantined."""
    yield from ask(warehouse, "texts_of_article", (article_id,)).rows
    for record in _quarantined_of(warehouse, article_id):
        yield record["title"], record["body"], [author["name"] for author in record["authors"]]


def _quarantined_of(warehouse: Warehouse, article_id: str) -> list[dict[str, Any]]:
    registry = shipped()
    return [registry.decode(bytes(row[0])) for row in ask(warehouse, "quarantined_of_article", (article_id,)).rows]


def is_named(warehouse: Warehouse, article_id: str, name: RedactedName) -> bool:
    """Whether a version of the article has the name in its headline, body or byline."""
    return any(
        name.spans(text)
        for title, body, authors in _texts_of(warehouse, article_id)
        for text in (title, body, *authors)
    )


def domain_of(outlet: str) -> str:
    """The registered domain of an outlet, of which a URL or a host name may be given.

    >>> domain_of("https://www.Pier.example/news"), domain_of("pier.example:443")
    ('pier.example', 'pier.example')
    """
    given = outlet.strip().lower()
    host = host_of(given if "//" in given else f"//{given}")
    return (host and registered_domain(host)) or given


def next_of_outlet(warehouse: Warehouse, takedown: Takedown, settings: Settings, limit: int) -> Forgotten | None:
    """The next articles and rejected messages of an outlet that are still kept, at most ``limit`` of each.

    It is None if there are none left. Quarantined and withdrawn articles and rejected messages are read one by one.
    """
    assert takedown.outlet_domain is not None
    domain = takedown.outlet_domain
    ids = [row[0] for row in ask(warehouse, "articles_of_outlet", (domain, limit)).rows]
    if not ids:
        ids = list(islice(dict.fromkeys(_quarantined(warehouse, domain)), limit))
    if not ids:
        ids = list(islice(dict.fromkeys(_withdrawn(warehouse, domain)), limit))
    rejected = () if ids else tuple(_rejected(warehouse, domain, settings, limit))
    return Forgotten(takedown, tuple(ids), rejected) if ids or rejected else None


def _quarantined(warehouse: Warehouse, domain: str) -> Iterator[str]:
    registry = shipped()
    with warehouse.answer("SELECT article_id, article FROM quarantined_articles ORDER BY article_id") as answer:
        for article_id, article in answer.rows:
            if registry.decode(article)["outlet"]["domain"] == domain:
                yield article_id


def _withdrawn(warehouse: Warehouse, domain: str) -> Iterator[str]:
    """Withdrawn articles of an outlet, which is known by their addresses alone."""
    with warehouse.answer("SELECT article_id, url FROM withdrawn_articles WHERE url IS NOT NULL ORDER BY 1") as answer:
        for article_id, url in answer.rows:
            if registered_domain(canonical_url(url)) == domain:
                yield article_id


def _rejected(warehouse: Warehouse, domain: str, settings: Settings, limit: int) -> Iterator[Coordinates]:
    store, decoder, count = stage_store(settings), decoder_loader(settings)(), 0
    for letter in every_letter(warehouse):
        if _outlet_of(letter, store, decoder) == domain:
            yield letter.coordinates
            count += 1
        if count == limit:
            return


def every_letter(warehouse: Warehouse) -> Iterator[StoredDeadLetter]:
    """All dead letters, those that are still rejected first."""
    for resolved in (False, True):
        chosen = DeadLetterFilter(resolved=resolved)
        while page := warehouse.dead_letters(chosen, PAGE):
            yield from page
            chosen = replace(chosen, after=page[-1].dead_letter_id)


def _outlet_of(letter: StoredDeadLetter, store: StageStore, decoder: Decoder) -> str | None:
    """The outlet that the original names; None if it names none, or is gone."""
    try:
        message = message_of(letter.record(), store)
    except (EncryptionKeyMissing, StagedBatchDamaged):
        message = message_of(letter.record() | {"original_path": None, "original": None}, store)
    return outlet_named_by(message, _url_in(message, decoder))


def _url_in(message: RawMessage, decoder: Decoder) -> str | None:
    if message.value is None:
        return None
    try:
        read = decode_message(message, decoder)
    except Rejected as fault:
        return fault.url
    return read["url"] if isinstance(read, dict) else read.url
