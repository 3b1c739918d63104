"""Signing in: a ticket of the identity provider, used once, says who is there."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.clock import today
from backend.gateways.identity_provider import Ticket
from backend.gateways.pseudonyms import Pseudonyms
from backend.gateways.sealing import Sealer
from backend.people.identity_numbers import IdentityFault, SubjectKind, read_identity
from backend.people.standing import Status, find_standing
from backend.people.subjects import find_or_add_subject
from backend.people.tables import use_ticket
from backend.web.problems import ProblemCode, Refusal

CITIZEN_SCOPES = frozenset(
    {
        *("access:read", "account:read", "account:write", "benefits:read", "benefits:write"),
        *("exchange:read", "exchange:write", "score:read"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """Who is let in, and how he stands."""

    subject_id: UUID
    status: Status


def sign_in_person(
    session: Session,
    ticket: Ticket,
    *,
    pseudonyms: Pseudonyms,
    sealer: Sealer,
    now: datetime,
) -> Entrant | Refusal:
    """Let in the person of a ticket that was read and found genuine; whoever is new becomes a subject.

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
    return find_entrant(session, subject.subject_id, sealer=sealer, now=now)


def find_entrant(session: Session, subject_id: UUID, *, sealer: Sealer, now: datetime) -> Entrant:
    """Say how a person stands who has proven who he is."""
    status = find_standing(session, subject_id, sealer=sealer, now=now).status
    return Entrant(subject_id=subject_id, status=status)
