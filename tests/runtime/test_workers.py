"""Standing workers: they finish, fail loudly, and never hang a run."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from multiprocessing.synchronize import SemLock
from pathlib import Path

import psutil
import pytest

from pipelines.runtime import RunFailed
from pipelines.runtime.workers import Workers
from pipelines.transforms import watch


def square(n: int) -> int:
    watch.count_staged(n)
    return n * n


def pid(_: int) -> int:
    return os.getpid()


def die(n: int) -> int:
    if n == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


def never_end(n: int) -> int:
    while n == 1:
        time.sleep(0.05)
    return n


def refuse(n: int) -> int:
    raise ValueError(f"no {n}")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(2) as standing:
        yield standing


def test_parts_come_back_in_order_and_records_are_reported(workers: Workers) -> None:
    reported: list[int] = []
    assert workers.map(square, [3, 4, 5], 60, reported.append) == [9, 16, 25]
    assert reported[-1] == 12


def test_the_same_processes_serve_every_batch(workers: Workers) -> None:
    seen = {n for _ in range(5) for n in workers.map(pid, range(8), 60)}
    assert len(seen) <= workers.count
    assert os.getpid() not in seen


def test_a_killed_worker_fails_the_batch_and_the_next_one_runs(workers: Workers) -> None:
    with pytest.raises(RunFailed, match=r"a worker process died \(SIGKILL\)"):
        workers.map(die, [0, 1], 60)
    assert workers.map(square, [2], 60) == [4]


def test_an_endless_part_is_stopped_at_the_deadline_and_the_next_batch_runs(workers: Workers) -> None:
    with pytest.raises(RunFailed, match="not done within 1 s"):
        workers.map(never_end, [0, 1], 1)
    assert workers.map(square, [2], 60) == [4]


def test_a_fault_of_the_work_itself_comes_through(workers: Workers) -> None:
    with pytest.raises(ValueError, match="no 7"):
        workers.map(refuse, [7], 60)


def semaphores() -> set[int]:
    return {id(found) for found in gc.get_objects() if issubclass(type(found), SemLock)}


def test_a_pool_that_ended_leaves_no_semaphore_to_the_garbage_collector() -> None:
    """Which may run anywhere, also while this process talks to the tracker of semaphores: that raises an error."""
    gc.collect()
    gc.disable()
    try:
        before = semaphores()
        with pytest.raises(RunFailed), Workers(2) as ended:
            ended.map(die, [0, 1], 60)
        assert semaphores() <= before
    finally:
        gc.enable()


def test_without_workers_the_parts_run_here() -> None:
    with Workers(0) as none:
        assert none.map(pid, [1], 60) == [os.getpid()]


def test_workers_die_with_the_process_that_started_them(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pipelines.runtime.workers import Workers
        from tests.runtime.test_workers import pid
        if __name__ == "__main__":
            with Workers(1) as workers:
                print(workers.map(pid, [0], 60)[0], flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    path = tmp_path / "killed.py"
    path.write_text(script)
    run = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    worker = int(run.stdout)
    for _ in range(100):
        if not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    pytest.fail(f"worker {worker} outlived its parent: {run.stderr}")
