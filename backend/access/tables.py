"""Access entries: who looked at a person's data, for what, on what basis, and what was answered.

They are never changed and never deleted; triggers of the database refuse it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.tables import Row


class AccessEntryRow(Row):
    """One look. `entry_id` sorts by time; `answered` says what kind of answer was given, not the answer."""

    __tablename__ = "access_entry"
    __table_args__ = (
        CheckConstraint(
            "asker_kind IN ('anyone', 'citizen', 'department', 'operator', 'merchant', 'partner_city')",
            name="asker_kind",
        ),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    asker_kind: Mapped[str]
    asker: Mapped[str]
    asker_name: Mapped[str | None]
    acting: Mapped[str | None]
    purpose: Mapped[str]
    basis: Mapped[str]
    answered: Mapped[dict[str, Any]]
    case_no: Mapped[str | None]


def add_access_entry(session: Session, entry: AccessEntryRow) -> None:
    """Add an access entry; the transaction must end before the answer leaves."""
    session.add(entry)
    session.flush()


def list_access_entries(
    session: Session, subject_id: UUID, *, before: UUID | None = None, limit: int
) -> Sequence[AccessEntryRow]:
    """List at most `limit` looks at a person, newest first; only those before entry `before`, if given."""
    statement = select(AccessEntryRow).where(AccessEntryRow.subject_id == subject_id)
    if before is not None:
        statement = statement.where(AccessEntryRow.entry_id < before)
    return session.scalars(statement.order_by(AccessEntryRow.entry_id.desc()).limit(limit)).all()
