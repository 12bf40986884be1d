"""What can go wrong while a batch is staged: none of it is the data's fault."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StagingFailed(Exception):
    """Staged files could not be written; nothing has moved, the same offsets are read again."""


class StagedBatchDamaged(Exception):
    """A staged batch is not what its manifest says; it must not be published."""


_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space (old batches lie in staged/), then run `dateline ingest` again",
    errno.EDQUOT: "the disk quota is used up: free some space, then run `dateline ingest` again",
    errno.EACCES: "permission was denied: give this user the right to write there, then run `dateline ingest` again",
    errno.EROFS: "the file system is read-only: set DATELINE_HOME to a place that can be written",
}


@contextmanager
def disk_faults_named(path: Path) -> Iterator[None]:
    """Turns the operating system's refusals to write ``path`` into ``StagingFailed`` that says what to do."""
    try:
        yield
    except OSError as fault:
        advice = _ADVICE.get(fault.errno or 0, f"{fault.strerror or fault}: see to it, then run it again")
        raise StagingFailed(f"Could not write {path}: {advice}. Nothing was loaded or lost.") from fault
