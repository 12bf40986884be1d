"""What became of a batch, in numbers: what a run reports of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did. ``was_loaded_before`` says that it did nothing: the batch was already there."""

    batch_id: str
    outcomes: Counter[str]
    reasons: Counter[str]
    gaps: Counter[str]
    """Offsets without a record, by kind of gap."""
    offsets: Mapping[tuple[str, int], int]
    """Next offset by topic and partition, of the partitions that the batch moved."""
    was_loaded_before: bool = False
    left_out: int = 0
    """Replayed records that were resolved before and were not touched."""
    removed: int = 0
    """Records of which a delete request or takedown removed what the warehouse had, or in which a name was redacted."""

    @property
    def changed_articles(self) -> bool:
        """Whether an article has a new text or reading, or was deleted."""
        return bool(self.removed) or any(self.outcomes[of] for of in ("loaded", "new_version", "new_reading"))
