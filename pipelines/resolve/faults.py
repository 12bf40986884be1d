"""What keeps a batch from being loaded although the warehouse could load it."""

from __future__ import annotations


class WarehouseFault(Exception):
    """What keeps the warehouse from doing what was asked; its message says what to do."""


class OffsetsMoved(WarehouseFault):
    """Another run has read on since this batch was planned: nothing of the batch was loaded."""


class StateMoved(WarehouseFault):
    """Another run changed the warehouse while this batch was decided: it has to be decided again."""


class LedgerOpen(WarehouseFault):
    """The batch does not account for each of its offsets once: our bug, nothing of it was loaded."""
