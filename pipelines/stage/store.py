"""The stage store: staged batches, large originals of dead letters, and the archive, under one URL.

```
staged/<warehouse>/<topic>/<batch>/      parts and the manifest of a batch
originals/<warehouse>/<topic>/<xx>/<sha256>
dry-runs/<warehouse>/<topic>/<host>-<process>-<id>/   batches of a dry run, removed at its end
reprocess/<warehouse>/<topic>/<batch>/   the batch of a reprocess, removed after it is loaded
archive/<warehouse>/<topic>/             the archive of raw messages, see archive.py
```

A run writes and removes only files of its own warehouse and topic, whose writer lock it holds.
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

from pipelines.records import Coordinates
from pipelines.settings import Settings
from pipelines.stage.archive import Archive
from pipelines.stage.encryption import Keyring, keyring_of
from pipelines.stage.faults import StagedBatchDamaged
from pipelines.stage.folder import Folder

STAGED, ORIGINALS, DRY_RUNS, ARCHIVE = "staged", "originals", "dry-runs", "archive"
REPROCESSED = "reprocess"
_ADVICE = f"What to do: restore it from a backup of {ORIGINALS}/."


@dataclass(frozen=True, slots=True)
class StageStore:
    """The part of the stage that belongs to one warehouse and topic, which name its folders under ``root``.

    Originals of more than ``inline_bytes`` bytes are stored as files; smaller ones are inside their dead letters. New
    ones are encrypted if the ``keyring`` has a current key.
    """

    root: Folder
    warehouse: str
    topic: str
    inline_bytes: int
    keyring: Keyring = field(default_factory=Keyring)

    @property
    def batches(self) -> Folder:
        """The folder that contains one folder for each batch."""
        return self.root / STAGED / self.warehouse / self.topic

    @property
    def reprocessed(self) -> Folder:
        """The folder of batches of a reprocess, which are staged while another run holds the writer lock."""
        return self.root / REPROCESSED / self.warehouse / self.topic

    @property
    def archive(self) -> Archive:
        """The archive of the topic's raw messages."""
        return Archive(self.root / ARCHIVE / self.warehouse / self.topic, self.topic, self.keyring)

    @contextmanager
    def dry_run(self) -> Iterator[Folder]:
        """The folder of a dry run, removed after the block. Another run may hold the writer lock meanwhile."""
        self.remove_dry_runs()
        folder = self._dry_runs / f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex}"
        try:
            yield folder
        finally:
            folder.remove()
            for empty in (self._dry_runs, self._dry_runs.parent, self._dry_runs.parent.parent):
                empty.remove_if_empty()

    def remove_dry_runs(self) -> None:
        """Removes the folders of dry runs that were killed on this machine; one that is at work removes its own."""
        for folder in self._dry_runs.folders():
            match folder.name.rsplit("-", 2):
                case [host, pid, _] if host == socket.gethostname() and not psutil.pid_exists(int(pid)):
                    folder.remove()

    @property
    def _dry_runs(self) -> Folder:
        return self.root / DRY_RUNS / self.warehouse / self.topic

    @property
    def key_id(self) -> str | None:
        """The id of the key that new originals are encrypted with; None if they are not encrypted."""
        return self.keyring.current

    def seal(self, original: bytes, coordinates: Coordinates) -> bytes:
        """The original as its dead letter has it: encrypted if there is a current key."""
        return original if self.keyring.current is None else self.keyring.encrypt(original, str(coordinates))

    def keep_original(self, original: bytes, topic: str) -> str:
        """Stores the original of a message of ``topic`` and returns its path, relative to ``root``.

        The path ends in a digest of the content, so that storing the same original again changes nothing. The file is
        encrypted if there is a current key; the digest is then an HMAC with this key.
        """
        digest = self.keyring.digest(original)
        path = f"{ORIGINALS}/{self.warehouse}/{topic}/{digest[:2]}/{digest}"
        if not self.root.exists(path):
            self.root.write(path, original if self.keyring.current is None else self.keyring.encrypt(original, path))
        return path

    def original_of(self, letter: Mapping[str, Any]) -> bytes | None:
        """The original of an Avro dead letter; None if it has none.

        Raises ``StagedBatchDamaged`` if its file is missing or it is not what was stored, and ``EncryptionKeyMissing``
        if it is encrypted with a key that is not given.
        """
        key_id, path = letter["original_key_id"], letter["original_path"]
        inside: bytes | None = letter["original"]
        if path is not None:
            return self.read_original(path, is_encrypted=key_id is not None)
        if inside is None or key_id is None:
            return inside
        return self.keyring.decrypt(inside, str(Coordinates(**letter["coordinates"])))

    def read_original(self, path: str, *, is_encrypted: bool = False) -> bytes:
        """The original at a path that ``keep_original`` returned, in this run or another.

        Raises ``StagedBatchDamaged`` if it is missing or not what was stored, and ``EncryptionKeyMissing`` if it is
        encrypted with a key that is not given.
        """
        try:
            original = self.root.read(path)
        except OSError as fault:
            raise StagedBatchDamaged(
                f"The original {self.root / path} cannot be read ({fault.strerror or 'it is missing'}). {_ADVICE}"
            ) from fault
        if is_encrypted:
            return self.keyring.decrypt(original, path)
        if hashlib.sha256(original).hexdigest() != path.rpartition("/")[2]:
            raise StagedBatchDamaged(f"The original {self.root / path} is not what was stored. {_ADVICE}")
        return original

    def owns_original(self, path: str) -> bool:
        """Whether an original belongs to this warehouse and topic. A path without a topic counts as its own."""
        match path.split("/"):
            case [_, warehouse, topic, _, _]:
                return (warehouse, topic) == (self.warehouse, self.topic)
            case _:
                return True

    def remove_original(self, path: str) -> None:
        """Removes an original, if it exists. Raises ``ValueError`` if it belongs to another warehouse or topic."""
        if not self.owns_original(path):
            raise ValueError(f"{path} belongs to another warehouse or topic")
        self.root.remove_file(path)


def stage_store(settings: Settings) -> StageStore:
    """The stage of the settings' warehouse and topic."""
    return StageStore(
        Folder(settings.stage_url), settings.warehouse_key, settings.kafka.raw_topic, settings.limits.dead_letter_bytes,
        keyring_of(settings.encryption),
    )
