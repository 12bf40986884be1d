"""The preflight names what is wrong with each thing that a run needs, and goes on with the others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli.checks import Checks, Finding, Group, exit_code, run_groups
from flows.cli.checks.broker import GROUP as BROKER_GROUP
from flows.cli.checks.machine import check_home, check_prefect, check_settings, check_stage, check_warehouse
from flows.faults import WrongUsage
from flows.memory import Memory
from pipelines.settings import KafkaSettings, Settings
from pipelines.stage import Folder
from pipelines.warehouse import load_batch, open_warehouse
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.batches import refused, stage


def made(check: object, settings: Settings, name: str = "it") -> Finding:
    """The one finding of a check."""
    (finding,) = run_groups(settings, [Group((name,), check)])  # type: ignore[arg-type]
    return finding


def test_a_check_that_fails_stops_no_other_and_what_needs_it_is_untried() -> None:
    def fails(_settings: Settings, checks: Checks) -> None:
        checks.ok("first", "fine.")
        with checks.trying("second"):
            raise WrongUsage("It is wrong.\nWhat to do: correct it.")
        checks.warn("third", "less than it could be.", "grant it")
        raise ValueError("never named")

    groups = [
        Group(("zero", "first", "second", "third", "fourth"), fails),
        Group(("other",), lambda _, checks: checks.ok("other", "fine.")),
    ]
    assert [(f.check, f.state, f.do, f.code) for f in run_groups(Settings(), groups)] == [
        ("zero", "failed", "This is a bug in Dateline. Run the command again with --verbose, and send the log to the "
         "maintainers.", 5),
        ("first", "ok", None, 0),
        ("second", "failed", "correct it.", 2),
        ("third", "warning", "grant it", 0),
        ("fourth", "untried", None, 0),
        ("other", "ok", None, 0),
    ]


def test_a_check_that_takes_too_long_is_untried_and_holds_up_no_other() -> None:
    release = threading.Event()
    groups = [
        Group(("slow",), lambda *_: release.wait(30) and None, 0.2),
        Group(("quick",), lambda _, checks: checks.ok("quick", "fine.")),
    ]
    began = time.monotonic()
    found = run_groups(Settings(), groups)
    release.set()
    assert [(f.check, f.state, f.says) for f in found] == [
        ("slow", "untried", "It did not finish within 0.2 s."), ("quick", "ok", "fine."),
    ]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("codes", "code"), [((), 0), ((3,), 3), ((3, 1, 4), 1), ((2, 5), 2), ((4, 3), 4)])
def test_the_exit_code_is_that_of_the_worst_fault(codes: tuple[int, ...], code: int) -> None:
    found = [Finding("a", "ok", ""), Finding("b", "warning", ""), Finding("c", "untried", "")]
    assert exit_code([*found, *(Finding("d", "failed", "", None, each) for each in codes)]) == code


def test_a_broker_that_is_away_is_named_and_its_checks_are_untried() -> None:
    settings = Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"))
    found = run_groups(settings, [BROKER_GROUP])
    assert [f.state for f in found] == ["failed", *["untried"] * 5]
    assert "nothing listens on port 1" in found[0].says
    assert found[0].code == 3
    assert found[0].do is not None


def test_a_warehouse_that_is_not_there_yet_is_fine_where_it_can_be_made(tmp_path: Path) -> None:
    settings = Settings(warehouse=f"duckdb:///{tmp_path}/new/news.duckdb")
    assert made(check_warehouse, settings, "warehouse").state == "ok"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("no folder")
    found = made(check_warehouse, Settings(warehouse=f"duckdb:///{tmp_path}/file/news.duckdb"), "warehouse")
    assert (found.state, found.code) == ("failed", 2)
    assert f"{tmp_path / 'file'} is a file, not a folder" in found.says


def test_a_warehouse_that_a_run_would_refuse_fails(tmp_path: Path) -> None:
    settings = Settings(warehouse=f"duckdb:///{tmp_path}/news.duckdb", home=tmp_path / "home")
    warehouse, other = DuckDBWarehouse(tmp_path / "news.duckdb"), DuckDBWarehouse(tmp_path / "other.duckdb")
    for each, offset in ((warehouse, 0), (other, 1)):
        each.prepare()
        load_batch(each, stage(tmp_path, refused(offset), batch_id=f"batch-{offset}"))
    Memory(settings, warehouse).remember()
    warehouse.path.unlink()
    gone = made(check_warehouse, settings, "warehouse")
    assert (gone.state, gone.code, "now it is missing" in gone.says) == ("failed", 3, True)
    other.path.rename(warehouse.path)
    replaced = made(check_warehouse, settings, "warehouse")
    assert (replaced.state, replaced.code, "is another warehouse" in replaced.says) == ("failed", 3, True)


def test_a_file_that_is_no_warehouse_is_named(tmp_path: Path) -> None:
    (tmp_path / "news.duckdb").write_bytes(b"not a database" * 1_000)
    found = made(check_warehouse, Settings(warehouse=f"duckdb:///{tmp_path}/news.duckdb"), "warehouse")
    assert (found.state, found.code) == ("failed", 1)
    assert "is not a DuckDB file" in found.says
    assert found.do is not None


def test_a_warehouse_shows_letters_that_wait_and_who_is_writing(
    make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path
) -> None:
    settings = Settings(warehouse=f"duckdb:///{tmp_path}/news.duckdb")
    warehouse = make_warehouse(tmp_path / "news.duckdb")
    assert made(check_warehouse, settings, "warehouse").state == "ok"
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1)))
    waiting = made(check_warehouse, settings, "warehouse")
    assert (waiting.state, "2 dead letters wait" in waiting.says) == ("warning", True)
    with warehouse.writer("ingest run 0123abcd"):
        busy = made(check_warehouse, settings, "warehouse")
    assert busy.says == f"ingest run 0123abcd (process {os.getpid()}) is writing to {tmp_path / 'news.duckdb'}."
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    shown = {"pid": int(ended.stdout), "holder": "a killed run", "since": "2026-11-27"}
    (tmp_path / "news.duckdb.writer.json").write_text(json.dumps(shown))
    assert "2 dead letters wait" in made(check_warehouse, settings, "warehouse").says


def test_a_warehouse_on_a_server_is_made_shows_its_writer_and_may_refuse(postgres: str, tmp_path: Path) -> None:
    settings = Settings(warehouse=postgres, home=tmp_path)
    empty = made(check_warehouse, settings, "warehouse")
    assert (empty.state, "It has no tables yet" in empty.says) == ("ok", True)
    warehouse = open_warehouse(postgres)
    warehouse.prepare()
    load_batch(warehouse, stage(tmp_path, refused(0), refused(1)))
    waiting = made(check_warehouse, settings, "warehouse")
    assert (waiting.state, "2 dead letters wait" in waiting.says) == ("warning", True)
    with warehouse.writer("ingest run 0123abcd", topic=settings.kafka.raw_topic):
        assert "ingest run 0123abcd (process" in made(check_warehouse, settings, "warehouse").says
    wrong = re.sub(r":[^:@/]+@", ":marzipan@", postgres)
    refusal = made(check_warehouse, Settings(warehouse=wrong, home=tmp_path), "warehouse")
    assert (refusal.state, refusal.code, "marzipan" in refusal.says) == ("failed", 3, False)
    assert refusal.do is not None
    assert "PGPASSWORD" in refusal.do


def test_a_home_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    assert made(check_home, Settings(home=tmp_path), "home folder").state in {"ok", "warning"}
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("no folder")
    found = made(check_home, Settings(home=tmp_path / "file"), "home folder")
    assert (found.state, found.code) == ("failed", 3)


def test_a_stage_that_can_be_used_is_left_as_it_was(stage_url: str, tmp_path: Path) -> None:
    assert made(check_stage, Settings(home=tmp_path), "stage").says == "It is the home folder."
    found = made(check_stage, Settings(home=tmp_path, stage=stage_url), "stage")
    assert (found.state, found.says) == ("ok", f"Files can be written to {Folder(stage_url)}, read and removed.")
    assert Folder(stage_url).files() == []


def test_a_stage_that_refuses_fails_as_a_run_would(bucket: str, tmp_path: Path) -> None:
    found = made(check_stage, Settings(home=tmp_path, stage=f"{bucket}-of-nobody/stage"), "stage")
    assert (found.state, found.code) == ("failed", 3)
    assert found.says.startswith(f"There is no bucket or folder to store {bucket}-of-nobody/stage/check-")


def test_settings_that_lead_nowhere_fail_as_a_run_would() -> None:
    found = made(check_settings, Settings(schema_ids={7: "raw_article/99"}), "settings")
    assert (found.state, found.code) == ("failed", 2)
    assert "DATELINE_SCHEMA_IDS" in found.says
    assert "7 is raw_article/1" in made(check_settings, Settings(schema_ids={7: "raw_article/1"}), "settings").says


def test_a_prefect_server_that_does_not_answer_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert made(check_prefect, Settings(home=tmp_path), "Prefect").state == "ok"
    monkeypatch.setenv("PREFECT_API_URL", "http://flow:marzipan@127.0.0.1:1/api")
    found = made(check_prefect, Settings(home=tmp_path), "Prefect")
    assert (found.state, found.code) == ("failed", 3)
    assert "http://127.0.0.1:1/api does not answer" in found.says
    assert "marzipan" not in found.says + str(found.do)
