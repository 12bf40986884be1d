"""What is encrypted can be read with its key alone, and not once the key is gone, damaged, or of another place."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from pipelines.failures import Failure, Violation
from pipelines.settings import EncryptionSettings
from pipelines.stage import EncryptionKeyMissing, Folder, StagedBatchDamaged, StageStore, dead_letter_record
from pipelines.stage.encryption import MAGIC, Keyring, key_id_of, keyring_of
from tests.builders import FETCHED_AT, a_message

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
BOTH = {"2025b": OLD, "2026a": NEW}
KEYS = Keyring("2026a", BOTH)
FAILURE = Failure("clean", "ConsentWall", (Violation("an article"),))
PLACE = "articles.raw/0@7"


@pytest.mark.parametrize("content", [b"", b"x", b"page" * 10_000, MAGIC, MAGIC + b"\x052026a" + b"x" * 99])
def test_a_content_is_read_with_its_key(content: bytes) -> None:
    envelope = KEYS.encrypt(content, PLACE)
    assert key_id_of(envelope) == "2026a"
    assert not content or len(content) < 5 or content not in envelope
    assert Keyring(None, {"2026a": NEW}).decrypt(envelope, PLACE) == content
    assert KEYS.encrypt(content, PLACE) != envelope


def test_without_its_key_it_is_forgotten() -> None:
    envelope = KEYS.encrypt(b"page", PLACE)
    with pytest.raises(EncryptionKeyMissing, match=r"raw/0@7 is encrypted with the key 2026a, which is not given"):
        Keyring("2025b", {"2025b": OLD}).decrypt(envelope, PLACE)
    with pytest.raises(StagedBatchDamaged, match="or the key 2026a is not the one that it was encrypted with"):
        Keyring("2026a", {"2026a": OLD}).decrypt(envelope, PLACE)


def test_a_damaged_or_moved_envelope_is_refused() -> None:
    envelope = KEYS.encrypt(b"page", PLACE)
    with pytest.raises(StagedBatchDamaged):
        KEYS.decrypt(envelope, "articles.raw/0@8")
    for n in range(len(envelope)):
        damaged = envelope[:n] + bytes([envelope[n] ^ 1]) + envelope[n + 1:]
        with pytest.raises((StagedBatchDamaged, EncryptionKeyMissing)):
            KEYS.decrypt(damaged, PLACE)
        with pytest.raises((StagedBatchDamaged, EncryptionKeyMissing)):
            KEYS.decrypt(envelope[:n], PLACE)


def test_keys_are_not_shown() -> None:
    keys = keyring_of(EncryptionSettings(keyring=f"2026a:{base64.b64encode(NEW).decode()}", key_id="2026a"))  # type: ignore[arg-type]
    assert keys.by_id == {"2026a": NEW}
    assert repr(NEW)[2:-1] not in repr(keys)
    assert base64.b64encode(NEW).decode() not in repr(keys)


@pytest.mark.parametrize("inline_bytes", [100, 10])
def test_the_original_of_a_dead_letter_is_encrypted(tmp_path: Path, inline_bytes: int) -> None:
    page = b"Write to ines@harbour.example"
    store = StageStore(Folder.at(tmp_path), "news-1", "articles.raw", inline_bytes, KEYS)
    record = dead_letter_record(a_message(value=page), FAILURE, "dateline test", FETCHED_AT, None, store)
    assert (record["original_key_id"], record["original_bytes"]) == ("2026a", len(page))
    assert store.original_of(record) == page
    kept = (record["original"] or b"") + b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert MAGIC in kept
    assert page not in kept
    rotated = StageStore(store.root, "news-1", "articles.raw", inline_bytes, Keyring("2025b", BOTH))
    assert rotated.original_of(record) == page
    without = StageStore(store.root, "news-1", "articles.raw", inline_bytes, Keyring("2025b", {"2025b": OLD}))
    with pytest.raises(EncryptionKeyMissing):
        without.original_of(record)


def test_the_same_large_original_is_stored_once_for_each_key(tmp_path: Path) -> None:
    store = StageStore(Folder.at(tmp_path), "news-1", "articles.raw", 10, KEYS)
    path = store.keep_original(b"page" * 10, "articles.raw")
    assert store.keep_original(b"page" * 10, "articles.raw") == path
    assert len([each for each in tmp_path.rglob("*") if each.is_file()]) == 1
    other = StageStore(store.root, "news-1", "articles.raw", 10, Keyring("2025b", BOTH))
    assert other.keep_original(b"page" * 10, "articles.raw") != path


def test_an_original_from_before_there_were_keys_is_read(tmp_path: Path) -> None:
    plain = StageStore(Folder.at(tmp_path), "news-1", "articles.raw", 10)
    for value in (b"page", MAGIC + b"page" * 50):
        record = dead_letter_record(a_message(value=value), FAILURE, "dateline test", FETCHED_AT, None, plain)
        assert record["original_key_id"] is None
        with_keys = StageStore(plain.root, "news-1", "articles.raw", 10, KEYS)
        assert with_keys.original_of(record) == value
