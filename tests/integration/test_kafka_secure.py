"""A broker that asks who we are and shows who it is: TLS, SASL PLAIN and SCRAM, as people run Kafka."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from pydantic import SecretStr

from flows.cli.checks import run_groups
from flows.cli.checks.broker import GROUP as BROKER_GROUP
from flows.local.kafka import LocalKafka
from flows.local.processes import free_ports
from flows.outbox import GroupOffsets, Outbox
from pipelines.broker import ask_broker
from pipelines.broker_faults import (
    BrokerRefused,
    CertificateNotTrusted,
    CertificateUnreadable,
    LoginNotOffered,
    LoginRefused,
    LoginRequired,
    MechanismNotOffered,
    NotKafka,
    TlsNotSpoken,
    TlsRequired,
    TopicRefused,
)
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.settings import KafkaSettings, Settings
from pipelines.sinks.kafka import OutgoingMessage, make_topics, publish_messages
from pipelines.sources.kafka import (
    commit_group_offsets,
    first_contact,
    group_offsets,
    plan_ranges,
    read_range,
    topic_offsets,
)
from pipelines.warehouse import load_batch, open_warehouse
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.certificates import a_certificate
from tests.integration.running import Machine
from tests.warehouse.batches import Refused, refused, stage

PASSWORD = "marzipan-and-rope"
OTHERS = ("loader", "onlooker", "poor", "reader", "stranger")
"""Users who may do nothing but what a test grants them."""


@dataclass(frozen=True, slots=True)
class SecureBroker:
    """A broker with a listener of each kind: plain, SASL in the clear, TLS, SASL over TLS."""

    ports: Mapping[str, int]
    certificate: Path

    def settings(self, protocol: str, **more: Any) -> KafkaSettings:
        return KafkaSettings(**{
            "bootstrap_servers": f"127.0.0.1:{self.ports[protocol]}", "security_protocol": protocol, "partitions": 1,
            "raw_topic": "raw", "request_timeout_s": 15, "sasl_username": "dateline",
            "sasl_password": SecretStr(PASSWORD), "ssl_cafile": self.certificate,
        } | more)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    folder = tmp_path_factory.mktemp("secure")
    certificate = a_certificate(folder)
    protocols = ("PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL", "CONTROLLER")
    ports = dict(zip(protocols, free_ports(5), strict=True))
    users = " ".join(f'user_{name}="{PASSWORD}"' for name in ("dateline", *OTHERS))
    plain = f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};"
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    overrides = {
        "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items()),
        "advertised.listeners": ",".join(f"{name}://127.0.0.1:{ports[name]}" for name in protocols[:4]),
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT," + ",".join(f"{n}:{n}" for n in protocols[:4]),
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:dateline",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "keystore.pem"),
    }
    for name in ("sasl_plaintext", "sasl_ssl"):
        overrides |= {
            f"listener.name.{name}.plain.sasl.jaas.config": plain,
            f"listener.name.{name}.scram-sha-256.sasl.jaas.config": scram,
            f"listener.name.{name}.scram-sha-512.sasl.jaas.config": scram,
        }
    with LocalKafka(folder, port=ports["PLAINTEXT"], overrides=overrides).for_now() as running:
        admin = KafkaAdminClient(bootstrap_servers=running.address)
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            admin.alter_user_scram_credentials([UserScramCredentialUpsertion("dateline", mechanism, PASSWORD)])
        admin.close()
        yield SecureBroker(ports, certificate)


@pytest.mark.parametrize(
    ("protocol", "mechanism"),
    [("SSL", None), ("SASL_PLAINTEXT", "PLAIN"), ("SASL_SSL", "PLAIN"), ("SASL_SSL", "SCRAM-SHA-256"),
     ("SASL_PLAINTEXT", "SCRAM-SHA-512")],
)
def test_the_whole_way_is_gone_as_a_known_user(secure: SecureBroker, protocol: str, mechanism: str | None) -> None:
    topic = f"raw-{protocol}-{mechanism}"
    kafka = secure.settings(protocol, sasl_mechanism=mechanism, raw_topic=topic)
    make_topics(kafka)
    publish_messages(kafka, topic, [OutgoingMessage(b"k", b"a"), OutgoingMessage(b"k", b"b")])
    assert plan_ranges(kafka, topic, {}, 10).ranges == (OffsetRange(topic, 0, 0, 2),)
    found = read_range(kafka, OffsetRange(topic, 0, 0, 2))
    assert [item.value for item in found if isinstance(item, RawMessage)] == [b"a", b"b"]
    commit_group_offsets(kafka, topic, {0: 2})


IN_THE_CLEAR = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"}
OVER_TLS = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-256"}


@pytest.mark.parametrize(("listener", "changes", "fault", "says"), [
    ("SSL", {"security_protocol": "PLAINTEXT"}, TlsRequired, "SECURITY_PROTOCOL=SSL"),
    ("SASL_SSL", {"security_protocol": "PLAINTEXT"}, TlsRequired, "the listener speaks TLS"),
    ("SASL_SSL", IN_THE_CLEAR, TlsRequired, "SECURITY_PROTOCOL=SASL_SSL"),
    ("PLAINTEXT", {"security_protocol": "SSL"}, TlsNotSpoken, "SECURITY_PROTOCOL=PLAINTEXT"),
    ("SASL_PLAINTEXT", OVER_TLS, TlsNotSpoken, "SECURITY_PROTOCOL=SASL_PLAINTEXT"),
    ("SSL", {"ssl_cafile": None}, CertificateNotTrusted, "self-signed certificate"),
    ("SSL", {"bootstrap_servers": "localhost:{port}"}, CertificateNotTrusted, "not valid for 'localhost'"),
    ("SSL", {"ssl_cafile": "/no/such.pem"}, CertificateUnreadable, "SSL_CAFILE=/no/such.pem"),
    ("SASL_PLAINTEXT", {"security_protocol": "PLAINTEXT"}, LoginRequired, "the broker offers PLAIN, SCRAM-SHA"),
    ("SASL_SSL", {"security_protocol": "SSL"}, LoginRequired, "SECURITY_PROTOCOL=SASL_SSL"),
    ("SASL_SSL", OVER_TLS | {"sasl_password": None}, LoginRequired, "DATELINE_KAFKA__SASL_PASSWORD is not set"),
    ("PLAINTEXT", IN_THE_CLEAR, LoginNotOffered, "SECURITY_PROTOCOL=PLAINTEXT"),
    ("SASL_SSL", OVER_TLS | {"sasl_mechanism": "GSSAPI"}, MechanismNotOffered, "not support GSSAPI; it offers PLAIN"),
    ("SASL_PLAINTEXT", IN_THE_CLEAR | {"sasl_username": "nobody"}, LoginRefused, "Invalid username or password"),
    ("SASL_SSL", OVER_TLS | {"sasl_username": "nobody"}, LoginRefused, "SCRAM-SHA-256: Authentication failed"),
    ("CONTROLLER", {"security_protocol": "PLAINTEXT"}, NotKafka, "a Kafka controller"),
])
def test_what_is_wrong_is_named_at_once(
    secure: SecureBroker, listener: str, changes: dict[str, Any], fault: type[Exception], says: str
) -> None:
    server = changes.get("bootstrap_servers", "127.0.0.1:{port}").format(port=secure.ports[listener])
    protocol = changes.get("security_protocol", listener)
    kafka = secure.settings(listener, security_protocol=protocol)
    kafka = kafka.model_copy(update=changes | {"bootstrap_servers": server})
    began = time.monotonic()
    with pytest.raises(fault) as raised:
        plan_ranges(kafka, "raw", {}, 10)
    assert says in str(raised.value)
    assert time.monotonic() - began < kafka.connect_timeout_s


@pytest.mark.parametrize("how", [IN_THE_CLEAR, OVER_TLS], ids=["PLAIN", "SCRAM"])
def test_a_wrong_password_is_in_no_text(
    secure: SecureBroker, how: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    kafka = secure.settings(how["security_protocol"], **(how | {"sasl_password": SecretStr("wrong-and-secret")}))
    with caplog.at_level("DEBUG"), pytest.raises(LoginRefused) as fault:
        plan_ranges(kafka, "raw", {}, 10)
    assert "wrong-and-secret" not in caplog.text + str(fault.value) + repr(fault.value.__cause__) + repr(kafka)
    assert "password" in str(fault.value)


TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP
LISTED: tuple[tuple[ResourceType, str, ACLOperation], ...] = (  # what docs/operations.md lists, under "Rights in Kafka"
    (TOPIC, "raw", ACLOperation.READ), (TOPIC, "rejected", ACLOperation.WRITE),
    (TOPIC, "rejected", ACLOperation.CREATE), (TOPIC, "rejected", ACLOperation.DESCRIBE_CONFIGS),
    (GROUP, "group", ACLOperation.READ),
)


@dataclass(frozen=True, slots=True)
class Rights:
    """Topics and a group of one test, and a user who may do nothing to them but what is granted."""

    root: KafkaSettings
    kafka: KafkaSettings

    def named(self, part: str) -> str:
        names = {"raw": self.kafka.raw_topic, "rejected": self.kafka.rejected_topic, "group": self.kafka.group_id}
        return names[part]

    def grant(self, *rights: tuple[ResourceType, str, ACLOperation]) -> None:
        acls = [
            ACL(f"User:{self.kafka.sasl_username}", "*", operation, ACLPermissionType.ALLOW,
                ResourcePattern(kind, self.named(part)))
            for kind, part, operation in rights
        ]
        ask_broker(self.root, "grant rights", lambda admin: admin.create_acls(acls))

    def checked(self) -> dict[str, str]:
        """What the preflight finds, by check."""
        return {f.check: f.state for f in run_groups(Settings(kafka=self.kafka), [BROKER_GROUP])}


def rights_of(secure: SecureBroker, user: str) -> Rights:
    names = {"raw_topic": f"raw-{user}", "rejected_topic": f"rejected-{user}", "group_id": f"group-{user}"}
    root = secure.settings("PLAINTEXT", **names)
    make_topics(root, {root.raw_topic: {}})
    publish_messages(root, root.raw_topic, [OutgoingMessage(b"k", b"\xc3\x01not a schema")])
    return Rights(root, secure.settings("SASL_PLAINTEXT", sasl_mechanism="PLAIN", sasl_username=user, **names))


def test_a_user_with_the_listed_rights_and_no_others_runs_from_end_to_end(
    secure: SecureBroker, prefect_server: str, tmp_path: Path
) -> None:
    rights = rights_of(secure, "loader")
    rights.grant(*LISTED)
    assert set(rights.checked().values()) == {"ok", "untried"}  # the size of letters: the topic is yet to be made
    machine = Machine(tmp_path / "home", rights.kafka, prefect_server, workers=None)
    run = machine.run("ingest", "--json", **{
        "DATELINE_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT", "DATELINE_KAFKA__SASL_MECHANISM": "PLAIN",
        "DATELINE_KAFKA__SASL_USERNAME": "loader", "DATELINE_KAFKA__SASL_PASSWORD": PASSWORD,
    })
    assert run.returncode == 0, run.stdout
    warehouse = open_warehouse(machine.warehouse_url)
    assert warehouse.query("SELECT reason FROM dead_letters").rows == (("UnknownSchema",),)
    assert warehouse.outbox_standing() == []
    ends = topic_offsets(rights.root, rights.kafka.rejected_topic)
    assert sum(end for _, end in ends.values()) == 1
    assert group_offsets(rights.root, rights.kafka.raw_topic) == {0: 1}
    assert set(rights.checked().values()) == {"ok"}


def test_each_right_that_is_missing_is_named_and_keeps_nothing_from_being_loaded(
    secure: SecureBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rights = rights_of(secure, "poor")
    kafka, settings = rights.kafka, Settings(kafka=rights.kafka, home=tmp_path)
    warehouse = DuckDBWarehouse(tmp_path / "news.duckdb")
    warehouse.prepare()
    a_letter = refused(7)
    at = Coordinates(kafka.raw_topic, 0, 7)
    moved = Refused(dataclasses.replace(a_letter.message, coordinates=at), a_letter.failure, a_letter.scraper)
    load_batch(warehouse, stage(tmp_path, moved))

    def waits() -> str:
        """Why the letter waits after another run has tried to send it."""
        Outbox(settings, warehouse).send()
        return " ".join(str(standing.why) for standing in warehouse.outbox_standing())

    assert rights.checked() == {
        "broker": "ok", "raw topic": "failed", "topic of dead letters": "failed", "size of dead letters": "untried",
        "topic of clean articles": "ok", "group offsets": "warning",
    }
    group = GroupOffsets(settings)
    group.commit({0: 1})
    group.commit({0: 2})
    assert caplog.text.count("Group offsets were not committed") == 1
    rights.grant(LISTED[0])
    assert len(list(read_range(kafka, plan_ranges(kafka, kafka.raw_topic, {}, 10).ranges[0]))) == 1
    assert rights.checked()["raw topic"] == "ok"
    assert f"--create --topic {kafka.rejected_topic}" in waits()
    rights.grant(LISTED[1])
    assert f"--create --topic {kafka.rejected_topic}" in waits()
    make_topics(rights.root, {kafka.rejected_topic: {}})
    assert rights.checked()["size of dead letters"] == "warning"
    assert waits() == ""
    assert sum(end for _, end in topic_offsets(rights.root, kafka.rejected_topic).values()) == 1


def as_user(secure: SecureBroker, name: str, topic: str) -> KafkaSettings:
    return secure.settings("SASL_PLAINTEXT", sasl_mechanism="PLAIN", sasl_username=name, raw_topic=topic)


@pytest.mark.parametrize("topic", ["not-for-strangers", "no-such-topic"])
def test_a_user_without_rights_is_refused_and_never_caught_up(secure: SecureBroker, topic: str) -> None:
    make_topics(secure.settings("PLAINTEXT"), {"not-for-strangers": {}})
    kafka = as_user(secure, "stranger", topic)
    doings: list[tuple[str, Callable[[], object]]] = [
        (f"read the offsets of {topic}", lambda: first_contact(kafka, topic)),
        (f"read the offsets of {topic}", lambda: list(read_range(kafka, OffsetRange(topic, 0, 0, 1)))),
        (f"publish to {topic}", lambda: publish_messages(kafka, topic, [OutgoingMessage(b"k", b"v")])),
        (f"make the topics {topic}", lambda: make_topics(kafka, {topic: {}})),
    ]
    for doing, attempt in doings:
        with pytest.raises(TopicRefused, match=f"Could not {doing}: .* does not let the user stranger do it"):
            attempt()
    with pytest.raises(BrokerRefused, match=r"Could not commit .* GroupAuthorizationFailedError"):
        commit_group_offsets(kafka, topic, {0: 1})


def test_who_may_see_a_topic_and_not_read_it_is_refused_its_records(secure: SecureBroker) -> None:
    topic, plain = "seen-and-not-read", secure.settings("PLAINTEXT")
    make_topics(plain, {topic: {}})
    publish_messages(plain, topic, [OutgoingMessage(b"k", b"v")])
    admin = KafkaAdminClient(bootstrap_servers=plain.bootstrap_servers)
    admin.create_acls([ACL("User:reader", "*", ACLOperation.DESCRIBE, ACLPermissionType.ALLOW,
                           ResourcePattern(ResourceType.TOPIC, topic))])
    admin.close()
    kafka = as_user(secure, "reader", topic)
    assert plan_ranges(kafka, topic, {}, 10).ranges == (OffsetRange(topic, 0, 0, 1),)
    with pytest.raises(TopicRefused, match="does not let the user reader do it"):
        list(read_range(kafka, OffsetRange(topic, 0, 0, 1)))


SEEN: tuple[tuple[ResourceType, str, ACLOperation], ...] = (
    (TOPIC, "raw", ACLOperation.DESCRIBE), *(right for right in LISTED if right[1] != "raw"),
)


def test_a_run_that_may_see_the_raw_topic_and_not_read_it_is_refused_before_it_fetches(
    secure: SecureBroker, prefect_server: str, tmp_path: Path
) -> None:
    rights = rights_of(secure, "onlooker")
    rights.grant(*SEEN)
    kafka = rights.kafka.model_copy(update={"request_timeout_s": 60})
    began = time.monotonic()
    with pytest.raises(TopicRefused, match="lets the user onlooker describe the topic but not read it") as refusal:
        first_contact(kafka, kafka.raw_topic)
    assert time.monotonic() - began < kafka.connect_timeout_s
    assert f"--operation Read --topic {kafka.raw_topic}" in str(refusal.value)
    machine = Machine(tmp_path / "home", kafka, prefect_server)
    for arguments in (("ingest", "--json"), ("status", "--json")):
        run = machine.run(*arguments, **{
            "DATELINE_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT", "DATELINE_KAFKA__SASL_MECHANISM": "PLAIN",
            "DATELINE_KAFKA__SASL_USERNAME": "onlooker", "DATELINE_KAFKA__SASL_PASSWORD": PASSWORD,
        })
        assert (run.returncode, "describe the topic but not read it" in " ".join(run.stdout.split())) == (3, True)
    assert not (machine.home / "warehouse.duckdb").exists()
    rights.grant(LISTED[0])
    assert first_contact(kafka, kafka.raw_topic).offsets == {0: (0, 1)}
