"""The checks of ``dateline check``: they try everything that a run needs, and change nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from flows.faults import FINE, code_of, explain

if TYPE_CHECKING:
    from pipelines.settings import Settings

type State = Literal["ok", "warning", "failed", "untried"]

WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. ``code`` is the exit code that a run would end with; it is 0 unless the check failed."""

    check: str
    state: State
    says: str
    do: str | None = None
    code: int = FINE

    def as_json(self) -> dict[str, Any]:
        return {"check": self.check, "state": self.state, "says": self.says, "what_to_do": self.do, "code": self.code}


@dataclass(slots=True)
class Checks:
    """Findings of one group of checks, in order. ``names`` are the checks that belong to the group."""

    names: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)

    def ok(self, check: str, says: str) -> None:
        self.findings.append(Finding(check, "ok", says))

    def warn(self, check: str, says: str, do: str) -> None:
        self.findings.append(Finding(check, "warning", says, do))

    def leave_out(self, check: str, why: str) -> None:
        self.findings.append(Finding(check, "untried", why))

    def fail(self, check: str, fault: Exception) -> None:
        report = explain(fault)
        self.findings.append(Finding(check, "failed", report.why, report.do, code_of(fault)))

    @contextmanager
    def trying(self, check: str) -> Iterator[None]:
        """Record a fault inside the block as a failed check; later checks continue."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001  every fault is a finding
            self.fail(check, fault)

    def complete(self, why: str) -> list[Finding]:
        """A finding for every check, in the order of ``names``; a check that was not made is untried."""
        made = {finding.check: finding for finding in list(self.findings)}
        return [made.get(name) or Finding(name, "untried", why) for name in self.names]


@dataclass(frozen=True, slots=True)
class Group:
    """Checks that one function makes one after another, in at most ``within_s`` seconds."""

    names: tuple[str, ...]
    make: Callable[[Settings, Checks], None]
    within_s: float = WITHIN_S


def run_checks(settings: Settings) -> list[Finding]:
    """All findings, in a fixed order. A check that does not finish in time is reported as untried."""
    from flows.cli.checks import broker, machine

    return run_groups(settings, (broker.GROUP, *machine.GROUPS))


def run_groups(settings: Settings, groups: Sequence[Group]) -> list[Finding]:
    """Run the groups in parallel, so that a broker that does not answer delays no other check."""
    began = time.monotonic()
    at_work = []
    for group in groups:
        checks = Checks(group.names)
        thread = threading.Thread(target=_whole, args=(settings, checks, group.make), daemon=True)
        thread.start()
        at_work.append((group, checks, thread))
    found: list[Finding] = []
    for group, checks, thread in at_work:
        thread.join(max(0.0, began + group.within_s - time.monotonic()))
        late = f"It did not finish within {group.within_s:g} s."
        found += checks.complete(late if thread.is_alive() else "It depends on a check above that failed.")
    return found


def _whole(settings: Settings, checks: Checks, make: Callable[[Settings, Checks], None]) -> None:
    with checks.trying(checks.names[0]):
        make(settings, checks)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 if no check failed, else the most important code of a failed check.

    Faults that a person has to correct are more important than those that may pass by themselves.
    """
    codes = {finding.code for finding in findings if finding.state == "failed"}
    return next((code for code in (2, 1, 5, 4, 3) if code in codes), FINE)
