"""What a fault means to who called: an exit code, and whether it may pass by itself.

By class name, so that telling a fault apart imports nothing heavy.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

from pipelines.phrases import in_words

FINE, FOUND_WRONG, USAGE, AWAY, OTHER_WRITER, FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

EXIT_CODES = {
    FINE: "fine",
    FOUND_WRONG: "something is wrong with the data or the ledger",
    USAGE: "wrong usage or settings",
    AWAY: "something outside is away (broker, warehouse, network, disk)",
    OTHER_WRITER: "another writer is at work",
    FAILED: "the run failed",
    INTERRUPTED: "interrupted",
}

# what a retry a little later may cure
MAY_PASS = frozenset({"BrokerUnavailable", "StageUnavailable", "WarehouseUnavailable"})

_CODES = {
    "RetentionPassed": FOUND_WRONG,
    "TopicRecreated": FOUND_WRONG,
    "CorruptBatch": FOUND_WRONG,
    "StagedBatchDamaged": FOUND_WRONG,
    "NotFound": FOUND_WRONG,
    "WriteAheadFileCorrupt": FOUND_WRONG,
    "WarehouseCorrupt": FOUND_WRONG,
    "WrongUsage": USAGE,
    "SettingsWrong": USAGE,
    "SchemaMissing": USAGE,
    "ModelMissing": USAGE,
    "ModelChanged": USAGE,
    "ModelsClash": USAGE,
    "FileFault": USAGE,
    "MessageTooLarge": USAGE,
    "QueryFailed": USAGE,
    "WarehouseFault": USAGE,  # the family: an address that names no warehouse
    "TopicNameInvalid": USAGE,
    "BrokerUnavailable": AWAY,
    "BrokerRefused": AWAY,
    "TopicMissing": AWAY,
    "StageUnavailable": AWAY,
    "StagingFailed": AWAY,
    "WarehouseUnavailable": AWAY,
    "WarehouseMissing": AWAY,
    "WarehouseRefused": AWAY,
    "WarehouseGone": AWAY,
    "WarehouseReplaced": AWAY,
    "LocalFault": AWAY,
    "PrefectUnavailable": AWAY,
    "WarehouseBusy": OTHER_WRITER,
    "OffsetsMoved": OTHER_WRITER,
    "RunFailed": FAILED,
    "LedgerOpen": FAILED,
}

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST})


class WrongUsage(Exception):
    """The command was asked for something that it cannot do; the message says what it can."""


class AnswerTooLarge(WrongUsage):
    """The CSV or JSON answer of a query is larger than the settings allow."""


class RelativePath(WrongUsage):
    """A path in the settings of a deployed run is relative: it would lead to another place in each run."""


class WarehouseGone(Exception):
    """A warehouse that was loaded into before is missing or empty."""


class WarehouseReplaced(Exception):
    """Another warehouse lies where the one was that was loaded into before."""


class SecretInParameter(WrongUsage):
    """A parameter of a flow run holds a secret, which Prefect would store and show in the clear."""


class NotFound(Exception):
    """What was asked for is not there."""


class PrefectUnavailable(Exception):
    """Prefect's API does not answer."""


def names(fault: BaseException) -> tuple[str, ...]:
    return tuple(kind.__name__ for kind in type(fault).__mro__)


def exit_code(fault: BaseException) -> int | None:
    """The code of a named fault; None for one that nobody named.

    >>> exit_code(WrongUsage("no such topic")), exit_code(ValueError("?"))
    (2, None)
    """
    return next((_CODES[name] for name in names(fault) if name in _CODES), None)


def may_pass(fault: BaseException) -> bool:
    return not MAY_PASS.isdisjoint(names(fault))


@dataclass(frozen=True, slots=True)
class Explained:
    """A fault in a person's words: what happened and why, and what to do about it."""

    title: str
    why: str
    do: str | None = None


def explain(fault: BaseException) -> Explained:
    """Split a fault's message into why and what to do; a fault that nobody named is our bug, and says so."""
    text = str(fault).strip() or type(fault).__name__
    code = exit_code(fault)
    if code is None and isinstance(fault, OSError) and fault.errno in _DISK:
        do = "See that the disk has room and may be written there, or set DATELINE_HOME to another folder."
        return Explained("The disk", text, do)
    if code is None:
        return Explained(
            "Dateline failed",
            in_words(fault),
            "This is a bug of ours. Run it again with --verbose, and send us the log.",
        )
    why, _, do = text.partition("What to do:")
    return Explained(_in_words(type(fault).__name__), why.strip(), do.strip() or None)


def _in_words(name: str) -> str:
    """A fault's name as a heading.

    >>> _in_words("BrokerUnavailable")
    'Broker Unavailable'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def code_of(fault: BaseException) -> int:
    code = exit_code(fault)
    if code is None:
        return AWAY if isinstance(fault, OSError) and fault.errno in _DISK else FAILED
    return code
