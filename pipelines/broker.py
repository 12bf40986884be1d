"""How Kafka is reached: one set of client options, one translation of a broker's faults into ours."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.settings import KafkaSettings

if TYPE_CHECKING:
    from kafka import KafkaAdminClient


ASK_AGAIN_S = 0.1
WIRE_LOGS = ("kafka.protocol.parser", "kafka.net.connection")  # at DEBUG they write out what is sent: the password


class BrokerUnavailable(Exception):
    """The broker is away, does not answer or refuses us now: what a flow may try again."""


class BrokerRefused(Exception):
    """The broker answered, and says no: settings are wrong, and trying again does not help."""


class Masked(str):
    """A secret that clients can use and that no log line or traceback shows.

    >>> {"password": Masked("marzipan")}
    {'password': '***'}
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Options that consumer, producer and admin client share; secrets in it are masked.

    Raises ``BrokerUnavailable`` when no broker is set.
    """
    if not kafka.bootstrap_servers:
        raise BrokerUnavailable(
            "No Kafka broker is named.\n"
            "What to do: start one with `dateline up`, or set DATELINE_KAFKA__BOOTSTRAP_SERVERS=host:port."
        )
    timeout_ms = int(kafka.request_timeout_s * 1000)
    options: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in kafka.bootstrap_servers.split(",") if server.strip()],
        "client_id": "dateline",
        "request_timeout_ms": timeout_ms,
        "bootstrap_timeout_ms": timeout_ms,
        "reconnect_backoff_max_ms": 1_000,  # the library's 30 s would outlast our own patience
        "security_protocol": kafka.security_protocol,
    }
    password = kafka.sasl_password.get_secret_value() if kafka.sasl_password else None
    if password is not None:
        for name in WIRE_LOGS:
            logging.getLogger(name).setLevel(logging.INFO)
    named = {
        "sasl_mechanism": kafka.sasl_mechanism,
        "sasl_plain_username": kafka.sasl_username,
        "sasl_plain_password": None if password is None else Masked(password),
        "ssl_cafile": kafka.ssl_cafile and str(kafka.ssl_cafile),
        "ssl_certfile": kafka.ssl_certfile and str(kafka.ssl_certfile),
        "ssl_keyfile": kafka.ssl_keyfile and str(kafka.ssl_keyfile),
    }
    return options | {name: value for name, value in named.items() if value is not None}


@contextlib.contextmanager
def broker_faults(kafka: KafkaSettings, doing: str) -> Iterator[None]:
    """Turn the library's errors inside the block into ours, saying what was tried."""
    from kafka import errors

    refusals = (
        errors.AuthorizationError, errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError,
        errors.IllegalSaslStateError, errors.KafkaConfigurationError, errors.UnsupportedVersionError,
        errors.PolicyViolationError, errors.InvalidConfigurationError, errors.MessageSizeTooLargeError,
        errors.InvalidReplicationFactorError, errors.InvalidPartitionsError, errors.InvalidTopicError,
    )
    try:
        yield
    except refusals as fault:
        raise BrokerRefused(
            f"Could not {doing}: the broker at {kafka.bootstrap_servers} refuses it: {_said(fault)}."
            "\nWhat to do: look at DATELINE_KAFKA__… (protocol, user, password, certificates), the user's rights and "
            "the topic's settings."
        ) from fault
    except (errors.KafkaError, OSError) as fault:
        raise BrokerUnavailable(
            f"Could not {doing}: the broker at {kafka.bootstrap_servers} does not answer as it should within "
            f"{kafka.request_timeout_s:g} s: {_said(fault)}."
            f"\nWhat to do: {_advice(kafka)}, then run again."
        ) from fault


def _advice(kafka: KafkaSettings) -> str:
    """What to look at: a broker that takes connections is up, and the library takes a wrong password for a drop."""
    if not any(map(_takes_connections, (kafka.bootstrap_servers or "").split(","))):
        return "see that it is up (`dateline up`, `dateline status`)"
    if kafka.security_protocol == "PLAINTEXT":
        return "something listens there: see that it is Kafka, and whether it wants TLS or a user (DATELINE_KAFKA__…)"
    return (
        f"something listens there and does not let us in by {kafka.security_protocol}: look at the protocol, "
        "mechanism, user, password and certificates (DATELINE_KAFKA__…)"
    )


def _takes_connections(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=1):
            return True
    except (OSError, ValueError):
        return False


def connect[Client](make: Callable[..., Client], options: Mapping[str, Any]) -> Client:
    """A client of the library; one that finds no broker is closed, thread and sockets too, which it leaves open."""
    from kafka.net.compat import KafkaNetClient

    kept = []

    def keep(**configs: Any) -> Any:
        kept.append(KafkaNetClient(**configs))
        return kept[-1]

    try:
        return make(**options, kafka_client=keep)
    except BaseException:
        for client in kept:
            client.close()
        raise


def _said(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {fault}".rstrip(": ")[:300]


def ask_broker[Answer](kafka: KafkaSettings, doing: str, question: Callable[[KafkaAdminClient], Answer]) -> Answer:
    """The answer to a question to an admin client, asked again while the broker is getting ready for it.

    For as long as a request may take: a coordinator or a leader that is being elected answers soon.
    """
    with broker_faults(kafka, doing):
        from kafka import KafkaAdminClient
        from kafka.errors import RetriableError

        admin = connect(KafkaAdminClient, client_options(kafka))
        until = time.monotonic() + kafka.request_timeout_s
        try:
            while True:
                try:
                    return question(admin)
                except RetriableError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(ASK_AGAIN_S)
        finally:
            admin.close()
