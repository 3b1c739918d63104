"""Personal data at rest: sealed with AES-256-GCM, bound to the person and the field it belongs to.

A sealed value is: format (1 byte), length of the key id (1 byte), key id, nonce (12 bytes), ciphertext with tag.
"""

import secrets
from collections.abc import Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.gateways.derived_keys import check_current, derive_keys

_FORMAT = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = 2


class SealError(Exception):
    """A sealed value cannot be opened: it was changed, moved to another place, or its key is gone."""


class Sealer:
    """Seals with the current key; opens with whichever key of the ring a value names."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        check_current(keys, current)
        self._current = current
        self._ciphers = {key_id: AESGCM(key) for key_id, key in derive_keys(keys, use="shangding sealing 1").items()}

    def seal(self, plain: str, *, subject_id: UUID, field: str) -> bytes:
        """Seal a text for one field of one subject."""
        return self.seal_bytes(plain.encode(), subject_id=subject_id, field=field)

    def seal_bytes(self, plain: bytes, *, subject_id: UUID, field: str) -> bytes:
        """Seal bytes for one field of one subject, or of a file under its own id."""
        key_id = self._current.encode("ascii")
        head = bytes((_FORMAT, len(key_id))) + key_id
        nonce = secrets.token_bytes(_NONCE_BYTES)
        bound = _bind(head, subject_id, field)
        return head + nonce + self._ciphers[self._current].encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, *, subject_id: UUID, field: str) -> str:
        """Open a text that was sealed for this field of this subject; raises SealError."""
        return self.open_bytes(sealed, subject_id=subject_id, field=field).decode()

    def open_bytes(self, sealed: bytes, *, subject_id: UUID, field: str) -> bytes:
        """Open bytes that were sealed for this field of this subject; raises SealError."""
        key_id, head, rest = _take_apart(sealed)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealError(f"sealed with key {key_id!r}, which is not in SHANGDING_SEALING_KEYS; add it again")
        nonce, ciphertext = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, _bind(head, subject_id, field))
        except InvalidTag:
            raise SealError(f"field {field} was changed, or sealed for another subject or field") from None

    @property
    def current(self) -> str:
        """The id of the key that new values are sealed with."""
        return self._current

    def find_key_id(self, sealed: bytes) -> str:
        """Find the id of the key that a value is sealed with, of the ring or not; raises SealError for what is none."""
        return _take_apart(sealed)[0]

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether a value is sealed with the current key; if not, it is time to seal it anew."""
        return _take_apart(sealed)[0] == self._current


def _take_apart(sealed: bytes) -> tuple[str, bytes, bytes]:
    if len(sealed) < _HEAD_BYTES or sealed[0] != _FORMAT:
        raise SealError("not a sealed value of a known format")
    end = _HEAD_BYTES + sealed[1]
    head, rest = sealed[:end], sealed[end:]
    if len(rest) < _NONCE_BYTES + _TAG_BYTES:
        raise SealError("a sealed value is cut short")
    return head[_HEAD_BYTES:].decode("ascii", "replace"), head, rest


def _bind(head: bytes, subject_id: UUID, field: str) -> bytes:
    return head + subject_id.bytes + field.encode()
