"""Who is calling, by the bearer token of the request."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

from backend.gateways.signed_claims import TokenError, TokenFault
from backend.gateways.tokens import TokenIssuer
from backend.principals import Principal, PrincipalKind
from backend.storage.revocations import Revocations
from backend.web.problems import ProblemCode, Refusal

ANYONE = Principal(kind=PrincipalKind.ANYONE, id="")
_BEARER = re.compile(r"Bearer ([A-Za-z0-9._~+/-]{1,4096}=*)", re.IGNORECASE)
_CHALLENGE = 'Bearer realm="shangding"'
CLERK_HEADER = "Acting-Clerk"
FRESH_FOR = timedelta(minutes=5)
# A staff number: whatever has more than 14 digits could be the identity number of the clerk, and so could three
# letters with twelve digits, the older form for foreigners.
CLERK_PATTERN = r"(?!(?:[^0-9]*[0-9]){15})(?!.*[A-Za-z]{3}[0-9]{12})[A-Za-z0-9._-]{1,64}"
_CLERK = re.compile(CLERK_PATTERN)
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


def find_revocation(principal: Principal, revocations: Revocations, now: datetime) -> Refusal | None:
    """Why a token that is genuine and has not expired counts no more (401); None if it does.

    Raises StorageUnavailableError: where nobody can tell whether it was revoked, it is not taken.
    """
    if principal.issued_at is None or revocations.is_revoked(principal.list_revocable(), principal.issued_at, now):
        return _refuse(ProblemCode.TOKEN_REVOKED)
    return None


def name_clerk(principal: Principal, header: str | None) -> Principal | Refusal:
    """The principal with the clerk who acts in this call, as the header names him; a token may name him too.

    A department must name its clerk, a merchant may.
    """
    if header is None:
        return principal if principal.kind is PrincipalKind.MERCHANT else Refusal(ProblemCode.CLERK_MISSING)
    if _CLERK.fullmatch(header) is None:
        return Refusal(ProblemCode.CLERK_MALFORMED)
    if principal.acting not in {None, header}:
        return Refusal(ProblemCode.CLERK_REFUSED)
    return replace(principal, acting=header)


def find_clerk(principal: Principal) -> str:
    """The clerk who acts in a call of a department; every one of them names him, so his absence is a LookupError.

    What a merchant names stands in `principal.acting`, or nothing does.
    """
    if principal.acting is None:
        raise LookupError(f"a call of {principal.kind} {principal.id} got in without the clerk who acts")
    return principal.acting


def find_staleness(principal: Principal, now: datetime) -> Refusal | None:
    """Why the caller must prove anew who he is before a sensitive act (403); None if he did just now."""
    if principal.proven_at is None or principal.proven_at + FRESH_FOR <= now:
        challenge = f'{_CHALLENGE}, error="insufficient_user_authentication", max_age={int(FRESH_FOR.total_seconds())}'
        return Refusal(ProblemCode.STEP_UP_NEEDED, headers={"WWW-Authenticate": challenge})
    return None


def _refuse(code: ProblemCode) -> Refusal:
    return Refusal(code, headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'})
