"""Signed claims (JWT, ES256 only), read with suspicion.

The header chooses nothing but the key id: the algorithm, the keys, the type, the issuer and the audience are
given by who reads. Time is given too; no clock is read here.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from jwt.algorithms import ECAlgorithm

from backend.gateways.base64url import decode_base64url

ALGORITHM = "ES256"
LEEWAY = timedelta(seconds=10)
LONGEST_TOKEN = 4096
REQUIRED = ("exp", "iat", "aud", "iss", "sub", "jti")
_HEADER_OF_OURS = frozenset({"alg", "kid", "typ"})
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")
_ES256 = ECAlgorithm(ECAlgorithm.SHA256, SECP256R1)


class TokenFault(StrEnum):
    """What is wrong with a token."""

    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    MISSING_CLAIM = "missing_claim"
    BAD_CLAIM = "bad_claim"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    LIVES_TOO_LONG = "lives_too_long"
    NOT_REAL_NAME = "not_real_name"


class TokenError(Exception):
    """A token is refused; `code` says why, and nothing of the token is repeated."""

    def __init__(self, code: TokenFault) -> None:
        super().__init__(f"the token is refused: {code}")
        self.code = code


class KeySetError(Exception):
    """A set of keys cannot be used; the message says which key and what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say to be read."""

    kind: str
    issuer: str
    audience: str


class _Header(NamedTuple):
    """What the header of a token may say: its type, and the id of its key."""

    kind: object
    key_id: str | None


def read_key_id(token: str, *, kind: str) -> str:
    """Read the key id a token names, after a first look at its form; raises TokenError. Proves nothing."""
    if len(token) > LONGEST_TOKEN:
        raise TokenError(TokenFault.TOO_LONG)
    segments = _COMPACT.fullmatch(token)
    if segments is None:
        raise TokenError(TokenFault.MALFORMED)
    header = _read_header(segments[1])
    if header.kind != kind:
        raise TokenError(TokenFault.WRONG_TYPE)
    if header.key_id is None:
        raise TokenError(TokenFault.UNKNOWN_KEY)
    return header.key_id


def read_issuer(token: str) -> str:
    """Read from whom a token says it is, to find the keys that may prove it; raises TokenError. Proves nothing."""
    segments = _COMPACT.fullmatch(token)
    if segments is None:
        raise TokenError(TokenFault.MALFORMED)
    return read_text(_read_object(segments[2]), "iss")


@lru_cache(maxsize=32)  # all tokens that one key signs begin with the same segment
def _read_header(segment: str) -> _Header:
    header = _read_object(segment)
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not set(header) <= _HEADER_OF_OURS or not isinstance(key_id, str | None):
        raise TokenError(TokenFault.MALFORMED)
    return _Header(header.get("typ"), key_id)


class ProvenTokens:
    """Tokens whose signature was found right: what never changes is checked once, and not at every call.

    A machine that calls hundreds of times a second sends the same token each time. Only those that a key of ours has
    proven are remembered, by their digest and with that key: where the key is gone, or is another one, they are not.
    """

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._proven: dict[bytes, tuple[EllipticCurvePublicKey, Mapping[str, Any]]] = {}

    def find(self, token: str, key: EllipticCurvePublicKey) -> Mapping[str, Any] | None:
        """Find the claims of a token that this very key has proven."""
        proven = self._proven.get(_digest(token))
        return proven[1] if proven is not None and proven[0] is key else None

    def keep(self, token: str, key: EllipticCurvePublicKey, claims: Mapping[str, Any]) -> None:
        """Remember what a key has proven; when there are too many, all others are forgotten."""
        if len(self._proven) >= self._most:
            self._proven = {}
        self._proven[_digest(token)] = key, MappingProxyType(dict(claims))


def _digest(token: str) -> bytes:
    return sha256(token.encode("ascii")).digest()


def read_claims(
    token: str,
    keys: Mapping[str, EllipticCurvePublicKey],
    expected: Expected,
    now: datetime,
    proven: ProvenTokens | None = None,
) -> Mapping[str, Any]:
    """Check signature, type, issuer, audience and times of a token, and give its claims; raises TokenError.

    `proven` are those that were found right before, for what is `expected` here.
    """
    key = keys.get(read_key_id(token, kind=expected.kind))
    if key is None:
        raise TokenError(TokenFault.UNKNOWN_KEY)
    claims = None if proven is None else proven.find(token, key)
    if claims is None:
        claims = _verify(token, key, expected)
        if proven is not None:
            proven.keep(token, key, claims)
    for name in ("iss", "sub", "jti"):
        read_text(claims, name)
    issued_at, expires_at = read_seconds(claims, "iat"), read_seconds(claims, "exp")
    leeway, present = LEEWAY.total_seconds(), now.timestamp()
    starts_at = max(issued_at, read_seconds(claims, "nbf")) if "nbf" in claims else issued_at
    if starts_at > present + leeway:
        raise TokenError(TokenFault.NOT_YET_VALID)
    if expires_at <= present - leeway:
        raise TokenError(TokenFault.EXPIRED)
    return claims


def read_text(claims: Mapping[str, Any], name: str, *, longest: int = 128) -> str:
    """Read a claim that must be a non-empty text of printable characters; raises TokenError."""
    value = claims.get(name)
    if value is None:
        raise TokenError(TokenFault.MISSING_CLAIM)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise TokenError(TokenFault.BAD_CLAIM)
    return value


def read_public_keys(text: str) -> dict[str, EllipticCurvePublicKey]:
    """Read the ES256 keys of a JWK set (JSON); keys of other kinds are passed over. Raises KeySetError."""
    keys = {}
    for entry in read_entries(text):
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256" and entry.get("use", "sig") == "sig":
            key = _read_key(entry)
            keys[_key_id(entry)] = key.public_key() if isinstance(key, EllipticCurvePrivateKey) else key
    if not keys:
        raise KeySetError("the key set has no ES256 key; it needs one with kty EC, crv P-256 and a kid")
    return keys


def read_private_keys(text: str) -> dict[str, EllipticCurvePrivateKey]:
    """Read a JWK set (JSON) of private ES256 keys, all of which must be usable; raises KeySetError."""
    keys: dict[str, EllipticCurvePrivateKey] = {}
    for entry in read_entries(text):
        key, key_id = _read_key(entry), _key_id(entry)
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise KeySetError(f"key {key_id} is not a private ES256 key; it needs kty EC, crv P-256, x, y and d")
        if key_id in keys:
            raise KeySetError(f"two keys have the kid {key_id}; give each its own")
        keys[key_id] = key
    if not keys:
        raise KeySetError("the key set is empty; it needs at least one private ES256 key")
    return keys


def _verify(token: str, key: EllipticCurvePublicKey, expected: Expected) -> dict[str, Any]:
    """Check signature, required claims, issuer and audience; times are for the caller, who was given the moment.

    The library checks the signature alone: its way from a token to claims reads every segment several times.
    """
    signed, _, signature = token.rpartition(".")
    if not _ES256.verify(signed.encode(), _ES256.prepare_key(key), _decode(signature)):
        raise TokenError(TokenFault.BAD_SIGNATURE)
    claims = _read_object(signed.rpartition(".")[2])
    if any(claims.get(name) is None for name in REQUIRED):
        raise TokenError(TokenFault.MISSING_CLAIM)
    if claims["iss"] != expected.issuer:
        raise TokenError(TokenFault.WRONG_ISSUER)
    if claims["aud"] != expected.audience:  # one audience and no list: a token for us is for nobody else
        raise TokenError(TokenFault.WRONG_AUDIENCE)
    return claims


def _read_object(segment: str) -> dict[str, Any]:
    try:
        found = json.loads(_decode(segment))
    except (ValueError, RecursionError):
        raise TokenError(TokenFault.MALFORMED) from None
    if not isinstance(found, dict):
        raise TokenError(TokenFault.MALFORMED)
    return found


def _decode(segment: str) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        raise TokenError(TokenFault.MALFORMED) from None


def read_seconds(claims: Mapping[str, Any], name: str) -> float:
    """Read a claim that must be a finite number of seconds since 1970 (RFC 7519, NumericDate); raises TokenError."""
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise TokenError(TokenFault.BAD_CLAIM)
    return value


def read_entries(text: str) -> list[dict[str, Any]]:
    """Read the entries of a JWK set (JSON), whatever they are; raises KeySetError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise KeySetError("the key set is not JSON") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise KeySetError('the key set is not a JWK set; it needs the form {"keys": [{...}, ...]}')
    return entries


def _key_id(entry: Mapping[str, Any]) -> str:
    key_id = entry.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise KeySetError("a key of the set has no kid; give each key one")
    return key_id


def _read_key(entry: dict[str, Any]) -> EllipticCurvePrivateKey | EllipticCurvePublicKey:
    try:
        return ECAlgorithm.from_jwk(entry)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise KeySetError(f"key {entry.get('kid')!r} of the set is not a key of an elliptic curve") from None
