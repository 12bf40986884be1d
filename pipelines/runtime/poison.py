"""Finds the message that ends its worker, by trying smaller parts of its share, and has the rest go on without it.

A worker that dies leaves a mark of where it was: that message is tried alone, and what lay before and behind it apart.
Where there is no mark, or it misleads, the share is halved. A message that ends a worker again, alone, is rejected as
what it is. One worker killed from outside costs a second try and rejects nothing.
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
    """What the shares were staged as; at most ``most`` messages that end their worker are rejected.

    Raises:
        RunFailed: more messages than that ended their worker, or one that cannot even be read.
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
    "{messages} ended the worker at work on it (allowed: {most}): a bug of ours or a machine short of memory, not the "
    "data's. Nothing was loaded. What to do: see logs/workers.log and the machine's memory; these are "
    "the messages: {poisons}"
)
_UNREADABLE = (
    "{spot} ends the worker even where its coordinates alone are written down ({death}). Nothing was loaded. What to "
    "do: see logs/workers.log and the machine's memory and disk."
)


def parts_of(share: Share, death: Death) -> Iterator[Share]:
    """The share in smaller ones: the suspected message first and alone, then what lay around it; else its halves."""
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
    """Why a message is rejected that ended its worker, alone."""
    reasons: dict[str, tuple[type[Rejected], str]] = {
        "time": (TimeExceeded, f"a step is done with it within {batch.message_deadline_s:g} s"),
        "memory": (MemoryExceeded, f"a step works on it in {batch.worker_memory_bytes:,} bytes of memory"),
        "crash": (WorkerCrashed, "the process that works on it lives on"),
    }
    reason, rule = reasons[death.kind]
    return Failure(death.step or "transform", reason.__name__, (Violation.of(rule, value=death.cause),))


def _spots(ranges: Iterable[OffsetRange]) -> str:
    return ", ".join(f"{r.topic}/{r.partition}@{r.start}" + (f"-{r.end - 1}" if len(r) > 1 else "") for r in ranges)
