"""Connects to one bootstrap server stage by stage, as a client would, to find out at which stage it fails."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.probe import findings as found
from pipelines.probe.findings import SETTING, Finding
from pipelines.probe.talk import Closed, Garbled, Silent, Talk, left, open_socket, versioned

SECOND_LOOK_S = 1.0  # reserved for a second connection, which distinguishes two causes of one failure
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # the first bytes of a TLS alert and of a TLS handshake
UNSUPPORTED_MECHANISM, ILLEGAL_SASL_STATE = 33, 34
NEEDED = {"sasl_mechanism": "sasl_mechanism", "sasl_plain_username": "sasl_username",
          "sasl_plain_password": "sasl_password"}  # kafka-python's option: our setting
FILES = ("ssl_cafile", "ssl_certfile", "ssl_keyfile")


@dataclass(frozen=True, slots=True)
class Contact:
    """A bootstrap server that accepted the connection, and the addresses that the brokers of its cluster advertise."""

    server: str
    brokers: tuple[str, ...]


def address_of(server: str) -> tuple[str, int]:
    """Host and port of a server that is given as host:port. The settings have checked the form.

    >>> address_of("kafka-1:9093"), address_of("[::1]:9092")
    (('kafka-1', 9093), ('::1', 9092))
    """
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)


class Visit:
    """One visit to a server. ``run`` returns the contact or raises a ``Finding`` before the deadline."""

    def __init__(self, server: str, options: Mapping[str, Any], deadline: float) -> None:
        self.server, self.options = server, options
        self.deadline = deadline
        self.first_deadline = max(deadline - SECOND_LOOK_S, (time.monotonic() + deadline) / 2)
        self.host, self.port = address_of(server)
        self.protocol: str = options["security_protocol"]
        self.uses_tls = self.protocol in {"SSL", "SASL_SSL"}
        self.uses_sasl = self.protocol.startswith("SASL")

    def run(self) -> Contact:
        if self.uses_sasl and (missing := [ours for name, ours in NEEDED.items() if not self.options.get(name)]):
            raise found.login_incomplete(self.protocol, missing)
        with self._channel(self.first_deadline) as channel:
            talk = Talk(channel, self.first_deadline)
            versions = self._versions(talk)
            if self.uses_sasl:
                self._log_in(talk, versions)
            brokers = self._brokers(talk, versions)
        self._reach_one_of(brokers)
        return Contact(self.server, brokers)

    # Stages

    @contextlib.contextmanager
    def _channel(self, deadline: float) -> Iterator[socket.socket]:
        """A connection, over TLS if the settings ask for it."""
        context = self._tls_context() if self.uses_tls else None
        with self._connected(deadline) as plain:
            if context is None:
                yield plain
                return
            with self._secured(plain, context, deadline) as channel:
                yield channel

    def _connected(self, deadline: float) -> socket.socket:
        try:
            return open_socket(self.host, self.port, deadline)
        except OSError as fault:
            raise found.not_connected(self.host, self.port, fault) from fault

    def _tls_context(self) -> ssl.SSLContext:
        from kafka.net.transport import KafkaSSLTransport

        config = {**KafkaSSLTransport.DEFAULT_CONFIG, **{k: v for k, v in self.options.items() if k.startswith("ssl_")}}
        try:
            context: ssl.SSLContext = KafkaSSLTransport._build_ssl_context(config)
        except (OSError, ValueError) as fault:
            named = ", ".join(f"{SETTING}{name.upper()}={config[name]}" for name in FILES if config[name])
            raise found.certificate_unreadable(named, fault) from fault
        return context

    def _secured(self, plain: socket.socket, context: ssl.SSLContext, deadline: float) -> ssl.SSLSocket:
        try:
            plain.settimeout(left(deadline))
            return context.wrap_socket(plain, server_hostname=self.host.rstrip("."))
        except ssl.SSLCertVerificationError as fault:
            raise found.not_trusted(fault) from fault
        except TimeoutError as fault:
            raise (self._http() or found.silent("the TLS handshake")) from fault
        except OSError as fault:
            raise self._no_handshake(fault) from fault

    def _no_handshake(self, fault: OSError) -> Finding:
        if _is_about_our_certificate(fault):
            return found.client_certificate_refused(fault)
        if self._speaks_plainly():
            return found.tls_not_spoken(self.protocol)
        return self._http() or found.tls_failed(fault)

    def _versions(self, talk: Talk) -> Any:
        try:
            return talk.api_versions()
        except Silent as fault:
            raise (self._http() or found.silent("the first request")) from fault
        except Garbled as fault:
            heard: bytes = fault.args[0]
            raise (found.tls_required(self.protocol) if heard[:2] in TLS_RECORDS else found.not_kafka(heard)) from fault
        except Closed as fault:
            if fault.__cause__ and _is_about_our_certificate(fault.__cause__):
                raise found.client_certificate_refused(fault.__cause__) from fault
            if not self.uses_tls and self._speaks_tls():
                raise found.tls_required(self.protocol) from fault
            raise found.closed("the first request") from fault

    def _log_in(self, talk: Talk, versions: Any) -> None:
        from kafka import errors
        from kafka.net.sasl import get_sasl_mechanism
        from kafka.protocol.sasl import SaslAuthenticateRequest

        name: str = self.options["sasl_mechanism"]
        self._agree_on(name, talk)
        mechanism = get_sasl_mechanism(name)(host=self.host, **self.options)
        try:
            while not mechanism.is_done():
                answer = talk.ask(versioned(SaslAuthenticateRequest(mechanism.auth_bytes()), versions))
                if answer.error_code:
                    said = answer.error_message or errors.for_code(answer.error_code).__name__
                    raise found.login_refused(name, said)
                mechanism.receive(answer.auth_bytes)
        except Silent as fault:
            raise found.silent("the login") from fault
        except (Closed, Garbled) as fault:
            raise found.login_refused(name, "the broker closed the connection") from fault
        except (ValueError, LookupError, errors.KafkaError) as fault:
            raise found.login_refused(name, type(fault).__name__) from fault
        if not mechanism.is_authenticated():
            raise found.login_refused(name, "the broker did not prove that it knows the password")

    def _agree_on(self, mechanism: str, talk: Talk) -> None:
        from kafka.net.sasl import SASL_MECHANISMS

        try:
            offered, code = talk.mechanisms(mechanism)
        except Silent as fault:
            raise found.silent("the login") from fault
        except (Closed, Garbled) as fault:
            raise found.closed("the login") from fault
        if code == ILLEGAL_SASL_STATE:
            raise found.login_not_offered(self.protocol)
        if code or mechanism not in offered or mechanism not in SASL_MECHANISMS:
            raise found.mechanism_not_offered(mechanism, offered)

    def _brokers(self, talk: Talk, versions: Any) -> tuple[str, ...]:
        from kafka.errors import IncompatibleBrokerVersion
        from kafka.protocol.metadata import MetadataRequest

        at = "the request for the cluster's brokers"
        try:
            answer = talk.ask(versioned(MetadataRequest(topics=[], allow_auto_topic_creation=False), versions))
        except IncompatibleBrokerVersion as fault:
            raise found.a_controller() from fault
        except Silent as fault:
            raise found.silent(at) from fault
        except (Closed, Garbled) as fault:
            if not self.uses_sasl and (offered := self._login_offered()) is not None:
                raise found.login_required(self.protocol, offered) from fault
            raise found.closed(at) from fault
        if not answer.brokers:
            raise found.no_brokers()
        return tuple(f"[{b.host}]:{b.port}" if ":" in b.host else f"{b.host}:{b.port}" for b in answer.brokers)

    def _reach_one_of(self, brokers: tuple[str, ...]) -> None:
        """Raises a ``Finding`` unless one of the advertised addresses can be reached.

        After bootstrapping, clients connect only to the addresses that the brokers advertise.
        """
        if f"{self.host}:{self.port}" in brokers:
            return
        outcomes: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        for broker in brokers:
            threading.Thread(target=_try, args=(broker, self.deadline, outcomes.put), daemon=True).start()
        failed = dict.fromkeys(brokers, "no answer")
        with contextlib.suppress(queue.Empty):
            for _ in brokers:
                broker, why = outcomes.get(timeout=left(self.deadline))
                if why is None:
                    return
                failed[broker] = why
        raise found.advertised_unreachable([f"{broker} ({why})" for broker, why in failed.items()])

    # Second connections, which distinguish two causes of one failure

    def _speaks_plainly(self) -> bool:
        with contextlib.suppress(Silent, Closed, Garbled, Finding), self._connected(self.deadline) as plain:
            Talk(plain, self.deadline).api_versions()
            return True
        return False

    def _speaks_tls(self) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only the handshake is made
        try:
            with self._connected(self.deadline) as plain:
                plain.settimeout(left(self.deadline))
                with context.wrap_socket(plain, server_hostname=self.host.rstrip(".")):
                    return True
        except ssl.SSLError as fault:
            return "ALERT" in (fault.reason or "")
        except (OSError, Finding):
            return False

    def _http(self) -> Finding | None:
        with contextlib.suppress(OSError, Finding), self._connected(self.deadline) as plain:
            plain.settimeout(left(self.deadline))
            plain.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            heard = plain.recv(5)
            return found.not_kafka(heard) if heard == b"HTTP/" else None
        return None

    def _login_offered(self) -> tuple[str, ...] | None:
        """The SASL mechanisms that the listener offers, or None if it has no logins."""
        with contextlib.suppress(Silent, Closed, Garbled, Finding), self._channel(self.deadline) as channel:
            offered, code = Talk(channel, self.deadline).mechanisms("PLAIN")
            return offered if code in {0, UNSUPPORTED_MECHANISM} else None
        return None


def _try(broker: str, deadline: float, put: Callable[[tuple[str, str | None]], None]) -> None:
    try:
        open_socket(*address_of(broker), deadline).close()
    except (OSError, Finding) as fault:
        put((broker, getattr(fault, "strerror", None) or str(fault)))
    else:
        put((broker, None))


def _is_about_our_certificate(fault: BaseException) -> bool:
    """Whether the broker ended the TLS connection because the client certificate is missing or not trusted."""
    reason = str(getattr(fault, "reason", None) or "")
    return "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)
