"""What a run sends to Kafka after its commits: dead letters for their topic, group offsets for lag monitors.

Neither ever stops loading. Dead letters that cannot be sent wait in the warehouse's outbox, with the reason, and are
tried again later in the run and by later runs.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from itertools import batched, islice
from typing import TYPE_CHECKING

from flows.faults import names
from pipelines.secrets import redact

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.sinks.dead_letters import DeadLetterTopic
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline.outbox")
PASS_LETTERS = 10_000  # a pass sends at most so many letters, so that a long outbox does not hold up loading
PASS_S = 60.0  # and takes about so long at most
PAGE = 32  # letters in memory at once: each may be near a megabyte
REFUSED_S = 300.0  # how long a run waits before it asks Kafka again for what it was refused
AWAY_S = 30.0  # and for what it got no answer to
REFUSED_LETTERS_S = 3_600.0  # how long a letter that was refused by itself is left alone within a run


@dataclass(slots=True)
class Pause:
    """Remembers that Kafka refused something, so that a run does not ask again after every batch."""

    until: float = 0.0
    was_refused: bool = False

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until

    def begin(self, fault: Exception) -> None:
        self.was_refused = "BrokerRefused" in names(fault)
        self.until = time.monotonic() + (REFUSED_S if self.was_refused else AWAY_S)

    def end_unless_refused(self) -> None:
        """A broker that was away may be back."""
        if not self.was_refused:
            self.until = 0.0


@dataclass(slots=True)
class Outbox:
    """Sends the dead letters of one topic's records that wait in one warehouse."""

    settings: Settings
    warehouse: Warehouse
    may_wait: bool = True
    """Whether letters may wait: known for sure only after the outbox was found empty."""
    why: str | None = None
    """Why no letter can be sent, as found by the last pass."""
    tried: set[str] = field(default_factory=set)
    """Letters that were refused by themselves: a later run tries them again, or this one after an hour."""
    tried_since: float = field(default_factory=lambda: time.monotonic())  # noqa: PLW0108  a test moves the clock
    pause: Pause = field(default_factory=Pause)

    def send(self, *, more: bool = False) -> None:
        """Send what waits, within the bounds of a pass. ``more`` says that a batch has just added letters.

        Raises ``WarehouseUnavailable`` alone: nothing that Kafka says gets out of here.
        """
        if time.monotonic() - self.tried_since > REFUSED_LETTERS_S:
            self.may_wait |= bool(self.tried)
            self.tried.clear()
            self.tried_since = time.monotonic()
        self.may_wait |= more
        if not self.may_wait:
            return
        topic = self.settings.kafka.raw_topic
        if not self.pause.is_over:
            if more and self.why:
                self.warehouse.block_outbox(topic, self.why)
            return
        waiting = self.warehouse.outbox(topic, PASS_LETTERS + len(self.tried))
        ids = [each for each in waiting if each not in self.tried]
        self.may_wait = bool(ids)
        if ids:
            self._pass(ids[:PASS_LETTERS])

    def finish(self) -> None:
        """The run's last try: a broker that was away after the last batch may be back."""
        self.pause.end_unless_refused()
        self.send()

    def _pass(self, ids: list[str]) -> None:
        from pipelines.broker import BrokerRefused, BrokerUnavailable
        from pipelines.sinks.dead_letters import DeadLetterTopic

        try:
            with DeadLetterTopic(self.settings.kafka) as topic:
                self._send_pages(topic, ids)
        except (BrokerRefused, BrokerUnavailable) as fault:
            self._stopped(fault)

    def _send_pages(self, topic: DeadLetterTopic, ids: list[str]) -> None:
        until = time.monotonic() + PASS_S
        self.why = None
        for page in batched(ids, PAGE):
            letters = self.warehouse.outbox_letters(page)
            sent = topic.send({letter.dead_letter_id: letter.record() for letter in letters})
            self.warehouse.settle_outbox(sent.acknowledged, sent.refused)
            self.tried.update(sent.refused)
            for letter_id, why in islice(sent.refused.items(), 3):
                LOG.warning("dead letter %s waits in the outbox: %s", letter_id, why)
            if sent.stopped is not None:
                raise sent.stopped
            if time.monotonic() > until:
                LOG.info("the outbox holds more dead letters than a pass sends; the next pass goes on")
                return

    def _stopped(self, fault: Exception) -> None:
        """Every letter waits; the warning is given once for each pass, and none is tried during the pause."""
        self.why = redact(str(fault))  # it is kept in the warehouse
        self.pause.begin(fault)
        self.warehouse.block_outbox(self.settings.kafka.raw_topic, self.why)
        LOG.warning("Dead letters wait in the outbox, loading goes on. %s", fault)


@dataclass(slots=True)
class GroupOffsets:
    """Commits the group's offsets for lag monitors; what could not be committed is tried again with what follows."""

    settings: Settings
    note: str = ""
    """Kept beside the offsets: which warehouse they are of."""
    pending: dict[int, int] = field(default_factory=dict)
    pause: Pause = field(default_factory=Pause)

    def commit(self, offsets: dict[int, int]) -> None:
        from pipelines.broker import BrokerRefused, BrokerUnavailable
        from pipelines.sources import groups

        self.pending |= offsets
        if not self.pending or not self.pause.is_over:
            return
        kafka = self.settings.kafka
        try:
            groups.commit_group_offsets(kafka, kafka.raw_topic, self.pending, self.note)
            self.pending = {}
        except (BrokerRefused, BrokerUnavailable) as fault:
            self.pause.begin(fault)
            LOG.warning("Group offsets were not committed; only lag monitors read them, loading goes on. %s", fault)

    def finish(self) -> None:
        """The run's last try: a broker that was away after the last batch may be back."""
        self.pause.end_unless_refused()
        self.commit({})
