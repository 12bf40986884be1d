"""Sends dead letters and clean articles to their topics, and group offsets for lag monitors, after each commit.

None of it ever stops loading. Messages that cannot be sent wait in the warehouse's outboxes, with the reason, and the
run and later runs try again.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from itertools import batched, islice
from typing import TYPE_CHECKING, Any

from flows.faults import names
from pipelines.failpoints import Failpoint, reach
from pipelines.secrets import redact

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.sinks.outbox_topic import OutboxTopic
    from pipelines.warehouse import OutboxKind, Warehouse

LOG = logging.getLogger("dateline.outbox")
PASS_LETTERS = 10_000  # limit for one pass, so that a long outbox does not delay loading
PASS_S = 60.0  # time limit for one pass
PAGE = 32  # messages in memory at once, as each may have nearly a megabyte
REFUSED_S = 300.0  # how long a run waits after a refusal before it asks Kafka again
AWAY_S = 30.0  # how long it waits if Kafka did not answer
REFUSED_LETTERS_S = 3_600.0  # how long a run waits before it tries a refused message again


@dataclass(slots=True)
class Pause:
    """The time until Kafka is asked again after a fault, so that a run does not ask after every batch."""

    until: float = 0.0
    was_refused: bool = False

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until

    def begin(self, fault: Exception) -> None:
        self.was_refused = not {"BrokerRefused", "RegistryRefused"}.isdisjoint(names(fault))
        self.until = time.monotonic() + (REFUSED_S if self.was_refused else AWAY_S)

    def end_unless_refused(self) -> None:
        """End the pause if the broker was only unavailable: it may answer again."""
        if not self.was_refused:
            self.until = 0.0


@dataclass(slots=True)
class Outbox:
    """Sends the dead letters, or the clean articles, of one topic's records from the outbox of one warehouse.

    Clean articles are sent only if the settings name a topic for them.
    """

    settings: Settings
    warehouse: Warehouse
    kind: OutboxKind = "dead letters"
    may_wait: bool = True
    """Whether the outbox may contain messages; False only after it was found empty."""
    why: str | None = None
    """Why the last pass could not send any message; None if it could."""
    tried: set[str] = field(default_factory=set)
    """Messages that were refused individually. A later run tries them again, and this one does so after an hour."""
    tried_since: float = field(default_factory=lambda: time.monotonic())  # noqa: PLW0108  a test moves the clock
    pause: Pause = field(default_factory=Pause)

    def send(self, *, more: bool = False) -> None:
        """Send the waiting messages, within the limits of a pass. ``more`` means that a batch has just added some.

        Raises only ``WarehouseUnavailable``; faults of Kafka and of the schema registry are handled here.
        """
        if self.kind == "articles" and self.settings.kafka.clean_topic is None:
            return
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
                self.warehouse.block_outbox(topic, self.why, self.kind)
            return
        waiting = self.warehouse.outbox(topic, PASS_LETTERS + len(self.tried), self.kind)
        ids = [each for each in waiting if each not in self.tried]
        self.may_wait = bool(ids)
        if ids:
            self._pass(ids[:PASS_LETTERS])

    def finish(self) -> None:
        """Try once more at the end of the run, because an unavailable broker may answer again."""
        self.pause.end_unless_refused()
        self.send()

    def _pass(self, ids: list[str]) -> None:
        from pipelines.broker import BrokerRefused, BrokerUnavailable
        from pipelines.failures import RegistryFault

        try:
            with self._opened() as topic:
                self._send_pages(topic, ids)
        except (BrokerRefused, BrokerUnavailable, RegistryFault) as fault:
            self._stopped(fault)

    def _opened(self) -> OutboxTopic[Any]:
        if self.kind == "articles":
            from pipelines.schema_registry import known_schemas
            from pipelines.sinks import clean_articles
            from schemas.own import load_registry

            own = self.settings
            known = known_schemas(own.registry, own.home)
            registry = load_registry(own.schemas_folder, own.schema_ids, None if known is None else known.fetch)
            return clean_articles.CleanTopic(own.kafka, registry, known)
        from pipelines.sinks import dead_letters

        return dead_letters.DeadLetterTopic(self.settings.kafka)

    def _items(self, ids: tuple[str, ...]) -> dict[str, Any]:
        if self.kind == "articles":
            return {message.message_id: message for message in self.warehouse.outbox_messages(ids)}
        return {letter.dead_letter_id: letter.record() for letter in self.warehouse.outbox_letters(ids)}

    def _send_pages(self, topic: OutboxTopic[Any], ids: list[str]) -> None:
        until = time.monotonic() + PASS_S
        self.why = None
        for page in batched(ids, PAGE):
            sent = topic.send(self._items(page))
            reach(Failpoint.SENT, self.kind)
            self.warehouse.settle_outbox(sent.acknowledged, sent.refused, self.kind)
            self.tried.update(sent.refused)
            for message_id, why in islice(sent.refused.items(), 3):
                LOG.warning("one of the %s waits in the outbox, %s: %s", self.kind, message_id, why)
            if sent.stopped is not None:
                raise sent.stopped
            if time.monotonic() > until:
                LOG.info("the outbox contains more %s than a pass sends; the next pass continues", self.kind)
                return

    def _stopped(self, fault: Exception) -> None:
        """Store the reason with all waiting messages, warn once, and begin a pause in which nothing is sent."""
        self.why = redact(str(fault))  # it is stored in the warehouse
        self.pause.begin(fault)
        self.warehouse.block_outbox(self.settings.kafka.raw_topic, self.why, self.kind)
        LOG.warning("%s wait in the outbox; loading continues. %s", self.kind.capitalize(), fault)


@dataclass(slots=True)
class GroupOffsets:
    """Commits the group's offsets for lag monitors; after a failure they are part of the next commit."""

    settings: Settings
    note: str = ""
    """Metadata of the commit: the warehouse that the offsets belong to."""
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
            LOG.warning("Group offsets were not committed. Only lag monitors read them; loading continues. %s", fault)

    def finish(self) -> None:
        """Try once more at the end of the run, because an unavailable broker may answer again."""
        self.pause.end_unless_refused()
        self.commit({})
