"""Encrypts what the stage and dead letters keep of raw messages, so that deleting a key forgets what it protects.

Each content has a random data key of its own (AES-256-GCM). The data key is stored with it, wrapped by the key with the
id that the header names (AES key wrap, RFC 3394). An envelope is

```
"DLE1" · length of the key id (1 byte) · key id · wrapped data key (40 bytes) · nonce (12) · ciphertext and tag (16)
```

Everything before the ciphertext is authenticated with it, and so is the content's ``place``: an envelope that was moved
to another place cannot be opened.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.settings import EncryptionSettings
from pipelines.stage.faults import EncryptionKeyMissing, StagedBatchDamaged

MAGIC = b"DLE1"
_WRAPPED, _NONCE, _TAG = 40, 12, 16


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys of 32 bytes by id. New content is encrypted with the ``current`` one, or not at all if that is None."""

    current: str | None = None
    by_id: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def encrypt(self, content: bytes, place: str) -> bytes:
        """The envelope of a content. There has to be a current key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap

        assert self.current is not None
        data_key, nonce, key_id = os.urandom(32), os.urandom(_NONCE), self.current.encode()
        wrapped = aes_key_wrap(self.by_id[self.current], data_key)
        header = MAGIC + bytes([len(key_id)]) + key_id + wrapped + nonce
        return header + AESGCM(data_key).encrypt(nonce, content, header + place.encode())

    def decrypt(self, envelope: bytes, place: str) -> bytes:
        """The content of an envelope.

        Raises ``EncryptionKeyMissing`` if its key is not there, and ``StagedBatchDamaged`` if it is damaged, from
        another place, or was encrypted with another key of the same id.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

        key_id = key_id_of(envelope)
        if key_id is None:
            raise StagedBatchDamaged(f"{place} is no whole envelope. {_RESTORE}")
        if key_id not in self.by_id:
            raise EncryptionKeyMissing(
                f"{place} is encrypted with the key {key_id}, which is not given. If that key was destroyed, this is "
                "forgotten for good.\nWhat to do: if the key still exists, add it to DATELINE_ENCRYPTION__KEYRING."
            )
        begin = len(MAGIC) + 1 + len(key_id)
        end = begin + _WRAPPED + _NONCE
        header, wrapped, nonce = envelope[:end], envelope[begin:begin + _WRAPPED], envelope[begin + _WRAPPED:end]
        try:
            data_key = aes_key_unwrap(self.by_id[key_id], wrapped)
            return AESGCM(data_key).decrypt(nonce, envelope[end:], header + place.encode())
        except (InvalidUnwrap, InvalidTag):
            raise StagedBatchDamaged(
                f"{place} is damaged, or the key {key_id} is not the one that it was encrypted with. {_RESTORE}"
            ) from None

    def digest(self, content: bytes) -> str:
        """The name of a content's file: equal contents share it, and nobody without the key can guess it.

        It is the SHA-256 of the content if nothing is encrypted, otherwise an HMAC under the current key.
        """
        if self.current is None:
            return hashlib.sha256(content).hexdigest()
        of_names = hmac.digest(self.by_id[self.current], b"names of originals", "sha256")
        return hmac.digest(of_names, content, "sha256").hex()


_RESTORE = "What to do: restore it from a backup, or give the right key in DATELINE_ENCRYPTION__KEYRING."


def key_id_of(envelope: bytes) -> str | None:
    """The id of the key that an envelope names; None if the bytes are too short for one or do not begin like one."""
    begin = len(MAGIC)
    if not envelope.startswith(MAGIC) or len(envelope) <= begin:
        return None
    end = begin + 1 + envelope[begin]
    if len(envelope) < end + _WRAPPED + _NONCE + _TAG:
        return None
    return envelope[begin + 1:end].decode("ascii", "replace")


def keyring_of(settings: EncryptionSettings) -> Keyring:
    """The keys of the settings, decoded."""
    return Keyring(settings.key_id, {
        key_id: base64.b64decode(key.get_secret_value()) for key_id, key in settings.keyring.items()
    })
