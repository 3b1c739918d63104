"""Samples drawn for inspection: rows and their named queries. They are never changed; triggers refuse it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.records.file_tables import READING_FAILED, FileRow
from backend.records.tables import BatchRow, ReceiptRow
from backend.storage.tables import Row

PORTION = 5000  # rows fetched at once while a population is read


class SampleRow(Row):
    """A sample of what a department handed in; with `seed` anybody can draw it again."""

    __tablename__ = "sample"
    __table_args__ = (
        CheckConstraint("from_on <= to_on", name="period"),
        CheckConstraint("size >= 1 AND population >= 1", name="size"),
    )

    sample_id: Mapped[UUID] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    indicator: Mapped[str | None]
    from_on: Mapped[date]
    to_on: Mapped[date]
    size: Mapped[int]
    population: Mapped[int]
    seed: Mapped[str]
    reason: Mapped[str]
    drawn_by: Mapped[str]
    drawn_at: Mapped[datetime]


class SampleMemberRow(Row):
    """A record of a sample, in the order of the draw; indicator and moment of receipt are those of its receipt."""

    __tablename__ = "sample_member"
    __table_args__ = (
        UniqueConstraint("sample_id", "member_no"),
        CheckConstraint("member_no >= 1", name="member_no"),
        Index(None, "received_at"),
    )

    sample_id: Mapped[UUID] = mapped_column(ForeignKey("sample.sample_id"), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_no: Mapped[int]
    indicator: Mapped[str | None]
    received_at: Mapped[datetime]


class SampleFindingRow(Row):
    """What an operator found about a member; a later one takes its place, and the earlier one stays to be read."""

    __tablename__ = "sample_finding"
    __table_args__ = (
        ForeignKeyConstraint(["sample_id", "record_id"], ["sample_member.sample_id", "sample_member.record_id"]),
        CheckConstraint("finding IN ('agrees', 'differs', 'no_document')", name="finding"),
        CheckConstraint("finding_no >= 1", name="finding_no"),
    )

    sample_id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    finding_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    finding: Mapped[str]
    note: Mapped[str | None]
    found_by: Mapped[str]
    found_at: Mapped[datetime]


class Drawable(NamedTuple):
    """An accepted row that can be drawn."""

    record_id: UUID
    indicator: str | None
    received_at: datetime


def iterate_drawable(
    session: Session, *, department: str, indicator: str | None, since: datetime, before: datetime
) -> Iterator[Drawable]:
    """Iterate over the accepted rows of a department received from `since` and before `before`, in portions."""
    statement = (
        select(ReceiptRow.record_id, ReceiptRow.indicator, BatchRow.received_at)
        .join(BatchRow, BatchRow.batch_id == ReceiptRow.batch_id)
        .where(BatchRow.department == department, BatchRow.received_at >= since, BatchRow.received_at < before)
        .where(ReceiptRow.outcome == "accepted")
    )
    if indicator is not None:
        statement = statement.where(ReceiptRow.indicator == indicator)
    for record_id, found, received_at in session.execute(statement.execution_options(yield_per=PORTION)):
        if record_id is not None:  # the schema holds that an accepted row is a record
            yield Drawable(record_id, found, received_at)


def is_unread() -> ColumnElement[bool]:
    """The condition under which rows may still come out of a file."""
    # The schema holds that a file has an end when its state is among the ended ones.
    return or_(FileRow.ended_at.is_(None), FileRow.fault_code == READING_FAILED)


def count_unread_files(session: Session, *, department: str | None, since: datetime, before: datetime) -> int:
    """Count the files received from `since` and before `before` that are not read to their end, dry runs aside.

    A file whose reading failed for no fault of its own is read on later, so that it is one of them.
    """
    statement = (
        select(func.count())
        .select_from(FileRow)
        .where(is_unread(), FileRow.dry_run.is_(False))
        .where(FileRow.received_at >= since, FileRow.received_at < before)
    )
    if department is not None:
        statement = statement.where(FileRow.department == department)
    return session.scalars(statement).one()


def add_sample(session: Session, sample: SampleRow, members: Sequence[SampleMemberRow]) -> None:
    """Add a sample with its members."""
    session.add(sample)
    session.flush()
    session.add_all(members)
    session.flush()


def find_sample(session: Session, sample_id: UUID) -> SampleRow | None:
    """Find a sample by its id."""
    return session.get(SampleRow, sample_id)


def find_member(session: Session, sample_id: UUID, record_id: UUID) -> SampleMemberRow | None:
    """Find a record among the members of a sample."""
    return session.get(SampleMemberRow, (sample_id, record_id))


def list_members(session: Session, sample_id: UUID) -> Sequence[SampleMemberRow]:
    """List the members of a sample in the order of the draw."""
    statement = select(SampleMemberRow).where(SampleMemberRow.sample_id == sample_id)
    return session.scalars(statement.order_by(SampleMemberRow.member_no)).all()


def list_findings(session: Session, sample_id: UUID) -> Sequence[SampleFindingRow]:
    """List what was found about the members of a sample, the earlier before the later."""
    statement = select(SampleFindingRow).where(SampleFindingRow.sample_id == sample_id)
    return session.scalars(statement.order_by(SampleFindingRow.record_id, SampleFindingRow.finding_no)).all()


def append_finding(session: Session, finding: SampleFindingRow) -> SampleFindingRow:
    """Append a finding as the latest one about its member; the sample is held until the transaction ends."""
    session.execute(select(SampleRow.sample_id).where(SampleRow.sample_id == finding.sample_id).with_for_update())
    latest = session.scalar(
        select(func.max(SampleFindingRow.finding_no)).where(
            SampleFindingRow.sample_id == finding.sample_id, SampleFindingRow.record_id == finding.record_id
        )
    )
    finding.finding_no = (latest or 0) + 1
    session.add(finding)
    session.flush()
    return finding
