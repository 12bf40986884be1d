"""Maps faults to exit codes, to explanations for the screen, and to whether a retry may help.

Faults are identified by class name, so that this module need not import the modules that define them.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

from pipelines.phrases import in_words

FINE, FOUND_WRONG, USAGE, UNAVAILABLE, OTHER_WRITER, FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

EXIT_CODES = {
    FINE: "fine",
    FOUND_WRONG: "something is wrong with the data or the ledger",
    USAGE: "wrong usage or settings",
    UNAVAILABLE: "something outside of Dateline is unavailable (broker, warehouse, network, disk)",
    OTHER_WRITER: "another writer is at work",
    FAILED: "the run failed",
    INTERRUPTED: "interrupted",
}

# faults that may be gone at a retry a little later
MAY_PASS = frozenset({
    "BrokerUnavailable", "FlinkUnavailable", "RegistryUnavailable", "StageUnavailable", "WarehouseUnavailable",
})

_CODES = {
    "RetentionPassed": FOUND_WRONG,
    "TopicRecreated": FOUND_WRONG,
    "CorruptBatch": FOUND_WRONG,
    "StagedBatchDamaged": FOUND_WRONG,
    "EncryptionKeyMissing": FOUND_WRONG,
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
    "WarehouseFault": USAGE,  # base class of the others: an address that names no warehouse
    "TopicNameInvalid": USAGE,
    "BrokerUnavailable": UNAVAILABLE,
    "BrokerRefused": UNAVAILABLE,
    "TopicMissing": UNAVAILABLE,
    "StageUnavailable": UNAVAILABLE,
    "StagingFailed": UNAVAILABLE,
    "WarehouseUnavailable": UNAVAILABLE,
    "WarehouseMissing": UNAVAILABLE,
    "WarehouseRefused": UNAVAILABLE,
    "WarehouseGone": UNAVAILABLE,
    "WarehouseReplaced": UNAVAILABLE,
    "LocalFault": UNAVAILABLE,
    "FlinkUnavailable": UNAVAILABLE,
    "PrefectUnavailable": UNAVAILABLE,
    "RegistryUnavailable": UNAVAILABLE,
    "RegistryRefused": UNAVAILABLE,
    "WarehouseBusy": OTHER_WRITER,
    "OffsetsMoved": OTHER_WRITER,
    "StateMoved": OTHER_WRITER,
    "LeaseLost": OTHER_WRITER,
    "RunFailed": FAILED,
    "LedgerOpen": FAILED,
}

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST})


class WrongUsage(Exception):
    """The command cannot do what was asked; the message says what it can do."""


class AnswerTooLarge(WrongUsage):
    """The CSV or JSON answer of a query is larger than the settings allow."""


class RelativePath(WrongUsage):
    """A path in the settings of a deployed run is relative, so it would name another place in each run."""


class WarehouseGone(Exception):
    """A warehouse that was loaded into before is missing or empty."""


class WarehouseReplaced(Exception):
    """The warehouse at this address is not the one that earlier runs loaded into."""


class SecretInParameter(WrongUsage):
    """A parameter of a flow run contains a secret, which Prefect would store and show unencrypted."""


class NotFound(Exception):
    """The item that was asked for does not exist."""


class PrefectUnavailable(Exception):
    """Prefect's API does not answer."""


def names(fault: BaseException) -> tuple[str, ...]:
    return tuple(kind.__name__ for kind in type(fault).__mro__)


def exit_code(fault: BaseException) -> int | None:
    """The exit code of a named fault; None for any other exception.

    >>> exit_code(WrongUsage("no such topic")), exit_code(ValueError("?"))
    (2, None)
    """
    return next((_CODES[name] for name in names(fault) if name in _CODES), None)


def may_pass(fault: BaseException) -> bool:
    return not MAY_PASS.isdisjoint(names(fault))


@dataclass(frozen=True, slots=True)
class Explained:
    """A fault as it is shown to a person: a title, what happened, and what to do about it."""

    title: str
    why: str
    do: str | None = None


def explain(fault: BaseException) -> Explained:
    """Split a fault's message at "What to do:". An exception that is not a named fault is explained as a bug."""
    text = str(fault).strip() or type(fault).__name__
    code = exit_code(fault)
    if code is None and isinstance(fault, OSError) and fault.errno in _DISK:
        do = "Check that the disk has free space and the folder can be written, or set DATELINE_HOME to another folder."
        return Explained("The disk", text, do)
    if code is None:
        return Explained(
            "Dateline failed",
            in_words(fault),
            "This is a bug in Dateline. Run the command again with --verbose, and send the log to the maintainers.",
        )
    why, _, do = text.partition("What to do:")
    return Explained(_in_words(type(fault).__name__), why.strip(), do.strip() or None)


def _in_words(name: str) -> str:
    """The name of a fault as a heading.

    >>> _in_words("BrokerUnavailable")
    'Broker Unavailable'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def code_of(fault: BaseException) -> int:
    code = exit_code(fault)
    if code is None:
        return UNAVAILABLE if isinstance(fault, OSError) and fault.errno in _DISK else FAILED
    return code
