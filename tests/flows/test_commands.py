"""The command line: quick, documented, exact in its exit codes, calm."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.targets import the_settings
from pipelines.settings import SettingsWrong

HEAVY = ("apache_beam", "prefect", "spacy", "great_expectations", "kafka", "duckdb", "pandas", "pydantic")
COMMANDS = (
    "demo", "up", "down", "publish", "ingest", "status", "inspect", "query", "rejected list", "rejected show",
    "rejected replay", "scrapers list", "scrapers release", "ledger verify", "schemas check", "deploy",
    "maintain", "forget", "backfill", "archive verify",
)

invoke = CliRunner().invoke


def test_help_imports_nothing_heavy() -> None:
    asked = f"import flows.cli.app, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does(command: str) -> None:
    shown = invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert "--verbose" in shown.output


def test_help_tells_the_exit_codes() -> None:
    shown = " ".join(invoke(app, ["--help"]).output.split())
    assert "0 fine; 1 something is wrong with the data or the ledger; 2 wrong usage or settings;" in shown


def test_no_command_is_wrong_usage() -> None:
    assert invoke(app, []).exit_code == 2


def test_follow_and_until_caught_up_exclude_each_other() -> None:
    assert invoke(app, ["ingest", "--follow", "--until-caught-up"]).exit_code == 2


def test_ingest_without_a_broker_says_what_to_do() -> None:
    shown = invoke(app, ["ingest"])
    assert shown.exit_code == 3
    assert "Broker Unavailable" in shown.output
    assert "dateline up" in shown.output


@pytest.mark.parametrize("command", [
    "demo", "up", "down", "publish .", "ingest", "status", "inspect .", "query", "rejected list", "rejected show x",
    "rejected replay", "scrapers list", "scrapers release x", "ledger verify", "schemas check", "deploy",
    "maintain", "forget", "backfill .", "archive verify",
])  # fmt: skip
def test_every_command_refuses_wrong_settings(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("DATELINE_KAFKA__CONSUMER", "{marzipan")
    monkeypatch.setenv("DATELINE_KAFKA__RAW_TOPICS", "pages")
    shown = invoke(app, command.split())
    assert (shown.exit_code, "Settings Wrong" in shown.output) == (2, True)
    assert "DATELINE_KAFKA__CONSUMER must be a JSON object" in " ".join(shown.output.replace("│", " ").split())
    assert "did you mean" in shown.output
    assert "marzipan" not in shown.output


def test_a_flow_of_a_worker_refuses_wrong_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_BATCH__WORKERS", "-1")
    with pytest.raises(SettingsWrong, match="DATELINE_BATCH__WORKERS must be at least 0; it is '-1'"):
        the_settings()


def test_what_is_asked_of_a_missing_warehouse_is_away(home: Path) -> None:
    for command in (["query", "SELECT 1"], ["ledger", "verify"], ["rejected", "list"], ["rejected", "show", "x"]):
        shown = invoke(app, command)
        assert shown.exit_code == 3, command
        assert "Warehouse Missing" in shown.output


def test_status_works_with_everything_away(home: Path) -> None:
    shown = invoke(app, ["status", "--json"])
    assert shown.exit_code == 0
    assert [away["what"] for away in json.loads(shown.stdout)["unavailable"]] == ["warehouse", "kafka"]


def test_a_setting_that_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_BATCH__MAX_RECORDS", "many")
    shown = invoke(app, ["status"])
    assert shown.exit_code == 2
    assert "DATELINE_BATCH__MAX_RECORDS" in shown.output


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DATELINE_HOME", str(tmp_path / "file"))
    shown = invoke(app, ["status"])
    assert (shown.exit_code, "Settings Wrong" in shown.output) == (2, True)
    assert "DATELINE_HOME" in shown.output


def test_schemas_check_passes_on_our_own_and_fails_on_a_broken_one(tmp_path: Path) -> None:
    assert invoke(app, ["schemas", "check"]).exit_code == 0
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "1.avsc").write_text("{")
    broken = invoke(app, ["schemas", "check", str(tmp_path), "--json"])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)


def test_down_where_nothing_runs_is_fine(home: Path) -> None:
    shown = invoke(app, ["down"])
    assert (shown.exit_code, "No server was running" in shown.output) == (0, True)


def test_deploy_without_a_server_says_what_to_do() -> None:
    shown = invoke(app, ["deploy"])
    assert shown.exit_code == 3
    assert "PREFECT_API_URL" in shown.output
