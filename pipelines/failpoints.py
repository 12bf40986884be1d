"""Named places where a test can stop, fail or kill a run. Outside of tests no hook is armed, and they do nothing.

A test arms a hook, which is called whenever the process reaches one of these places. The hook may raise, wait, or kill
the process. ``tests/integration/pausing`` arms one in runs of the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class Failpoint(StrEnum):
    """The places, in the order in which a batch reaches them."""

    PUBLISHED = "published"
    """After messages of a backfill were acknowledged, and before its journal says so."""
    GIVING_WAY = "giving way"
    """Before a run that follows a topic lets another run have the writer lock."""
    PLANNING = "planning"
    """Before the broker is asked for the end of its topic."""
    TRANSFORMING = "transforming"
    """Before a share of a batch is transformed, in the process that transforms it."""
    RANGE_READ = "range read"
    """After the last message of a range of offsets was read."""
    MESSAGES_FOUND = "messages found"
    """After the stored messages of a reprocess were found, before they are processed."""
    ENRICHING = "enriching"
    """Before an article is searched for names."""
    CLOSING_PART = "closing part"
    """Before the files of a share are closed."""
    SEALING = "sealing"
    """Before the manifest of a batch is written, without which the staged files are not a batch."""
    STAGED = "staged"
    """After the manifest was written."""
    ARCHIVING = "archiving"
    """After the files of a batch were stored in the archive, and before the index names them."""
    ARCHIVED = "archived"
    """After the index of the archive names the files of a batch, and before the batch is loaded."""
    COMPARED = "compared"
    """Inside the transaction of a load, after the check that the warehouse has not changed since the load was decided.
    """
    TABLE_CHANGED = "table changed"
    """Inside the transaction, after the rows of the table ``where`` were changed."""
    CHANGED = "changed"
    """Inside the transaction, after all changes were made and before the commit."""
    CHANGES_STORED = "changes stored"
    """In an Iceberg warehouse, after the changes were stored and before any table has them."""
    TABLE_COMMITTED = "table committed"
    """In an Iceberg warehouse, after the rows of the table ``where`` were committed."""
    COMMITTED = "committed"
    """After the commit."""
    EXCHANGING = "exchanging"
    """After all batches of a reprocess were loaded into a copy of the warehouse, before it takes the warehouse's place.
    """
    EXCHANGED = "exchanged"
    """After the copy has taken the place of the warehouse."""
    SENT = "sent"
    """After the broker acknowledged messages of the outbox ``where``, before they are removed from it."""
    ERASING = "erasing"
    """After an archived file without the erased messages was stored, and before the index names it."""
    ERASED = "erased"
    """After the index names the files without the erased messages, and before the earlier files are removed."""
    FORGETTING = "forgetting"
    """After a takedown was committed, when the stores ``where`` were cleaned of what it removed."""
    REENCRYPTING = "reencrypting"
    """After originals were encrypted with the current key, and before the warehouse has them."""
    COMMITTING_GROUP = "committing group"
    """Before the group's offsets are committed in Kafka."""


type Hook = Callable[[Failpoint, str], None]

_hook: Hook | None = None


def reach(point: Failpoint, where: str = "") -> None:
    """Call the hook, if a test has armed one. ``where`` distinguishes places of one name."""
    if _hook is not None:
        _hook(point, where)


def arm(hook: Hook | None) -> None:
    """Call ``hook`` at every failpoint of this process from now on; None disarms it."""
    global _hook  # noqa: PLW0603  one a process, so that a process that is not armed pays nothing
    _hook = hook


@contextmanager
def armed(hook: Hook) -> Iterator[None]:
    """Call ``hook`` at every failpoint of this process for the length of a block."""
    arm(hook)
    try:
        yield
    finally:
        arm(None)
