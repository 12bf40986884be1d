"""Nothing that runs and deployments write shows a secret: files of the home, Prefect's database, the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.local.prefect import LocalPrefect, api_url
from pipelines.samples import sample_messages
from pipelines.secrets import forms_of
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from tests.integration.running import ROOT, Machine

SECRETS = {
    "password": 'marz"ipan & rope/é', "consumer": "nougat-of-the-consumer", "beam": "almonds-of-beam",
    "url": "pistachio%2Dof%2Dthe%2Durl", "query": "walnut-of-the-query",
}
GIVEN = {
    "DATELINE_KAFKA__SASL_PASSWORD": SECRETS["password"],
    "DATELINE_KAFKA__CONSUMER": json.dumps({"sasl_plain_password": SECRETS["consumer"]}),
    "DATELINE_BEAM_OPTIONS": json.dumps([f"--api_token={SECRETS['beam']}"]),
}
ENGINE = """
import os
def engine():
    raise RuntimeError("no engine with " + os.environ["DATELINE_KAFKA__SASL_PASSWORD"])
"""


@pytest.fixture
def own_prefect(other_prefect: LocalPrefect) -> Iterator[LocalPrefect]:
    """A server of this test alone: another shard may deploy to the one that they share."""
    with other_prefect.for_now():
        yield other_prefect


def test_no_secret_is_written_anywhere(
    kafka: KafkaSettings, own_prefect: LocalPrefect, tmp_path: Path
) -> None:
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, list(sample_messages())[:10])
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "broken_engine.py").write_text(ENGINE)
    address = f"postgresql://news:{SECRETS['url']}@db.example/news?sslpassword={SECRETS['query']}"
    running = own_prefect.running()
    assert running is not None
    machine = Machine(tmp_path / "home", kafka, api_url(running), workers=None)
    shown = []
    for code, arguments, more in (
        (0, ("deploy", "--verbose", "--work-pool", "of-secrets"), {}),
        (0, ("ingest", "--verbose"), {}),
        (5, ("ingest", "--verbose", "--new-warehouse"), {
            "DATELINE_MODELS": "broken_engine:engine", "PYTHONPATH": f"{tmp_path / 'own'}:{ROOT}",
            "DATELINE_WAREHOUSE": f"duckdb:///{tmp_path / 'home' / 'other.duckdb'}",
        }),
        (3, ("ingest", "--verbose"), {
            "DATELINE_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT", "DATELINE_KAFKA__SASL_MECHANISM": "PLAIN",
            "DATELINE_KAFKA__SASL_USERNAME": "news", "DATELINE_KAFKA__REQUEST_TIMEOUT_S": "3",
        }),
        (3, ("query", "--verbose", "--json", "SELECT 1"), {"DATELINE_WAREHOUSE": address}),
        (0, ("deploy", "--verbose"), {"DATELINE_WAREHOUSE": address}),
        (0, ("status", "--json"), {"DATELINE_WAREHOUSE": address}),
        (2, ("query", "--verbose", "SELECT 1"), {"DATELINE_WAREHOUSE": address.replace("postgresql", "mysql")}),
        (2, ("deploy", "--verbose"), {"DATELINE_WAREHOUSE": address.replace("postgresql", "mysql")}),
    ):
        ran = machine.run(*arguments, **GIVEN | more)
        assert ran.returncode == code, ran.stdout
        shown.append(ran.stdout)

    forms = {name: [form.encode() for form in forms_of(secret)] for name, secret in SECRETS.items()}
    folders = [machine.home, own_prefect.home]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in files)
    texts = {str(path): path.read_bytes() for path in files} | {f"screen {n}": s.encode() for n, s in enumerate(shown)}
    found = [(where, name) for where, text in texts.items() for name in forms if any(f in text for f in forms[name])]
    assert found == []
