"""Faults staged on a real broker, warehouse, disk and clock: the user is told, nothing is lost, the next run completes.

Runs are forked from a warm process (``tests/integration/warm.py``), stopped at a failpoint, and go on when the fault is
there. Each ends with the books of an undisturbed run, row for row.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from pipelines.failpoints import Failpoint
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine, json_of
from tests.integration.tables import Rows, rows
from tests.soak.messages import Published, messages
from tests.soak.runs import Warm, run_to_its_end, to_its_end

pytestmark = pytest.mark.slow

NUMBERS = itertools.count(1)
SAMPLES = 82
SEED = 63
IN_A_BATCH = 13
READING = f"{Failpoint.TRANSFORMING}:2"
STAGED = f"{Failpoint.SEALING}:2"
INSIDE = f"{Failpoint.CHANGED}:2"
ANNOUNCING = Failpoint.COMMITTING_GROUP
NOBODY = "http://127.0.0.1:9/api"
GIVES_UP = {"DATELINE_PATIENCE__RETRY_DELAYS_S": "0.2,0.5", "DATELINE_PATIENCE__WAREHOUSE_S": "0.5"}
"""A fault that does not end is tried again twice, and soon."""
HOLD = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def some_messages() -> list[Published]:
    """Messages after the samples. With this seed, both batches have new pages, corrections, deletions and poison."""
    return list(itertools.islice(messages(SEED), SAMPLES, SAMPLES + 24))


@pytest.fixture(scope="module")
def topics(broker: str) -> KafkaSettings:
    kafka = KafkaSettings(
        bootstrap_servers=broker, raw_topic="faults-raw", rejected_topic="faults-rejected", group_id="faults",
        partitions=2,
    )
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, some_messages())
    return kafka


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with Warm(tmp_path_factory.mktemp("warm")) as forked:
        yield forked


@pytest.fixture
def machine(topics: KafkaSettings, prefect_server: str, tmp_path: Path) -> Machine:
    group = topics.model_copy(update={"group_id": f"faults-{next(NUMBERS)}"})
    return Machine(tmp_path / "home", group, prefect_server, max_records=IN_A_BATCH)


@pytest.fixture(scope="module")
def undisturbed(
    warm: Warm, topics: KafkaSettings, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Rows:
    machine = Machine(tmp_path_factory.mktemp("undisturbed") / "home", topics, prefect_server, max_records=IN_A_BATCH)
    assert run_to_its_end(warm, machine, "ingest").code == 0
    found = rows(machine)
    assert len(found["ledger"]) == len(some_messages())
    outcomes = open_warehouse(machine.warehouse_url).query("SELECT DISTINCT batch_id, outcome FROM ledger").rows
    for batch in {batch for batch, _ in outcomes}:
        assert {(batch, kind) for kind in ("loaded", "new_version", "deleted", "rejected")} <= set(outcomes)
    return found


def in_small_batches(machine: Machine) -> Machine:
    """The machine with batches of which the messages make four: as many runs as that can each end in its second."""
    return replace(machine, max_records=6)


def in_words(output: str) -> str:
    """What a panel says, without its frame and its line breaks."""
    return " ".join(output.replace("│", " ").split())


def completes(warm: Warm, machine: Machine, undisturbed: Rows) -> None:
    """The next run ends well, and the books are those of the undisturbed run and close."""
    ended = run_to_its_end(warm, machine, "ingest")
    assert ended.code == 0, ended.output
    assert rows(machine) == undisturbed
    verified = json_of(run_to_its_end(warm, machine, "ledger", "verify", "--deep", "--json").output)
    assert (verified["closes"], verified["problems"]) == (True, [])


def statuses(machine: Machine) -> list[tuple[str, str | None]]:
    """Status and note of each run, the oldest first."""
    warehouse = open_warehouse(machine.warehouse_url)
    return [(str(row[0]), row[1]) for row in warehouse.query("SELECT status, note FROM runs ORDER BY started_at").rows]


@contextlib.contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the warehouse's file open."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield holder
    finally:
        holder.communicate()


# the warehouse


def test_a_warehouse_that_another_process_has_open_for_a_while_is_waited_for(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    warm.start_paused(machine, STAGED, "ingest", DATELINE_PATIENCE__WAREHOUSE_S="0.5")
    with held(machine.home / "warehouse.duckdb"):
        machine.go_on()
        warm.until_it_waits()
    ended = to_its_end(warm)
    assert ended.code == 0, ended.output
    assert rows(machine) == undisturbed


def test_a_warehouse_that_another_process_keeps_open_is_named_with_the_process(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    assert run_to_its_end(warm, machine, "ingest", "--max-records", "10").code == 0
    with held(machine.home / "warehouse.duckdb") as holder:
        warm.start(machine, "ingest", **GIVES_UP)
        ended = to_its_end(warm)
    assert ended.code == 3
    assert f"PID {holder.pid}" in ended.output
    assert "What to do: close it there and run this again" in in_words(ended.output)
    completes(warm, machine, undisturbed)


def test_a_warehouse_that_goes_away_and_comes_back_is_waited_for_and_none_is_made_in_its_place(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    place = machine.home.parent / "disk"
    url = f"duckdb:///{place / 'news.duckdb'}"
    warm.start_paused(machine, STAGED, "ingest", DATELINE_WAREHOUSE=url)
    place.rename(away := machine.home.parent / "unmounted")
    machine.go_on()
    warm.until_it_waits()
    assert not (place / "news.duckdb").exists()
    away.rename(place)
    ended = to_its_end(warm)
    assert ended.code == 0, ended.output
    (place / "news.duckdb").rename(machine.home / "warehouse.duckdb")
    assert rows(machine) == undisturbed


def test_a_warehouse_that_stays_away_is_named_and_the_next_run_completes(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    path = machine.home / "warehouse.duckdb"
    warm.start_paused(machine, STAGED, "ingest", **GIVES_UP)
    path.rename(away := path.with_suffix(".away"))
    machine.go_on()
    ended = to_its_end(warm)
    assert ended.code == 3, ended.output
    assert f"{path} existed when the run began and is now missing" in in_words(ended.output)
    assert "What to do: restore it" in in_words(ended.output)
    away.rename(path)
    completes(warm, machine, undisturbed)
    assert [status for status, _ in statuses(machine)] == ["abandoned", "completed"]


def test_a_warehouse_where_no_folder_can_be_is_refused(warm: Warm, machine: Machine) -> None:
    machine.home.mkdir()
    (machine.home / "file").write_text("no folder")
    warm.start(machine, "ingest", DATELINE_WAREHOUSE=f"duckdb:///{machine.home / 'file' / 'news.duckdb'}")
    ended = to_its_end(warm)
    assert ended.code == 2, ended.output
    assert f"{machine.home / 'file'} is a file, not a folder" in in_words(ended.output)
    assert "What to do: " in in_words(ended.output)


# the disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root may mount; the limit on the size of files is tested without")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> Path:
    """A file that fills the disk to the last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * (1 << 16)):
            pass
    return filler


def test_a_full_disk_is_named_and_the_next_run_completes(
    warm: Warm, machine: Machine, small_disk: Path, undisturbed: Rows
) -> None:
    machine = replace(machine, home=small_disk / "home")
    for where in (READING, STAGED, INSIDE):  # before staging, before the manifest, inside the load's transaction
        warm.start_paused(in_small_batches(machine), where, "ingest", **GIVES_UP)
        filler = fill(small_disk)
        machine.go_on()
        ended = to_its_end(warm)
        filler.unlink()
        assert ended.code == 3, ended.output
        assert "disk" in in_words(ended.output)
        assert "What to do: free some space" in in_words(ended.output)
    completes(warm, machine, undisturbed)


def test_a_file_that_may_not_grow_is_named_and_the_next_run_completes(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    """The limit that an unprivileged user meets: the same writes fail, with "File too large"."""
    for where in (READING, INSIDE):  # staging, and publishing
        pid = warm.start_paused(in_small_batches(machine), where, "ingest", **GIVES_UP)
        psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (16_000, 16_000))
        machine.go_on()
        ended = to_its_end(warm)
        assert ended.code == 3, ended.output
        assert "nothing was" in in_words(ended.output)
        assert "What to do:" in in_words(ended.output)
    completes(warm, machine, undisturbed)


def test_a_place_for_staged_batches_that_is_no_folder_is_named(warm: Warm, machine: Machine, undisturbed: Rows) -> None:
    machine.home.mkdir()
    (machine.home / "staged").write_text("no folder")
    ended = run_to_its_end(warm, machine, "ingest")
    assert ended.code == 3, ended.output
    assert str(machine.home / "staged") in in_words(ended.output)
    assert "set DATELINE_HOME to another folder" in in_words(ended.output)
    (machine.home / "staged").unlink()
    completes(warm, machine, undisturbed)


# being told to stop, and left for dead


def ended_whole(pid: int) -> bool:
    """Whether nothing of the run's process group is left, ten seconds after its end at the latest."""
    deadline = time.monotonic() + 10
    while left := [p for p in psutil.process_iter(["status"]) if _group(p.pid) == pid and p.info["status"] != "zombie"]:
        if time.monotonic() > deadline:
            print("left:", [(p.pid, p.cmdline()) for p in left])
            return False
        time.sleep(0.1)
    return True


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def test_a_run_that_is_asked_to_stop_stops_at_once_and_the_next_one_completes(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    for stopped, where in enumerate((Failpoint.PLANNING, ANNOUNCING, READING, INSIDE), 1):
        pid = warm.start_paused(in_small_batches(machine), where, "ingest")
        os.kill(pid, signal.SIGTERM)
        began = time.monotonic()
        ended = to_its_end(warm, 60)
        assert (ended.code, time.monotonic() - began < 10) == (128 + signal.SIGTERM, True), ended.output
        assert "Stopped." in ended.output
        assert ended_whole(pid)
        assert statuses(machine) == [("failed", "interrupted")] * stopped
    completes(warm, machine, undisturbed)


def test_a_run_whose_workers_are_at_work_stops_with_them(warm: Warm, machine: Machine, undisturbed: Rows) -> None:
    both = {"DATELINE_BATCH__WORKERS": "2", "DATELINE_BATCH__RECORDS_WORTH_A_WORKER": "4"}
    run = machine.start_paused(f"{Failpoint.ENRICHING}:2", "ingest", **both)
    os.kill(run.pid, signal.SIGTERM)
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 128 + signal.SIGTERM, output
    assert ended_whole(run.pid)
    completes(warm, machine, undisturbed)


def test_a_run_left_for_dead_holds_its_place_until_it_is_killed_and_is_then_found_abandoned(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    pid = warm.start_paused(machine, INSIDE, "ingest")
    os.kill(pid, signal.SIGSTOP)
    second = machine.run("ingest")
    assert second.returncode == 4, second.stdout
    assert f"(process {pid}, since" in in_words(second.stdout)
    assert "What to do: wait until that run has finished, or stop it, and run this again" in in_words(second.stdout)
    assert warm.kill() == -signal.SIGKILL
    assert statuses(machine) == [("running", None)]
    completes(warm, machine, undisturbed)
    (dead, note), (last, _) = statuses(machine)
    assert (dead, last) == ("abandoned", "completed")
    assert str(note).startswith("killed: found so by run ")
    shown = json_of(run_to_its_end(warm, machine, "status", "--json").output)
    assert [run["status"] for run in shown["last_runs"]] == ["completed", "abandoned"]


# the clock


def test_a_clock_that_jumps_between_runs_and_in_the_middle_of_one_loses_nothing(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    clock = machine.home.parent / "clock"
    clock.write_text("0")
    wrong = {"DATELINE_TEST_CLOCK": str(clock), "DATELINE_BATCH__WORKERS": "1"}  # as many as have work
    run = machine.start_paused(Failpoint.CHANGED, "ingest", "--max-records", "16", **wrong)
    clock.write_text("-3600")
    machine.go_on()
    output, _ = run.communicate(timeout=180)
    assert run.returncode == 0, output
    run = machine.start_paused(Failpoint.STAGED, "ingest", **wrong)
    clock.write_text("86400")
    machine.go_on()
    output, _ = run.communicate(timeout=180)
    assert run.returncode == 0, output
    assert [status for status, _ in statuses(machine)] == ["completed"] * 2
    warehouse = open_warehouse(machine.warehouse_url)
    lasted = [row[0] for row in warehouse.query("SELECT finished_at - started_at FROM runs").rows]
    assert sorted(round(by_clock / timedelta(hours=1)) for by_clock in lasted) == [-1, 25]
    completes(warm, machine, undisturbed)


# servers that go away


def test_without_prefect_the_ledger_can_be_read(warm: Warm, machine: Machine, undisturbed: Rows) -> None:
    del undisturbed
    assert run_to_its_end(warm, machine, "ingest", "--max-records", "10").code == 0
    for command, shown in (
        (["status"], "Last runs"), (["query", "SELECT count(*) FROM ledger"], "10"), (["ledger", "verify"], "closes"),
    ):
        read = machine.run(*command, PREFECT_API_URL=NOBODY)
        assert read.returncode == 0, read.stdout
        assert shown in read.stdout


def test_without_prefect_pages_can_be_published_and_inspected(machine: Machine, tmp_path: Path) -> None:
    sent = next(message for message in some_messages() if message.value and message.value.startswith(b"<html"))
    page = tmp_path / "page.html"
    page.write_bytes(sent.value or b"")
    assert "page.html  article" in machine.run("inspect", str(page), PREFECT_API_URL=NOBODY).stdout
    to = ["--topic", machine.kafka.rejected_topic]
    assert "Published 1 message to" in machine.run("publish", *to, str(page), PREFECT_API_URL=NOBODY).stdout


def test_an_ingest_without_prefect_says_so_and_changes_nothing(
    warm: Warm, machine: Machine, undisturbed: Rows
) -> None:
    run = machine.run("ingest", PREFECT_API_URL=NOBODY)
    assert run.returncode == 3, run.stdout
    assert f"Prefect's API at {NOBODY} does not answer" in in_words(run.stdout)
    says = in_words(run.stdout)
    assert "What to do: check that the server is running, name another one in PREFECT_API_URL, or unset" in says
    assert not (machine.home / "warehouse.duckdb").exists()
    completes(warm, machine, undisturbed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_follows_finishes_its_batch_when_it_is_asked_to_stop(
    number: signal.Signals, warm: Warm, machine: Machine
) -> None:
    pid = warm.start_paused(replace(machine, max_records=8), READING, "ingest", "--follow")
    os.kill(pid, number)
    machine.go_on()
    ended = to_its_end(warm)
    assert ended.code == 0, ended.output
    assert "16 records in 2 batches" in ended.output
    assert statuses(machine) == [("completed", None)]
