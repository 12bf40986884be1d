"""Faults of the data, by name. The class name is the reason that the ledger and the dead letters carry.

A step raises a ``Rejected``; anything else that it raises is our own bug and becomes ``UnexpectedFault``. What is wrong
with a whole topic, ``TopicRecreated``, rejects nothing and stops the run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a record broke: the field, the rule in words, the value seen (shortened)."""

    expectation: str
    field: str | None = None
    value: str | None = None

    SHOWN = 200

    @classmethod
    def of(cls, expectation: str, *, field: str | None = None, value: object = None) -> Violation:
        """A violation whose value is shortened to what a person can read.

        >>> Violation.of("at most 3 characters", field="title", value="abcd").value
        'abcd'
        """
        shown = None if value is None else str(value)
        if shown is not None and len(shown) > cls.SHOWN:
            shown = shown[: cls.SHOWN - 1] + "…"
        return cls(expectation, field, shown)


class Rejected(Exception):
    """A fault of the data: its message becomes a dead letter, and the stream goes on.

    ``fix`` says what a person can do about it. Subclasses are listed in ``pipelines/README.md``. ``scraper`` is
    who sent the message and ``url`` the page's address, where a step had read them from its value when it rejected it.
    """

    fix = "Look at the original with `dateline rejected show`."
    scraper: str | None = None
    url: str | None = None

    def __init__(self, expectation: str, *, field: str | None = None, value: object = None,
                 violations: tuple[Violation, ...] = ()) -> None:
        self.violations = violations or (Violation.of(expectation, field=field, value=value),)
        super().__init__(expectation)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), str(self), self.violations)

    @property
    def reason(self) -> str:
        return type(self).__name__


def _rebuild(fault: type[Rejected], expectation: str, violations: tuple[Violation, ...]) -> Rejected:
    return fault(expectation, violations=violations)


# decode
class UnknownSchema(Rejected):
    fix = "Add the writer's schema under schemas/, or its id to DATELINE_SCHEMA_IDS, then replay."


class MalformedAvro(Rejected):
    fix = "The bytes do not follow the schema they name: look at the producer, then replay."


class MalformedJson(Rejected):
    fix = "The value is declared or looks like JSON and is not: look at the producer."


class MalformedGzip(Rejected):
    fix = "The body is declared or looks gzip-compressed and is cut or damaged: fetch it again."


class UndecodableText(Rejected):
    fix = "No charset fits the bytes: have the scraper declare the right one."


class OversizedMessage(Rejected):
    fix = "Raise DATELINE_LIMITS__MESSAGE_BYTES or _BODY_BYTES if such pages are wanted, then replay."


class EmptyMessage(Rejected):
    fix = "The scraper sent no body: look at its fetch."


class KeyMissing(Rejected):
    fix = "A tombstone asks for the deletion of its key: send it with the article's URL as key."


class UnsupportedContent(Rejected):
    fix = "Only HTML, text and JSON items are read: have the scraper skip other media types."


class FetchFailed(Rejected):
    fix = "The page was an HTTP error: fetch it again."


class ImplausibleTime(Rejected):
    fix = "fetched_at must be milliseconds since 1970, UTC: look at the scraper's clock and unit."


# clean
class BodyMissing(Rejected):
    fix = "No article text was found: if the page has one, send it as a case."


class ConsentWall(Rejected):
    fix = "The scraper got the consent page: let it accept cookies or use another address."


class ListingPage(Rejected):
    fix = "A section front or index: let the scraper follow its links and skip the page itself."


class MarkupTooDeep(Rejected):
    fix = "Nested past any sense: look at the page, it is broken or hostile."


class TitleMissing(Rejected):
    fix = "No headline was found: if the page has one, send it as a case."


class ErrorPage(Rejected):
    fix = "The page says that it was not found or is blocked: fetch it again."


# validate
class ContractViolated(Rejected):
    fix = "The record does not fit schemas/article: this is for the rules' authors to look at."


class ExpectationFailed(Rejected):
    fix = "See schemas/expectations/article.json for the expectation and its reason."


# any step: found by what became of the worker
class WorkerCrashed(Rejected):
    fix = "It kills the process that works on it, alone too: send us the original, then replay after the fix."


class TimeExceeded(Rejected):
    fix = "No step may take DATELINE_BATCH__MESSAGE_DEADLINE_S over a message: send us the original, then replay."


class MemoryExceeded(Rejected):
    fix = "It used up its worker's memory: raise DATELINE_BATCH__WORKER_MEMORY_BYTES if it is wanted, then replay."


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one message was rejected and in which step, with the fingerprint that groups similar failures."""

    step: str
    reason: str
    violations: tuple[Violation, ...]

    UNEXPECTED = "UnexpectedFault"

    @property
    def fingerprint(self) -> str:
        """Shared by failures that are alike: step, reason, and the rules and fields broken."""
        parts = [self.step, self.reason, *(f"{v.field}:{v.expectation}" for v in self.violations)]
        if self.reason == self.UNEXPECTED:  # the traceback's last line holds values; the frames do not
            parts = [self.step, self.reason, *(v.expectation for v in self.violations[:1])]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


class TopicRecreated(Exception):
    """The topic is not the one that was loaded from: it was deleted and made again, or its log was cut."""

    ADVICE = (
        "What to do: if it was made again on purpose, take a topic of another name (DATELINE_KAFKA__RAW_TOPIC), or "
        "load it into another warehouse (DATELINE_WAREHOUSE); if not, see that DATELINE_KAFKA__BOOTSTRAP_SERVERS names "
        "the right brokers, or restore its log."
    )


def refuse_other_topic(topic: str, loaded_id: str, found_id: str) -> None:
    """Raises ``TopicRecreated`` when the topic found is another than the one loaded from, under the same name.

    Kafka gives every topic an id of its own. An empty one says nothing: the broker is too old to give ids, or the
    warehouse has not stored one yet.

    >>> refuse_other_topic("articles.raw", "", "9f86d081")
    """
    if loaded_id and found_id and loaded_id != found_id:
        raise TopicRecreated(
            f"{topic} has the id {found_id}, but what the warehouse has loaded is from a topic with the id {loaded_id}."
            " It was deleted and made again, or these are other brokers; going on would mix up two histories. Nothing "
            f"was loaded.\n{TopicRecreated.ADVICE}"
        )
