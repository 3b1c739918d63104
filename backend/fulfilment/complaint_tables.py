"""Complaints of citizens about merchants: rows and their named queries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Select, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.benefits.verification_tables import VerificationRow
from backend.grants.tables import GrantRow
from backend.merchants.tables import MerchantRow
from backend.storage.inserts import insert_into
from backend.storage.tables import Row


class ComplaintRow(Row):
    """What a person says a merchant did not do. Both sides' words are sealed for the person.

    One decision ends it. Of one kind at most one about a grant is open.
    """

    __tablename__ = "complaint"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "grant_id"], ["benefit_grant.subject_id", "benefit_grant.grant_id"]),
        CheckConstraint("kind IN ('not_honoured', 'not_released', 'charged_wrongly')", name="kind"),
        CheckConstraint("state IN ('open', 'answered', 'upheld', 'dismissed')", name="state"),
        CheckConstraint("(state IN ('upheld', 'dismissed')) = (decided_at IS NOT NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("(answered_at IS NULL) = (answer_sealed IS NULL)", name="answered"),
        Index("uq_complaint_complaint_id", "complaint_id", unique=True),
        Index(
            "uq_complaint_open",
            "subject_id",
            "grant_id",
            "kind",
            unique=True,
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
        Index("ix_complaint_merchant", "merchant", "complaint_id"),
        Index(
            "ix_complaint_undecided",
            "complaint_id",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant: Mapped[str] = mapped_column(ForeignKey("merchant.code"))
    grant_id: Mapped[UUID]
    kind: Mapped[str]
    text_sealed: Mapped[bytes]
    complained_at: Mapped[datetime]
    answer_until: Mapped[datetime]
    state: Mapped[str]
    answer_sealed: Mapped[bytes | None]
    answered_at: Mapped[datetime | None]
    clerk: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    case_no: Mapped[str | None]
    reason: Mapped[str | None]


_Selected: TypeAlias = Select[ComplaintRow, str, str, str]


class FoundComplaint(NamedTuple):
    """A complaint, the key and the scenario of its grant, and what the merchant is called."""

    row: ComplaintRow
    order_no: str
    scenario: str
    merchant_name: str


def find_grant_of_verification(session: Session, verification_id: UUID, *, subject_id: UUID) -> UUID | None:
    """Find the grant that a verification of this person ended in; None where there is none."""
    wanted = (VerificationRow.verification_id == verification_id, VerificationRow.subject_id == subject_id)
    return session.scalar(select(VerificationRow.grant_id).where(*wanted))


def add_complaint_row(session: Session, row: ComplaintRow) -> bool:
    """Add a complaint; False where one of its kind about this grant is open."""
    columns = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    statement = insert_into(session, ComplaintRow).values(columns)
    keep = statement.on_conflict_do_nothing(
        index_elements=["subject_id", "grant_id", "kind"], index_where=ComplaintRow.decided_at.is_(None)
    )
    return bool(session.scalars(keep.returning(ComplaintRow.complaint_id)).all())


def find_complaint_row(
    session: Session, complaint_id: UUID, *, subject_id: UUID | None = None, merchant: str | None = None
) -> FoundComplaint | None:
    """Find a complaint by its id: only this person's, or only about this merchant, where one of them asks."""
    return _find(session, complaint_id, _select_found(), subject_id, merchant)


def lock_complaint_row(
    session: Session, complaint_id: UUID, *, subject_id: UUID | None = None, merchant: str | None = None
) -> FoundComplaint | None:
    """Find a complaint as `find_complaint_row` does, and hold it until the transaction ends."""
    held = _select_found().with_for_update(of=ComplaintRow).execution_options(populate_existing=True)
    return _find(session, complaint_id, held, subject_id, merchant)


def list_complaint_rows(
    session: Session,
    *,
    subject_id: UUID | None = None,
    merchant: str | None = None,
    only_open: bool = False,
    before: UUID | None = None,
    limit: int,
) -> Sequence[FoundComplaint]:
    """List at most `limit` complaints, newest first; only those before one, if given."""
    statement = _narrow(_select_found(), subject_id, merchant)
    if only_open:
        statement = statement.where(ComplaintRow.decided_at.is_(None))
    if before is not None:
        statement = statement.where(ComplaintRow.complaint_id < before)
    rows = session.execute(statement.order_by(ComplaintRow.complaint_id.desc()).limit(limit))
    return [FoundComplaint._make(row) for row in rows]


def count_upheld(session: Session, merchants: Collection[str], *, since: datetime) -> dict[tuple[str, str], int]:
    """Count the complaints that were found right since then, by merchant and kind; none of a pair is left out."""
    row = ComplaintRow
    upheld = (row.merchant.in_(sorted(merchants)), row.state == "upheld", row.decided_at >= since)
    counted = select(row.merchant, row.kind, func.count()).where(*upheld).group_by(row.merchant, row.kind)
    return {(found[0], found[1]): found[2] for found in session.execute(counted)}


def _select_found() -> _Selected:
    return (
        select(ComplaintRow, GrantRow.order_no, GrantRow.scenario, MerchantRow.name)
        .join(GrantRow, (GrantRow.subject_id == ComplaintRow.subject_id) & (GrantRow.grant_id == ComplaintRow.grant_id))
        .join(MerchantRow, MerchantRow.code == ComplaintRow.merchant)
    )


def _narrow(statement: _Selected, subject_id: UUID | None, merchant: str | None) -> _Selected:
    if subject_id is not None:
        statement = statement.where(ComplaintRow.subject_id == subject_id)
    return statement if merchant is None else statement.where(ComplaintRow.merchant == merchant)


def _find(
    session: Session,
    complaint_id: UUID,
    statement: _Selected,
    subject_id: UUID | None,
    merchant: str | None,
) -> FoundComplaint | None:
    wanted = _narrow(statement.where(ComplaintRow.complaint_id == complaint_id), subject_id, merchant)
    row = session.execute(wanted).one_or_none()
    return None if row is None else FoundComplaint._make(row)
