"""Signing in: a ticket of the identity provider, used once, becomes an access token of ours."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.identity_provider import Ticket
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.gateways.tokens import TokenIssuer
from backend.people.identity_numbers import IdentityFault, SubjectKind, read_identity
from backend.people.standing import Status, find_standing
from backend.people.subjects import find_or_add_subject
from backend.people.tables import use_ticket
from backend.principals import Principal, PrincipalKind
from backend.web.problems import ProblemCode, Refusal

TOKEN_LIFETIME = timedelta(minutes=15)
CITIZEN_SCOPES = frozenset({"access:read", "account:read", "account:write", "score:read"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An access token (RFC 6750) that is valid for `expires_in` seconds, and how its owner stands."""

    access_token: str = field(repr=False)
    token_type: str
    expires_in: int
    status: Status


def sign_in_person(
    session: Session,
    ticket: Ticket,
    *,
    pseudonyms: Pseudonyms,
    sealer: Sealer,
    tokens: TokenIssuer,
    now: datetime,
) -> SignedIn | Refusal:
    """Sign in the person of a ticket that was read and found genuine; whoever is new becomes a subject.

    Refusals: `ticket_refused` when its identity number is none, `ticket_used` when it was used before. A person who
    has no account, is under age or in doubt signs in too: what to do about it is for him to read.
    """
    number = read_identity(SubjectKind.NATURAL_PERSON, ticket.id_number, today=today(now))
    if isinstance(number, IdentityFault):
        return Refusal(ProblemCode.TICKET_REFUSED)
    if not use_ticket(session, ticket.jti, expires_at=ticket.usable_until):
        return Refusal(ProblemCode.TICKET_USED)
    subject = find_or_add_subject(
        session,
        kind=SubjectKind.NATURAL_PERSON,
        identity_number=number,
        name=ticket.name,
        verified=True,
        pseudonyms=pseudonyms,
        sealer=sealer,
        now=now,
    )
    principal = Principal(kind=PrincipalKind.CITIZEN, id=str(subject.subject_id), scopes=CITIZEN_SCOPES)
    return SignedIn(
        access_token=tokens.issue(principal, TOKEN_LIFETIME, now),
        token_type="Bearer",  # noqa: S106 - the name of a scheme
        expires_in=int(TOKEN_LIFETIME.total_seconds()),
        status=find_standing(session, subject.subject_id, sealer=sealer, now=now).status,
    )
