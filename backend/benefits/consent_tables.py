"""Named queries over the consents that people gave to merchants, and what merchants are called."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from backend.benefits.verification_tables import OneTimeCodeRow
from backend.people.tables import ConsentRow


def list_benefit_consents(
    session: Session, subject_id: UUID, *, prefix: str, before: UUID | None, limit: int
) -> Sequence[ConsentRow]:
    """List at most `limit` consents to recipients of a prefix, the newest first; only those before `before`."""
    statement = select(ConsentRow).where(ConsentRow.subject_id == subject_id, ConsentRow.recipient.startswith(prefix))
    if before is not None:
        statement = statement.where(ConsentRow.consent_id < before)
    return session.scalars(statement.order_by(ConsentRow.consent_id.desc()).limit(limit)).all()


def withdraw_benefit_consent(
    session: Session, subject_id: UUID, consent_id: UUID, *, prefix: str, now: datetime
) -> ConsentRow | None:
    """Withdraw a consent of a person who is held; one that was withdrawn stays as it is. None when it is not there."""
    row = session.scalars(
        select(ConsentRow).where(
            and_(ConsentRow.subject_id == subject_id, ConsentRow.consent_id == consent_id),
            ConsentRow.recipient.startswith(prefix),
        )
    ).one_or_none()
    if row is not None and row.withdrawn_at is None:
        row.withdrawn_at = now
        session.flush()
    return row


def end_codes(session: Session, subject_id: UUID, merchant: str, *, now: datetime) -> None:
    """Let the codes of a person that name a merchant and were not used yet expire now."""
    code = OneTimeCodeRow
    unused = (code.subject_id == subject_id, code.merchant == merchant, code.used_at.is_(None), code.expires_at > now)
    statement = update(code).where(*unused).values(expires_at=now)
    session.execute(statement.execution_options(synchronize_session=False))
