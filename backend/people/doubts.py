"""Doubts about who a person is: which there are, and settling one after somebody has looked into it.

A person in doubt has no score and opens no account. Only an operator can end that, and the person sees that he did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from backend.access.entries import Purpose, record_look
from backend.clock import today
from backend.people.tables import clear_doubt, list_in_doubt, lock_subject
from backend.principals import Principal, PrincipalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A subject in doubt, why, and the city day since which the subject is known; neither a name nor a number."""

    subject_id: UUID
    code: str
    known_since: date


def list_doubts(session: Session, limit: int) -> Sequence[Doubt]:
    """List at most `limit` doubts, those about the subjects known longest first."""
    return [
        Doubt(subject_id=row.subject_id, code=row.doubt_code or "", known_since=today(row.created_at))
        for row in list_in_doubt(session, limit)
    ]


def settle_doubt(session: Session, subject_id: UUID, *, operator: str, case_no: str, now: datetime) -> bool:
    """Clear the doubt about a subject, and note for the person which operator did so in which case.

    The name on file stays: after a doubt it is the one that real-name sign-in vouched for last. False when there is no
    such subject, or no doubt about it.
    """
    row = lock_subject(session, subject_id)
    if row is None or row.doubt_code is None:
        return False
    record_look(
        session,
        subject_id=subject_id,
        principal=Principal(kind=PrincipalKind.OPERATOR, id=operator),
        purpose=Purpose.DATA_CHECK,
        answered={"kind": "doubt_settled", "code": row.doubt_code},
        case_no=case_no,
        now=now,
    )
    clear_doubt(row)
    session.flush()
    return True
