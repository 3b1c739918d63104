"""Public keys of others: read with suspicion from a JWK or a PEM file, and named by their thumbprint."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm

from backend.gateways.base64url import encode_base64url
from backend.gateways.signed_claims import ALGORITHM

LONGEST_KEY_FILE = 4096
GUESSABLE = 256
FINGERPRINT_GROUP_BYTES = 2
_SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_EXPECTED: Mapping[str, object] = MappingProxyType({"kty": "EC", "crv": "P-256"})
_ALLOWED: Mapping[str, object] = MappingProxyType({"use": "sig", "alg": ALGORITHM})
# The x of keys whose private halves are printed: RFC 7515 A.3 and RFC 7517 A.1 and A.2.
_PUBLISHED = frozenset({"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"})


class KeyFlaw(StrEnum):
    """Why a key is not taken as the public key of somebody."""

    UNREADABLE = "key_unreadable"
    PRIVATE = "key_private"
    WRONG_KIND = "key_wrong_kind"
    WEAK = "key_weak"


class KeyRefusedError(Exception):
    """A key is refused; `flaw` says why, and nothing of the key is repeated."""

    def __init__(self, flaw: KeyFlaw) -> None:
        super().__init__(f"the key is refused: {flaw}")
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public ES256 key: its thumbprint (RFC 7638, 43 characters), and its JWK, of kty, crv, x and y alone."""

    key_id: str
    jwk: Mapping[str, str]

    def load(self) -> EllipticCurvePublicKey:
        """Give the key to verify with."""
        return load_public_key(self.jwk)


def read_key_file(content: bytes) -> PublicKey:
    """Read a public key from the content of a file, PEM or one JWK; raises KeyRefusedError."""
    if len(content) > LONGEST_KEY_FILE:
        raise KeyRefusedError(KeyFlaw.UNREADABLE)
    if content.lstrip().startswith(b"{"):
        try:
            entry = json.loads(content)
        except (ValueError, RecursionError):
            raise KeyRefusedError(KeyFlaw.UNREADABLE) from None
        return read_jwk(entry)
    if b"PRIVATE KEY-----" in content:
        raise KeyRefusedError(KeyFlaw.PRIVATE)
    try:
        key = load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefusedError(KeyFlaw.UNREADABLE) from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise KeyRefusedError(KeyFlaw.WRONG_KIND)
    return name_key(key)


def read_jwk(entry: Mapping[str, Any]) -> PublicKey:
    """Read a public key from a JWK; members that are not of the key itself are dropped. Raises KeyRefusedError."""
    if _SECRET_MEMBERS & set(entry):
        raise KeyRefusedError(KeyFlaw.PRIVATE)
    if "keys" in entry:
        raise KeyRefusedError(KeyFlaw.UNREADABLE)
    if any(entry.get(name) != value for name, value in _EXPECTED.items()):
        raise KeyRefusedError(KeyFlaw.WRONG_KIND)
    if any(entry.get(name, value) != value for name, value in _ALLOWED.items()):
        raise KeyRefusedError(KeyFlaw.WRONG_KIND)
    return name_key(load_public_key(entry))


def name_key(key: EllipticCurvePublicKey) -> PublicKey:
    """Name a public key by its thumbprint; raises KeyRefusedError for another curve, and for a key that is known."""
    if not isinstance(key.curve, SECP256R1):
        raise KeyRefusedError(KeyFlaw.WRONG_KIND)
    jwk = make_jwk(key)
    if jwk["x"] in _PUBLISHED | _list_guessable():
        raise KeyRefusedError(KeyFlaw.WEAK)
    return PublicKey(find_thumbprint(jwk), jwk)


def make_jwk(key: EllipticCurvePublicKey) -> dict[str, str]:
    """Make the JWK of a public key: kty, crv, x and y."""
    entry = ECAlgorithm.to_jwk(key, as_dict=True)
    return {name: str(entry[name]) for name in ("crv", "kty", "x", "y")}


def find_thumbprint(jwk: Mapping[str, str]) -> str:
    """Find the thumbprint of a public EC key: SHA-256 of its required members in order (RFC 7638, section 3)."""
    return encode_base64url(_digest(jwk))


def write_fingerprint(jwk: Mapping[str, str]) -> str:
    """Write the thumbprint of a public EC key as one reads it out: 16 groups of four hexadecimal digits.

    A key id is any text that its owner likes, so only this tells whether two people mean the same key.
    """
    return _digest(jwk).hex(" ", FINGERPRINT_GROUP_BYTES)


def load_public_key(jwk: Mapping[str, Any]) -> EllipticCurvePublicKey:
    """Load a public key from its JWK; raises KeyRefusedError when the numbers are no point of the curve."""
    try:
        key = ECAlgorithm.from_jwk(dict(jwk))
    except (jwt.PyJWTError, ValueError, TypeError):
        raise KeyRefusedError(KeyFlaw.UNREADABLE) from None
    if isinstance(key, EllipticCurvePrivateKey):
        raise KeyRefusedError(KeyFlaw.PRIVATE)
    return key


def _digest(jwk: Mapping[str, str]) -> bytes:
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()


@lru_cache(maxsize=1)
def _list_guessable() -> frozenset[str]:
    """List the x of the keys that come of a private number so small that anybody tries it."""
    keys = (derive_private_key(number, SECP256R1()).public_key() for number in range(1, GUESSABLE + 1))
    return frozenset(make_jwk(key)["x"] for key in keys)
