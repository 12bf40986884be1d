"""Faults of the data, by name. The class name of a fault is the reason in the ledger and in the dead letter.

A step raises a ``Rejected`` for a fault of the data. Any other exception is a bug in Dateline and is recorded as
``UnexpectedFault``. ``TopicRecreated`` is about a whole topic, and a ``RegistryFault`` about the schema registry: they
stop the run and reject no message.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipelines.personal import mask_personal


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a record broke: what the rule expects, the field, and the value found (shortened and masked)."""

    expectation: str
    field: str | None = None
    value: str | None = None

    SHOWN = 200

    @classmethod
    def of(cls, expectation: str, *, field: str | None = None, value: object = None) -> Violation:
        """A violation whose value is shortened to ``SHOWN`` characters, without the personal data in it.

        >>> Violation.of("at most 3 characters", field="title", value="abcd").value
        'abcd'
        >>> Violation.of("a page has an article", value="Write to ines@harbour.example").value
        'Write to [email]'
        """
        shown = None if value is None else mask_personal(str(value)[: 4 * cls.SHOWN])
        if shown is not None and len(shown) > cls.SHOWN:
            shown = shown[: cls.SHOWN - 1] + "…"
        return cls(expectation, field, shown)


class Rejected(Exception):
    """A fault of the data: the message becomes a dead letter, and the run continues with the other messages.

    ``fix`` says what a person can do about the fault. ``pipelines/README.md`` lists the subclasses by step.
    ``scraper`` is who sent the message, and ``url`` is the page's address. Both are None if the message was rejected
    before they were read from its value.
    """

    fix = "Look at the original message with `dateline rejected show`."
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
    fix = (
        "Name the schema registry that has the message's schema in DATELINE_REGISTRY__URL, or put the schema into "
        "DATELINE_SCHEMAS_FOLDER and its id into DATELINE_SCHEMA_IDS, then replay."
    )


class MalformedAvro(Rejected):
    fix = "The bytes do not match the schema that the message names. Correct the producer and send the page again."


class MalformedJson(Rejected):
    fix = "The value is declared as JSON or looks like it, but cannot be parsed. Correct the producer."


class MalformedGzip(Rejected):
    fix = "The gzip-compressed body is truncated or damaged. Have the scraper fetch the page again."


class UndecodableText(Rejected):
    fix = "The body's bytes are not valid text in any charset that was declared or detected. Correct the scraper."


class OversizedMessage(Rejected):
    fix = (
        "The message or its body exceeds a size limit. If you want such pages, raise DATELINE_LIMITS__MESSAGE_BYTES "
        "or DATELINE_LIMITS__BODY_BYTES, then replay."
    )


class EmptyMessage(Rejected):
    fix = "The message has no body. Find out why the scraper fetched an empty page."


class KeyMissing(Rejected):
    fix = "A tombstone deletes the article of its key, but this one has no key. Send it with the article's URL as key."


class UnsupportedContent(Rejected):
    fix = "Dateline reads only HTML, plain text and JSON items. Have the scraper skip other media types."


class FetchFailed(Rejected):
    fix = "The server answered with an HTTP error. Have the scraper fetch the page again."


class ImplausibleTime(Rejected):
    fix = (
        "The fetch time or Kafka's timestamp is missing, before 1995 or in the future. Both are milliseconds since "
        "1970 in UTC: check the clock and the unit of the scraper or producer."
    )


# clean
class BodyMissing(Rejected):
    fix = "No article text was found. If the page has one, send it to the maintainers as a test case."


class ConsentWall(Rejected):
    fix = "The scraper fetched a cookie consent page. Let it accept cookies, or fetch from another address."


class ListingPage(Rejected):
    fix = "The page is a section front or an index. Let the scraper follow its links and skip the page itself."


class MarkupTooDeep(Rejected):
    fix = "The page's elements are nested too deeply to be parsed. Look at the page: it is broken or hostile."


class TitleMissing(Rejected):
    fix = "No headline was found. If the page has one, send it to the maintainers as a test case."


class ErrorPage(Rejected):
    fix = "The page is an error page, such as 'not found' or 'access denied'. Have the scraper fetch it again."


class RightsReserved(Rejected):
    fix = (
        "The page declares a restriction that the settings DATELINE_RIGHTS__… reject. To load such pages, with or "
        "without their text, change the setting that the details name, then replay."
    )


# validate
class ContractViolated(Rejected):
    fix = "The finished record breaks the contract in schemas/article. Report it to the maintainers of the rules."


class ExpectationFailed(Rejected):
    fix = "The record fails an expectation. schemas/expectations/article.json lists each one with its reason."


# any step: detected because the worker process ended or was stopped
class WorkerCrashed(Rejected):
    fix = (
        "The message crashes the worker process, even when it is processed alone. Send the original to the "
        "maintainers, and replay it after the fix."
    )


class TimeExceeded(Rejected):
    fix = (
        "The message took longer than DATELINE_BATCH__MESSAGE_DEADLINE_S allows. Send the original to the "
        "maintainers, and replay it after the fix."
    )


class MemoryExceeded(Rejected):
    fix = (
        "The message used up its worker's memory. If you want such pages, raise DATELINE_BATCH__WORKER_MEMORY_BYTES, "
        "then replay."
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was rejected, and in which step. Its fingerprint groups similar failures."""

    step: str
    reason: str
    violations: tuple[Violation, ...]

    UNEXPECTED = "UnexpectedFault"

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits, equal for failures with the same step, reason, broken rules and fields."""
        parts = [self.step, self.reason, *(f"{v.field}:{v.expectation}" for v in self.violations)]
        if self.reason == self.UNEXPECTED:  # the traceback's last line differs from record to record
            parts = [self.step, self.reason, *(v.expectation for v in self.violations[:1])]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


class TopicRecreated(Exception):
    """The topic is not the one that was loaded before: it was deleted and made again, or its log was truncated."""

    ADVICE = (
        "What to do: if it was made again on purpose, use a topic with another name (DATELINE_KAFKA__RAW_TOPIC), or "
        "load it into another warehouse (DATELINE_WAREHOUSE). If not, check that DATELINE_KAFKA__BOOTSTRAP_SERVERS "
        "names the right brokers, or restore the topic's log."
    )


def refuse_other_topic(topic: str, loaded_id: str, found_id: str) -> None:
    """Raises ``TopicRecreated`` if the topic's id differs from the id of the topic that was loaded before.

    Kafka gives every topic an id of its own. An empty id is not compared: the broker is too old to have ids, or the
    warehouse has not stored one yet.

    >>> refuse_other_topic("articles.raw", "", "9f86d081")
    """
    if loaded_id and found_id and loaded_id != found_id:
        raise TopicRecreated(
            f"{topic} has the id {found_id}, but the warehouse was loaded from a topic with the id {loaded_id}. The "
            "topic was deleted and made again, or these are other brokers. Continuing would mix up the records of two "
            f"topics, so nothing was loaded.\n{TopicRecreated.ADVICE}"
        )


class RegistryFault(Exception):
    """The schema registry did not give a schema that a message needs. The message may be sound: the run stops."""


class RegistryUnavailable(RegistryFault):
    """The schema registry does not answer, or not as a schema registry does."""


class RegistryRefused(RegistryFault):
    """The schema registry refuses the login or the request."""
