"""Handing in a file of any size, and seeing how far it is: it is kept sealed, and read when a worker comes to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy.orm import Session

from backend.gateways.sealing import Sealer
from backend.records.file_tables import (
    ENDED,
    FileRow,
    FileState,
    NewFile,
    add_file,
    add_piece,
    count_dry_receipts,
    find_file,
    find_file_by_number,
    find_mapping,
    find_piece,
    list_files,
)
from backend.records.plain_mapping import is_shipped
from backend.records.tables import (
    BatchRow,
    add_batch,
    count_receipts,
    find_batch_by_number,
    find_department,
)
from backend.storage.database import Database
from backend.storage.jobs import leave_job
from backend.web.problems import ProblemCode, Refusal

READ_FILE = "read_file"
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """How many rows came to an outcome for a reason; the code is None for what was accepted."""

    outcome: str
    code: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file and how far it is. `reasons` are there when it has been read to its end or given up."""

    file_id: UUID
    department: str
    clerk: str
    file_no: str
    format: str
    size: int
    sha256: str
    mapping: str
    dry_run: bool
    state: FileState
    rows_read: int
    fault_code: str | None
    fault_values: Mapping[str, Any]
    received_at: datetime
    ended_at: datetime | None
    reasons: tuple[Reason, ...] = field(default=())


def hand_in_file(session: Session, file: NewFile, content: BinaryIO | None, *, sealer: Sealer) -> File | Refusal:
    """Take a file in, to be read by a worker; without `content` whoever calls reads it himself.

    Refuses a department that is not registered, a mapping that is neither its own nor a shipped layout, and a number
    that it used before for a file or a batch. A dry run uses up no number.
    """
    refusal = _find_refusal(session, file)
    if refusal is not None:
        return refusal
    if not file.dry_run and not _add_batch(session, file):
        return _refuse_number(session, file)
    # A refusal commits what was written before it, so nothing is until the number is known to be free.
    add_file(session, file)
    if content is not None:
        for piece_no, piece in enumerate(iter(lambda: content.read(PIECE_BYTES), b"")):
            sealed = sealer.seal_bytes(piece, subject_id=file.file_id, field=name_piece(piece_no))
            add_piece(session, file.file_id, piece_no, sealed)
        leave_job(session, READ_FILE, {"file_id": str(file.file_id)}, now=file.received_at)
    return read_file_state(session, file.file_id, department=file.department)


def read_file_state(session: Session, file_id: UUID, *, department: str) -> File | Refusal:
    """Read how far a file is; another department's is not found."""
    row = find_file(session, file_id)
    if row is None or row.department != department:
        return Refusal(ProblemCode.FILE_NOT_FOUND)
    return _show(row, _list_reasons(session, row) if row.state in ENDED else ())


def list_own_files(session: Session, department: str, *, before: UUID | None, limit: int) -> list[File]:
    """List the files of a department, the newest first, without their reasons."""
    return [_show(row, ()) for row in list_files(session, department, before=before, limit=limit)]


def is_content_kept(session: Session, file_id: UUID) -> bool:
    """Tell whether the content of a file is there still."""
    return find_piece(session, file_id, 0) is not None


def copy_content(database: Database, file_id: UUID, into: BinaryIO, *, sealer: Sealer) -> int:
    """Copy the content of a file, unsealed, and give its size; 0 when it was forgotten or never kept.

    Each piece is read in a transaction of its own, so that a slow reader holds up nobody.
    """
    size = 0
    for piece_no in count():
        with database.reading() as session:
            sealed = find_piece(session, file_id, piece_no)
        if sealed is None:
            break
        size += into.write(sealer.open_bytes(sealed, subject_id=file_id, field=name_piece(piece_no)))
    into.seek(0)
    return size


def name_piece(piece_no: int) -> str:
    """Name the field that a piece of a file is sealed for."""
    return f"piece {piece_no}"


def _find_refusal(session: Session, file: NewFile) -> Refusal | None:
    if find_department(session, file.department) is None:
        return Refusal(ProblemCode.DEPARTMENT_REFUSED)
    if is_shipped(file.mapping):
        return None
    try:
        mapping = find_mapping(session, UUID(file.mapping))
    except ValueError:  # neither a layout nor an id
        mapping = None
    if mapping is None or mapping.department != file.department:
        return Refusal(ProblemCode.MAPPING_NOT_FOUND)
    return None


def _add_batch(session: Session, file: NewFile) -> bool:
    batch = BatchRow(
        batch_id=file.file_id,
        department=file.department,
        clerk=file.clerk,
        batch_no=file.file_no,
        received_at=file.received_at,
    )
    return add_batch(session, batch)


def _refuse_number(session: Session, file: NewFile) -> Refusal:
    earlier = find_file_by_number(session, file.department, file.file_no)
    if earlier is not None:
        return Refusal(ProblemCode.FILE_NO_REUSED, {"file_id": earlier.file_id})
    batch = find_batch_by_number(session, file.department, file.file_no)
    if batch is None:
        raise LookupError("a file's number was taken by a batch that cannot be found")
    return Refusal(ProblemCode.BATCH_NO_REUSED, {"batch_id": batch.batch_id})


def _list_reasons(session: Session, row: FileRow) -> tuple[Reason, ...]:
    counted = count_dry_receipts(session, row.file_id) if row.dry_run else count_receipts(session, row.file_id)
    found = sorted(counted.items(), key=lambda each: (each[0][0], -each[1], each[0][1] or ""))
    return tuple(Reason(outcome=outcome, code=code, rows=rows) for (outcome, code), rows in found)


def _show(row: FileRow, reasons: tuple[Reason, ...]) -> File:
    return File(
        file_id=row.file_id,
        department=row.department,
        clerk=row.clerk,
        file_no=row.file_no,
        format=row.format,
        size=row.size,
        sha256=row.sha256,
        mapping=row.mapping,
        dry_run=row.dry_run,
        state=FileState(row.state),
        rows_read=row.rows_read,
        fault_code=row.fault_code,
        fault_values=row.fault_values or {},
        received_at=row.received_at,
        ended_at=row.ended_at,
        reasons=reasons,
    )
