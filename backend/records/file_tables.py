"""Files that were handed in, the pieces they are kept in, what a dry run found, and the column mappings.

A file is a batch of any size: its receipts are those of the batch with the same id. Its content is kept sealed while it
is read and while its receipt file can be fetched, and then forgotten.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, delete, func, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.storage.tables import Row

KEPT_FOR = timedelta(days=30)
READING_FAILED = "reading_failed"


class FileState(StrEnum):
    """How far a file is: taken in, being read, read to its end, or given up with a fault that names what is wrong."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


ENDED = frozenset({FileState.DONE, FileState.FAILED})


class FileRow(Row):
    """A file of a department. `rows_read` is the last row of the file that is settled; reading goes on behind it."""

    __tablename__ = "file"
    __table_args__ = (
        Index(
            "uq_file_number",
            "department",
            "file_no",
            unique=True,
            sqlite_where=text("NOT dry_run"),
            postgresql_where=text("NOT dry_run"),
        ),
        CheckConstraint("state IN ('waiting', 'reading', 'done', 'failed')", name="state"),
        CheckConstraint("(state IN ('done', 'failed')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("(state = 'failed') = (fault_code IS NOT NULL)", name="fault"),
        CheckConstraint("rows_read >= 0 AND size >= 0", name="counts"),
        Index(None, "ended_at"),
    )

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    clerk: Mapped[str]
    file_no: Mapped[str]
    format: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    mapping: Mapped[str]
    dry_run: Mapped[bool]
    state: Mapped[str]
    rows_read: Mapped[int]
    fault_code: Mapped[str | None]
    fault_values: Mapped[dict[str, Any] | None]
    received_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class FilePieceRow(Row):
    """A piece of a file's content, sealed."""

    __tablename__ = "file_piece"

    file_id: Mapped[UUID] = mapped_column(ForeignKey("file.file_id"), primary_key=True)
    piece_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes]


class DryReceiptRow(Row):
    """What would become of a row: the receipt of a dry run, forgotten with the file."""

    __tablename__ = "dry_receipt"

    file_id: Mapped[UUID] = mapped_column(ForeignKey("file.file_id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str]
    code: Mapped[str | None]
    law: Mapped[str | None]
    detail: Mapped[dict[str, Any] | None]


class ColumnMappingRow(Row):
    """One version of a department's column mapping, never changed: files name the version that they were read by."""

    __tablename__ = "column_mapping"
    __table_args__ = (
        UniqueConstraint("department", "name", "version"),
        CheckConstraint("version >= 1", name="version"),
    )

    mapping_id: Mapped[UUID] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(ForeignKey("department.code"))
    name: Mapped[str]
    version: Mapped[int]
    document: Mapped[dict[str, Any]]
    clerk: Mapped[str]
    saved_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """What is known of a file when it is handed in; `mapping` is a mapping's id or the name of a shipped layout."""

    file_id: UUID
    department: str
    clerk: str
    file_no: str
    format: str
    size: int
    sha256: str
    mapping: str
    dry_run: bool
    received_at: datetime


def add_file(session: Session, file: NewFile) -> None:
    """Add a file that waits to be read; its number, unless it is a dry run, is that of its batch and was free."""
    session.add(FileRow(**asdict(file), state=FileState.WAITING, rows_read=0))
    session.flush()


def find_file(session: Session, file_id: UUID) -> FileRow | None:
    """Find a file by its id."""
    return session.get(FileRow, file_id)


def find_file_by_number(session: Session, department: str, file_no: str) -> FileRow | None:
    """Find a file by the number that its department gave it."""
    wanted = select(FileRow).where(
        FileRow.department == department, FileRow.file_no == file_no, FileRow.dry_run.is_(False)
    )
    return session.scalars(wanted).one_or_none()


def list_files(session: Session, department: str, *, before: UUID | None, limit: int) -> Sequence[FileRow]:
    """List the files of a department, the newest first, beginning behind `before`."""
    wanted = select(FileRow).where(FileRow.department == department)
    if before is not None:
        wanted = wanted.where(FileRow.file_id < before)
    return session.scalars(wanted.order_by(FileRow.file_id.desc()).limit(limit)).all()


def advance_file(session: Session, file_id: UUID, *, from_row: int, to_row: int) -> bool:
    """Note that the rows up to `to_row` are settled; False when another worker went on from `from_row` first."""
    moved = (
        update(FileRow)
        .where(FileRow.file_id == file_id, FileRow.rows_read == from_row, FileRow.state.not_in(ENDED))
        .values(rows_read=to_row, state=FileState.READING)
        .returning(FileRow.file_id)
    )
    return session.scalars(moved).one_or_none() is not None


def end_file(
    session: Session,
    file_id: UUID,
    *,
    now: datetime,
    fault_code: str | None = None,
    fault_values: dict[str, Any] | None = None,
) -> bool:
    """End a file, well or with a fault; False when it has ended already."""
    state = FileState.DONE if fault_code is None else FileState.FAILED
    ended = (
        update(FileRow)
        .where(FileRow.file_id == file_id, FileRow.state.not_in(ENDED))
        .values(state=state, ended_at=now, fault_code=fault_code, fault_values=fault_values)
        .returning(FileRow.file_id)
    )
    return session.scalars(ended).one_or_none() is not None


def reopen_file(session: Session, file_id: UUID) -> bool:
    """Let a file be read on whose reading failed for no fault of its own; False for any other."""
    reopened = (
        update(FileRow)
        .where(FileRow.file_id == file_id, FileRow.fault_code == READING_FAILED)
        .values(state=FileState.READING, ended_at=None, fault_code=None, fault_values=None)
        .returning(FileRow.file_id)
    )
    return session.scalars(reopened).one_or_none() is not None


def add_piece(session: Session, file_id: UUID, piece_no: int, sealed: bytes) -> None:
    """Add a piece of a file's content."""
    session.add(FilePieceRow(file_id=file_id, piece_no=piece_no, sealed=sealed))
    session.flush()
    session.expunge_all()  # a file may be larger than the memory that a call is worth


def find_piece(session: Session, file_id: UUID, piece_no: int) -> bytes | None:
    """Find a piece of a file's content; None behind the last, or when the content is forgotten or was never kept."""
    wanted = select(FilePieceRow.sealed).where(FilePieceRow.file_id == file_id, FilePieceRow.piece_no == piece_no)
    return session.scalars(wanted).one_or_none()


def list_dry_receipts(session: Session, file_id: UUID, *, after: int, limit: int) -> Sequence[DryReceiptRow]:
    """List what a dry run found, in the order of the rows, beginning behind row `after`."""
    wanted = select(DryReceiptRow).where(DryReceiptRow.file_id == file_id, DryReceiptRow.row_no > after)
    return session.scalars(wanted.order_by(DryReceiptRow.row_no).limit(limit)).all()


def clear_dry_run(session: Session, file_id: UUID) -> None:
    """Forget what a dry run has found so far, and begin at its first row again."""
    session.execute(delete(DryReceiptRow).where(DryReceiptRow.file_id == file_id))
    session.execute(update(FileRow).where(FileRow.file_id == file_id, FileRow.state.not_in(ENDED)).values(rows_read=0))


def count_dry_receipts(session: Session, file_id: UUID) -> dict[tuple[str, str | None], int]:
    """Count what a dry run found, by outcome and code."""
    wanted = (
        select(DryReceiptRow.outcome, DryReceiptRow.code, func.count())
        .where(DryReceiptRow.file_id == file_id)
        .group_by(DryReceiptRow.outcome, DryReceiptRow.code)
    )
    return {(outcome, code): number for outcome, code, number in session.execute(wanted)}


def purge_file_contents(session: Session, now: datetime, *, limit: int) -> int:
    """Forget the contents and dry runs of files that ended 30 days ago, at most `limit` pieces at once."""
    old = select(FileRow.file_id).where(FileRow.ended_at < now - KEPT_FOR)
    keys = (FilePieceRow.file_id, FilePieceRow.piece_no)
    chosen = select(*keys).where(FilePieceRow.file_id.in_(old)).limit(limit)
    pieces = delete(FilePieceRow).where(tuple_(*keys).in_(chosen))
    forgotten = len(session.scalars(pieces.returning(FilePieceRow.piece_no)).all())
    if forgotten < limit:
        session.execute(delete(DryReceiptRow).where(DryReceiptRow.file_id.in_(old)))
    return forgotten


def add_mapping(session: Session, mapping: ColumnMappingRow) -> int:
    """Add the next version of a mapping, and give its number. The department is held, so that none is given twice."""
    latest = session.scalar(
        select(func.max(ColumnMappingRow.version)).where(
            ColumnMappingRow.department == mapping.department, ColumnMappingRow.name == mapping.name
        )
    )
    mapping.version = 1 if latest is None else latest + 1
    session.add(mapping)
    session.flush()
    return mapping.version


def find_mapping(session: Session, mapping_id: UUID) -> ColumnMappingRow | None:
    """Find a version of a mapping by its id."""
    return session.get(ColumnMappingRow, mapping_id)


def list_mappings(session: Session, department: str) -> Sequence[ColumnMappingRow]:
    """List every version of a department's mappings, by name, the newest version first."""
    wanted = select(ColumnMappingRow).where(ColumnMappingRow.department == department)
    return session.scalars(wanted.order_by(ColumnMappingRow.name, ColumnMappingRow.version.desc())).all()
