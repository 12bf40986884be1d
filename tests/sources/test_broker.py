"""Client options, and messages of a consumer's records."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import TopicPartition, errors
from kafka.consumer.fetcher import ConsumerRecord
from pydantic import SecretStr

from pipelines import broker
from pipelines.broker import BrokerRefused, BrokerUnavailable, broker_faults, client_options, refuse_errors
from pipelines.broker_faults import PortRefused, TopicRefused
from pipelines.settings import KafkaSettings
from pipelines.sources import groups
from pipelines.sources.kafka import message_of

SECURE = KafkaSettings(
    bootstrap_servers="one.example:9093, two.example:9093", security_protocol="SASL_SSL",
    sasl_mechanism="SCRAM-SHA-256", sasl_username="dateline", sasl_password=SecretStr("marzipan"),
    ssl_cafile=Path("/etc/ca.pem"), request_timeout_s=7,
)


def a_record(timestamp: int = 0, headers: list[tuple[str, bytes | None]] | None = None) -> ConsumerRecord:
    return ConsumerRecord("t", 1, 0, 5, timestamp, 0, b"k", b"v", headers, None, 1, 1, 0)


def test_options_name_servers_user_and_certificates() -> None:
    options = client_options(SECURE)
    assert options["bootstrap_servers"] == ["one.example:9093", "two.example:9093"]
    assert options["sasl_plain_password"] == "marzipan"
    assert options["sasl_plain_password"].encode() == b"marzipan"
    assert (options["ssl_cafile"], options["request_timeout_ms"]) == ("/etc/ca.pem", 7_000)
    assert "ssl_certfile" not in options


def test_a_password_is_in_no_text(caplog: pytest.LogCaptureFixture) -> None:
    options = client_options(SECURE)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("kafka").debug("Starting with configuration: %s", options)
    assert "marzipan" not in caplog.text + repr(options) + str(options) + repr(SECURE) + f"{options}"


def test_no_broker_is_said_to_be_none() -> None:
    with pytest.raises(BrokerUnavailable, match="No Kafka broker is configured"):
        client_options(KafkaSettings(bootstrap_servers=None))


@pytest.mark.parametrize(
    ("fault", "becomes"),
    [(errors.TopicAuthorizationFailedError(), TopicRefused), (errors.GroupAuthorizationFailedError(), BrokerRefused),
     (errors.SaslAuthenticationFailedError("wrong password"), BrokerRefused),
     (errors.KafkaError(f"Unexpected error in InitProducerIdResponse: {errors.ClusterAuthorizationFailedError()}"),
      TopicRefused)],
)
def test_faults_of_the_library_become_ours(fault: Exception, becomes: type[Exception]) -> None:
    with pytest.raises(becomes, match=r"Could not look: the broker at one\.example"), broker_faults(SECURE, "look"):
        raise fault


@pytest.mark.parametrize(
    "fault", [errors.KafkaTimeoutError("slow"), errors.NotLeaderForPartitionError(), ConnectionResetError("reset")]
)
def test_what_the_library_leaves_unsaid_is_looked_up(fault: Exception) -> None:
    nobody = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    says = r"Could not look\. 127\.0\.0\.1:1: .* nothing listens on port 1"
    with pytest.raises(PortRefused, match=says), broker_faults(nobody, "look"):
        raise fault


def test_a_header_may_have_no_value() -> None:
    message = message_of(a_record(headers=[("url", None)]))
    assert message.headers == (("url", None),)
    assert message.header("url") is None


@pytest.mark.parametrize(
    ("milliseconds", "moment"),
    [(1_772_616_600_123, datetime(2026, 3, 4, 9, 30, 0, 123_000, tzinfo=UTC)),
     (-1, datetime(1970, 1, 1, tzinfo=UTC)),
     (1_772_616_600_123_000_000, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))],
)
def test_any_timestamp_is_a_moment(milliseconds: int, moment: datetime) -> None:
    assert message_of(a_record(milliseconds)).timestamp == moment


class FakeAdmin:
    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeAdmin]:
    """The admin clients that questions were asked of."""
    admins: list[FakeAdmin] = []

    def make(*_: object) -> FakeAdmin:
        admins.append(FakeAdmin())
        return admins[-1]

    monkeypatch.setattr(broker, "connect", make)
    return admins


def test_each_question_has_a_connection_of_its_own(made: list[FakeAdmin]) -> None:
    asked = [broker.ask_broker(SECURE, "ask", lambda admin: admin) for _ in range(2)]
    assert asked == made
    assert [admin.is_closed for admin in made] == [True, True]


def test_a_standing_connection_serves_all_questions_and_is_closed_at_its_end(made: list[FakeAdmin]) -> None:
    with broker.standing_connection():
        asked = [broker.ask_broker(SECURE, "ask", lambda admin: admin) for _ in range(3)]
        assert not made[0].is_closed
    assert asked == made * 3
    assert made[0].is_closed


def test_a_standing_connection_is_made_again_after_a_fault_and_for_other_settings(made: list[FakeAdmin]) -> None:
    def refuse(_: object) -> None:
        raise ValueError("no")

    with broker.standing_connection():
        with pytest.raises(ValueError, match="no"):
            broker.ask_broker(SECURE, "ask", refuse)
        broker.ask_broker(SECURE, "ask", lambda admin: admin)
        broker.ask_broker(SECURE.model_copy(update={"group_id": "other"}), "ask", lambda _: None)
    assert len(made) == 3
    assert all(admin.is_closed for admin in made)


def test_an_error_code_anywhere_in_an_answer_is_raised() -> None:
    refuse_errors({"error_code": 0, "topics": [{"error_code": 0, "name": "t", "configs": {"a": {"value": "1"}}}]}, "t")
    with pytest.raises(errors.PolicyViolationError):
        refuse_errors({"topics": [{"error_code": 0}, {"error_code": 44, "error_message": "no"}]}, "t")
    with pytest.raises(errors.NotLeaderForPartitionError, match="topic t, partition 3"):
        refuse_errors([{"error_code": 0, "partitions": [{"error_code": 6, "partition_index": 3}]}], "topic t")


class Refusing:
    """An admin client of a broker that answers a commit so, partition by partition."""

    def __init__(self, **answers: type[Exception]) -> None:
        self.answers = {TopicPartition("t", int(name[1:])): fault for name, fault in answers.items()}

    def alter_group_offsets(self, group: str, wanted: object) -> dict[TopicPartition, type[Exception]]:
        return self.answers


def test_every_partition_of_a_commit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def commit(**answers: type[Exception]) -> None:
        monkeypatch.setattr(groups, "ask_broker", lambda _kafka, _doing, question: question(Refusing(**answers)))
        groups.commit_group_offsets(SECURE, "t", {0: 5, 1: 6})

    commit(p0=errors.NoError, p1=errors.NoError)
    with pytest.raises(BrokerRefused, match="UnknownMemberIdError"):
        commit(p0=errors.NoError, p1=errors.UnknownMemberIdError)
    with pytest.raises(BrokerRefused, match=r"\{1: 'no answer'\}"):
        commit(p0=errors.NoError)
    with pytest.raises(errors.CoordinatorLoadInProgressError):  # asked again by ``ask_broker``
        commit(p0=errors.CoordinatorLoadInProgressError, p1=errors.NoError)


@pytest.mark.parametrize(
    "fault", [errors.KafkaError("no leader"), errors.KafkaTimeoutError("no leader"), OSError("no leader")]
)
def test_the_library_s_error_is_named_once(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "probe_broker", lambda *_: None)
    with pytest.raises(BrokerUnavailable) as shown, broker_faults(SECURE, "send"):
        raise fault
    assert f" s: {type(fault).__name__}: no leader." in str(shown.value)
