"""Encrypts what is kept of raw messages with the current key: originals of dead letters, and the archive.

After a key was changed or encryption was switched on, what was kept before is as it was. Each step can be cut short and
made again: a new file is stored before the warehouse names it, and the warehouse then names the former one as one to
remove.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import batched

from pipelines.failpoints import Failpoint, reach
from pipelines.jobs.forget import PAGE, every_letter
from pipelines.jobs.originals import remove_originals
from pipelines.stage import EncryptionKeyMissing, StagedBatchDamaged, StageStore
from pipelines.warehouse import Original, StoredDeadLetter, Warehouse

LOG = logging.getLogger("dateline")


@dataclass(slots=True)
class Reencrypted:
    """How many originals and archived messages were encrypted now, and how many stay, because they cannot be read."""

    originals: int = 0
    originals_left: int = 0
    messages: int = 0
    messages_left: int = 0


def reencrypt(warehouse: Warehouse, store: StageStore) -> Reencrypted:
    """Encrypts originals and archived messages of the store's topic that are not encrypted with the current key.

    What is encrypted with a key that is not given, or is damaged, stays as it is. Must be called under the topic's
    writer lock, with a current key.
    """
    done = Reencrypted()
    for page in batched(_other_letters(warehouse, store), PAGE):
        originals = [each for letter in page if (each := _encrypted(letter, store)) is not None]
        reach(Failpoint.REENCRYPTING)
        warehouse.replace_originals(originals)
        done.originals += len(originals)
        done.originals_left += len(page) - len(originals)
    remove_originals(warehouse, store)
    done.messages, done.messages_left = store.archive.reencrypt()
    return done


def _other_letters(warehouse: Warehouse, store: StageStore) -> Iterator[StoredDeadLetter]:
    """The dead letters of the topic with an original that is not encrypted with the current key."""
    for letter in every_letter(warehouse):
        is_kept = letter.original is not None or letter.original_path is not None
        if is_kept and letter.coordinates.topic == store.topic and letter.original_key_id != store.key_id:
            yield letter


def _encrypted(letter: StoredDeadLetter, store: StageStore) -> Original | None:
    try:
        original = store.original_of(letter.record())
    except (EncryptionKeyMissing, StagedBatchDamaged) as fault:
        LOG.warning("the original of dead letter %s stays as it is: %s", letter.dead_letter_id, fault)
        return None
    assert original is not None
    if letter.original_path is None:
        return Original(letter.dead_letter_id, store.seal(original, letter.coordinates), None, store.key_id)
    return Original(letter.dead_letter_id, None, store.keep_original(original, store.topic), store.key_id)
