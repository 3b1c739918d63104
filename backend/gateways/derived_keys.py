"""Keys for one use each, derived from the secret keys of the settings, so that no key serves two ends."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


def derive_keys(keys: Mapping[str, bytes], *, use: str) -> dict[str, bytes]:
    """Derive from each key the one for `use`, under the same key id (HKDF with SHA-256, RFC 5869)."""
    return {key_id: _derive(key, use) for key_id, key in keys.items()}


def check_current(keys: Mapping[str, bytes], current: str) -> None:
    """Refuse a ring without its current key, or with a key that is too short, with ValueError."""
    if current not in keys:
        raise ValueError(f"the current key {current} is not among the keys {', '.join(keys) or '(none)'}")
    for key_id, key in keys.items():
        if len(key) != KEY_BYTES:
            raise ValueError(f"key {key_id} has {len(key)} bytes; give {KEY_BYTES} random bytes")


def _derive(key: bytes, use: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use.encode()).derive(key)
