"""Named queries over what people said to merchants: consents, the codes that hang on them, and pauses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, literal, select, tuple_, update
from sqlalchemy.orm import Session

from backend.benefits.card_tables import CardRow
from backend.benefits.verification_tables import OneTimeCodeRow
from backend.grants.tables import BenefitAccountRow
from backend.people.tables import ONCE, ConsentRow

# The agreement promises three years at least; what rests on a standing consent may go on, so those are kept for good.
KEPT_FOR = timedelta(days=3 * 366)
# The consent that lies in a code which names a merchant: it was given with the code, and ends with it.
CONSENT_OF_CODE = (
    select(ConsentRow.consent_id)
    .where(
        ConsentRow.subject_id == OneTimeCodeRow.subject_id,
        ONCE,
        ConsentRow.recipient == literal("merchant:") + OneTimeCodeRow.merchant,
        ConsentRow.scope == func.coalesce(OneTimeCodeRow.scenario, "*"),
        ConsentRow.given_at == OneTimeCodeRow.made_at,
        ConsentRow.expires_at == OneTimeCodeRow.expires_at,
    )
    .order_by(ConsentRow.consent_id)
    .limit(1)
    .correlate(OneTimeCodeRow)
    .scalar_subquery()
)


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


def find_consent_of_code(session: Session, digest: bytes) -> UUID | None:
    """Find the consent that lies in a code, by its digest; None for a code that names no merchant."""
    return session.scalar(select(CONSENT_OF_CODE).select_from(OneTimeCodeRow).where(OneTimeCodeRow.digest == digest))


def purge_once_consents(session: Session, now: datetime, *, limit: int) -> int:
    """Forget consents for one answer three years after their end, at most `limit` at once; gives how many.

    One on which a card rests is kept for as long as the card.
    """
    row = ConsentRow
    keys = (row.subject_id, row.consent_id)
    carries_card = exists().where(CardRow.subject_id == row.subject_id, CardRow.consent_id == row.consent_id)
    old = select(*keys).where(ONCE, row.expires_at <= now - KEPT_FOR, ~carries_card).limit(limit)
    return len(session.scalars(delete(row).where(tuple_(*keys).in_(old)).returning(row.consent_id)).all())


def put_pause(session: Session, subject_id: UUID, until: datetime | None) -> None:
    """Write until when a person pauses; without an account nothing is written."""
    statement = update(BenefitAccountRow).where(BenefitAccountRow.subject_id == subject_id).values(paused_until=until)
    session.execute(statement.execution_options(synchronize_session=False))


def find_pause(session: Session, subject_id: UUID) -> datetime | None:
    """Find the end of a person's last pause, perhaps over."""
    return session.scalar(select(BenefitAccountRow.paused_until).where(BenefitAccountRow.subject_id == subject_id))
