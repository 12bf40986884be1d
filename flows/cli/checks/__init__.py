"""The preflight: tries everything that a run needs, changes nothing, and says for each what is wrong and what to do."""

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
    """What came of one check. ``code`` is the exit code that a run would end with; only a failed check has one."""

    check: str
    state: State
    says: str
    do: str | None = None
    code: int = FINE

    def as_json(self) -> dict[str, Any]:
        return {"check": self.check, "state": self.state, "says": self.says, "what_to_do": self.do, "code": self.code}


@dataclass(slots=True)
class Checks:
    """Findings of one group of checks, in order. ``names`` are those that it is going to make."""

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
        """A fault inside the block is the check's finding, and the checks after it go on."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001  whatever is wrong is what was asked for
            self.fail(check, fault)

    def complete(self, why: str) -> list[Finding]:
        """A finding of every check, in the order of their names; a check that was not made is untried."""
        made = {finding.check: finding for finding in list(self.findings)}
        return [made.get(name) or Finding(name, "untried", why) for name in self.names]


@dataclass(frozen=True, slots=True)
class Group:
    """Checks that are made one after another, by one function, within so many seconds."""

    names: tuple[str, ...]
    make: Callable[[Settings, Checks], None]
    within_s: float = WITHIN_S


def run_checks(settings: Settings) -> list[Finding]:
    """All findings, in a fixed order. What is not done within its time is reported as untried."""
    from flows.cli.checks import broker, machine

    return run_groups(settings, (broker.GROUP, *machine.GROUPS))


def run_groups(settings: Settings, groups: Sequence[Group]) -> list[Finding]:
    """The groups run side by side: a broker that does not answer holds up no other check."""
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
        late = f"It was not done within {group.within_s:g} s."
        found += checks.complete(late if thread.is_alive() else "It needs something that failed above.")
    return found


def _whole(settings: Settings, checks: Checks, make: Callable[[Settings, Checks], None]) -> None:
    with checks.trying(checks.names[0]):
        make(settings, checks)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 when nothing failed, else the code of the failed check that matters most.

    What a person has to correct comes before what is away and may be back.
    """
    codes = {finding.code for finding in findings if finding.state == "failed"}
    return next((code for code in (2, 1, 5, 4, 3) if code in codes), FINE)
