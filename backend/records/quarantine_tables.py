"""Rows in quarantine: handed in, but about somebody who is in doubt. They wait for an operator, out of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.tables import Row

OPEN, RELEASED, REFUSED = "open", "released", "refused"


class Part(StrEnum):
    """Which part of a row is in quarantine: what it says about its subject, or about the legal representative."""

    ROW = "row"
    REPRESENTATIVE = "representative"


class QuarantinedRow(Row):
    """A row of a batch that waits for an operator; what it says, and the name in it, are sealed for its subject.

    `part` is `row`, or `representative` for what a row of an organisation says about its legal representative; such
    a part is `derived_from` the record of the organisation. Released, the row is record `record_id`.
    """

    __tablename__ = "quarantined_row"
    __table_args__ = (
        CheckConstraint("part IN ('row', 'representative')", name="part"),
        CheckConstraint("state IN ('open', 'released', 'refused')", name="state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(state = 'open') = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("(state = 'released') = (record_id IS NOT NULL)", name="released_is_record"),
        ForeignKeyConstraint(["batch_id", "row_no"], ["receipt.batch_id", "receipt.row_no"]),
        Index(None, "quarantine_id"),
        Index(None, "batch_id"),
        Index(
            "ix_quarantined_row_open",
            "quarantine_id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "uq_quarantined_row_open",
            "subject_id",
            "department",
            "indicator",
            "source_key",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            None,
            "derived_from",
            sqlite_where=text("derived_from IS NOT NULL"),
            postgresql_where=text("derived_from IS NOT NULL"),
        ),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    quarantine_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    row_no: Mapped[int]
    part: Mapped[str]
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    indicator: Mapped[str]
    source_key: Mapped[str]
    code: Mapped[str]
    content_sealed: Mapped[bytes]
    derived_from: Mapped[UUID | None]
    received_at: Mapped[datetime]
    state: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    case_no: Mapped[str | None]
    reason: Mapped[str | None]
    record_id: Mapped[UUID | None]


def list_open(session: Session, *, after: UUID | None, limit: int) -> Sequence[QuarantinedRow]:
    """List at most `limit` rows that wait for a decision, oldest first; only those after row `after`, if given."""
    statement = select(QuarantinedRow).where(QuarantinedRow.state == OPEN)
    if after is not None:
        statement = statement.where(QuarantinedRow.quarantine_id > after)
    return session.scalars(statement.order_by(QuarantinedRow.quarantine_id).limit(limit)).all()


def find_quarantined(session: Session, quarantine_id: UUID) -> QuarantinedRow | None:
    """Find a row by its id."""
    return session.scalars(select(QuarantinedRow).where(QuarantinedRow.quarantine_id == quarantine_id)).one_or_none()


def lock_quarantined(session: Session, subject_id: UUID, quarantine_id: UUID) -> QuarantinedRow:
    """Hold a row that is there until the transaction ends; its subject must be held before."""
    key = (QuarantinedRow.subject_id == subject_id, QuarantinedRow.quarantine_id == quarantine_id)
    statement = select(QuarantinedRow).where(*key).with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).one()


def list_open_derived(session: Session, record_id: UUID) -> Sequence[QuarantinedRow]:
    """List the rows in quarantine that derive from a record."""
    derived = (QuarantinedRow.derived_from == record_id, QuarantinedRow.state == OPEN)
    return session.scalars(select(QuarantinedRow).where(*derived).with_for_update()).all()
