"""What is forgotten after its time: answers to repeats, counts of questions, and what was told three years ago."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.clock import today
from backend.disclosures.tables import (
    ANSWERED_FOR,
    COUNTED_FOR,
    KEPT_FOR,
    AnsweredQuestionRow,
    DisclosureRow,
    QuestionCountRow,
    UsedAwayRow,
)


def purge_answered(session: Session, now: datetime, *, limit: int) -> int:
    """Forget what questions were answered a week after, at most `limit` at once; gives how many."""
    row = AnsweredQuestionRow
    return _purge(session, (row.partner, row.question_id), row.answered_at <= now - ANSWERED_FOR, limit)


def purge_counts(session: Session, now: datetime, *, limit: int) -> int:
    """Forget a week after how often somebody was asked about, at most `limit` at once; gives how many."""
    row = QuestionCountRow
    return _purge(session, (row.partner, row.person, row.asked_on), row.asked_on <= today(now - COUNTED_FOR), limit)


def purge_disclosures(session: Session, now: datetime, *, limit: int) -> int:
    """Forget what was told three years after it could be used no more, at most `limit` at once; gives how many."""
    row = DisclosureRow
    return _purge(session, (row.subject_id, row.question_id), row.until <= now - KEPT_FOR, limit)


def purge_uses(session: Session, now: datetime, *, limit: int) -> int:
    """Forget what was used away three years after the last word about it, at most `limit` at once; gives how many."""
    row = UsedAwayRow
    return _purge(session, (row.subject_id, row.use_id), row.reported_at <= now - KEPT_FOR, limit)


def _purge(
    session: Session, keys: tuple[InstrumentedAttribute[object], ...], is_old: ColumnElement[bool], limit: int
) -> int:
    old = select(*keys).where(is_old).limit(limit)
    statement = delete(keys[0].class_).where(tuple_(*keys).in_(old)).returning(keys[-1])
    return len(session.execute(statement.execution_options(synchronize_session=False)).all())
