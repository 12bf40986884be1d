"""Counts the records of a topic that were loaded, for counters that only grow.

A row of the ledger keeps its first outcome, and offsets only move on. So each scrape reads only the records that were
loaded since the scrape before it, and its cost does not grow with the warehouse. Only the first one reads them all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipelines.warehouse import Warehouse

OTHER = "other"
LONGEST_NAME = 64
"""Characters of the longest scraper's name that becomes a label."""
BOUNDS = (1, 2, 3, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400)
"""Upper bounds of the delays' histograms, in seconds: those of ``metrics_delays.sql``."""

type Since = Literal["message", "fetch"]


@dataclass(slots=True)
class Delays:
    """Articles by the bound of their delay (None above the last one), and the sum of all delays in seconds."""

    articles: Counter[int | None] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(slots=True)
class Tally:
    """What was counted of a topic, up to the offset of each partition in ``read``.

    At most ``most`` scrapers are counted by their names: the first time those with the most records, later new ones as
    they come while there is room. The others are counted as ``other``. A scraper never changes sides, because its
    counter would jump.
    """

    most: int
    read: dict[int, int] = field(default_factory=dict)
    scrapers: set[str] = field(default_factory=set)
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records by scraper and outcome."""
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rejected records by scraper and reason."""
    last_message_at: dict[str, datetime] = field(default_factory=dict)
    delays: defaultdict[str, Delays] = field(default_factory=lambda: defaultdict(Delays))
    batches: int = 0
    batch_seconds: float = 0.0

    def label(self, scraper: str) -> str:
        """The name of a scraper if it is counted by its name, otherwise ``other``."""
        return scraper if scraper in self.scrapers else OTHER

    def admit(self, scraper: str) -> str:
        """The label of a scraper, which gets its own if there is room.

        >>> tally = Tally(most=1)
        >>> tally.admit("harbour-crawler"), tally.admit("flood-0001"), tally.admit("harbour-crawler")
        ('harbour-crawler', 'other', 'harbour-crawler')
        """
        if len(self.scrapers) < self.most and len(scraper) <= LONGEST_NAME:
            self.scrapers.add(scraper)
        return self.label(scraper)

    def at(self, offsets: dict[int, int], warehouse: Warehouse, topic: str) -> Tally:
        """The tally at these next offsets. It starts anew if they lie behind it, as after a backup was restored."""
        is_behind = any(offsets.get(partition, 0) < offset for partition, offset in self.read.items())
        grown = Tally(self.most) if is_behind else deepcopy(self)
        grown._count(offsets, warehouse, topic)
        return grown

    def _count(self, offsets: dict[int, int], warehouse: Warehouse, topic: str) -> None:
        from pipelines.warehouse import ask

        partitions = [partition for partition, end in offsets.items() if end > self.read.get(partition, 0)]
        if not partitions:
            return
        unread = (topic, partitions, [self.read.get(p, 0) for p in partitions], [offsets[p] for p in partitions])
        for scraper, outcome, reason, records, last_message_at in ask(warehouse, "metrics_records", unread).rows:
            self._add(self.admit(scraper), outcome, reason, records, last_message_at)
        for since, bound, articles, seconds in ask(warehouse, "metrics_delays", unread).rows:
            self.delays[since].articles[bound] += articles
            self.delays[since].seconds += seconds
        ((batches, seconds),) = ask(warehouse, "metrics_batches", unread).rows
        self.batches += batches
        self.batch_seconds += seconds
        self.read |= offsets

    def _add(self, scraper: str, outcome: str, reason: str | None, records: int, last_message_at: datetime) -> None:
        self.records[scraper, outcome] += records
        if reason is not None:
            self.rejected[scraper, reason] += records
        self.last_message_at[scraper] = max(last_message_at, self.last_message_at.get(scraper, last_message_at))
