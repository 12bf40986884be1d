"""Named places where a test can stop, fail or kill a run. Outside of tests nothing is armed, and nothing happens there.

A test arms a hook, which is called whenever the process comes to one of the places: it may raise, wait, or kill the
process. ``tests/integration/pausing`` arms one in runs of the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class Failpoint(StrEnum):
    """The places, in the order in which a batch comes to them."""

    PLANNING = "planning"
    """Before the broker is asked how far its topic goes."""
    TRANSFORMING = "transforming"
    """Before a share of a batch is transformed, in the process that transforms it."""
    RANGE_READ = "range read"
    """After the last message of a range of offsets was read."""
    ENRICHING = "enriching"
    """Before names are looked for in an article."""
    CLOSING_PART = "closing part"
    """Before the files of a share are closed."""
    SEALING = "sealing"
    """Before the manifest of a batch is written: without it, what is staged is no batch."""
    STAGED = "staged"
    """After the manifest was written."""
    COMPARED = "compared"
    """Within the transaction of a load, once the warehouse was found to be as it was when the load was decided."""
    TABLE_CHANGED = "table changed"
    """Within it, after the rows of the table ``where`` were changed."""
    CHANGED = "changed"
    """Within it, after every change was made and before it is committed."""
    COMMITTED = "committed"
    """After it."""
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
