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
