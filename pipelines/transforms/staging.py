"""Stages the outcomes of a batch: each bundle writes one Parquet file per kind, and a list names all files."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from pipelines.clean import article_id_of_url
from pipelines.failpoints import Failpoint, reach
from pipelines.failures import Failure, KeyMissing, Violation
from pipelines.records import Gap, RawMessage, scraper_name
from pipelines.stage import (
    Folder,
    OutcomeRow,
    PartWriter,
    StagedFile,
    dead_letter_record,
    key_digest,
    reading_digest,
    stage_store,
)
from pipelines.stage.parts import StagedOutcome
from pipelines.transforms import watch
from pipelines.transforms.destination import Staging
from pipelines.transforms.naming import named_by, outlet_named_by
from pipelines.transforms.processor import same_processor
from pipelines.transforms.stateless import StatelessDoFn
from pipelines.transforms.step import InFlight, RejectedMessage

EPOCH = 0


class StageBatch(beam.PTransform):
    """Writes articles, dead letters, tombstones and gaps as Parquet, then the list of the files written.

    Takes (articles, rejected, …, tombstones, gaps), gives the path of the list. Rejects only tombstones without a key
    (``KeyMissing``); a file that cannot be written fails the bundle. Files of a failed attempt of a bundle are not on
    the list, and therefore never loaded.
    """

    def __init__(self, staging: Staging) -> None:
        super().__init__()
        self.staging = staging

    def expand(self, ends: tuple[beam.PCollection, ...]) -> beam.PCollection:
        articles, *others = ends
        files = [
            articles | "Articles" >> beam.ParDo(_Stage(self.staging)),
            others | beam.Flatten() | "Others" >> beam.ParDo(_Stage(self.staging)),
        ]
        once = articles.pipeline | "Once" >> beam.Impulse()  # also where there is no file: the list is then empty
        return once | "Seal" >> beam.ParDo(_Seal(self.staging), *map(beam.pvalue.AsList, files))


class _Stage(StatelessDoFn):
    def __init__(self, staging: Staging) -> None:
        self.staging = staging

    def setup(self) -> None:
        settings = self.staging.settings
        self.processor = same_processor(settings, self.staging.processor)
        stage = stage_store(settings)
        self.keyring = stage.keyring
        self.store = stage if self.staging.keeps_originals else None

    def start_bundle(self) -> None:
        self.writer: PartWriter | None = None

    def process(self, element: InFlight | RejectedMessage | RawMessage | Gap) -> Iterable[Any]:
        if self.writer is None:
            self.writer = PartWriter(self.staging.folder, f"{self.staging.part}-{uuid.uuid4().hex[:8]}")
        match element:
            case InFlight(message, record):
                self._archive(self.writer, message)
                self.writer.article(record)
                row = _outcome(
                    message, "staged", scraper=record["scraper"], article_id=record["article_id"],
                    reading=reading_digest(record), outlet_domain=record["outlet"]["domain"],
                )
                self.writer.outcome(row)
            case RejectedMessage():
                self._archive(self.writer, element.message)
                self._reject(self.writer, element)
            case RawMessage():
                self._archive(self.writer, element)
                self._delete(self.writer, element)
            case Gap():
                self.writer.gap(element)
                return ()
        watch.count_staged()
        return ()

    def _archive(self, writer: PartWriter, message: RawMessage) -> None:
        if self.staging.archives:
            writer.message(message, self.keyring)

    def _reject(self, writer: PartWriter, rejected: RejectedMessage) -> None:
        message, failure = rejected.message, rejected.failure
        named = named_by(message, rejected.article_ids)
        writer.dead_letter(
            dead_letter_record(
                message, failure, self.processor, self.staging.processed_at, rejected.scraper, self.store
            )
        )
        writer.outcome(
            _outcome(
                message, "rejected", reason=failure.reason, scraper=rejected.scraper,
                article_id=next(iter(named), None), fingerprint=failure.fingerprint, other_article_ids=named[1:],
                outlet_domain=outlet_named_by(message, rejected.url),
            )
        )

    def _delete(self, writer: PartWriter, tombstone: RawMessage) -> None:
        if not tombstone.key:
            broken = Violation.of("a tombstone names the article by its key", field="key")
            failure = Failure("stage", KeyMissing.__name__, (broken,))
            self._reject(writer, RejectedMessage(tombstone, failure, tombstone.header("source")))
            return
        article_id = article_id_of_url(tombstone.key.decode("utf-8", "replace"))
        scraper = scraper_name(tombstone.header("source"))
        writer.outcome(_outcome(tombstone, "deleted", scraper=scraper, article_id=article_id))

    def finish_bundle(self) -> Iterator[WindowedValue]:
        if self.writer is not None:
            reach(Failpoint.CLOSING_PART)
            for file in self.writer.close():
                yield WindowedValue(file, EPOCH, [GlobalWindow()])
            self.writer = None


def _outcome(message: RawMessage, outcome: StagedOutcome, **what: Any) -> OutcomeRow:
    return OutcomeRow(message.coordinates, message.timestamp, outcome, key_id=key_digest(message.key), **what)


class _Seal(StatelessDoFn):
    """Writes the list of a part's files; a file that is not on the list is never loaded."""

    def __init__(self, staging: Staging) -> None:
        self.staging = staging

    def process(self, once: bytes, *files: Sequence[StagedFile]) -> Iterator[str]:
        del once
        listed = parts_name(self.staging.part)
        self.staging.folder.write(listed, json.dumps([asdict(f) for f in chain(*files)]).encode())
        yield str(self.staging.folder / listed)


def stage_rejected(
    staging: Staging, messages: Iterable[RawMessage | Gap], failure: Failure
) -> tuple[StagedFile, ...]:
    """Stages messages as rejected with ``failure``, without running a step on them. Gaps are staged as gaps."""
    stage = _Stage(staging)
    stage.setup()
    stage.start_bundle()
    for found in messages:
        stage.process(found if isinstance(found, Gap) else RejectedMessage(found, failure, found.header("source")))
    return tuple(windowed.value for windowed in stage.finish_bundle())


def parts_name(part: str) -> str:
    return f"{part}.files.json"


def staged_files(folder: Folder, part: str) -> tuple[StagedFile, ...]:
    """The files that a finished job staged for a part, sorted by kind and path."""
    listed = json.loads(folder.read(parts_name(part)))
    return tuple(sorted((StagedFile(**f) for f in listed), key=lambda f: (f.kind, f.path)))
