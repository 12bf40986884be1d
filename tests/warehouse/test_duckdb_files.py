"""One DuckDB instance opens all files of a process, and what does not go together is refused."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.warehouse.duckdb_files import FileInUse, asked, attached

OPENINGS: dict[str, Any] = {
    "read": lambda path: attached(path, "read"), "write": lambda path: attached(path, "write"), "question": asked,
}


@pytest.fixture
def news(tmp_path: Path) -> Path:
    path = tmp_path / "editor's news.duckdb"
    with attached(path, "write") as con:
        con.execute("CREATE TABLE piers (name TEXT)")
        con.execute("INSERT INTO piers VALUES ('north')")
    return path


def names(con: duckdb.DuckDBPyConnection) -> list[Any]:
    return [name for (name,) in con.execute("SELECT name FROM piers ORDER BY name").fetchall()]


def test_what_was_written_is_read_by_any_way(news: Path) -> None:
    for opening in OPENINGS.values():
        with opening(news) as con:
            assert names(con) == ["north"]
    with duckdb.connect(str(news), read_only=True) as other:
        assert names(other) == ["north"]
    assert not news.with_name(f"{news.name}.wal").exists()


@pytest.mark.parametrize(
    ("first", "second", "goes"),
    [
        ("read", "read", True), ("read", "write", False), ("write", "read", False), ("write", "write", False),
        ("read", "question", False), ("question", "read", False), ("question", "question", False),
        ("write", "question", False), ("question", "write", False),
    ],
)
def test_readers_share_a_file_and_no_other(news: Path, first: str, second: str, goes: bool) -> None:
    with OPENINGS[first](news) as con:
        opening: AbstractContextManager[duckdb.DuckDBPyConnection] = OPENINGS[second](news)
        if goes:
            with opening as other:
                assert names(other) == names(con)
        else:
            with pytest.raises(FileInUse, match=f"to {first}, which excludes to {second}"), opening:
                pass
        assert names(con) == ["north"]
    with attached(news, "write") as con:
        con.execute("DELETE FROM piers")


def test_what_is_not_committed_is_gone(news: Path) -> None:
    def fail() -> None:
        with attached(news, "write") as con:
            con.execute("BEGIN")
            con.execute("DELETE FROM piers")
            raise KeyError("cut short")

    with pytest.raises(KeyError):
        fail()
    with attached(news, "read") as con:
        assert names(con) == ["north"]


def test_two_files_are_open_at_once(news: Path, tmp_path: Path) -> None:
    with attached(news, "read") as con, attached(tmp_path / "other.duckdb", "write") as other:
        other.execute("CREATE TABLE piers (name TEXT)")
        assert (names(con), names(other)) == (["north"], [])


def test_questions_about_a_file_share_an_instance_that_reaches_no_other(
    news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, connect = [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *given, **named: (made.append(given), connect(*given, **named))[1])
    other = tmp_path / "memory.duckdb"
    shutil.copy(news, other)
    for path, instances in ((news, 1), (news, 1), (other, 2), (other, 2), (news, 3)):
        with asked(path) as con:
            assert names(con) == ["north"]
            assert con.execute("SELECT current_database()").fetchall() == [(path.stem,)]
            for reached in (news, other, tmp_path / "new.duckdb"):
                with pytest.raises(duckdb.Error):
                    con.execute(f"ATTACH '{str(reached).replace("'", "''")}' AS reached")
            with pytest.raises(duckdb.InvalidInputException, match="locked"):
                con.execute("SET TimeZone = 'Asia/Tokyo'")
            if path == news:
                with pytest.raises(duckdb.PermissionException):
                    con.execute(f"SELECT * FROM read_blob('{other}')")
        assert len(made) == instances


def test_a_question_about_a_file_that_was_exchanged_has_the_new_one(news: Path, tmp_path: Path) -> None:
    with asked(news) as con:
        assert names(con) == ["north"]
    with attached(tmp_path / "new.duckdb", "write") as con:
        con.execute("CREATE TABLE piers (name TEXT)")
    (tmp_path / "new.duckdb").replace(news)
    with asked(news) as con:
        assert names(con) == []


def test_a_file_that_cannot_be_opened_leaves_nothing_open(news: Path) -> None:
    broken = news.with_name("broken.duckdb")
    broken.write_bytes(b"no database" * 1_000)
    for opening in OPENINGS.values():
        with pytest.raises(duckdb.Error), opening(broken):
            pass
    broken.unlink()
    with attached(broken, "write") as con:
        con.execute("CREATE TABLE piers (name TEXT)")


def test_a_forked_process_opens_files_of_its_own(news: Path) -> None:
    with attached(news, "read"):
        child = os.fork()
        if not child:
            with attached(news, "read") as con:
                os._exit(0 if names(con) == ["north"] else 1)
        assert os.waitpid(child, 0)[1] == 0
