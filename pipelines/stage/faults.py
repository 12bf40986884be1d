"""What can go wrong while a batch is staged: none of it is the data's fault."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from pipelines.phrases import in_words


class StagingFailed(Exception):
    """Staged files could not be written; nothing has moved, the same offsets are read again."""


class StageUnavailable(Exception):
    """The storage that the stage lies in did not answer; nothing has moved, the same offsets are read again."""


class StagedBatchDamaged(Exception):
    """A staged batch is not what its manifest says; it must not be published."""


_ADVICE = {
    errno.ENOSPC: "the disk is full. What to do: free some space (old batches lie in staged/), and run it again",
    errno.EDQUOT: "the disk quota is used up. What to do: free some space, and run it again",
    errno.EACCES: "permission was denied. What to do: give this user the right to write there, and run it again",
    errno.EROFS: "the file system is read-only. What to do: set DATELINE_HOME to a place that can be written",
}


@contextmanager
def disk_faults_named(path: Path) -> Iterator[None]:
    """Turns the operating system's refusals to write ``path`` into ``StagingFailed`` that says what to do."""
    try:
        yield
    except OSError as fault:
        advice = _ADVICE.get(fault.errno or 0, f"{fault.strerror or fault}. What to do: see to it, and run it again")
        raise StagingFailed(f"Could not write {path}, nothing was loaded or lost: {advice}.") from fault


@contextmanager
def storage_faults_named(url: str) -> Iterator[None]:
    """Turns what a remote storage's client raises about ``url`` into ``StagingFailed`` or ``StageUnavailable``.

    That a file is missing, or is no Parquet file, comes through. Every client has its own names for all other faults.
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
