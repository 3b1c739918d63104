"""What we sign with ES256: access tokens, short-lived and checked on every call, and what others read without us."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

from backend.gateways.signed_claims import (
    ALGORITHM,
    Expected,
    ProvenTokens,
    TokenError,
    TokenFault,
    read_claims,
    read_seconds,
    read_text,
)
from backend.gateways.token_keys import (
    KeptKeys,
    KeyFile,
    TokenKey,
    TokenKeys,
    choose_offline_signer,
    choose_signer,
    list_readable,
)
from backend.principals import Principal, PrincipalKind

__all__ = ["TOKEN_TYPE", "Signed", "TokenError", "TokenFault", "TokenIssuer"]

TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068
_JTI_BYTES = 16


class Signed(NamedTuple):
    """A signed text, and the moment until which it holds, to the second."""

    text: str
    expires_at: datetime


class TokenIssuer:
    """Issues tokens with the key whose turn it is, and reads those of all; `issuer` is our public URL.

    Of keys given as they are, the first signs for ever.
    """

    def __init__(self, keys: Mapping[str, EllipticCurvePrivateKey] | TokenKeys, *, issuer: str) -> None:
        given = KeptKeys(TokenKey(key_id, key) for key_id, key in keys.items()) if isinstance(keys, Mapping) else keys
        self._keys: TokenKeys = given
        self._public: tuple[Sequence[TokenKey], Mapping[str, EllipticCurvePublicKey]] = ((), {})
        self._expected = Expected(kind=TOKEN_TYPE, issuer=issuer, audience=issuer)
        self._proven = ProvenTokens()

    @classmethod
    def from_file(cls, path: Path, *, issuer: str) -> Self:
        """Read the JWK set of private keys at `path`, and anew when it changes; raises OSError or KeySetError."""
        return cls(KeyFile(path), issuer=issuer)

    def list_public_keys(self, now: datetime) -> list[dict[str, str]]:
        """List the public halves of all keys that are read, or will sign next, as JWKs."""
        return [key.describe() for key in list_readable(self._keys.list_keys(now), now)]

    def find_signer(self, now: datetime) -> TokenKey:
        """Give the key that signs now, to sign messages with (RFC 9421); raises KeySetError when there is none."""
        return choose_signer(self._keys.list_keys(now), now)

    def issue(self, principal: Principal, lifetime: timedelta, now: datetime) -> str:
        """Issue a token for `principal` that is valid from `now`, to the millisecond, for `lifetime`.

        Whole seconds would not tell a token of just before a revocation from one of just after it. A token of more than
        `LONGEST_LIFE` may end sooner, with its key. Raises KeySetError when there is no key any more.
        """
        signer = choose_signer(self._keys.list_keys(now), now)
        issued_at = int(now.timestamp() * 1000) / 1000
        claims = {
            "iss": self._expected.issuer,
            "aud": self._expected.audience,
            "sub": principal.id,
            "jti": secrets.token_urlsafe(_JTI_BYTES),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + lifetime.total_seconds(),
            "kind": principal.kind.value,
            "scope": " ".join(sorted(principal.scopes)),
        }
        claims |= {
            name: value
            for name, value in (
                ("act", principal.acting and {"sub": principal.acting}),
                ("client_id", principal.client),
                ("sid", principal.session and str(principal.session)),
                ("auth_time", principal.proven_at and int(principal.proven_at.timestamp())),
            )
            if value is not None
        }
        return jwt.encode(claims, signer.key, ALGORITHM, headers={"typ": TOKEN_TYPE, "kid": signer.key_id})

    def sign_offline(self, claims: Mapping[str, object], *, kind: str, now: datetime, until: datetime) -> Signed:
        """Sign claims of ours that are read without us: `kind` is their `typ`, and no access token's.

        `iss`, `iat` and `exp` are set here. They end sooner than `until` where their key does. Raises KeySetError when
        there is no key any more.
        """
        if kind == TOKEN_TYPE:
            raise ValueError("what is signed for others must not pass for a token of ours; give it a type of its own")
        signer = choose_offline_signer(self._keys.list_keys(now), now, until=until)
        expires_at = int(min(until, signer.read_until).timestamp())
        given = {"iss": self._expected.issuer, **claims, "iat": int(now.timestamp()), "exp": expires_at}
        text = jwt.encode(given, signer.key, ALGORITHM, headers={"typ": kind, "kid": signer.key_id})
        return Signed(text, datetime.fromtimestamp(expires_at, UTC))

    def read(self, token: str, now: datetime) -> Principal:
        """Read who a token speaks for; raises TokenError."""
        claims = read_claims(token, self._find_public_keys(now), self._expected, now, self._proven)
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
            client=read_text(claims, "client_id") if "client_id" in claims else None,
            session=_read_session(claims),
            proven_at=_read_moment(claims, "auth_time") if "auth_time" in claims else None,
            issued_at=_read_moment(claims, "iat"),
        )

    def _find_public_keys(self, now: datetime) -> Mapping[str, EllipticCurvePublicKey]:
        keys = self._keys.list_keys(now)
        known, public = self._public
        if keys is not known:
            public = {key.key_id: key.key.public_key() for key in keys}
            self._public = keys, public
        if all(now < key.read_until for key in keys):
            return public
        return {key.key_id: public[key.key_id] for key in list_readable(keys, now)}


def _read_session(claims: Mapping[str, Any]) -> UUID | None:
    if "sid" not in claims:
        return None
    try:
        return UUID(read_text(claims, "sid"))
    except ValueError:
        raise TokenError(TokenFault.BAD_CLAIM) from None


def _read_moment(claims: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromtimestamp(read_seconds(claims, name), UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenError(TokenFault.BAD_CLAIM) from None
