"""Keyed hashes in place of identity numbers and names.

All identity numbers of a prefecture can be hashed in minutes, so a plain hash hides nothing; these need a key.
"""

import hmac
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from backend.gateways.base64url import encode_base64url
from backend.gateways.derived_keys import check_current, derive_keys

_NAME_BYTES = 16


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
        self._account_keys = derive_keys(keys, use="shangding mini-program account index 1")
        self._pairwise_key = derive_keys(keys, use="shangding pairwise names 1")[current]
        self._attempt_key = derive_keys(keys, use="shangding attempts 1")[current]

    @property
    def current(self) -> str:
        """The id of the key that new hashes are made with."""
        return self._current

    @property
    def is_changing(self) -> bool:
        """Whether one number can be hashed in more than one way, as while keys are exchanged."""
        return len(self._identity_keys) > 1

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

    def all_name_indexes(self, name: str, *, subject_id: UUID) -> tuple[KeyedIndex, ...]:
        """Hash a normalised name for one subject with each key, the current one first."""
        content = subject_id.bytes + name.encode()
        in_order = sorted(self._name_keys, key=lambda key_id: key_id != self._current)
        return tuple(KeyedIndex(key_id, _digest(self._name_keys[key_id], content)) for key_id in in_order)

    def is_name(self, name: str, digest: bytes, *, subject_id: UUID) -> bool:
        """Tell whether `digest` was made of this name for this subject, with any of the keys."""
        content = subject_id.bytes + name.encode()
        return any(hmac.compare_digest(_digest(key, content), digest) for key in self._name_keys.values())

    def index_account(self, account: str) -> tuple[KeyedIndex, ...]:
        """Hash a reference to somebody's account elsewhere with each key, the current one first."""
        in_order = sorted(self._account_keys, key=lambda key_id: key_id != self._current)
        return tuple(KeyedIndex(key_id, _digest(self._account_keys[key_id], account.encode())) for key_id in in_order)

    def name_for(self, audience: str, *, subject_id: UUID) -> str:
        """Name a subject for one audience: the same each time, and another for everybody else; 22 characters.

        Two audiences cannot find out by it that they know the same person. A new current key gives new names.
        """
        digest = _digest(self._pairwise_key, subject_id.bytes + audience.encode())
        return encode_base64url(digest[:_NAME_BYTES])

    def name_attempt(self, tried: str) -> str:
        """Name what somebody tried to prove, for counting attempts: 32 hexadecimal digits found nowhere else."""
        return _digest(self._attempt_key, tried.encode()).hex()[:32]


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")
