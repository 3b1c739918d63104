"""What we asked the home cities of visitors, and what they said: rows and their named queries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.inserts import insert_into
from backend.storage.tables import Row

ASKED, ANSWERED, FAILED = "asked", "answered", "failed"
_KEPT, _EMPTY = text("content IS NOT NULL"), text("content IS NULL")
_UNSETTLED = text("NOT is_settled")


class HomeQuestionRow(Row):
    """A question to the home city of a visitor, and its answer; `content` goes when it may be kept no more.

    `via` 'card' is no question, but a signed card that the visitor brought: its id is the question's then.
    `corrected_at` is when the home city left its latest correction.
    """

    __tablename__ = "home_question"
    __table_args__ = (
        CheckConstraint("via IN ('question', 'card')", name="via"),
        CheckConstraint("state IN ('asked', 'answered', 'failed')", name="state"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended"),
        CheckConstraint("content IS NULL OR (ended_at IS NULL AND until IS NOT NULL)", name="content"),
        Index("uq_home_question_question_id", "question_id", unique=True),
        Index("ix_home_question_kept", "until", sqlite_where=_KEPT, postgresql_where=_KEPT),
        Index("ix_home_question_empty", "asked_at", sqlite_where=_EMPTY, postgresql_where=_EMPTY),
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
    case_no: Mapped[str]
    state: Mapped[str]
    fault: Mapped[str | None]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    corrected_at: Mapped[datetime | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]


class WithdrawnQuestionRow(Row):
    """A question whose answer its home city has withdrawn, perhaps before the answer came: it is never believed.

    Until `is_settled` there may be an answer that was there before, and is still to be ended.
    """

    __tablename__ = "withdrawn_question"
    __table_args__ = (
        Index(None, "withdrawn_at"),
        Index(
            "ix_withdrawn_question_unsettled",
            "partner",
            "question_id",
            sqlite_where=_UNSETTLED,
            postgresql_where=_UNSETTLED,
        ),
    )

    partner: Mapped[str] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    withdrawn_at: Mapped[datetime]
    is_settled: Mapped[bool]


class VisitorUseRow(Row):
    """A grant that a visitor got for what his home city said, and how much of its life was reported there.

    `event_no` is the last event of the grant that was looked at, `step` the number of what was reported.
    """

    __tablename__ = "visitor_use"
    __table_args__ = (Index(None, "partner"), Index(None, "told_state"))

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[str]
    question_id: Mapped[UUID]
    told_state: Mapped[str | None]
    event_no: Mapped[int]
    step: Mapped[int]
    found_at: Mapped[datetime]


def add_question(session: Session, values: Mapping[str, Any]) -> bool:
    """Add a question, or a card as one; False when its id is taken, also by a call at the same time."""
    statement = insert_into(session, HomeQuestionRow).values(dict(values)).on_conflict_do_nothing()
    return bool(session.scalars(statement.returning(HomeQuestionRow.question_id)).all())


def find_question(session: Session, question_id: UUID, *, partner: str) -> HomeQuestionRow | None:
    """Find a question that was put to a partner, as its row is at this moment."""
    wanted = select(HomeQuestionRow).where(
        HomeQuestionRow.question_id == question_id, HomeQuestionRow.partner == partner
    )
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def find_question_of(session: Session, subject_id: UUID, question_id: UUID) -> HomeQuestionRow | None:
    """Find a question about a person, as its row is at this moment."""
    wanted = select(HomeQuestionRow).where(
        HomeQuestionRow.subject_id == subject_id, HomeQuestionRow.question_id == question_id
    )
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def find_subject(session: Session, partner: str, question_id: UUID) -> UUID | None:
    """Find whom a question to a partner is about."""
    row = HomeQuestionRow
    return session.scalar(select(row.subject_id).where(row.partner == partner, row.question_id == question_id))


def list_unended(session: Session, partner: str, question_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """List those of some questions to a partner that have not ended, each with its person, in order of persons."""
    row = HomeQuestionRow
    these = (row.partner == partner, row.question_id.in_(question_ids), row.ended_at.is_(None))
    wanted = select(row.subject_id, row.question_id).where(*these).order_by(row.subject_id, row.question_id)
    return [(found[0], found[1]) for found in session.execute(wanted)]


def find_kept_answer(
    session: Session, subject_id: UUID, *, partner: str, treaty_version: str, scope: str, now: datetime
) -> HomeQuestionRow | None:
    """Find the newest answer of a scope that the person asked for, and that may still be used."""
    row = HomeQuestionRow
    wanted = (
        select(row)
        .where(
            row.subject_id == subject_id,
            row.partner == partner,
            row.treaty_version == treaty_version,
            row.scope == scope,
            row.via == "question",
            row.role == "citizen",
            row.until > now,
            _KEPT,
        )
        .order_by(row.question_id.desc())
        .limit(1)
    )
    return session.scalars(wanted.execution_options(populate_existing=True)).first()


def list_questions(
    session: Session, subject_id: UUID, *, before: UUID | None = None, limit: int
) -> Sequence[HomeQuestionRow]:
    """List at most `limit` questions about a person, in order of their ids, the newest first; those behind `before`."""
    wanted = select(HomeQuestionRow).where(HomeQuestionRow.subject_id == subject_id)
    wanted = wanted if before is None else wanted.where(HomeQuestionRow.question_id < before)
    return session.scalars(wanted.order_by(HomeQuestionRow.question_id.desc()).limit(limit)).all()


def put_answer(session: Session, question: HomeQuestionRow, changes: Mapping[str, Any]) -> None:
    """Write what became of a question about a person who is held."""
    row = HomeQuestionRow
    here = (row.subject_id == question.subject_id, row.question_id == question.question_id)
    session.execute(update(row).where(*here).values(dict(changes)).execution_options(synchronize_session=False))
    session.refresh(question)


def list_outlived(session: Session, now: datetime, *, limit: int) -> list[tuple[UUID, UUID]]:
    """List at most `limit` questions, with the person, whose answer is kept and may be kept no more."""
    row = HomeQuestionRow
    wanted = select(row.subject_id, row.question_id).where(_KEPT, row.until <= now).order_by(row.until).limit(limit)
    return [(found[0], found[1]) for found in session.execute(wanted)]


def list_of_partners(session: Session, partners: Collection[str], *, limit: int) -> list[tuple[UUID, UUID]]:
    """List at most `limit` questions, with the person, to some partners whose answer is kept."""
    row = HomeQuestionRow
    wanted = select(row.subject_id, row.question_id).where(_KEPT, row.partner.in_(partners)).limit(limit)
    return [(found[0], found[1]) for found in session.execute(wanted)]


def add_withdrawn(session: Session, partner: str, question_ids: Collection[UUID], *, now: datetime) -> None:
    """Note for good that a partner has withdrawn its answers to some questions, known here or not."""
    settled = {"partner": partner, "withdrawn_at": now, "is_settled": True}
    rows = [{**settled, "question_id": each} for each in sorted(question_ids)]
    if rows:
        session.execute(insert_into(session, WithdrawnQuestionRow).on_conflict_do_nothing(), rows)


def hold_open(session: Session, partner: str, question_id: UUID, *, now: datetime) -> bool:
    """Keep a partner from withdrawing its answer to a question until the transaction ends; False if it has done so.

    For a question without a row, which a withdrawal finds nothing to end at. Whoever withdraws meanwhile wants to add
    the same key, so he waits here, and finds the row that came with the answer. The key itself is gone again.
    """
    row = WithdrawnQuestionRow
    values = {"partner": partner, "question_id": question_id, "withdrawn_at": now, "is_settled": True}
    added = insert_into(session, row).values(values).on_conflict_do_nothing().returning(row.question_id)
    if not session.scalars(added).all():
        return False
    mine = delete(row).where(row.partner == partner, row.question_id == question_id)
    session.execute(mine.execution_options(synchronize_session=False))
    return True


def mark_settled(session: Session, partner: str, question_ids: Collection[UUID], *, is_settled: bool) -> None:
    """Note of some withdrawals whether an answer that was there before is still to be ended."""
    row = WithdrawnQuestionRow
    these = (row.partner == partner, row.question_id.in_(question_ids), row.is_settled != is_settled)
    # Held in one order, as whoever takes another notice may name the same questions.
    held = session.scalars(select(row.question_id).where(*these).order_by(row.question_id).with_for_update()).all()
    changed = update(row).where(row.partner == partner, row.question_id.in_(held)).values(is_settled=is_settled)
    session.execute(changed.execution_options(synchronize_session=False))


def list_unsettled(session: Session, *, limit: int) -> list[tuple[str, UUID]]:
    """List at most `limit` withdrawals, each with its partner, to which there may be an answer that is to be ended."""
    row = WithdrawnQuestionRow
    wanted = select(row.partner, row.question_id).where(_UNSETTLED).order_by(row.partner, row.question_id).limit(limit)
    return [(found[0], found[1]) for found in session.execute(wanted)]


def is_withdrawn(session: Session, partner: str, question_id: UUID) -> bool:
    """Tell whether a partner has withdrawn its answer to a question."""
    row = WithdrawnQuestionRow
    wanted = select(row.question_id).where(row.partner == partner, row.question_id == question_id)
    return session.scalar(wanted) is not None


def purge_withdrawn(session: Session, before: datetime, *, limit: int) -> int:
    """Forget withdrawals from before a moment, at most `limit` at once; gives how many."""
    row = WithdrawnQuestionRow
    keys = (row.partner, row.question_id)
    old = select(*keys).where(row.withdrawn_at <= before, row.is_settled).limit(limit)
    return len(session.scalars(delete(row).where(tuple_(*keys).in_(old)).returning(row.question_id)).all())


def purge_questions(session: Session, before: datetime, *, limit: int) -> int:
    """Forget questions from before a moment of whose answer nothing is kept, at most `limit` at once; how many."""
    row = HomeQuestionRow
    keys = (row.subject_id, row.question_id)
    old = select(*keys).where(_EMPTY, row.asked_at <= before).limit(limit)
    gone = delete(row).where(tuple_(*keys).in_(old)).returning(row.question_id)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())
