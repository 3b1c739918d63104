"""Keyed hashes in place of identity numbers and names.

All identity numbers of a prefecture can be hashed in minutes, so a plain hash hides nothing; these need a key.
"""

import hmac
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from backend.gateways.derived_keys import check_current, derive_keys


class KeyedIndex(NamedTuple):
    """A keyed hash (32 bytes), and the id of the key it was made with."""

    key_id: str
    digest: bytes


class Pseudonyms:
    """Makes keyed hashes (HMAC-SHA256). New ones with the current key; older keys still find what they made."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        check_current(keys, current)
        self._current = current
        self._identity_keys = derive_keys(keys, use="shangding identity index 1")
        self._name_keys = derive_keys(keys, use="shangding name index 1")

    def index(self, identity_number: str) -> KeyedIndex:
        """Hash a normalised identity number with the current key."""
        return KeyedIndex(self._current, _digest(self._identity_keys[self._current], identity_number.encode()))

    def all_indexes(self, identity_number: str) -> tuple[KeyedIndex, ...]:
        """Hash a normalised identity number with each key, the current one first, to look it up."""
        older = (key_id for key_id in self._identity_keys if key_id != self._current)
        return (
            self.index(identity_number),
            *(KeyedIndex(key_id, _digest(self._identity_keys[key_id], identity_number.encode())) for key_id in older),
        )

    def index_name(self, name: str, *, subject_id: UUID) -> KeyedIndex:
        """Hash a normalised name for one subject: two people of the same name get different hashes."""
        return KeyedIndex(self._current, _digest(self._name_keys[self._current], subject_id.bytes + name.encode()))

    def is_name(self, name: str, digest: bytes, *, subject_id: UUID) -> bool:
        """Tell whether `digest` was made of this name for this subject, with any of the keys."""
        content = subject_id.bytes + name.encode()
        return any(hmac.compare_digest(_digest(key, content), digest) for key in self._name_keys.values())


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")
