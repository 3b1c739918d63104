"""Departments, batches, receipts and the ledger: rows and their named queries.

Receipts and ledger entries are never changed and never deleted; triggers of the database refuse it. What is
learned later about a record is a further entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.people.tables import SubjectRow, raise_facts_version
from backend.storage.inserts import insert_into
from backend.storage.tables import Row


class DepartmentRow(Row):
    """A department that hands records in; a reference table."""

    __tablename__ = "department"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class BatchRow(Row):
    """What a department handed in at one time; `batch_no` is the department's own number for it."""

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("department", "batch_no"),
        CheckConstraint("accepted >= 0 AND duplicate >= 0 AND refused >= 0 AND quarantined >= 0", name="counts"),
    )

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    clerk: Mapped[str]
    batch_no: Mapped[str]
    received_at: Mapped[datetime]
    accepted: Mapped[int]
    duplicate: Mapped[int]
    refused: Mapped[int]
    quarantined: Mapped[int] = mapped_column(server_default=text("0"))


class ReceiptRow(Row):
    """What became of one row of a batch, and by which law. `detail` never holds personal data.

    `indicator` (only one of the catalogue), `occurred_on` and `items_given` (how many items the row carried) are
    what figures of quality are made of; a malformed row has none of them.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        CheckConstraint("outcome IN ('accepted', 'duplicate', 'refused', 'quarantined')", name="outcome"),
        CheckConstraint("outcome NOT IN ('refused', 'quarantined') OR code IS NOT NULL", name="refusal_has_code"),
        CheckConstraint("items_given >= 0", name="items_given"),
        CheckConstraint("outcome <> 'accepted' OR record_id IS NOT NULL", name="acceptance_has_record"),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batch.batch_id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str]
    code: Mapped[str | None]
    law: Mapped[str | None]
    detail: Mapped[dict[str, Any] | None]
    record_id: Mapped[UUID | None]
    indicator: Mapped[str | None]
    occurred_on: Mapped[date | None]
    items_given: Mapped[int | None]


class LedgerEntryRow(Row):
    """One thing that became known about a record of a person, at `known_at`; `ledger_no` has no gaps.

    The report of a representative names the record of the organisation that it was derived from.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('reported', 'corrected', 'withdrawn', 'repaired', 'objected', 'decided')", name="kind"
        ),
        CheckConstraint("ledger_no >= 1", name="ledger_no"),
        CheckConstraint("kind = 'reported' OR source_key IS NULL", name="source_key_of_report"),
        # NULLs differ from each other in a unique key, on both engines.
        UniqueConstraint("subject_id", "department", "indicator", "source_key"),
        Index(
            "uq_ledger_entry_report",
            "subject_id",
            "record_id",
            unique=True,
            sqlite_where=text("kind = 'reported'"),
            postgresql_where=text("kind = 'reported'"),
        ),
        Index(None, "record_id"),
        Index(
            None,
            "derived_from",
            sqlite_where=text("derived_from IS NOT NULL"),
            postgresql_where=text("derived_from IS NOT NULL"),
        ),
    )

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.subject_id"), primary_key=True)
    ledger_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    record_id: Mapped[UUID]
    indicator: Mapped[str]
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    source_key: Mapped[str | None]
    content: Mapped[dict[str, Any]]
    reason: Mapped[str | None]
    clerk: Mapped[str | None]
    batch_id: Mapped[UUID | None]
    known_at: Mapped[datetime]
    derived_from: Mapped[UUID | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """What a ledger entry says. `source_key` is the department's own key of the fact, on reports only."""

    kind: str
    record_id: UUID
    indicator: str
    department: str
    content: dict[str, Any] = field(repr=False)
    source_key: str | None = None
    reason: str | None = field(default=None, repr=False)
    clerk: str | None = None
    batch_id: UUID | None = None
    derived_from: UUID | None = None


def append_entry(session: Session, subject_id: UUID, entry: NewEntry, *, now: datetime) -> LedgerEntryRow:
    """Append to the ledger of a subject, and raise its facts version, which becomes the entry's number.

    The subject is held until the transaction ends, so numbers have no gap and `known_at` never goes back,
    even where the clock does. An unknown subject is a LookupError.
    """
    ledger_no = raise_facts_version(session, subject_id)
    latest = session.scalar(select(func.max(LedgerEntryRow.known_at)).where(LedgerEntryRow.subject_id == subject_id))
    row = LedgerEntryRow(
        subject_id=subject_id,
        ledger_no=ledger_no,
        kind=entry.kind,
        record_id=entry.record_id,
        indicator=entry.indicator,
        department=entry.department,
        source_key=entry.source_key,
        content=entry.content,
        reason=entry.reason,
        clerk=entry.clerk,
        batch_id=entry.batch_id,
        known_at=now if latest is None else max(now, latest),
        derived_from=entry.derived_from,
    )
    session.add(row)
    session.flush()
    return row


def list_entries(session: Session, subject_id: UUID, *, known_at: datetime | None = None) -> Sequence[LedgerEntryRow]:
    """List the ledger of a subject in order, as it was known at a moment or as it is now."""
    statement = select(LedgerEntryRow).where(LedgerEntryRow.subject_id == subject_id)
    if known_at is not None:
        statement = statement.where(LedgerEntryRow.known_at <= known_at)
    return session.scalars(statement.order_by(LedgerEntryRow.ledger_no)).all()


def list_entries_of_record(session: Session, record_id: UUID) -> Sequence[LedgerEntryRow]:
    """List what is known about one record, in order; empty when there is no such record."""
    return session.scalars(
        select(LedgerEntryRow).where(LedgerEntryRow.record_id == record_id).order_by(LedgerEntryRow.ledger_no)
    ).all()


def list_derived(session: Session, record_id: UUID) -> Sequence[LedgerEntryRow]:
    """List the reports about representatives that derive from a record."""
    return session.scalars(select(LedgerEntryRow).where(LedgerEntryRow.derived_from == record_id)).all()


def read_facts_version(session: Session, subject_id: UUID) -> int | None:
    """Read the facts version of a subject; None when the subject is unknown."""
    return session.scalar(select(SubjectRow.facts_version).where(SubjectRow.subject_id == subject_id))


def put_department(session: Session, *, code: str, name: str) -> None:
    """Add a department, or give it another name."""
    statement = insert_into(session, DepartmentRow).values(code=code, name=name)
    session.execute(statement.on_conflict_do_update(index_elements=["code"], set_={"name": name}))


def find_department(session: Session, code: str) -> DepartmentRow | None:
    """Find a department by its code."""
    return session.get(DepartmentRow, code)


def hold_department(session: Session, code: str) -> DepartmentRow | None:
    """Find a department, and hold it until the transaction ends: what is numbered per department is numbered once."""
    return session.scalars(select(DepartmentRow).where(DepartmentRow.code == code).with_for_update()).one_or_none()


def add_batch(session: Session, batch: BatchRow) -> bool:
    """Add a batch with its counts at zero; False when the department used its number before."""
    statement = insert_into(session, BatchRow).values(
        batch_id=batch.batch_id,
        department=batch.department,
        clerk=batch.clerk,
        batch_no=batch.batch_no,
        received_at=batch.received_at,
        accepted=0,
        duplicate=0,
        refused=0,
    )
    added = session.scalars(
        statement.on_conflict_do_nothing(index_elements=["department", "batch_no"]).returning(BatchRow.batch_id)
    ).all()
    return bool(added)


def find_batch(session: Session, batch_id: UUID) -> BatchRow | None:
    """Find a batch by our id."""
    return session.get(BatchRow, batch_id)


def find_batch_by_number(session: Session, department: str, batch_no: str) -> BatchRow | None:
    """Find a batch by the number that its department gave it."""
    return session.scalars(
        select(BatchRow).where(BatchRow.department == department, BatchRow.batch_no == batch_no)
    ).one_or_none()


def count_receipts(session: Session, batch_id: UUID) -> dict[tuple[str, str | None], int]:
    """Count the receipts of a batch by outcome and code."""
    wanted = (
        select(ReceiptRow.outcome, ReceiptRow.code, func.count())
        .where(ReceiptRow.batch_id == batch_id)
        .group_by(ReceiptRow.outcome, ReceiptRow.code)
    )
    return {(outcome, code): number for outcome, code, number in session.execute(wanted)}


def list_receipts_behind(session: Session, batch_id: UUID, *, after: int, limit: int) -> Sequence[ReceiptRow]:
    """List at most `limit` receipts of a batch in the order of its rows, beginning behind row `after`."""
    wanted = select(ReceiptRow).where(ReceiptRow.batch_id == batch_id, ReceiptRow.row_no > after)
    return session.scalars(wanted.order_by(ReceiptRow.row_no).limit(limit)).all()
