"""Signing in: tickets, refresh tokens, mini-program codes and the link they need."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.clock import today
from backend.context import Context, current_context
from backend.gateways.identity_provider import ProviderUnavailableError
from backend.gateways.mini_program import MiniProgramAccount, MiniProgramFault
from backend.gateways.real_name import RealNameAnswer
from backend.gateways.signed_claims import TokenError
from backend.people.identity_numbers import IdentityFault, SubjectKind, read_identity
from backend.people.mini_program import (
    LinkOffer,
    MiniProgramStatus,
    find_account_holder,
    link_account,
    read_link_token,
    write_link_token,
)
from backend.people.schemas import (
    CodeSchema,
    LinkSchema,
    MiniProgramSignedInSchema,
    RefreshSchema,
    SignedInSchema,
    TicketSchema,
)
from backend.people.sessions import (
    IssuedTokens,
    Issuers,
    Method,
    open_session,
    refresh_session,
    resume_session,
)
from backend.people.sign_in import Entrant, find_entrant, sign_in_person
from backend.principals import PrincipalKind
from backend.web.attempts import count_if_refused, find_attempt_refusal
from backend.web.declaration import Repeats
from backend.web.operations import Blueprint
from backend.web.problems import ProblemCode, Refusal

blueprint = Blueprint("sign_in", __name__, description="Signing in")

ANYONE = {PrincipalKind.ANYONE}
BODY_LIMIT = 6 * 1024
PROVIDER_RETRY_S = 60
RATE = "300/minute"
REFRESH_RATE = "600/minute"  # a mobile network may stand behind one address; failures are limited far lower
SIGN_IN, MINI_PROGRAM, LINK, REFRESH = "sign_in", "mini_program", "link", "refresh"
_UNAVAILABLE = Refusal(ProblemCode.UNAVAILABLE, headers={"Retry-After": str(PROVIDER_RETRY_S)})
_FAULTS = {
    MiniProgramFault.CODE_REFUSED: Refusal(ProblemCode.CODE_REFUSED),
    MiniProgramFault.CODE_USED: Refusal(ProblemCode.CODE_USED),
    MiniProgramFault.TOO_OFTEN: Refusal(ProblemCode.TOO_MANY_REQUESTS, headers={"Retry-After": str(PROVIDER_RETRY_S)}),
    MiniProgramFault.BLOCKED: Refusal(ProblemCode.MINI_PROGRAM_BLOCKED),
    MiniProgramFault.UNAVAILABLE: _UNAVAILABLE,
}
TOKENS_EXAMPLE = {
    "access_token": "e30.e30.c2lnbmF0dXJl",
    "token_type": "Bearer",
    "expires_in": 900,
    "refresh_token": "sdr1.019a…",
    "refresh_expires_in": 2_592_000,
    "status": "enrolled",
}

_NO_TOKENS = dict.fromkeys(("access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"))


@blueprint.operation(
    "POST",
    "/sign-in",
    kinds=ANYONE,
    summary="Sign in with a ticket of the identity provider",
    body=TicketSchema,
    body_example={"ticket": "e30.e30.c2lnbmF0dXJl", "device": "华为手机"},
    body_limit=BODY_LIMIT,
    response=SignedInSchema,
    example=TOKENS_EXAMPLE,
    repeats=Repeats.HARMLESS,
    limit=RATE,
    problems={
        ProblemCode.TICKET_REFUSED,
        ProblemCode.TICKET_USED,
        ProblemCode.TOO_MANY_ATTEMPTS,
        ProblemCode.UNAVAILABLE,
    },
)
def sign_in(*, body: dict[str, Any], now: datetime) -> dict[str, Any] | Refusal:
    """Read the ticket first, which may ask the provider for its keys, and only then open the transaction."""
    wait = find_attempt_refusal(SIGN_IN)
    if wait is not None:
        return wait
    answer = _sign_in_by_ticket(current_context(), body, now)
    count_if_refused(answer, SIGN_IN)
    return answer


@blueprint.operation(
    "POST",
    "/sign-in/refresh",
    kinds=ANYONE,
    summary="Exchange a refresh token for the next tokens of the session",
    body=RefreshSchema,
    body_example={"refresh_token": "sdr1.019a…"},
    body_limit=BODY_LIMIT,
    response=SignedInSchema,
    example=TOKENS_EXAMPLE,
    repeats=Repeats.HARMLESS,
    limit=REFRESH_RATE,
    problems={ProblemCode.REFRESH_REFUSED, ProblemCode.TOO_MANY_ATTEMPTS, ProblemCode.UNAVAILABLE},
)
def refresh_sign_in(*, body: dict[str, str], now: datetime) -> dict[str, Any] | Refusal:
    """Give the same answer again to a repeat within ten seconds; a later one ends the session."""
    wait = find_attempt_refusal(REFRESH)
    if wait is not None:
        return wait
    context = current_context()
    with context.database.transaction() as session:
        issued = refresh_session(session, body["refresh_token"], issuers=_issuers(context), now=now)
        answer = (
            issued
            if isinstance(issued, Refusal)
            else _tell(issued, find_entrant(session, issued.subject_id, sealer=context.sealer, now=now))
        )
    count_if_refused(answer, REFRESH)
    return answer


@blueprint.operation(
    "POST",
    "/sign-in/mini-program",
    kinds=ANYONE,
    summary="Sign in with a code of the mini-program, or learn that its account is to be linked first",
    body=CodeSchema,
    body_example={"code": "0a1b2c3d4e5f"},
    body_limit=BODY_LIMIT,
    response=MiniProgramSignedInSchema,
    example={**TOKENS_EXAMPLE, "link_token": "AQJr…"},
    repeats=Repeats.HARMLESS,
    limit=RATE,
    problems={
        ProblemCode.CODE_REFUSED,
        ProblemCode.CODE_USED,
        ProblemCode.MINI_PROGRAM_BLOCKED,
        ProblemCode.NOT_OFFERED,
        ProblemCode.TOO_MANY_ATTEMPTS,
        ProblemCode.UNAVAILABLE,
    },
)
def sign_in_by_mini_program(*, body: dict[str, Any], now: datetime) -> dict[str, Any] | Refusal:
    """Exchange the code with the platform, before any transaction; what it gives shows a phone, not a person."""
    context = current_context()
    if context.mini_program is None:
        return Refusal(ProblemCode.NOT_OFFERED)
    wait = find_attempt_refusal(MINI_PROGRAM)
    if wait is not None:
        return wait
    account = context.mini_program.exchange(body["code"])
    answer = _FAULTS[account] if isinstance(account, MiniProgramFault) else _enter(context, account, body, now)
    count_if_refused(answer, MINI_PROGRAM)
    return answer


@blueprint.operation(
    "POST",
    "/sign-in/mini-program/links",
    kinds=ANYONE,
    summary="Link a mini-program account to a person by name and identity number, and sign in with a fresh proof",
    body=LinkSchema,
    body_example={"link_token": "AQJr", "name": "林一舟", "id_number": "000000199003071236"},
    body_limit=BODY_LIMIT,
    response=SignedInSchema,
    example=TOKENS_EXAMPLE,
    repeats=Repeats.HARMLESS,
    limit=RATE,
    problems={
        ProblemCode.LINK_EXPIRED,
        ProblemCode.LINK_REFUSED,
        ProblemCode.NOT_OFFERED,
        ProblemCode.TOO_MANY_ATTEMPTS,
        ProblemCode.UNAVAILABLE,
    },
)
def link_mini_program(*, body: dict[str, Any], now: datetime) -> dict[str, Any] | Refusal:
    """Ask the real-name check, before any transaction. A wrong number, a wrong name and no match are one answer."""
    context = current_context()
    if context.mini_program is None or context.real_name is None:
        return Refusal(ProblemCode.NOT_OFFERED)
    offer = read_link_token(body["link_token"], sealer=context.sealer, now=now)
    tried = [body["id_number"].upper(), *([] if offer is None else [offer.indexes[0].digest.hex()])]
    keys = [context.pseudonyms.name_attempt(each) for each in tried]
    wait = find_attempt_refusal(LINK, *keys)
    if wait is not None:
        return wait
    answer = Refusal(ProblemCode.LINK_EXPIRED) if offer is None else _link(context, offer, body, now)
    count_if_refused(answer, LINK, *keys)
    return answer


def _sign_in_by_ticket(context: Context, body: dict[str, Any], now: datetime) -> dict[str, Any] | Refusal:
    try:
        ticket = context.tickets.read(body["ticket"], now)
    except TokenError:
        return Refusal(ProblemCode.TICKET_REFUSED)
    except ProviderUnavailableError:
        return _UNAVAILABLE
    with context.database.transaction() as session:
        entrant = sign_in_person(session, ticket, pseudonyms=context.pseudonyms, sealer=context.sealer, now=now)
        if isinstance(entrant, Refusal):
            return entrant
        return _open(context, session, entrant, Method.TICKET, body, proven_at=now, now=now)


def _enter(context: Context, account: MiniProgramAccount, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    indexes = context.pseudonyms.index_account(account.openid)
    link_token = write_link_token(indexes, sealer=context.sealer, now=now)
    with context.database.transaction() as session:
        entrant = find_account_holder(session, indexes, sealer=context.sealer, now=now)
        tokens: dict[str, Any] = _NO_TOKENS | {"status": MiniProgramStatus.LINK_NEEDED}
        if entrant is not None:
            tokens = _open(context, session, entrant, Method.MINI_PROGRAM, body, proven_at=None, now=now)
    return {**tokens, "link_token": link_token}


def _link(context: Context, offer: LinkOffer, body: dict[str, Any], now: datetime) -> dict[str, Any] | Refusal:
    number = read_identity(SubjectKind.NATURAL_PERSON, body["id_number"], today=today(now))
    if isinstance(number, IdentityFault) or context.real_name is None:
        return Refusal(ProblemCode.LINK_REFUSED)
    match context.real_name.check(body["name"], number):
        case RealNameAnswer.UNAVAILABLE:
            return _UNAVAILABLE
        case RealNameAnswer.NO_MATCH:
            return Refusal(ProblemCode.LINK_REFUSED)
        case RealNameAnswer.MATCH:
            pass
    with context.database.transaction() as session:
        entrant = link_account(
            session,
            offer,
            name=body["name"],
            identity_number=number,
            pseudonyms=context.pseudonyms,
            sealer=context.sealer,
            now=now,
        )
        if isinstance(entrant, Refusal):
            return entrant
        return _open(context, session, entrant, Method.MINI_PROGRAM, body, proven_at=now, now=now)


def _open(
    context: Context,
    session: Session,
    entrant: Entrant,
    method: Method,
    body: dict[str, Any],
    *,
    proven_at: datetime | None,
    now: datetime,
) -> dict[str, Any]:
    """Go on with the session that the caller shows a refresh token of, or open one."""
    issuers, shown = _issuers(context), body.get("refresh_token")
    resumed = None if shown is None else resume_session(session, shown, entrant.subject_id, issuers=issuers, now=now)
    issued = resumed or open_session(
        session,
        entrant.subject_id,
        method=method,
        device=body["device"],
        proven_at=proven_at,
        issuers=issuers,
        now=now,
    )
    return _tell(issued, entrant)


def _tell(issued: IssuedTokens, entrant: Entrant) -> dict[str, Any]:
    return {**asdict(issued), "status": entrant.status}


def _issuers(context: Context) -> Issuers:
    return Issuers(access=context.tokens, refresh=context.refresh_tokens)
