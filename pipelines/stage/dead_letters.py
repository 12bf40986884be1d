"""A rejected message becomes a dead letter with its original bytes whole: inside it, or in a file if too large."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.failures import Failure
from pipelines.records import Coordinates, RawMessage
from pipelines.stage.faults import StagedBatchDamaged, disk_faults_named
from pipelines.stage.parts import sync

FOLDER = "originals"
_ADVICE = f"What to do: restore it from a backup of {FOLDER}/."


@dataclass(frozen=True, slots=True)
class OriginalStore:
    """Files of originals too large for a Kafka message, named by their sha256, under ``home/originals``.

    ``owner`` is the folder of the warehouse whose dead letters point to them: two warehouses share no file. Reading
    takes the path as it is stored, whoever wrote it.
    """

    home: Path
    larger_than_bytes: int
    owner: str = ""

    def keep(self, original: bytes) -> str:
        """Stores the bytes whole and gives their path relative to ``home``; storing them again changes nothing."""
        digest = hashlib.sha256(original).hexdigest()
        path = self.home / FOLDER / self.owner / digest[:2] / digest
        if not path.exists():
            unfinished = path.with_name(f"{digest}.{os.getpid()}.unfinished")
            with disk_faults_named(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with unfinished.open("wb") as file:
                    file.write(original)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
                sync(path.parent)
        return str(path.relative_to(self.home))

    def read(self, relative: str) -> bytes:
        """The original bytes; raises if the file is gone or is not what was stored."""
        path = self.home / relative
        try:
            original = path.read_bytes()
        except OSError as fault:
            raise StagedBatchDamaged(f"The original {path} cannot be read ({fault.strerror}). {_ADVICE}") from fault
        if hashlib.sha256(original).hexdigest() != path.name:
            raise StagedBatchDamaged(f"The original {path} is not what was stored. {_ADVICE}")
        return original

    def remove(self, relative: str) -> None:
        """Removes a stored file; one that is gone already is left so."""
        with disk_faults_named(self.home / relative):
            (self.home / relative).unlink(missing_ok=True)


def dead_letter_id(source: Coordinates) -> str:
    """Name of the dead letter of a Kafka record, the same however often it is rejected.

    >>> dead_letter_id(Coordinates("articles.raw", 0, 7))
    '8b176e39c77826fb'
    """
    return hashlib.sha256(str(source).encode()).hexdigest()[:16]


def dead_letter_record(  # noqa: PLR0913, PLR0917  a message, a failure, and what the run knows of itself
    message: RawMessage, failure: Failure, processor: str, rejected_at: datetime, scraper: str | None,
    store: OriginalStore | None,
) -> dict[str, Any]:
    """The Avro dead letter of a rejected message. Without a ``store`` every original is carried inside."""
    original = message.value
    path = None
    if original is not None and store is not None and len(original) > store.larger_than_bytes:
        path = store.keep(original)
    return {
        "step": failure.step,
        "reason": failure.reason,
        "details": [{"field": v.field, "expectation": v.expectation, "value": v.value} for v in failure.violations],
        "fingerprint": failure.fingerprint,
        "processor": processor,
        "rejected_at": rejected_at,
        "scraper": scraper,
        "source": asdict(message.source),
        "timestamp": message.timestamp,
        "key": message.key,
        "headers": [{"name": name, "value": value} for name, value in message.headers],
        "original": original if path is None else None,
        "original_path": path,
        "original_bytes": len(original or b"") if message.left_out_bytes is None else message.left_out_bytes,
    }
