"""Faults of the stage. Their cause is the storage, never the data."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from pipelines.phrases import in_words


class StagingFailed(Exception):
    """Staged files could not be written. No offset was advanced: the next run reads the same records again."""


class StageUnavailable(Exception):
    """The storage of the stage did not answer. No offset was advanced: the next run reads the same records again."""


class StagedBatchDamaged(Exception):
    """The files of a staged batch do not match its manifest; it must not be loaded."""


class EncryptionKeyMissing(Exception):
    """A content is encrypted with a key that the settings do not have. It was forgotten if that key was destroyed."""


_NO_FOLDER = (
    "part of this path is a file, not a folder. What to do: move that file away, or set DATELINE_HOME to another folder"
)
_ADVICE = {
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.ENOSPC: "the disk is full. What to do: free some space (old batches are in staged/), and run it again",
    errno.EDQUOT: "the disk quota is used up. What to do: free some space, and run it again",
    errno.EACCES: "permission was denied. What to do: give this user write permission there, and run it again",
    errno.EROFS: "the file system is read-only. What to do: set DATELINE_HOME to a writable folder",
}


@contextmanager
def disk_faults_named(path: Path) -> Iterator[None]:
    """Raises operating system errors in the block as ``StagingFailed`` with advice; ``path`` is the file written."""
    try:
        yield
    except OSError as fault:
        advice = _ADVICE.get(fault.errno or 0, f"{fault.strerror or fault}. What to do: see to it, and run it again")
        raise StagingFailed(f"Could not write {path}, nothing was loaded or lost: {advice}.") from fault


@contextmanager
def storage_faults_named(url: str) -> Iterator[None]:
    """Raises the errors of a remote storage's client as ``StagingFailed`` or ``StageUnavailable``; ``url`` is the file.

    A missing file, and a file that is not Parquet, keep their exceptions. All others are translated, since each client
    has exceptions of its own.
    """
    try:
        yield
    except (FileNotFoundError, pa.ArrowInvalid):
        raise
    except PermissionError as fault:
        raise StagingFailed(
            f"The stage refused {url} ({in_words(fault)}). Nothing was loaded or lost.\nWhat to do: see that the "
            "credentials of this process may read, write, list and delete there, and run it again."
        ) from fault
    except Exception as fault:
        raise StageUnavailable(
            f"The stage cannot be reached at {url} ({in_words(fault)}). Nothing was loaded or lost.\nWhat to do: see "
            "that the storage answers, and that DATELINE_STAGE, its endpoint and its credentials are right; then run "
            "it again."
        ) from fault
