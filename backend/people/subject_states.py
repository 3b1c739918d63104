"""What a person's standing rests on, read in one look: it is asked for at every reading of a score."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.people.tables import EnrolmentRow, SubjectRow


class SubjectState(NamedTuple):
    """What a person's standing rests on; of the newest enrolment, where there is one."""

    kind: str
    in_doubt: bool
    identity_sealed: bytes
    opened_at: datetime | None
    agreement_version: str | None
    closed_at: datetime | None
    closed_because: str | None


_STATE = (
    select(
        *(getattr(SubjectRow, name) for name in ("kind", "in_doubt", "identity_sealed")),
        *(getattr(EnrolmentRow, name) for name in SubjectState._fields[3:]),
    )
    .outerjoin(EnrolmentRow, EnrolmentRow.subject_id == SubjectRow.subject_id)
    .where(SubjectRow.subject_id == bindparam("subject_id"))
    .order_by(EnrolmentRow.enrolment_no.desc())
    .limit(1)
)


def find_state(session: Session, subject_id: UUID) -> SubjectState | None:
    """Find what a subject's standing rests on, in one look; None for one that is unknown."""
    row = session.execute(_STATE, {"subject_id": subject_id}).first()
    return None if row is None else SubjectState(*row)
