"""Processes that are started apart, written down, found again and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from flows.local.faults import BrokerDied, DiskFull, LocalFault, PortTaken, need_room
from flows.local.processes import (
    Running,
    StateFile,
    choose_ports,
    free_ports,
    is_free,
    listens,
    spawn,
    stop,
    tail,
    wait_until,
)

SLEEPER = [sys.executable, "-S", "-c", "import time; print('up', flush=True); time.sleep(100)"]
STUBBORN = [
    sys.executable, "-S", "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(100)",
]


def eventually(condition: Callable[[], bool], within_s: float = 15) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def started(command: list[str], log: Path, *, stays: bool = False) -> psutil.Process:
    process = spawn(command, log, stays=stays)
    assert eventually(lambda: "up" in log.read_text())
    return process


def test_a_process_of_ours_is_stopped_with_its_supervisor(tmp_path: Path) -> None:
    process = started(SLEEPER, tmp_path / "log")
    supervisor = process.parent()
    assert supervisor is not None
    assert os.getsid(process.pid) not in {os.getsid(0), os.getsid(supervisor.pid)}
    stop(process)
    assert gone(process)
    assert eventually(lambda: gone(supervisor))


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    process = started(STUBBORN, tmp_path / "log")
    stop(process, patience_s=0.2)
    assert gone(process)


def test_one_that_stays_has_no_supervisor(tmp_path: Path) -> None:
    process = started(SLEEPER, tmp_path / "log", stays=True)
    parent = process.parent()
    assert parent is None or parent.pid != os.getpid()
    stop(process)
    assert gone(process)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_end_of_the_starter_is_the_end_of_the_server(tmp_path: Path, number: int) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from flows.local.processes import spawn\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a shell's background jobs ignore
        "print(spawn(sys.argv[2:], Path(sys.argv[1]), stays=False).pid, flush=True)\nimport time; time.sleep(100)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log"), *SLEEPER], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    ) as starter:
        assert starter.stdout is not None
        process = psutil.Process(int(starter.stdout.readline()))
        starter.send_signal(number)
    assert eventually(lambda: gone(process))


def test_a_killed_supervisor_takes_its_server_along(tmp_path: Path) -> None:
    process = started(SLEEPER, tmp_path / "log")
    supervisor = process.parent()
    assert supervisor is not None
    supervisor.kill()
    assert eventually(lambda: gone(process))
    stop(process)


def test_a_command_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"Could not start /no/such/java: .*No such file"):
        spawn(["/no/such/java"], tmp_path / "log", stays=False)


def test_a_state_file_tells_the_very_process(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "deep" / "running.json")
    assert state.read() is None
    me = psutil.Process()
    running = Running("kafka", me.pid, me.create_time(), 9092, stays=True)
    state.write(running)
    assert state.read() == running
    assert running.process() == me
    assert running.address == "127.0.0.1:9092"
    another_of_that_number = Running("kafka", me.pid, me.create_time() - 100, 9092, stays=True)
    assert another_of_that_number.process() is None
    state.path.write_text("{")
    assert state.read() is None
    state.path.write_text('{"pid": 1}')
    assert state.read() is None
    state.remove()
    state.remove()


def test_ports_are_remembered_unless_taken(tmp_path: Path) -> None:
    remembered = tmp_path / "ports"
    first = choose_ports(remembered, 2)
    assert choose_ports(remembered, 2) == first
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", first[0]))
        taker.listen()
        assert listens(first[0])
        assert not is_free(first[0])
        second = choose_ports(remembered, 2)
        assert not set(second) & {first[0]}
        with pytest.raises(PortTaken, match=f"Port {first[0]} of this machine is used"):
            choose_ports(remembered, 2, first[0])
    assert choose_ports(remembered, 2) == second
    remembered.write_text("no ports")
    assert len(set(choose_ports(remembered, 2))) == 2
    (asked,) = free_ports(1)
    assert choose_ports(remembered, 2, asked)[0] == asked


def test_waiting_ends_with_the_process_or_the_patience() -> None:
    assert wait_until(lambda: True, lambda: False, 1)
    assert not wait_until(lambda: False, lambda: False, 60)
    assert not wait_until(lambda: False, lambda: True, 0.05)


def test_the_tail_of_a_log_is_short(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log) == ""
    log.write_text("\n".join(f"line {number} " + "x" * 1_000 for number in range(50)))
    assert [line[:7] for line in tail(log, 2).splitlines()] == ["line 48", "line 49"]
    assert max(map(len, tail(log).splitlines())) == 400


def test_a_full_disk_is_said_before_it_hurts(tmp_path: Path) -> None:
    need_room(tmp_path, 1)
    with pytest.raises(DiskFull, match=r"(?s)MB of free space, and the server needs .*DATELINE_HOME"):
        need_room(tmp_path, 10**18)


def test_faults_pass_between_processes() -> None:
    import pickle

    for fault in (LocalFault("what", "do"), BrokerDied("what", "do", "tail")):
        again = pickle.loads(pickle.dumps(fault))
        assert (type(again), str(again)) == (type(fault), str(fault))
    assert str(BrokerDied("Kafka ended.", "Look.", "at X")) == "Kafka ended.\nat X\nWhat to do: Look."
