"""Originals are encrypted with the current key, whatever they were encrypted with, and the former ones go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.failpoints import Failpoint, armed
from pipelines.jobs.reencrypt import Reencrypted, reencrypt
from pipelines.settings import Settings
from pipelines.stage import StageStore, dead_letter_id, stage_store
from pipelines.stage.encryption import Keyring
from pipelines.warehouse import load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import coordinates
from tests.warehouse.batches import refused, stage

KEYS = {"first": b"1" * 32, "second": b"2" * 32}
SMALL, LARGE = b"<p>a small wall", b"<p>a large wall" * 40
VALUES = [SMALL, LARGE, LARGE, b"<p>another wall"]


class Killed(BaseException):
    """A test ends what it calls here, as a kill would."""


@pytest.fixture
def store(tmp_path: Path) -> StageStore:
    made = stage_store(Settings(home=tmp_path / "home"))
    return replace(made, inline_bytes=100)


def with_keys(store: StageStore, current: str | None, *ids: str) -> StageStore:
    return replace(store, keyring=Keyring(current, {each: KEYS[each] for each in ids}))


def load(warehouse: RelationalWarehouse, folder: Path, store: StageStore, first: int) -> None:
    letters = [refused(first + n, value=value) for n, value in enumerate(VALUES)]
    load_batch(warehouse, stage(folder, *letters, batch_id=f"batch-{first}", store=store))


def originals(warehouse: RelationalWarehouse, store: StageStore, count: int) -> list[bytes | None]:
    letters = [warehouse.dead_letter(dead_letter_id(coordinates(n))) for n in range(count)]
    return [store.original_of(letter.record()) for letter in letters if letter is not None]


def files(store: StageStore) -> int:
    return sum(len(folder.files()) for folder in (store.root / "originals" / store.warehouse / store.topic).folders())


def test_open_originals_and_those_of_a_former_key_get_the_current_one(
    warehouse: RelationalWarehouse, store: StageStore, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, store, 0)
    load(warehouse, tmp_path, with_keys(store, "first", "first"), 4)
    assert files(store) == 2
    second = with_keys(store, "second", "first", "second")
    load(warehouse, tmp_path, second, 8)
    assert reencrypt(warehouse, second) == Reencrypted(originals=8)
    assert warehouse.query("SELECT DISTINCT original_key_id FROM dead_letters").rows == (("second",),)
    alone = with_keys(store, "second", "second")
    assert originals(warehouse, alone, 12) == VALUES * 3
    assert files(store) == 1
    assert warehouse.query("SELECT * FROM removed_originals").rows == ()
    assert reencrypt(warehouse, alone) == Reencrypted()


def test_what_a_missing_key_protects_stays(
    warehouse: RelationalWarehouse, store: StageStore, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, with_keys(store, "first", "first"), 0)
    load(warehouse, tmp_path, store, 4)
    assert reencrypt(warehouse, with_keys(store, "second", "second")) == Reencrypted(originals=4, originals_left=4)
    both = with_keys(store, "second", "first", "second")
    assert originals(warehouse, both, 8) == VALUES * 2
    assert reencrypt(warehouse, both) == Reencrypted(originals=4)


def test_a_call_that_was_cut_short_is_finished_by_the_next(
    warehouse: RelationalWarehouse, store: StageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(warehouse, tmp_path, store, 0)
    second = with_keys(store, "second", "second")

    def die(reached: Failpoint, _where: str) -> None:
        if reached is Failpoint.REENCRYPTING:
            raise Killed

    with armed(die), pytest.raises(Killed):
        reencrypt(warehouse, second)
    assert originals(warehouse, second, 4) == VALUES
    with monkeypatch.context() as patched, pytest.raises(Killed):  # after the rows, before the files are removed
        patched.setattr(StageStore, "remove_original", killing())
        reencrypt(warehouse, second)
    assert originals(warehouse, second, 4) == VALUES
    assert reencrypt(warehouse, second) == Reencrypted()
    assert files(store) == 1


def killing() -> Callable[[StageStore, str], None]:
    def remove(_store: StageStore, _path: str) -> None:
        raise Killed

    return remove
