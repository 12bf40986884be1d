"""What the pipeline makes of files, without Kafka and without a warehouse: how a rule is debugged and measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.clean import clean_article, load_rules
from pipelines.clean.identity import content_hash, identity_of
from pipelines.decode import Decoder, decode_message, load_decoder
from pipelines.enrich import enrich_article, load_models
from pipelines.failures import Rejected, Violation
from pipelines.records import CleanArticle, Coordinates, Evidence, Provenance, RawMessage
from pipelines.settings import Settings
from pipelines.sources.files import LeftOutFile, OutgoingMessage, messages_from
from pipelines.transforms.processor import processor_of
from pipelines.transforms.shared import shared
from pipelines.transforms.step import unexpected
from pipelines.validate import article_json, article_to_avro, check_contract, load_contract


@dataclass(frozen=True, slots=True)
class Inspection:
    """What became of one file: ``outcome`` is ``article`` or ``rejected``; ``article`` is the Avro article as JSON."""

    path: str
    outcome: str
    step: str | None = None
    reason: str | None = None
    details: tuple[Violation, ...] = ()
    article: dict[str, Any] | None = None


def inspect_files(  # noqa: PLR0913  what the command was given
    paths: Sequence[Path], manifest: Path | None, settings: Settings, now: datetime, *, as_body: bool = False,
    leave_out: Callable[[LeftOutFile], None] | None = None,
) -> Iterator[Inspection]:
    """Runs decode, clean, enrich and the contract over each message of the files, in order.

    Expectations are left out: they belong to a batch. With ``as_body`` a text file is an article's body as it
    stands: decode, clean and the contract are skipped. What cannot be read goes to ``leave_out``, or raises.
    """
    if as_body:
        yield from (_enriched_body(path, settings, now) for path in paths)
        return
    for n, outgoing in enumerate(messages_from(paths, manifest, now, leave_out)):
        yield inspect_message(received(outgoing, n, now), str(outgoing.path), settings, now)


def received(outgoing: OutgoingMessage, n: int, now: datetime) -> RawMessage:
    """The message as it would come out of Kafka, at offset ``n`` of a topic named ``files``."""
    return RawMessage(Coordinates("files", 0, n), now, outgoing.key, outgoing.value, tuple(outgoing.headers))


def _decoder_of(settings: Settings) -> Callable[[], Decoder]:
    return partial(load_decoder, settings.limits, settings.schema_ids, settings.schemas_folder)


def inspect_message(message: RawMessage, path: str, settings: Settings, now: datetime) -> Inspection:
    """Runs the steps over one message; a fault is shown, never raised."""
    provenance = Provenance(processor_of(settings), now)
    steps: tuple[tuple[str, Callable[[Any, Any], Any], Any], ...] = (
        ("decode", decode_message, shared(_decoder_of(settings))),
        ("clean", clean_article, shared(partial(load_rules, settings.limits))),
        ("enrich", enrich_article, shared(partial(load_models, settings.models))),
        ("validate", partial(check_contract, provenance=provenance), shared(load_contract)),
    )
    record: Any = message
    for step, function, context in steps:
        try:
            record = function(record, context)
        except Rejected as fault:
            return Inspection(path, "rejected", step, fault.reason, fault.violations)
        except Exception as fault:  # noqa: BLE001  shown as the pipeline would record it
            failure = unexpected(step, fault)
            return Inspection(path, "rejected", step, failure.reason, failure.violations)
    return Inspection(path, "article", article=article_json(record))


def _enriched_body(path: Path, settings: Settings, now: datetime) -> Inspection:
    body = path.read_text(encoding="utf-8")
    fingerprint = content_hash("", body)
    clean = CleanArticle(
        coordinates=Coordinates("files", 0, 0),
        scraper="files",
        article_id=identity_of(None, fingerprint),
        content_hash=fingerprint,
        title="",
        body=body,
        fetched_at=now,
        word_count=len(body.split()),
        evidence={"body": Evidence("file", path.name)},
    )
    article = enrich_article(clean, shared(partial(load_models, settings.models)))
    record = article_to_avro(article, Provenance(processor_of(settings), now))
    return Inspection(str(path), "article", article=article_json(record))
