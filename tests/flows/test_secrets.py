"""What is taken for a secret, and that none is shown in any form."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime

import pytest

from flows.cli.screen import Screen, safe
from flows.deploy import deployed_environment
from flows.masking import masked
from pipelines.secrets import MaskedStream, Secrets, forms_of, learn_secrets, redact, redact_fault, secrets_in
from pipelines.settings import KafkaSettings, Settings

PASSWORD = 'pl"um & jäm/7'


@pytest.fixture(autouse=True)
def own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.secrets.SECRETS", Secrets())


@pytest.mark.parametrize(
    ("variable", "value", "secrets"),
    [
        ("DATELINE_KAFKA__SASL_PASSWORD", "marzipan", {"marzipan"}),
        ("DATELINE_KAFKA__CONSUMER", '{"sasl_plain_password": "marzipan", "client_rack": "r1"}', {"marzipan"}),
        ("DATELINE_KAFKA__CONSUMER", '{"ssl_password": "nougat"}', {"nougat"}),
        ("DATELINE_KAFKA__CONSUMER", '{"sasl_oauth": {"client": "c1", "more": ["nougat"]}}', {"c1", "nougat"}),
        ("DATELINE_KAFKA__CONSUMER", '{"sasl_plain_password": "marzipan"', {"marzipan"}),
        ("DATELINE_BEAM_OPTIONS", '["--db_password=marzipan", "--token", "nougat"]', {"marzipan", "nougat"}),
        ("DATELINE_BEAM_OPTIONS", '["--url=https://u:marzipan@host/x?api_key=nougat&a=1"]', {"marzipan", "nougat"}),
        ("DATELINE_WAREHOUSE", "postgresql://me:mar%40zipan@db/news?sslpassword=nougat", {"mar%40zipan", "nougat"}),
        ("DATELINE_WAREHOUSE", "postgresql://me:mar@zi/pan@db/news", {"mar", "mar@zi/pan"}),
        ("DATELINE_WAREHOUSE", "duckdb:////data/news.duckdb?motherduck_token=nougat", {"nougat"}),
        ("DATELINE_KAFKA__CONSUMER", '{"jaas": "x required username=\\"u\\" password=\\"marzipan\\";"}', {"marzipan"}),
        ("PREFECT_API_URL", "https://me:marzipan@prefect.example/api", {"marzipan"}),
        ("PREFECT_API_KEY", "pnu_marzipan", {"pnu_marzipan"}),
        ("DATELINE_ENCRYPTION__KEYRING", "2026a:marzipan", {"2026a:marzipan"}),
        ("DATELINE_ENCRYPTION__KEY_ID", "2026a", set()),
        ("DATELINE_KAFKA__SSL_KEYFILE", "/etc/key.pem", set()),
        ("DATELINE_KAFKA__SASL_USERNAME", "news", set()),
        ("DATELINE_WAREHOUSE", "duckdb:////data/news.duckdb", set()),
        ("DATELINE_WAREHOUSE", "postgresql://dateline@db/news", set()),
        ("DATELINE_KAFKA__BOOTSTRAP_SERVERS", "kafka-1:9092,kafka-2:9092", set()),
    ],
)
def test_secrets_are_found_wherever_they_stand(variable: str, value: str, secrets: set[str]) -> None:
    assert secrets_in({variable: value}) == secrets


def test_secret_variables_are_references_in_a_deployment() -> None:
    shown = deployed_environment(
        {
            "DATELINE_KAFKA__CONSUMER": '{"ssl_password": "nougat"}', "DATELINE_BEAM_OPTIONS": '["--token=almonds"]',
            "DATELINE_WAREHOUSE": "postgresql://news:marzipan@db/news",
            "DATELINE_KAFKA__GROUP_ID": "news", "HOME": "/home/me",
        },
        Settings(),
    )
    assert shown == {
        "DATELINE_KAFKA__CONSUMER": "{{ prefect.blocks.secret.dateline-kafka-consumer }}",
        "DATELINE_BEAM_OPTIONS": "{{ prefect.blocks.secret.dateline-beam-options }}",
        "DATELINE_WAREHOUSE": "{{ prefect.blocks.secret.dateline-warehouse }}",
        "DATELINE_KAFKA__GROUP_ID": "news",
        "DATELINE_HOME": str(Settings().home),
    }


@pytest.mark.parametrize("form", sorted(forms_of(PASSWORD)))
def test_every_form_of_a_secret_is_masked(form: str) -> None:
    learn_secrets({"password": PASSWORD})
    assert redact(f"before {form} after") == "before *** after"


def test_a_short_secret_is_masked_as_a_word_only() -> None:
    learn_secrets({"password": "ab"})
    assert redact("ab is about user:ab@host") == "*** is about user:***@host"


def test_logs_and_tracebacks_are_masked() -> None:
    learn_secrets({"password": PASSWORD})
    log, written = logging.getLogger("kafka.of_the_test"), io.StringIO()
    handler = logging.StreamHandler(written)
    log.addHandler(handler)
    try:
        log.warning("sending %r and %s", PASSWORD.encode(), {"sasl_plain_password": PASSWORD})
        try:
            int(PASSWORD)
        except ValueError:
            log.exception("failed")
    finally:
        log.removeHandler(handler)
    assert not [form for form in forms_of(PASSWORD) if form in written.getvalue()]
    assert "with base 10: '***'" in written.getvalue()


def test_the_screen_is_masked_and_its_json_stays_json() -> None:
    learn_secrets({"password": "12345678"})
    out = io.StringIO()
    Screen(out, out).write_json({"offset": 12345678, "url": "x://u:12345678@h", "parts": ("12345678",)})
    assert json.loads(out.getvalue()) == {"offset": 12345678, "url": "x://u:***@h", "parts": ["***"]}
    assert safe("password 12345678") == "password ***"
    MaskedStream(out).write("\n12345678")
    assert out.getvalue().endswith("\n***")


CAUSE = "invalid literal for int() with base 10: 'inner ***'"


class Awkward(Exception):
    def __str__(self) -> str:
        return "awkward marzipan"


def test_a_masked_flow_takes_a_time_as_it_is_written() -> None:
    from flows.replay import replay

    since = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
    assert replay.validate_parameters({"since": "2026-03-04T09:30:00Z"})["since"] == since


def test_faults_that_reach_prefect_are_masked_with_their_causes() -> None:
    learn_secrets({"password": "marzipan"})

    @masked
    def fail(fault: Exception) -> None:
        try:
            int("inner marzipan")
        except ValueError as inner:
            raise fault from inner

    with pytest.raises(KeyError) as shown:
        fail(KeyError("outer marzipan"))
    assert (str(shown.value), str(shown.value.__cause__)) == ("'outer ***'", CAUSE)
    with pytest.raises(RuntimeError, match=r"^Awkward: awkward \*\*\*$"):
        fail(Awkward())
    error = OSError(2, "no marzipan", "/marzipan")
    assert str(redact_fault(error)) == "[Errno 2] no ***: '/***'"


def test_settings_do_not_show_secrets() -> None:
    kafka = KafkaSettings.model_validate({"consumer": {"sasl_plain_password": "marzipan"}})
    settings = Settings(kafka=kafka, warehouse="postgresql://me:nougat@db/x", beam_options=["--token=almonds"])
    for shown in (repr(settings), str(settings), repr(kafka), f"{kafka}"):
        assert not [secret for secret in ("marzipan", "nougat", "almonds") if secret in shown]


PERSONAL = "Ines, ines@harbour.example or +44 20 7946 0018, at 10.2.3.4:9092"
MASKED = "Ines, [email] or [phone], at 10.2.3.4:9092"


def test_personal_data_is_masked_in_logs_tracebacks_and_what_prefect_stores(caplog: pytest.LogCaptureFixture) -> None:
    learn_secrets({})
    log = logging.getLogger("kafka.of_the_test")
    log.warning("rejected: %s", PERSONAL)
    try:
        json.loads("{}")[PERSONAL]
    except KeyError as fault:
        log.exception("failed")
        shown = redact_fault(fault)
    assert caplog.text.count(MASKED) == 2
    assert "harbour.example" not in caplog.text
    assert shown.args == (MASKED,)
    MaskedStream(out := io.StringIO()).write(PERSONAL)
    assert out.getvalue() == MASKED
