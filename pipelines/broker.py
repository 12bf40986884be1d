"""Connects to Kafka: the options that all clients share, the checks of answers, and the translation of its errors."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from pipelines.broker_faults import BrokerRefused, BrokerUnavailable, TopicNameInvalid, TopicRefused
from pipelines.phrases import in_words
from pipelines.probe import Contact, probe
from pipelines.secrets import MASK, is_secret_name, learn_secrets, secrets_in
from pipelines.settings import KafkaSettings, topic_name

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

__all__ = [
    "BrokerRefused", "BrokerUnavailable", "Contact", "TopicRefused", "ask_broker", "broker_faults", "client_options",
    "connect", "impatient", "probe_broker", "refuse_errors", "refuse_topic_name", "user_named",
]

ASK_AGAIN_S = 0.1
TRY_AGAIN_S = 0.5  # between two probes of an unavailable broker
NODE_CONNECTS_WITHIN_S = 3.0  # if one broker of several is down, the library's 10 s would use up most of the timeout
METADATA_AGAIN_MS = 20  # a new client asks which broker leads a partition only this long after its first question
REPLICA_NOT_AVAILABLE = 9  # harmless if the partition has a leader, since clients read from the leader
_QUOTED_ERROR = re.compile(r"\[Error (\d+)\]")
WIRE_LOGS = ("kafka.protocol.parser", "kafka.net.connection")  # at DEBUG they log what is sent, passwords included


class Masked(str):
    """A secret that clients can use, but that log lines and tracebacks show as ``***``.

    >>> {"password": Masked("marzipan")}
    {'password': '***'}
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


def masked_options(options: Mapping[str, object]) -> dict[str, object]:
    """The user's client options, with the values of secret ones masked.

    >>> masked_options({"ssl_password": "nougat", "fetch_min_bytes": 1})
    {'ssl_password': '***', 'fetch_min_bytes': 1}
    """
    return {
        name: Masked(value) if isinstance(value, str) and is_secret_name(name) else value
        for name, value in options.items()
    }


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """The options that consumer, producer and admin client share, with secrets masked.

    Raises ``BrokerUnavailable`` if no broker is configured.
    """
    if not kafka.bootstrap_servers:
        raise BrokerUnavailable(
            "No Kafka broker is configured.\n"
            "What to do: start one with `dateline up`, or set DATELINE_KAFKA__BOOTSTRAP_SERVERS=host:port."
        )
    timeout_ms = int(kafka.request_timeout_s * 1000)
    options: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in kafka.bootstrap_servers.split(",") if server.strip()],
        "client_id": "dateline",
        "request_timeout_ms": timeout_ms,
        "bootstrap_timeout_ms": timeout_ms,
        "reconnect_backoff_max_ms": 1_000,  # the library's 30 s would outlast our timeouts
        "security_protocol": kafka.security_protocol,
    }
    password = kafka.sasl_password.get_secret_value() if kafka.sasl_password else None
    learn_secrets(kafka)
    if secrets_in(kafka):
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


def impatient(kafka: KafkaSettings) -> KafkaSettings:
    """The settings with a short request timeout, for checks before a run starts: a slow broker is reported at once."""
    return kafka.model_copy(update={"request_timeout_s": min(kafka.connect_timeout_s, kafka.request_timeout_s)})


def probe_broker(kafka: KafkaSettings, doing: str = "connect to Kafka", timeout_s: float | None = None) -> Contact:
    """The bootstrap server that accepts the connection, and the brokers that its cluster advertises.

    It is tried once, within ``timeout_s`` or else ``connect_timeout_s``. Raises one of ``pipelines.broker_faults``: a
    ``BrokerUnavailable`` or a ``BrokerRefused`` whose name says what is wrong, and whose message says what to do.
    """
    return probe(client_options(kafka), timeout_s or kafka.connect_timeout_s, doing)


def _reach(kafka: KafkaSettings, doing: str) -> Contact:
    """``probe_broker``, repeated while the broker is unavailable, for up to ``request_timeout_s``."""
    until = time.monotonic() + kafka.request_timeout_s
    while True:
        left = until - time.monotonic()
        try:
            return probe_broker(kafka, doing, max(1.0, min(kafka.connect_timeout_s, left)))
        except BrokerUnavailable:
            if time.monotonic() + TRY_AGAIN_S > until:
                raise
            time.sleep(TRY_AGAIN_S)


def connect[Client](kafka: KafkaSettings, doing: str, make: Callable[..., Client], own: Mapping[str, Any]) -> Client:
    """A client of the library, connected to a bootstrap server that accepts it. ``own`` are its further options.

    If the client cannot be made, its thread and sockets are closed; the library leaves them open.
    """
    from kafka.net.compat import KafkaNetClient

    contact = _reach(kafka, doing)
    within_ms = NODE_CONNECTS_WITHIN_S * 1000
    patience = {"socket_connection_setup_timeout_ms": within_ms, "socket_connection_setup_timeout_max_ms": within_ms}
    kept = []

    def keep(**configs: Any) -> Any:
        client = KafkaNetClient(**(configs | patience))
        client.cluster.config["retry_backoff_ms"] = METADATA_AGAIN_MS
        kept.append(client)
        return client

    try:
        return make(**{**client_options(kafka), **own, "bootstrap_servers": [contact.server], "kafka_client": keep})
    except BaseException:
        for client in kept:
            client.close()
        raise


def missing_certificates(kafka: KafkaSettings) -> Iterator[tuple[str, str]]:
    """The settings whose certificate or key file cannot be read, each with what is wrong."""
    for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
        path = getattr(kafka, name)
        if path is None:
            continue
        try:
            path.open("rb").close()
        except OSError as fault:
            yield f"DATELINE_KAFKA__{name.upper()}", f"names {path}, which cannot be read: {fault.strerror}"


@contextlib.contextmanager
def broker_faults(kafka: KafkaSettings, doing: str) -> Iterator[None]:
    """Turn the library's errors inside the block into those of ``broker_faults``. ``doing`` is what was tried."""
    from kafka import errors

    refusals = (
        errors.AuthorizationError, errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError,
        errors.IllegalSaslStateError, errors.KafkaConfigurationError, errors.UnsupportedVersionError,
        errors.PolicyViolationError, errors.InvalidConfigurationError, errors.MessageSizeTooLargeError,
        errors.InvalidReplicationFactorError, errors.InvalidPartitionsError, errors.InvalidTopicError,
    )
    try:
        yield
    except errors.TopicAuthorizationFailedError as fault:
        raise TopicRefused(
            f"Could not {doing}: the broker at {kafka.bootstrap_servers} does not let {user_named(kafka)} do it: "
            f"{_shortened(fault)}. "
            "A user without rights cannot see whether the topic exists."
            "\nWhat to do: give the user Describe and Read on the topic that is read, and Describe and Write on the "
            "one that is written (`kafka-acls --add --allow-principal User:NAME --operation … --topic …`)."
        ) from fault
    except refusals as fault:
        raise BrokerRefused(
            f"Could not {doing}: the broker at {kafka.bootstrap_servers} refuses it: {_shortened(fault)}."
            "\nWhat to do: check the settings DATELINE_KAFKA__… (protocol, user, password, certificates), the user's "
            "rights and the topic's settings."
        ) from fault
    except (errors.KafkaError, OSError) as fault:
        if issubclass(_error_in(fault), errors.AuthorizationError):
            raise _may_not_write(kafka, doing, fault) from fault
        raise _current_fault(kafka, doing) or BrokerUnavailable(
            f"Could not {doing}: the broker at {kafka.bootstrap_servers} did not answer properly within "
            f"{kafka.request_timeout_s:g} s: {_shortened(fault)}."
            "\nWhat to do: check the broker's log and whether every partition has a leader (`kafka-topics --describe "
            "--unavailable-partitions`), then run again."
        ) from fault


def _current_fault(kafka: KafkaSettings, doing: str) -> Exception | None:
    """The fault that a probe finds now, or None if the broker accepts the connection."""
    try:
        probe_broker(kafka, doing)
    except (BrokerUnavailable, BrokerRefused) as fault:
        return fault
    return None


def _error_in(fault: BaseException) -> type[BaseException]:
    """The type of the broker's error. The library's producer quotes some errors in the text of a bare ``KafkaError``.

    >>> from kafka.errors import KafkaError
    >>> _error_in(KafkaError("Unexpected error in InitProducerIdResponse: [Error 31] ClusterAuthorizationFailedError"))
    <class 'kafka.errors.ClusterAuthorizationFailedError'>
    """
    from kafka import errors

    quoted = _QUOTED_ERROR.search(str(fault)) if type(fault) is errors.KafkaError else None
    return errors.for_code(int(quoted[1])) if quoted else type(fault)


def _may_not_write(kafka: KafkaSettings, doing: str, fault: BaseException) -> TopicRefused:
    """The fault of a user who may write to no topic: an idempotent producer is refused before it names a topic."""
    return TopicRefused(
        f"Could not {doing}: the broker at {kafka.bootstrap_servers} lets {user_named(kafka)} write to no topic: "
        f"{_shortened(fault)}."
        "\nWhat to do: give the user Write on the topic that is written (`kafka-acls --add --allow-principal "
        "User:NAME --operation Write --topic …`), and on brokers before 2.8 IdempotentWrite on the cluster too."
    )


def user_named(kafka: KafkaSettings) -> str:
    """The configured user, in words for a message."""
    return f"the user {kafka.sasl_username}" if kafka.sasl_username else "a client without a user"


def _shortened(fault: BaseException) -> str:
    return in_words(fault)[:300]


def ask_broker[Answer](kafka: KafkaSettings, doing: str, question: Callable[[KafkaAdminClient], Answer]) -> Answer:
    """The result of ``question`` for an admin client, which is repeated after retriable errors.

    It is repeated for up to ``request_timeout_s``: while a coordinator or a leader is elected, such errors pass soon.
    """
    with broker_faults(kafka, doing), (_standing.get() or _Connection()).admin(kafka, doing) as admin:
        from kafka.errors import RetriableError

        until = time.monotonic() + kafka.request_timeout_s
        while True:
            try:
                return question(admin)
            except RetriableError:
                if time.monotonic() > until:
                    raise
                time.sleep(ASK_AGAIN_S)


class _Connection:
    """The connection of an admin client to a broker. It is closed after each question, unless it is ``standing``."""

    def __init__(self, *, standing: bool = False) -> None:
        self.standing = standing
        self._kafka: KafkaSettings | None = None
        self._admin: KafkaAdminClient | None = None

    @contextlib.contextmanager
    def admin(self, kafka: KafkaSettings, doing: str) -> Iterator[KafkaAdminClient]:
        if self._kafka != kafka:
            self.close()
        if self._admin is None:
            self._kafka, self._admin = kafka, connect(kafka, doing, _checked_admin(), {})
        try:
            yield self._admin
        except BaseException:  # after an error, the state of the client is unknown
            self.close()
            raise
        if not self.standing:
            self.close()

    def close(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()


_standing: ContextVar[_Connection | None] = ContextVar("standing", default=None)


@contextlib.contextmanager
def standing_connection() -> Iterator[None]:
    """Inside the block, all questions to the broker share one connection, which is made again after an error."""
    connection = _Connection(standing=True)
    token = _standing.set(connection)
    try:
        yield
    finally:
        _standing.reset(token)
        connection.close()


@cache
def _checked_admin() -> type[KafkaAdminClient]:
    """An admin client that raises the error codes in answers about topic settings, which the library ignores."""
    from kafka import KafkaAdminClient

    class CheckedAdmin(KafkaAdminClient):  # type: ignore[misc]
        @classmethod
        def _describe_configs_process_responses(cls, responses: Sequence[Any], config_filter: Any = "modified") -> Any:
            for response in responses:
                for result in response.results:
                    refuse_error(result.error_code, f"settings of {result.resource_name}")
            return super()._describe_configs_process_responses(responses, config_filter)

    return CheckedAdmin


def refuse_errors(answer: Any, about: str) -> None:
    """Raise the library's error for the first error code in an answer. The library itself ignores most of them.

    ``answer`` is any nesting of dicts and lists, as admin calls return it. ``about`` names what was asked for.
    """
    if isinstance(answer, Mapping):
        code = answer.get("error_code", 0)
        if not (code == REPLICA_NOT_AVAILABLE and answer.get("leader_id", -1) >= 0):
            partition = f", partition {answer['partition_index']}" if "partition_index" in answer else ""
            refuse_error(code, about + partition)
        for inner in answer.values():
            refuse_errors(inner, about)
    elif isinstance(answer, list | tuple):
        for inner in answer:
            refuse_errors(inner, about)


def refuse_error(code: int, about: str) -> None:
    """Raise the library's error for this code, unless the code is 0 (success)."""
    from kafka import errors

    if code:
        raise errors.for_code(code)(about)


def refuse_topic_name(topic: str) -> None:
    """Raises ``TopicNameInvalid`` for a name that no topic can have. No broker is asked."""
    try:
        topic_name(topic)
    except ValueError as fault:
        raise TopicNameInvalid(
            f"{topic[:300]!r} is not a valid name for a Kafka topic: it {fault}."
            "\nWhat to do: correct --topic, DATELINE_KAFKA__RAW_TOPIC or DATELINE_KAFKA__REJECTED_TOPIC."
        ) from None
