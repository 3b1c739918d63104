"""Assertions by which a client proves itself: `private_key_jwt` (RFC 7523, FAPI 2.0), ES256 only.

Which key to verify with is looked up by what the assertion says of itself, so reading is done in two steps: what it
claims, which proves nothing, and what it proves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, generate_private_key

from backend.gateways.signed_claims import (
    LEEWAY,
    Expected,
    TokenError,
    TokenFault,
    read_claims,
    read_key_id,
    read_text,
)

ASSERTION_TYPES = ("JWT", "client-authentication+jwt")
LONGEST_LIFETIME = timedelta(minutes=5)
_UNKNOWN = "unknown"
# Who is unknown is told so no sooner than whoever signed with the wrong key.
_NOBODYS_KEY = generate_private_key(SECP256R1()).public_key()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What an assertion says of itself; proves nothing. `client_id` is None where it is none of ours at first sight."""

    kind: str
    key_id: str
    client_id: UUID | None
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A verified assertion. After `usable_until` no clock within the leeway accepts it, so it may be forgotten."""

    client_id: UUID
    jti_digest: bytes
    usable_until: datetime


def read_claimed(assertion: str) -> Claimed:
    """Read what an assertion says of itself; raises TokenError for what is none."""
    kind, key_id = _read_header(assertion)
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise TokenError(TokenFault.MALFORMED) from None
    audience = claims.get("aud")
    return Claimed(
        kind=kind,
        key_id=key_id,
        client_id=_read_client_id(claims),
        audience=audience if isinstance(audience, str) else _UNKNOWN,
    )


def prove(
    assertion: str,
    claimed: Claimed,
    key: EllipticCurvePublicKey | None,
    *,
    audiences: frozenset[str],
    now: datetime,
) -> Assertion:
    """Verify an assertion with the live key that it names, None when there is none; raises TokenError.

    It must be made out to one of the `audiences` alone, by and about the same client, and expire within five minutes.
    That it is used only once is for the caller to see to, by its `jti_digest`.
    """
    client = _UNKNOWN if claimed.client_id is None else str(claimed.client_id)
    # An audience that is not ours is compared with one that is, which makes it the wrong one.
    audience = claimed.audience if claimed.audience in audiences else min(audiences)
    expected = Expected(kind=claimed.kind, issuer=client, audience=audience)
    claims = read_claims(assertion, {claimed.key_id: key or _NOBODYS_KEY}, expected, now)
    if claimed.client_id is None or read_text(claims, "sub") != client:
        raise TokenError(TokenFault.BAD_CLAIM)
    if not 0 < claims["exp"] - claims["iat"] <= LONGEST_LIFETIME.total_seconds():
        raise TokenError(TokenFault.LIVES_TOO_LONG)
    return Assertion(
        client_id=claimed.client_id,
        jti_digest=sha256(read_text(claims, "jti").encode()).digest(),
        usable_until=datetime.fromtimestamp(claims["exp"], UTC) + LEEWAY,
    )


def _read_header(assertion: str) -> tuple[str, str]:
    *others, last = ASSERTION_TYPES
    for kind in others:
        try:
            return kind, read_key_id(assertion, kind=kind)
        except TokenError as error:
            if error.code is not TokenFault.WRONG_TYPE:
                raise
    return last, read_key_id(assertion, kind=last)


def _read_client_id(claims: Mapping[str, Any]) -> UUID | None:
    subject = claims.get("sub")
    try:
        client_id = UUID(subject) if isinstance(subject, str) else None
    except ValueError:
        return None
    return client_id if str(client_id) == subject else None
