"""Who is calling, by the bearer token of the request."""

import re
from collections.abc import Set as AbstractSet
from datetime import datetime

from backend.gateways.signed_claims import TokenError, TokenFault
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.web.problems import ProblemCode, Refusal

ANYONE = Principal(kind=PrincipalKind.ANYONE, id="")
_BEARER = re.compile(r"Bearer ([A-Za-z0-9._~+/-]{1,4096}=*)", re.IGNORECASE)
_CHALLENGE = 'Bearer realm="shangding"'
_CODES = {TokenFault.EXPIRED: ProblemCode.TOKEN_EXPIRED}


def identify(authorization: str | None, tokens: TokenIssuer, now: datetime) -> Principal | Refusal:
    """The principal that an `Authorization` header proves at the moment `now`, or why it proves none (401)."""
    if authorization is None:
        return Refusal(ProblemCode.TOKEN_MISSING, headers={"WWW-Authenticate": _CHALLENGE})
    match = _BEARER.fullmatch(authorization)
    if match is None:
        return _refuse(ProblemCode.TOKEN_INVALID)
    try:
        return tokens.read(match[1], now)
    except TokenError as error:
        return _refuse(_CODES.get(error.code, ProblemCode.TOKEN_INVALID))


def authorise(principal: Principal, kinds: AbstractSet[PrincipalKind], scope: str | None) -> Refusal | None:
    """Why `principal` may not do what serves `kinds` and needs `scope` (403); None if it may."""
    if principal.kind not in kinds:
        return Refusal(ProblemCode.PRINCIPAL_REFUSED)
    if scope is not None and scope not in principal.scopes:
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
        return Refusal(ProblemCode.SCOPE_MISSING, {"scope": scope}, headers={"WWW-Authenticate": challenge})
    return None


def _refuse(code: ProblemCode) -> Refusal:
    return Refusal(code, headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'})
