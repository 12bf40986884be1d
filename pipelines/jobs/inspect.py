"""Runs the steps on files, without Kafka and a warehouse, to debug and measure rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.clean.identity import content_hash, identity_of, text_hash
from pipelines.enrich import enrich_article, load_models
from pipelines.failures import RegistryFault, Rejected, Violation
from pipelines.jobs.steps import steps
from pipelines.records import CleanArticle, Coordinates, Evidence, Provenance, RawMessage
from pipelines.settings import Settings
from pipelines.sources.files import OutgoingMessage, messages_from
from pipelines.sources.left_out import LeftOutFile
from pipelines.transforms.processor import processor_of
from pipelines.transforms.shared import shared
from pipelines.transforms.step import unexpected
from pipelines.validate import article_json, article_to_avro


@dataclass(frozen=True, slots=True)
class Inspection:
    """The outcome of one file: ``outcome`` is ``article`` or ``rejected``; ``article`` is the Avro article as JSON."""

    path: str
    outcome: str
    step: str | None = None
    reason: str | None = None
    details: tuple[Violation, ...] = ()
    article: dict[str, Any] | None = None


def inspect_files(  # noqa: PLR0913  the options of the command
    paths: Sequence[Path], manifest: Path | None, settings: Settings, now: datetime, *, as_body: bool = False,
    leave_out: Callable[[LeftOutFile], None] | None = None,
) -> Iterator[Inspection]:
    """Runs decode, clean, enrich and validate on each message of the files, in order.

    Expectations are not checked, since they apply to batches. With ``as_body`` each file is the finished body of an
    article: only enrich is run. Files that cannot be read are passed to ``leave_out``; without it they raise.
    """
    if as_body:
        for path in paths:
            try:
                yield _enriched_body(path, settings, now)
            except (OSError, UnicodeDecodeError) as fault:
                if leave_out is None:
                    raise
                leave_out(LeftOutFile(str(path), f"{path} cannot be read as text in UTF-8: {fault}."))
        return
    for n, outgoing in enumerate(messages_from(paths, manifest, now, leave_out)):
        yield inspect_message(received(outgoing, n, now), str(outgoing.path), settings, now)


def received(outgoing: OutgoingMessage, n: int, now: datetime) -> RawMessage:
    """The message as if it had been read from Kafka, at offset ``n`` of a topic named ``files``."""
    return RawMessage(Coordinates("files", 0, n), now, outgoing.key, outgoing.value, tuple(outgoing.headers))


def inspect_message(message: RawMessage, path: str, settings: Settings, now: datetime) -> Inspection:
    """Runs the steps on one message. Faults are returned in the ``Inspection``; only a ``RegistryFault`` is raised."""
    record: Any = message
    for step in steps(settings, now):
        try:
            record = step.function(record, shared(step.load))
        except Rejected as fault:
            return Inspection(path, "rejected", step.name, fault.reason, fault.violations)
        except RegistryFault:
            raise
        except Exception as fault:  # noqa: BLE001  returned as the pipeline would record it
            failure = unexpected(step.name, fault)
            return Inspection(path, "rejected", step.name, failure.reason, failure.violations)
    return Inspection(path, "article", article=article_json(record))


def _enriched_body(path: Path, settings: Settings, now: datetime) -> Inspection:
    body = path.read_text(encoding="utf-8")
    clean = CleanArticle(
        coordinates=Coordinates("files", 0, 0),
        scraper="files",
        article_id=identity_of(None, text_hash("", body)),
        content_hash=content_hash("", body),
        title="",
        body=body,
        fetched_at=now,
        word_count=len(body.split()),
        evidence={"body": Evidence("file", path.name)},
    )
    article = enrich_article(clean, shared(partial(load_models, settings.models)))
    record = article_to_avro(article, Provenance(processor_of(settings), now))
    return Inspection(str(path), "article", article=article_json(record))
