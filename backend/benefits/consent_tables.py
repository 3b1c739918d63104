"""Named queries over the consents that people gave to merchants, and what merchants are called."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from backend.people.tables import ConsentRow


def stands(
    session: Session, subject_id: UUID, *, purpose: str, recipient: str, scopes: Collection[str], now: datetime
) -> bool:
    """Tell whether a consent of a person to a recipient for one of the scopes is in force at `now`."""
    wanted = select(ConsentRow.consent_id).where(
        ConsentRow.subject_id == subject_id,
        ConsentRow.purpose == purpose,
        ConsentRow.recipient == recipient,
        ConsentRow.scope.in_(scopes),
        ConsentRow.given_at <= now,
        ConsentRow.withdrawn_at.is_(None),
        or_(ConsentRow.expires_at.is_(None), ConsentRow.expires_at > now),
    )
    return session.scalars(wanted.limit(1)).first() is not None


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
