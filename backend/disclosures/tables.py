"""What other cities asked and were told about our citizens, and what was used there: rows and their named queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.people.tables import ConsentRow
from backend.storage.inserts import insert_into
from backend.storage.tables import Row

# A question that is asked again within this time is a repeat; older ones are refused by the moment they were asked at.
ANSWERED_FOR = timedelta(days=7)
COUNTED_FOR = timedelta(days=7)
# PIPL Art. 55 and 56: what was given to others is on record for three years at least.
KEPT_FOR = timedelta(days=3 * 366)


class DisclosureEnd(StrEnum):
    """Why something that was told may be used no more, before its time."""

    CONSENT = "consent"
    STANDING = "standing"
    TREATY = "treaty"


class AnsweredQuestionRow(Row):
    """A question of a partner that was answered: a repeat gets what stands here. `digest` is that of its body.

    Of questions about people whom nobody knows as well; whether one is known does not stand here. What is withdrawn
    or corrected since is so here too.
    """

    __tablename__ = "answered_question"
    __table_args__ = (Index(None, "answered_at"),)

    partner: Mapped[str] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    content: Mapped[dict[str, Any]]
    until: Mapped[datetime | None]
    answered_at: Mapped[datetime]


class QuestionCountRow(Row):
    """How often a partner asked about one person (by keyed hash of the number, known or not) on one day.

    Guarded in the UPDATE, as quotas are. `person` is empty for all questions of the partner together.
    """

    __tablename__ = "question_count"
    __table_args__ = (Index(None, "asked_on"), CheckConstraint("asked >= 0", name="asked"))

    partner: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[bytes] = mapped_column(primary_key=True)
    asked_on: Mapped[date] = mapped_column(primary_key=True)
    asked: Mapped[int]


class DisclosureRow(Row):
    """Something that one city was told about a person: by a question, or by a card that the person made.

    `told` is the content of the answer as it stood last, `until` when it may be used no more there. `scenarios` has
    what was asked for (`asked`) and the consent that each part rests on (`rests_on`); `consent_id` is one of them.
    `checked_version` and `checked_on` say as of which facts and day it was last found right. `deleted_at` is when that
    city confirmed that it has deleted it.
    """

    __tablename__ = "disclosure"
    __table_args__ = (
        CheckConstraint("via IN ('question', 'card')", name="via"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended"),
        CheckConstraint("ended_because IN ('consent', 'standing', 'treaty')", name="ended_because"),
        Index("uq_disclosure_question", "partner", "question_id", unique=True),
        Index("ix_disclosure_until", "until", "subject_id", "question_id"),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str]
    treaty_id: Mapped[str]
    treaty_version: Mapped[str]
    via: Mapped[str]
    scope: Mapped[str]
    scenarios: Mapped[dict[str, Any]]
    purpose: Mapped[str]
    role: Mapped[str]
    acting: Mapped[str | None]
    acting_name: Mapped[str | None]
    case_no: Mapped[str | None]
    consent_id: Mapped[UUID]
    told: Mapped[dict[str, Any]]
    told_at: Mapped[datetime]
    until: Mapped[datetime]
    checked_version: Mapped[int]
    checked_on: Mapped[date]
    corrected_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]
    deleted_at: Mapped[datetime | None]


class UsedAwayRow(Row):
    """What a person used in another city, as that city reported it: one row a use, its state the latest reported."""

    __tablename__ = "used_away"
    __table_args__ = (Index(None, "reported_at"),)

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    use_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str]
    question_id: Mapped[UUID]
    scenario: Mapped[str]
    title: Mapped[str]
    place: Mapped[str]
    state: Mapped[str]
    step: Mapped[int]
    happened_at: Mapped[datetime]
    reported_at: Mapped[datetime]


class GivenAnswer(NamedTuple):
    """What was answered to a question, as it stands now."""

    digest: bytes
    content: dict[str, Any]
    until: datetime | None
    answered_at: datetime


def find_answer(session: Session, partner: str, question_id: UUID) -> GivenAnswer | None:
    """Find what was answered, and keep anybody from withdrawing it until the transaction ends."""
    row = AnsweredQuestionRow
    wanted = select(row.digest, row.content, row.until, row.answered_at)
    wanted = wanted.where(row.partner == partner, row.question_id == question_id).with_for_update(read=True)
    found = session.execute(wanted).one_or_none()
    return None if found is None else GivenAnswer(*found)


def put_answer(
    session: Session, partner: str, question_id: UUID, *, content: Mapping[str, Any], until: datetime | None
) -> None:
    """Write what a question that was taken is answered with, from now on."""
    this = (AnsweredQuestionRow.partner == partner, AnsweredQuestionRow.question_id == question_id)
    statement = update(AnsweredQuestionRow).where(*this).values(content=dict(content), until=until)
    session.execute(statement.execution_options(synchronize_session=False))


def drop_question(session: Session, partner: str, question_id: UUID) -> None:
    """Take back a question that this transaction has taken and does not answer."""
    this = (AnsweredQuestionRow.partner == partner, AnsweredQuestionRow.question_id == question_id)
    session.execute(delete(AnsweredQuestionRow).where(*this).execution_options(synchronize_session=False))


def withdraw_consents_to(
    session: Session, subject_id: UUID, recipient: str, *, purposes: Collection[str], now: datetime
) -> Sequence[UUID]:
    """Withdraw all consents for some purposes that a person, who is held, has given to a recipient and that stand."""
    row = ConsentRow
    standing = (row.withdrawn_at.is_(None), or_(row.expires_at.is_(None), row.expires_at > now))
    these = update(row).where(row.subject_id == subject_id, row.recipient == recipient, row.purpose.in_(purposes))
    withdrawn = these.where(*standing).values(withdrawn_at=now).returning(row.consent_id)
    return session.scalars(withdrawn.execution_options(synchronize_session=False)).all()


def list_live(session: Session, subject_id: UUID, now: datetime) -> Sequence[DisclosureRow]:
    """List what was told about a person, who is held, and may be used still."""
    row = DisclosureRow
    wanted = select(row).where(row.subject_id == subject_id, row.until > now, row.ended_at.is_(None))
    return session.scalars(wanted.order_by(row.question_id).execution_options(populate_existing=True)).all()


def list_disclosures(
    session: Session, subject_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[DisclosureRow]:
    """List at most `limit` disclosures about a person, the latest told first; only those before a moment and id."""
    row = DisclosureRow
    wanted = select(row).where(row.subject_id == subject_id)
    if before is not None:
        wanted = wanted.where(tuple_(row.told_at, row.question_id) < before)
    return session.scalars(wanted.order_by(row.told_at.desc(), row.question_id.desc()).limit(limit)).all()


def count_live_cards(session: Session, subject_id: UUID, now: datetime) -> int:
    """Count the score cards of a person that neither ended nor expired."""
    row = DisclosureRow
    live = (row.subject_id == subject_id, row.via == "card", row.until > now, row.ended_at.is_(None))
    return session.scalar(select(func.count()).where(*live)) or 0


def find_disclosed(session: Session, partner: str, question_id: UUID) -> UUID | None:
    """Find about whom a partner was told something by a question or card; None when it was told nothing."""
    row = DisclosureRow
    return session.scalar(select(row.subject_id).where(row.partner == partner, row.question_id == question_id))


def put_deleted(session: Session, partner: str, question_ids: Iterable[UUID], now: datetime) -> int:
    """Note that a partner has confirmed that it deleted what it was told and may use no more; gives how many."""
    row = DisclosureRow
    these = (row.partner == partner, row.question_id.in_(list(question_ids)))
    statement = update(row).where(*these, row.ended_at.is_not(None), row.deleted_at.is_(None)).values(deleted_at=now)
    return len(session.scalars(statement.returning(row.question_id).execution_options(synchronize_session=False)).all())


def list_ended(session: Session, partner: str, question_ids: Iterable[UUID]) -> Sequence[UUID]:
    """List those of some questions of a partner of which what was told has ended."""
    row = DisclosureRow
    ended = (row.partner == partner, row.question_id.in_(list(question_ids)), row.ended_at.is_not(None))
    return session.scalars(select(row.question_id).where(*ended)).all()


def put_use(session: Session, values: Mapping[str, Any]) -> bool:
    """Add a use that a partner reported, or what has become of it since; False when a later step is known."""
    row = UsedAwayRow
    statement = insert_into(session, row).values(**values)
    new = statement.excluded
    written = statement.on_conflict_do_update(
        index_elements=["subject_id", "use_id"],
        set_={name: new[name] for name in ("title", "place", "state", "step", "happened_at", "reported_at")},
        where=and_(row.step < new.step, row.partner == new.partner, row.question_id == new.question_id),
    )
    return bool(session.execute(written.returning(row.use_id)).all())


def find_use(session: Session, subject_id: UUID, use_id: UUID) -> UsedAwayRow | None:
    """Find a use of a person who is held, as it was reported last."""
    return session.get(UsedAwayRow, (subject_id, use_id), populate_existing=True)


def count_uses(session: Session, subject_id: UUID, *, partner: str, question_id: UUID) -> int:
    """Count the uses that a partner has reported of one answer about a person who is held."""
    row = UsedAwayRow
    these = (row.subject_id == subject_id, row.partner == partner, row.question_id == question_id)
    return session.scalar(select(func.count()).where(*these)) or 0


def list_uses(
    session: Session, subject_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[UsedAwayRow]:
    """List at most `limit` uses away, the latest first; only those before a moment and id."""
    row = UsedAwayRow
    wanted = select(row).where(row.subject_id == subject_id)
    if before is not None:
        wanted = wanted.where(tuple_(row.happened_at, row.use_id) < before)
    return session.scalars(wanted.order_by(row.happened_at.desc(), row.use_id.desc()).limit(limit)).all()
