"""What we asked the home cities of visitors, and what they said: rows and their named queries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, exists, literal, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.people.tables import SubjectRow
from backend.storage.chains import table_of
from backend.storage.inserts import insert_into
from backend.storage.tables import Row

ASKED, ANSWERED, FAILED = "asked", "answered", "failed"
# In place of a subject where nobody is known; never one.
NOBODY = UUID(int=0)
_KEPT = text("content IS NOT NULL")


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
    """A question whose answer its home city has withdrawn, perhaps before the answer came: it is never believed."""

    __tablename__ = "withdrawn_question"
    __table_args__ = (Index(None, "withdrawn_at"),)

    partner: Mapped[str] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    withdrawn_at: Mapped[datetime]


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


def add_question_of_known(session: Session, values: Mapping[str, Any]) -> None:
    """Add a settled question if its person is a subject here; of nobody nothing is kept, by the very same statement."""
    table = table_of(HomeQuestionRow)
    chosen = select(*(literal(value, table.c[name].type) for name, value in values.items()))
    known = chosen.where(exists().where(SubjectRow.subject_id == values["subject_id"]))
    statement = insert_into(session, HomeQuestionRow).from_select(list(values), known)
    session.execute(statement.on_conflict_do_nothing())


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


def find_subjects(session: Session, partner: str, question_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Find whom some questions to a partner are about, by the id of the question."""
    row = HomeQuestionRow
    wanted = select(row.question_id, row.subject_id).where(row.partner == partner, row.question_id.in_(question_ids))
    return {question_id: subject_id for question_id, subject_id in session.execute(wanted)}  # noqa: C416 - as typed


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
    rows = [{"partner": partner, "question_id": each, "withdrawn_at": now} for each in sorted(question_ids)]
    if rows:
        session.execute(insert_into(session, WithdrawnQuestionRow).on_conflict_do_nothing(), rows)


def hold_open(session: Session, partner: str, question_id: UUID, *, now: datetime) -> bool:
    """Keep a partner from withdrawing its answer to a question until the transaction ends; False if it has done so.

    For a question without a row, which a withdrawal finds nothing to end at. Whoever withdraws meanwhile wants to add
    the same key, so he waits here, and finds the row that came with the answer. The key itself is gone again.
    """
    row = WithdrawnQuestionRow
    values = {"partner": partner, "question_id": question_id, "withdrawn_at": now}
    added = insert_into(session, row).values(values).on_conflict_do_nothing().returning(row.question_id)
    if not session.scalars(added).all():
        return False
    mine = delete(row).where(row.partner == partner, row.question_id == question_id)
    session.execute(mine.execution_options(synchronize_session=False))
    return True


def is_withdrawn(session: Session, partner: str, question_id: UUID) -> bool:
    """Tell whether a partner has withdrawn its answer to a question."""
    row = WithdrawnQuestionRow
    wanted = select(row.question_id).where(row.partner == partner, row.question_id == question_id)
    return session.scalar(wanted) is not None


def purge_withdrawn(session: Session, before: datetime, *, limit: int) -> int:
    """Forget withdrawals from before a moment, at most `limit` at once; gives how many."""
    row = WithdrawnQuestionRow
    keys = (row.partner, row.question_id)
    old = select(*keys).where(row.withdrawn_at <= before).limit(limit)
    return len(session.scalars(delete(row).where(tuple_(*keys).in_(old)).returning(row.question_id)).all())
