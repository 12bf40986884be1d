"""Connects to the bootstrap servers over plain sockets, and finds out what is wrong with them before a deadline.

kafka-python reports every failure to bootstrap as "Unable to bootstrap", and only after its whole timeout. A visit goes
through the stages of a connection one by one: resolve, connect, TLS, ApiVersions, SASL, Metadata, the advertised
addresses. The stage that fails shows what is wrong. If a failure can have two causes, a second connection finds out
which one it is.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.broker_faults import BrokerUnavailable
from pipelines.probe.findings import Finding, name_service_silent
from pipelines.probe.visit import Contact, Visit

__all__ = ["Contact", "probe"]

GRACE_S = 0.2  # visits end at the deadline by themselves, except that a slow name service can delay one

type Outcomes = queue.SimpleQueue[tuple[str, Contact | Exception]]


def probe(options: Mapping[str, Any], timeout_s: float, doing: str) -> Contact:
    """The first bootstrap server that accepts the connection; all are visited at the same time.

    ``options`` are kafka-python's. ``doing`` says in an error's message what could not be done. If no server accepts
    the connection, the most informative fault is raised within ``timeout_s`` seconds.
    """
    servers: Sequence[str] = options["bootstrap_servers"]
    deadline = time.monotonic() + timeout_s
    outcomes: Outcomes = queue.SimpleQueue()
    for server in servers:
        threading.Thread(target=_visit, args=(server, options, deadline, outcomes), daemon=True).start()
    found: dict[str, Exception] = {}
    with contextlib.suppress(queue.Empty):
        while len(found) < len(servers):
            server, outcome = outcomes.get(timeout=max(0.0, deadline + GRACE_S - time.monotonic()))
            if isinstance(outcome, Contact):
                return outcome
            found[server] = outcome
    raise _verdict({server: found.get(server) or name_service_silent(server) for server in servers}, doing)


def _visit(server: str, options: Mapping[str, Any], deadline: float, outcomes: Outcomes) -> None:
    try:
        outcomes.put((server, Visit(server, options, deadline).run()))
    except Exception as fault:  # noqa: BLE001  passed to the thread that waits
        outcomes.put((server, fault))


def _verdict(found: Mapping[str, Exception], doing: str) -> Exception:
    """One fault for all servers. A server that refused the connection is more informative than one that is unavailable.
    """
    findings = {server: fault for server, fault in found.items() if isinstance(fault, Finding)}
    if len(findings) < len(found):
        return next(fault for fault in found.values() if not isinstance(fault, Finding))
    chosen = min(findings.values(), key=lambda finding: issubclass(finding.fault, BrokerUnavailable))
    why = "; ".join(f"{server}: {finding.why}" for server, finding in findings.items())
    return chosen.fault(f"Could not {doing}. {why}.\nWhat to do: {chosen.do}")
