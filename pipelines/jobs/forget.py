"""Finds what a takedown removes: the articles at a URL or of an outlet, and the rejected messages of an outlet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from pipelines.addresses import host_of
from pipelines.clean import article_id_of_url, canonical_url, registered_domain
from pipelines.decode import Decoder, decode_message
from pipelines.failures import Rejected
from pipelines.jobs.decoder import decoder_loader
from pipelines.jobs.replay import message_of
from pipelines.records import Coordinates, RawMessage
from pipelines.resolve.redaction import RedactedName, words_of
from pipelines.resolve.takedowns import Forgotten, Takedown
from pipelines.settings import Settings
from pipelines.stage import EncryptionKeyMissing, StagedBatchDamaged, StageStore, stage_store
from pipelines.transforms.naming import outlet_named_by
from pipelines.warehouse import DeadLetterFilter, StoredDeadLetter, Warehouse
from pipelines.warehouse.questions import ask
from schemas import Registry

PAGE = 64
"""Number of dead letters in memory at a time: each may have nearly a megabyte."""


def articles_at(warehouse: Warehouse, url: str) -> tuple[str, ...]:
    """The id of the article at the URL, and the ids of articles that were fetched from it or declare it."""
    addresses = dict.fromkeys((url, canonical_url(url)))  # as it was given, and without parameters of a campaign
    found = [row[0] for address in addresses for row in ask(warehouse, "articles_at", (address,)).rows]
    return tuple(dict.fromkeys((article_id_of_url(url), *found)))


def forms_of_name(warehouse: Warehouse, article_id: str, name: str) -> tuple[str, ...]:
    """The forms of a person's name in an article: the name, and what the article calls the people whose name it is.

    Someone is meant if all words of the shorter of both names are in the longer one. The last word counts as a form
    too, unless it is a single character or the article names another person with it.
    """
    rows = ask(warehouse, "people_of_article", (article_id,)).rows
    wanted = words_of(name)
    meant = {full for full, _ in rows if _is_same(words_of(full), wanted)}
    others = {word for full, _ in rows if full not in meant for word in words_of(full)}
    last = [wanted[-1]] if len(wanted) > 1 and len(wanted[-1]) > 1 and wanted[-1] not in others else []
    return tuple(dict.fromkeys((name, *(form for full, form in rows if full in meant), *meant, *last)))


def _is_same(one: list[str], other: list[str]) -> bool:
    return bool(one and other) and (set(one) <= set(other) or set(other) <= set(one))


def is_named(warehouse: Warehouse, article_id: str, name: RedactedName) -> bool:
    """Whether a version of the article has the name in its headline, body or byline."""
    return any(
        name.spans(text)
        for title, body, authors in ask(warehouse, "texts_of_article", (article_id,)).rows
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
    registry = Registry.load()
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
