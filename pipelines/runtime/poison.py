"""Isolates poison messages, which end their worker: retries smaller parts of its share, and rejects only the message.

A worker marks the message that it is working on. If it dies, that message is retried alone, and the messages before and
after it as two further parts. Without a mark, or if the mark was wrong, the share is halved. A message that ends a
worker again when it is alone is rejected, with a reason that says how. A worker that was killed from outside costs a
retry, and rejects nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from pipelines.failures import Failure, MemoryExceeded, Rejected, TimeExceeded, Violation, WorkerCrashed
from pipelines.phrases import counted
from pipelines.records import OffsetRange
from pipelines.runtime.executor import RunFailed
from pipelines.runtime.shares import Share, ShareDone, run_share
from pipelines.runtime.workers import Death, Workers
from pipelines.settings import BatchSettings

LOG = logging.getLogger("dateline.workers")


def run_shares(
    shares: Iterable[Share], batch: BatchSettings, workers: Workers, most: int,
    report: Callable[[int], None] | None = None,
) -> list[ShareDone]:
    """Runs the shares and returns what each staged; rejects at most ``most`` messages that end their worker.

    Raises:
        RunFailed: more than ``most`` messages ended their worker, or staging one by its coordinates alone did.
    """
    waiting = deque(shares)
    done: list[ShareDone] = []
    poisons: list[str] = []
    for share, outcome in workers.each(run_share, waiting, batch.deadline_s, batch.message_deadline_s, report):
        if not isinstance(outcome, Death):
            done.append(outcome)
            continue
        LOG.warning("a worker died (%s) over %s; trying again in parts", outcome, _spots(share.ranges))
        if share.is_unreadable:
            raise RunFailed(_UNREADABLE.format(spot=_spots(share.ranges), death=outcome))
        if share.failure is not None:
            waiting.appendleft(replace(share.part(0, share.ranges), is_unreadable=True))
            continue
        if len(share) == 1 and share.deaths:
            poisons.append(f"{_spots(share.ranges)} ({outcome})")
            if len(poisons) > most:
                messages = counted(len(poisons), "message")
                raise RunFailed(_TOO_MANY.format(messages=messages, most=most, poisons=", ".join(poisons[:5])))
            waiting.appendleft(replace(share.part(0, share.ranges), failure=failure_of(outcome, batch)))
        else:
            waiting.extendleft(reversed(list(parts_of(share, outcome))))
    return done


_TOO_MANY = (
    "{messages} ended the worker at work on it (allowed: {most}): {poisons}. The cause is a bug in Dateline or too "
    "little memory, not the data. Nothing was loaded. What to do: see logs/workers.log and the machine's memory."
)
_UNREADABLE = (
    "{spot} ends the worker even if only its coordinates are staged, without reading it ({death}). Nothing was loaded. "
    "What to do: see logs/workers.log and the machine's memory and disk."
)


def parts_of(share: Share, death: Death) -> Iterator[Share]:
    """Splits a share: the suspected message alone, then the messages before and after it; without a suspect, halves."""
    pieces = _around(share.ranges, death) if len(share) > 1 else [list(share.ranges)]
    for n, ranges in enumerate(pieces or _halves(share.ranges)):
        yield share.part(n, ranges)


def _around(ranges: tuple[OffsetRange, ...], death: Death) -> list[list[OffsetRange]]:
    for n, r in enumerate(ranges):
        if r.partition == death.partition and r.start <= death.offset < r.end:
            before = [*ranges[:n], replace(r, end=death.offset)]
            suspect = [replace(r, start=death.offset, end=death.offset + 1)]
            behind = [replace(r, start=death.offset + 1), *ranges[n + 1 :]]
            return [found for piece in (suspect, before, behind) if (found := [r for r in piece if len(r)])]
    return []


def _halves(ranges: tuple[OffsetRange, ...]) -> list[list[OffsetRange]]:
    left = sum(len(r) for r in ranges) // 2
    first: list[OffsetRange] = []
    second: list[OffsetRange] = []
    for r in ranges:
        cut = min(r.end, r.start + left)
        left -= cut - r.start
        first.append(replace(r, end=cut))
        second.append(replace(r, start=cut))
    return [[r for r in half if len(r)] for half in (first, second)]


def failure_of(death: Death, batch: BatchSettings) -> Failure:
    """The failure with which a message that ended its worker is rejected."""
    reasons: dict[str, tuple[type[Rejected], str]] = {
        "time": (TimeExceeded, f"every step finishes within {batch.message_deadline_s:g} s"),
        "memory": (MemoryExceeded, f"a worker needs at most {batch.worker_memory_bytes:,} bytes of memory"),
        "crash": (WorkerCrashed, "the worker process does not crash"),
    }
    reason, rule = reasons[death.kind]
    return Failure(death.step or "transform", reason.__name__, (Violation.of(rule, value=death.cause),))


def _spots(ranges: Iterable[OffsetRange]) -> str:
    return ", ".join(f"{r.topic}/{r.partition}@{r.start}" + (f"-{r.end - 1}" if len(r) > 1 else "") for r in ranges)
