"""Asks by identity number, and whom they are about: rows and their named queries.

An ask is filed under the keyed hashes of the number alone, whoever has it; so whoever asks sets off no look at
anybody. The person finds it by the hash under which the person is filed, and so does the worker when its time is over.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.benefits.verification_tables import ASK, PENDING, VerificationRow
from backend.gateways.pseudonyms import KeyedIndex
from backend.people.identity_numbers import SubjectKind
from backend.people.tables import SubjectRow
from backend.storage.tables import Row


class AskedAboutRow(Row):
    """Whom an ask is about, by a keyed hash of the identity number; one row for each key, while keys are exchanged.

    Kept for an hour, in which such asks are counted, and for as long as the ask is pending; anybody's or nobody's.
    `reaches` is whether the person may find the ask: no more of them reach one person than is good.
    """

    __tablename__ = "asked_about"
    __table_args__ = (Index(None, "verification_id"), Index(None, "asked_at"))

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    verification_id: Mapped[UUID] = mapped_column(ForeignKey("verification.verification_id"), primary_key=True)
    asked_at: Mapped[datetime]
    reaches: Mapped[bool]


# Which subject an ask is about that reaches somebody; organisations are asked nothing.
_IS_ABOUT = and_(
    AskedAboutRow.digest == SubjectRow.identity_index,
    AskedAboutRow.reaches.is_(True),
    SubjectRow.kind == SubjectKind.NATURAL_PERSON,
)
# Nobody has been noted for it, and its end was not, either.
_IS_UNREAD = and_(VerificationRow.via == ASK, VerificationRow.subject_id.is_(None), VerificationRow.answer == PENDING)


def add_asked_about(
    session: Session, verification_id: UUID, indexes: Iterable[KeyedIndex], *, reaches: bool, now: datetime
) -> None:
    """Add whom an ask is about, by all keyed hashes of the number."""
    row = {"verification_id": verification_id, "asked_at": now, "reaches": reaches}
    session.execute(insert(AskedAboutRow), [{**row, "digest": index.digest} for index in indexes])


def count_asks_about(session: Session, indexes: Iterable[KeyedIndex], since: datetime) -> int:
    """Count the asks since a moment that reach whoever has the number of these keyed hashes, be it nobody."""
    wanted = (
        AskedAboutRow.digest.in_([index.digest for index in indexes]),
        AskedAboutRow.asked_at >= since,
        AskedAboutRow.reaches.is_(True),
    )
    return session.scalar(select(func.count(AskedAboutRow.verification_id.distinct())).where(*wanted)) or 0


def find_asked_person(session: Session, verification_id: UUID) -> UUID | None:
    """Find the natural person whom an ask reaches, if the number is anybody's by now."""
    wanted = select(SubjectRow.subject_id).join(AskedAboutRow, _IS_ABOUT)
    wanted = wanted.where(AskedAboutRow.verification_id == verification_id)
    return session.scalar(wanted.order_by(SubjectRow.subject_id).limit(1))


def find_ask_owner(session: Session, merchant: str, verification_id: UUID) -> UUID | None:
    """Find the person who has said something to an ask of a merchant, or whom it reaches."""
    wanted = (VerificationRow.verification_id == verification_id, VerificationRow.merchant == merchant)
    row = session.execute(select(VerificationRow.subject_id).where(*wanted)).one_or_none()
    return None if row is None else row.subject_id or find_asked_person(session, verification_id)


def lock_ask(session: Session, subject_id: UUID, verification_id: UUID) -> VerificationRow | None:
    """Find an ask about a person and hold it until the transaction ends."""
    statement = select(VerificationRow).where(
        VerificationRow.verification_id == verification_id,
        VerificationRow.via == ASK,
        or_(VerificationRow.subject_id == subject_id, and_(_IS_UNREAD, _reaches(subject_id))),
    )
    statement = statement.with_for_update(of=VerificationRow)
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def list_asks_about(session: Session, subject_id: UUID, *, limit: int) -> Sequence[VerificationRow]:
    """List at most `limit` asks about a person, the newest first.

    Two questions, each by an index of its own: those that were noted for the person, and those that wait.
    """
    noted = (VerificationRow.via == ASK, VerificationRow.subject_id == subject_id)
    waiting = select(AskedAboutRow.verification_id).join(SubjectRow, _IS_ABOUT)
    waiting = waiting.where(SubjectRow.subject_id == subject_id)
    found: list[VerificationRow] = []
    for wanted in (noted, (_IS_UNREAD, VerificationRow.verification_id.in_(waiting))):
        statement = select(VerificationRow).where(*wanted).order_by(VerificationRow.asked_at.desc()).limit(limit)
        found += session.scalars(statement)
    return sorted(found, key=lambda row: row.asked_at, reverse=True)[:limit]


def list_expired_asks(session: Session, now: datetime, *, limit: int) -> Sequence[UUID]:
    """List at most `limit` asks that nobody answered in time, those that ended first."""
    statement = select(VerificationRow.verification_id).where(*_list_expired(now))
    return session.scalars(statement.order_by(VerificationRow.expires_at).limit(limit)).all()


def take_expired_ask(session: Session, verification_id: UUID, now: datetime) -> VerificationRow | None:
    """Hold an ask that nobody answered in time; None where another worker holds it, or has answered it."""
    statement = select(VerificationRow).where(VerificationRow.verification_id == verification_id, *_list_expired(now))
    held = statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return session.scalars(held).one_or_none()


def purge_asked_about(session: Session, before: datetime, *, limit: int) -> int:
    """Forget whom at most `limit` asks before a moment were about, unless they are pending; gives how many rows."""
    over = (
        select(AskedAboutRow.verification_id)
        .join(VerificationRow, VerificationRow.verification_id == AskedAboutRow.verification_id)
        .where(AskedAboutRow.asked_at < before, VerificationRow.answer != PENDING)
        .limit(limit)
    )
    statement = delete(AskedAboutRow).where(AskedAboutRow.verification_id.in_(over)).returning(AskedAboutRow.digest)
    return len(session.scalars(statement.execution_options(synchronize_session=False)).all())


def _list_expired(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return VerificationRow.answer == PENDING, VerificationRow.expires_at <= now


def _reaches(subject_id: UUID) -> ColumnElement[bool]:
    return exists(
        select(AskedAboutRow.digest)
        .join(SubjectRow, _IS_ABOUT)
        .where(AskedAboutRow.verification_id == VerificationRow.verification_id, SubjectRow.subject_id == subject_id)
        .correlate(VerificationRow)
    )
