"""Settings that are unknown, malformed or contradictory are refused, all at once, in words that show no secret."""

from __future__ import annotations

import json

import pytest

from pipelines.environment import known_variables, read_settings
from pipelines.settings import SettingsWrong

KAFKA, BATCH = "DATELINE_KAFKA__", "DATELINE_BATCH__"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in os.environ:
        if name.startswith("DATELINE_"):
            monkeypatch.delenv(name)


def refused(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    """The problems that the environment's settings are refused for."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsWrong) as caught:
        read_settings()
    problems, _, advice = str(caught.value).partition("\nWhat to do: ")
    assert advice == "correct or unset these variables. docs/settings.md lists all settings."
    return problems.splitlines()


@pytest.mark.parametrize(("name", "meant"), [
    ("DATELINE_HOMES", "DATELINE_HOME"),
    ("DATELINE_KAFKA_PARTITIONS", "DATELINE_KAFKA__PARTITIONS"),
    ("DATELINE_KAFKA__PARTITION", "DATELINE_KAFKA__PARTITIONS"),
    ("DATELINE_KAFKA__CONSUMER__FETCH_MAX_BYTES", "DATELINE_KAFKA__CONSUMER"),
    ("DATELINE_BATCH__DEADLINE", "DATELINE_BATCH__DEADLINE_S"),
    ("DATELINE_BATCH__WORKERS__X", "DATELINE_BATCH__WORKERS"),
    ("DATELINE_HOME__X", "DATELINE_HOME"),
    ("DATELINE_LIMITS__BODY_BYTES__MOST__EVER", "DATELINE_LIMITS__BODY_BYTES"),
    ("DATELINE_BOOTSTRAP_SERVERS", "DATELINE_KAFKA__BOOTSTRAP_SERVERS"),
    ("Dateline_Home", "DATELINE_HOME"),
    ("dateline_models", "DATELINE_MODELS"),
    ("DATELINE_", "DATELINE_HOME"),
])  # fmt: skip
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    assert refused(monkeypatch, **{name: "3"}) == [f"{name} is not a setting of Dateline: did you mean {meant}?"]


@pytest.mark.parametrize("name", [
    "DATELINE_TEST_PAUSE", "DATELINE_SERVICE_HOST", "DATELINE_KAFKA_SERVICE_PORT_CLIENT",
    "DATELINE_PORT_8080_TCP_ADDR", "DATELINERS_PICK", "MY_DATELINE_HOME",
])  # fmt: skip
def test_what_kubernetes_and_the_tests_set_is_passed_over(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    monkeypatch.setenv("DATELINE_PORT", "tcp://10.0.0.1:80")
    assert read_settings().kafka.partitions == 4


@pytest.mark.parametrize("variable", sorted(known_variables()))
def test_no_variable_may_be_set_to_nothing(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    (problem,) = refused(monkeypatch, **{variable: " "})
    assert problem.startswith(f"{variable} is set to nothing: unset it to get its default, or set it to ")


TOPIC = "must be a topic name that Kafka allows: 1 to 249 of the characters A-Z, a-z, 0-9, '.', '_' and '-'"
SERVERS = "must be host:port, with commas between several; the port is from 1 to 65535"


@pytest.mark.parametrize(("variable", "value", "rule"), [
    (KAFKA + "PARTITIONS", "0", "must be at least 1"),
    ("DATELINE_RIGHTS__NOAI", "drop", "must be one of load, load_without_body, reject"),
    (KAFKA + "PARTITIONS", "four", "must be a whole number"),
    (KAFKA + "REQUEST_TIMEOUT_S", "-5", "must be at least 0.1"),
    (KAFKA + "REQUEST_TIMEOUT_S", "inf", "must be a finite number"),
    (KAFKA + "RAW_TOPIC", "raw articles", TOPIC),
    (KAFKA + "REJECTED_TOPIC", "..", TOPIC),
    (KAFKA + "CLEAN_TOPIC", "clean articles", TOPIC),
    (KAFKA + "RAW_TOPIC", "a" * 250, TOPIC),
    (KAFKA + "BOOTSTRAP_SERVERS", "kafka-1", SERVERS),
    (KAFKA + "BOOTSTRAP_SERVERS", "kafka-1:0", SERVERS),
    (KAFKA + "BOOTSTRAP_SERVERS", "kafka-1:70000", SERVERS),
    (KAFKA + "BOOTSTRAP_SERVERS", "kafka-1:9092,,kafka-2:9092", SERVERS),
    (KAFKA + "BOOTSTRAP_SERVERS", "http://kafka-1:9092", SERVERS),
    (KAFKA + "SECURITY_PROTOCOL", "TLS", "must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
    ("DATELINE_LIMITS__BODY_BYTES", "-1", "must be at least 1"),
    ("DATELINE_LIMITS__MESSAGE_BYTES", "10MB", "must be a whole number"),
    ("DATELINE_LIMITS__MESSAGE_BYTES", "9" * 20, "must be less than 1,125,899,906,842,624"),
    (BATCH + "DEADLINE_S", "1e9", "must be at most 604,800"),
    (BATCH + "DEADLINE_S", "0", "must be more than 0"),
    (BATCH + "DEADLINE_S", "nan", "must be a finite number"),
    ("DATELINE_PATIENCE__RETRY_DELAYS_S", "0", "must be more than 0"),
    ("DATELINE_PATIENCE__RETRY_DELAYS_S", "1 4",
     "must be one or more numbers of seconds, separated by commas, as in 1,4,10,30"),
    (BATCH + "FAULT_SHARE", "1.5", "must be at most 1"),
    (BATCH + "RECORDS_WORTH_A_WORKER", "0", "must be at least 1"),
    (BATCH + "RETENTION_GAP", "skip", "must be one of stop, continue"),
    ("DATELINE_DRIFT__REJECTED_RISE", "nan", "must be a finite number"),
    ("DATELINE_DRIFT__QUARANTINE", "perhaps", "must be true or false"),
    ("DATELINE_SCHEMA_IDS", '{"x": "raw_article/1"}',
     'must be a JSON object from schema ids to schemas, as in {"42": "raw_article/1"}'),
])  # fmt: skip
def test_values_are_checked(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, rule: str) -> None:
    seen = "x" if variable == "DATELINE_SCHEMA_IDS" else value[:80]
    assert refused(monkeypatch, **{variable: value}) == [f"{variable} {rule}; it is {seen!r}."]


@pytest.mark.parametrize(("variable", "value"), [
    (KAFKA + "CONSUMER", "{'sasl_plain_password': 'marzipan'}"),
    (KAFKA + "CONSUMER", '["marzipan"]'),
    ("DATELINE_BEAM_OPTIONS", "--password=marzipan"),
    ("DATELINE_BEAM_OPTIONS", '[["marzipan"]]'),
    ("DATELINE_KAFKA", '{"sasl_password": "marzipan"'),
    ("DATELINE_KAFKA", '{"sasl_password": ["marzipan"]}'),
    ("DATELINE_SCHEMA_IDS", "https://me:marzipan@registry.example"),
    (KAFKA + "BOOTSTRAP_SERVERS", "SASL_SSL://me:marzipan@kafka-1:9092"),
])  # fmt: skip
def test_a_malformed_value_is_refused_with_the_form_wanted_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    (problem,) = refused(monkeypatch, **{variable: value})
    assert problem.startswith(variable)
    assert " must be " in problem
    assert "marzipan" not in problem


@pytest.mark.parametrize(("environment", "beginning"), [
    ({KAFKA + "RAW_TOPIC": "pages", KAFKA + "REJECTED_TOPIC": "pages"},
     "DATELINE_KAFKA__REJECTED_TOPIC names the same topic as DATELINE_KAFKA__RAW_TOPIC"),
    ({KAFKA + "RAW_TOPIC": "pages", KAFKA + "CLEAN_TOPIC": "pages"},
     "DATELINE_KAFKA__CLEAN_TOPIC names the same topic as DATELINE_KAFKA__RAW_TOPIC"),
    ({KAFKA + "REJECTED_TOPIC": "pages", KAFKA + "CLEAN_TOPIC": "pages"},
     "DATELINE_KAFKA__CLEAN_TOPIC names the same topic as DATELINE_KAFKA__REJECTED_TOPIC"),
    ({BATCH + "MESSAGE_DEADLINE_S": "901"},
     "DATELINE_BATCH__MESSAGE_DEADLINE_S is 901 s, but DATELINE_BATCH__DEADLINE_S gives the whole batch only 900 s"),
    ({KAFKA + "SECURITY_PROTOCOL": "SASL_SSL", KAFKA + "SASL_MECHANISM": "PLAIN", KAFKA + "SASL_USERNAME": "me"},
     "DATELINE_KAFKA__SASL_PASSWORD is not set, but DATELINE_KAFKA__SECURITY_PROTOCOL is SASL_SSL"),
    ({KAFKA + "SSL_KEYFILE": "key.pem"}, "DATELINE_KAFKA__SSL_KEYFILE is set, but DATELINE_KAFKA__SSL_CERTFILE is not"),
    ({"DATELINE_DRIFT__FEWEST_PAST_BATCHES": "21"},
     "DATELINE_DRIFT__FEWEST_PAST_BATCHES is 21, but only the last 20 batches are compared"),
])  # fmt: skip
def test_settings_that_contradict_each_other_are_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], beginning: str
) -> None:
    (problem,) = refused(monkeypatch, **environment)
    assert problem.startswith(beginning)
    assert "marzipan" not in problem


def test_all_problems_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = refused(monkeypatch, **{
        "DATELINE_WAREHOSE": "x", KAFKA + "PARTITIONS": "0", KAFKA + "CONSUMER": "{", BATCH + "WORKERS": "many",
    })
    assert [problem.split()[0] for problem in problems] == [
        "DATELINE_WAREHOSE", KAFKA + "PARTITIONS", KAFKA + "CONSUMER", BATCH + "WORKERS",
    ]


def test_a_variable_for_a_part_hides_no_problem_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = refused(monkeypatch, DATELINE_KAFKA='{"partitions": ', DATELINE_KAFKA__PARTS="3")
    assert [problem.split()[0] for problem in problems] == ["DATELINE_KAFKA__PARTS", "DATELINE_KAFKA"]


def test_what_fits_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        KAFKA + "BOOTSTRAP_SERVERS": "kafka-1:9092, [::1]:9093", KAFKA + "CONSUMER": '{"fetch_max_bytes": 1024}',
        "DATELINE_BEAM_OPTIONS": '["--streaming"]', "DATELINE_SCHEMA_IDS": '{"42": "raw_article/1"}',
        "DATELINE_LIMITS": json.dumps({"body_bytes": 7}), "DATELINE_HOME": "here",
    }.items():
        monkeypatch.setenv(name, value)
    settings = read_settings(runner="PrismRunner")
    assert settings.kafka.bootstrap_servers == "kafka-1:9092, [::1]:9093"
    assert settings.kafka.consumer == {"fetch_max_bytes": 1024}
    assert (settings.beam_options, settings.schema_ids) == (["--streaming"], {42: "raw_article/1"})
    assert (settings.limits.body_bytes, settings.runner, settings.home.is_absolute()) == (7, "PrismRunner", True)


def test_a_flag_is_named_as_a_flag() -> None:
    with pytest.raises(SettingsWrong, match="--runner must not be empty"):
        read_settings(runner=" ")


@pytest.mark.parametrize(("given", "delays"), [("0.5, 2,4", (0.5, 2, 4)), ("3", (3,)), ("[1, 2]", (1, 2))])
def test_delays_are_numbers_with_commas_between_them(
    monkeypatch: pytest.MonkeyPatch, given: str, delays: tuple[float, ...]
) -> None:
    monkeypatch.setenv("DATELINE_PATIENCE__RETRY_DELAYS_S", given)
    assert read_settings().patience.retry_delays_s == delays


KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEYS = "DATELINE_ENCRYPTION__KEYRING"
NOT_32 = "must have 32 bytes in Base64 as key 2026a, as `openssl rand -base64 32` makes them."


@pytest.mark.parametrize(("value", "problem"), [
    (f"2026a:{KEY[:20]}", NOT_32), (f"2026a:{KEY}x", NOT_32), ("2026a", NOT_32), ("2026a:pässword", NOT_32),
    (KEY, "must be id:key, with commas between several; an id has at most 64 letters, digits, . _ -."),
    (f"2026a:{KEY},2026a:{KEY}", "must name each key once."),
])
def test_keys_are_checked_and_not_repeated(monkeypatch: pytest.MonkeyPatch, value: str, problem: str) -> None:
    assert refused(monkeypatch, **{KEYS: value}) == [f"{KEYS} {problem}"]


def test_the_current_key_has_to_be_one_of_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    of = "DATELINE_ENCRYPTION__KEY_ID is 2026a, but DATELINE_ENCRYPTION__KEYRING"
    assert refused(monkeypatch, DATELINE_ENCRYPTION__KEY_ID="2026a") == [f"{of} is not set."]
    assert refused(monkeypatch, **{KEYS: f"2025b:{KEY}, 2024:{KEY}"}) == [f"{of} has 2024, 2025b."]
    monkeypatch.setenv(KEYS, f"2025b:{KEY},2026a:{KEY}")
    settings = read_settings()
    assert settings.encryption.keyring["2026a"].get_secret_value() == KEY
    assert KEY not in repr(settings)


def test_no_setting_hides_a_method_of_a_mapping() -> None:
    """Prefect takes whatever has ``keys`` for a mapping, and calls it."""
    parts = {part for variable in known_variables() for part in variable.removeprefix("DATELINE_").lower().split("__")}
    assert not parts & {name for name in dir(dict) if not name.startswith("_")}
