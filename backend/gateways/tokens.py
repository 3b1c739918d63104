"""Our own access tokens: short-lived, signed with ES256, checked on every call."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from backend.gateways.signed_claims import (
    ALGORITHM,
    Expected,
    TokenError,
    TokenFault,
    read_claims,
    read_private_keys,
    read_text,
)
from backend.principals import Principal, PrincipalKind

__all__ = ["TOKEN_TYPE", "TokenError", "TokenFault", "TokenIssuer"]

TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068
_JTI_BYTES = 16


class TokenIssuer:
    """Issues tokens with the first of its keys and reads those of all; `issuer` is our public URL."""

    def __init__(self, keys: Mapping[str, EllipticCurvePrivateKey], *, issuer: str) -> None:
        self._key_id, self._key = next(iter(keys.items()))
        self._public_keys = {key_id: key.public_key() for key_id, key in keys.items()}
        self._expected = Expected(kind=TOKEN_TYPE, issuer=issuer, audience=issuer)

    @classmethod
    def from_file(cls, path: Path, *, issuer: str) -> Self:
        """Read the JWK set of private keys at `path`; raises OSError or KeySetError."""
        return cls(read_private_keys(path.read_text(encoding="utf-8")), issuer=issuer)

    def issue(self, principal: Principal, lifetime: timedelta, now: datetime) -> str:
        """Issue a token for `principal` that is valid from `now` for `lifetime`, to the second."""
        issued_at = int(now.timestamp())
        claims = {
            "iss": self._expected.issuer,
            "aud": self._expected.audience,
            "sub": principal.id,
            "jti": secrets.token_urlsafe(_JTI_BYTES),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + int(lifetime.total_seconds()),
            "kind": principal.kind.value,
            "scope": " ".join(sorted(principal.scopes)),
        }
        if principal.acting is not None:
            claims["act"] = {"sub": principal.acting}
        return jwt.encode(claims, self._key, ALGORITHM, headers={"typ": TOKEN_TYPE, "kid": self._key_id})

    def read(self, token: str, now: datetime) -> Principal:
        """Read who a token speaks for; raises TokenError."""
        claims = read_claims(token, self._public_keys, self._expected, now)
        try:
            kind = PrincipalKind(read_text(claims, "kind"))
        except ValueError:
            raise TokenError(TokenFault.BAD_CLAIM) from None
        scope, act = claims.get("scope"), claims.get("act")
        if not isinstance(scope, str) or not (act is None or isinstance(act, dict)):
            raise TokenError(TokenFault.BAD_CLAIM)
        return Principal(
            kind=kind,
            id=read_text(claims, "sub"),
            scopes=frozenset(scope.split()),
            acting=None if act is None else read_text(act, "sub"),
        )
