"""The servers' jars: locked, checked, remembered, and a clear word when they cannot be had."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

from flows.local import jars
from flows.local.faults import JarsUnavailable
from flows.local.jars import FLINK, KAFKA, Jar, Jars, classpath, locked_jars, maven_settings

PIER = Jar("org.example", "pier", "1.2", sha256(b"jar").hexdigest())


def cached(repository: Path, content: bytes) -> Path:
    """The jar in a Maven cache."""
    path = repository / "org/example/pier/1.2/pier-1.2.jar"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No network, and a Maven cache of the test's own."""
    import requests
    from jgo.util import http

    def fail(*_: object, **__: object) -> None:
        raise requests.ConnectionError("no network")

    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setattr(http, "get", fail)
    return tmp_path / "m2"


@pytest.mark.parametrize(
    ("jars", "count", "group", "versions"),
    [(KAFKA, 45, "org.apache.kafka", {"4.4.0"}), (FLINK, 162, "org.apache.beam", {"2.62.0", "0.1", "0.3"})],
    ids=["Kafka", "Flink"],
)
def test_the_lock_names_one_version_of_each_jar(jars: Jars, count: int, group: str, versions: set[str]) -> None:
    locked = locked_jars(files("flows.local").joinpath(jars.lock).read_text("utf-8"))
    assert len({(jar.group, jar.artifact) for jar in locked}) == len(locked) == count
    assert {jar.version for jar in locked if jar.group == group} == versions
    assert all(len(jar.sha256) == 64 for jar in locked)


def test_a_jar_of_the_machine_s_cache_is_used(away: Path) -> None:
    path = cached(away, b"jar")
    assert jars._fetch(KAFKA, (PIER,)) == [path]


def test_without_network_it_is_said(away: Path) -> None:
    with pytest.raises(JarsUnavailable, match=r"Could not download org\.example:pier:1\.2.*no network"):
        jars._fetch(KAFKA, (PIER,))


def test_a_jar_of_a_broken_download_is_fetched_again(away: Path) -> None:
    path = cached(away, b"ja")
    with pytest.raises(JarsUnavailable, match="no network"):
        jars._fetch(KAFKA, (PIER,))
    assert not path.exists()


def test_a_class_path_is_remembered_while_its_jars_are_there(
    away: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cached(away, b"jar")
    fetched: list[int] = []
    said: list[str] = []

    def fetch(_: Jars, locked: tuple[Jar, ...]) -> list[Path]:
        fetched.append(len(locked))
        return [path]

    monkeypatch.setattr(jars, "_fetch", fetch)
    assert classpath(KAFKA, tmp_path / "kafka", said.append) == str(path)
    assert classpath(KAFKA, tmp_path / "kafka", said.append) == str(path)
    assert (fetched, len(said)) == ([45], 1)
    path.unlink()
    classpath(KAFKA, tmp_path / "kafka", said.append)
    assert fetched == [45, 45]


@pytest.mark.parametrize("space", ["", ' xmlns="http://maven.apache.org/SETTINGS/1.2.0"'])
def test_a_mirror_and_a_cache_of_maven_s_settings_are_used(tmp_path: Path, space: str) -> None:
    settings = tmp_path / "settings.xml"
    settings.write_text(
        f"<settings{space}><localRepository> /srv/m2 </localRepository><mirrors><mirror><mirrorOf>*</mirrorOf>"
        "<url>https://maven.example/all/</url></mirror></mirrors></settings>"
    )
    assert maven_settings(settings) == ("https://maven.example/all", Path("/srv/m2"))


def test_settings_that_say_nothing_change_nothing(tmp_path: Path) -> None:
    settings = tmp_path / "settings.xml"
    assert maven_settings(settings) == (None, None)
    settings.write_text("<settings><localRepository>${user.home}/m2</localRepository></settings>")
    assert maven_settings(settings) == (None, None)
    settings.write_text("<settings>")
    assert maven_settings(settings) == (None, None)
