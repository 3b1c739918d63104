"""The current score of each person, kept so that it need not be computed at every look.

It is a cache that cannot lie: a reader compares the facts version, the day the account was opened, the digest of the
rulebook and the day, and computes where one of them differs.
"""

from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, and_, bindparam, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.people.identity_numbers import SubjectKind
from backend.people.tables import EnrolmentRow, SubjectRow
from backend.storage.database import Database
from backend.storage.inserts import insert_into
from backend.storage.questions import Question
from backend.storage.tables import Row


class StoredScoreRow(Row):
    """A score of a day and a version of the facts; it stops being right on `changes_on`."""

    __tablename__ = "stored_score"

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    facts_version: Mapped[int]
    since: Mapped[date]
    rules_digest: Mapped[str]
    computed_on: Mapped[date]
    changes_on: Mapped[date | None]
    points: Mapped[int]
    level: Mapped[str]
    payload: Mapped[dict[str, Any]]
    kept_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScore:
    """What is kept of a score; `payload`: dimensions, indicators in force, whether incentives are suspended."""

    facts_version: int
    since: date
    rules_digest: str
    computed_on: date
    changes_on: date | None
    points: int
    level: str
    payload: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptScore:
    """A kept score of an enrolled person beside what it must agree with."""

    score: NewScore
    facts_version: int
    opened_at: datetime


_NAMES = tuple(each.name for each in fields(NewScore))
_KEPT = Question(
    select(SubjectRow.facts_version, EnrolmentRow.opened_at, *(getattr(StoredScoreRow, name) for name in _NAMES))
    .join(EnrolmentRow, EnrolmentRow.subject_id == SubjectRow.subject_id)
    .join(StoredScoreRow, StoredScoreRow.subject_id == SubjectRow.subject_id)
    .where(
        SubjectRow.subject_id == bindparam("subject_id"),
        SubjectRow.kind == SubjectKind.NATURAL_PERSON,
        SubjectRow.in_doubt.is_(False),
        EnrolmentRow.closed_at.is_(None),
    )
)


def find_kept_score(database: Database, subject_id: UUID) -> KeptScore | None:
    """Find in one look the kept score of a person who is enrolled and not in doubt; None where any of it is missing.

    It says nothing about why: the slower way by standing and ledger does. Raises StorageUnavailableError.
    """
    row = database.ask(_KEPT, {"subject_id": subject_id})
    if row is None:
        return None
    facts_version, opened_at, *values = row
    return KeptScore(NewScore(**dict(zip(_NAMES, values, strict=True))), facts_version, opened_at)


def keep_score(session: Session, subject_id: UUID, score: NewScore, *, now: datetime) -> bool:
    """Keep a score, unless one of newer facts or of a later day is there; tells whether it did."""
    statement = insert_into(session, StoredScoreRow).values(subject_id=subject_id, kept_at=now, **asdict(score))
    new = statement.excluded
    kept = session.scalars(
        statement.on_conflict_do_update(
            index_elements=["subject_id"],
            set_={column: new[column] for column in (*asdict(score), "kept_at")},
            where=is_older(new.facts_version, new.computed_on),
        ).returning(StoredScoreRow.subject_id)
    ).all()
    return bool(kept)


def is_older(facts_version: ColumnElement[int], computed_on: ColumnElement[date]) -> ColumnElement[bool]:
    """Make the condition that a kept score gives way to one of these facts and this day: none newer does."""
    return or_(
        StoredScoreRow.facts_version < facts_version,
        and_(StoredScoreRow.facts_version == facts_version, StoredScoreRow.computed_on <= computed_on),
    )


def forget_score(session: Session, subject_id: UUID) -> None:
    """Delete the kept score of a person."""
    session.execute(delete(StoredScoreRow).where(StoredScoreRow.subject_id == subject_id))
