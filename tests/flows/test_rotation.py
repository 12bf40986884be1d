"""Logs stay within their bound while processes go on writing to them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from flows.rotation import KEPT_LOGS, Logs


def total(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*.log*") if path.is_file())


def write(path: Path, size: int, modified_at: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    if modified_at is not None:
        os.utime(path, (modified_at, modified_at))
    return path


def test_a_log_that_a_child_writes_is_cut_and_written_on(home: Path) -> None:
    log = home / "logs" / "workers.log"
    log.parent.mkdir(parents=True)
    code = "import sys\nfor line in sys.stdin: print('y' * 400, flush=True); print('done', file=sys.stderr, flush=True)"
    with log.open("ab") as out, subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=out, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        for _ in range(2):
            child.stdin.write("go\n")
            child.stdin.flush()
            child.stderr.readline()
            Logs(home, 3_000).bound()
            assert (log.stat().st_size, log.with_name("workers.log.1").stat().st_size) == (0, 401)
        child.stdin.close()


def test_logs_of_all_kinds_together_stay_within_the_bound(home: Path) -> None:
    for n in range(40):
        write(home / "logs" / f"ingest-20260302T0815{n:02d}-999999{n}.log", 90, 1_000_000 + n)
    write(home / "prefect" / "server.log", 500)
    write(home / "kafka" / "logs" / "console.log", 200)
    Logs(home, 1_000).bound()
    assert total(home) <= 1_000
    assert (home / "logs" / "ingest-20260302T081539-99999939.log").exists()
    assert not (home / "logs" / "ingest-20260302T081500-9999990.log").exists()


def test_of_small_logs_the_last_are_kept(home: Path) -> None:
    for n in range(KEPT_LOGS + 5):
        write(home / "logs" / f"status-20260302T08{n:04d}-999999{n}.log", 1, 1_000_000 + n)
    Logs(home, 1_000_000).bound()
    kept = sorted(path.name for path in (home / "logs").glob("status-*"))
    assert len(kept) == KEPT_LOGS
    assert kept[0].startswith("status-20260302T080005-")


def test_the_log_of_a_process_that_runs_is_cut_but_not_removed(home: Path) -> None:
    own = write(home / "logs" / f"ingest-20260302T081500-{os.getpid()}.log", 5_000)
    Logs(home, 1_000).bound()
    assert own.exists()
    assert total(home) <= 1_000


def test_what_is_no_log_is_left_alone(home: Path) -> None:
    database = write(home / "prefect" / "prefect.db", 10_000)
    letters = write(home / "originals" / "letter.log", 10_000)
    Logs(home, 1_000).bound()
    assert (database.stat().st_size, letters.stat().st_size) == (10_000, 10_000)
